"""The Python link of the chain; see README.md."""

import asyncio
import struct
import sys

from moss import DocumentInfo, MossClient, QueryOptions, SessionIndex


async def answer(session: SessionIndex) -> None:
    found = await session.query("where is my parcel?", QueryOptions(top_k=10, alpha=1.0))
    for document in found.docs:
        print(document.id, struct.pack(">f", document.score).hex())


async def main(document_id: str, text: str) -> None:
    session = await MossClient("chain", "chain").session("chain")
    print("opened", session.doc_count)
    await answer(session)
    await session.add_docs([DocumentInfo(document_id, text)])
    print("pushed", (await session.push_index()).doc_count)
    await answer(session)


asyncio.run(main(*sys.argv[1:]))
