"""Hand a conversation from one process to another: `python handoff.py a`, then `python handoff.py b`.

Both must see the same store: set MOSS_STORE to a directory (default: ~/.moss/store), and MOSS_PROJECT_ID and
MOSS_PROJECT_KEY to any id and key; the store registers the project on first use.
"""

import asyncio
import os
import sys
import time

from moss import DocumentInfo, MossClient, QueryOptions

TURNS = [
    ("customer", "Hi, I ordered a blender two weeks ago and it still has not arrived."),
    ("agent", "I am sorry about that. Could you give me the order number?"),
    ("customer", "It is 4417. Honestly, at this point I would just like my money back."),
    ("agent", "I understand. I can refund 49.90 to your card, it takes three to five days."),
    ("customer", "Okay. And please send the receipt to my new address in Lisbon."),
]


def client() -> MossClient:
    return MossClient(os.environ["MOSS_PROJECT_ID"], os.environ["MOSS_PROJECT_KEY"])


async def agent_a() -> None:
    session = await client().session("conv-123")
    turns = [
        DocumentInfo(id=f"turn-{number}", text=text, metadata={"speaker": speaker})
        for number, (speaker, text) in enumerate(TURNS, start=1)
    ]
    started = time.perf_counter()
    added, updated = await session.add_docs(turns)
    embedded = time.perf_counter()
    pushed = await session.push_index()
    done = time.perf_counter()
    print(f"A: added {added} turns, updated {updated}, in {1000 * (embedded - started):.1f} ms")
    print(f"A: pushed {pushed.doc_count} documents, {pushed.status}, in {1000 * (done - embedded):.1f} ms")


async def agent_b() -> None:
    started = time.perf_counter()
    session = await client().session("conv-123")
    opened = time.perf_counter()
    print(f"B: resumed {session.doc_count} documents in {1000 * (opened - started):.1f} ms, model included")
    for document in await session.get_docs():
        print(f"   {document.id} {document.metadata['speaker']:<8} {document.text}")
    question = "does the customer want a refund?"
    started = time.perf_counter()
    found = await session.query(question, QueryOptions(top_k=3))
    took = time.perf_counter() - started
    print(f"B: {question!r}, answered in {1000 * took:.1f} ms")
    for document in found.docs:
        print(f"   {document.score:.3f} {document.id} {document.text}")


asyncio.run({"a": agent_a, "b": agent_b}[sys.argv[1]]())
