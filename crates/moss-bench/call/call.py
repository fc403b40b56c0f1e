"""The Python side of the measurement; see README.md."""

import asyncio
import time

from moss import GetDocumentsOptions, MossClient, QueryOptions

WARM_UP, CALLS = 2_000, 20_000


async def main() -> None:
    session = await MossClient("bench", "bench").session("call")
    asked = await session.get_docs(GetDocumentsOptions(doc_ids=["doc-7"]))
    vector = asked[0].embedding
    times = []
    for _ in range(WARM_UP + CALLS):
        started = time.perf_counter()
        found = await session.query("refund", QueryOptions(embedding=vector))
        times.append(time.perf_counter() - started)
        assert len(found.docs) == 5
    median = sorted(times[WARM_UP:])[CALLS // 2]
    print(f"{'python':<10} {1e6 * median:8.2f} us")


asyncio.run(main())
