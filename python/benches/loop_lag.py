"""How late the event loop runs while Moss works, and what awaiting a query costs.

A ticker sleeps for a millisecond at a time and notes how much later it wakes. Run it by hand on a quiet machine::

    python benches/loop_lag.py [documents]

It prints, for each call, the call's duration and the ticker's worst lateness. The goal is 5 ms. The machine's own
lateness is in the first line. A pass of Python's garbage collector over all objects of the process counts too, as it
does in any program that makes objects by the ten thousand.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import time
from typing import Any, Awaitable, Callable

import numpy

from moss import DocumentInfo, MossClient, QueryOptions

DIMENSION = 384


async def measure(name: str, call: Callable[[], Awaitable[Any]]) -> Any:
    late: list[float] = []

    async def tick() -> None:
        while True:
            asked = time.perf_counter() + 0.001
            await asyncio.sleep(0.001)
            late.append(time.perf_counter() - asked)

    ticker = asyncio.create_task(tick())
    await asyncio.sleep(0.01)
    late.clear()
    start = time.perf_counter()
    result = await call()
    took = time.perf_counter() - start
    await asyncio.sleep(0)
    ticker.cancel()
    late.sort()
    p99 = late[int(len(late) * 0.99)] if late else 0.0
    worst = late[-1] if late else 0.0
    print(f"{name:24} {took * 1e3:9.1f} ms   late p99 {p99 * 1e3:6.2f}   worst {worst * 1e3:6.2f} ms")
    return result


async def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    vectors = numpy.random.default_rng(7).standard_normal((count, DIMENSION)).astype("float32")
    docs = [
        DocumentInfo(str(n), f"document number {n}", {"n": str(n)}, vectors[n])
        for n in range(count)
    ]
    dicts: Any = [
        {"id": str(n), "text": "as a dict", "metadata": {"n": str(n)}, "embedding": vectors[n]}
        for n in range(count)
    ]
    client = MossClient("bench", "bench")
    session = await client.session("bench", "custom")
    every = QueryOptions(vectors[0], top_k=count)
    one = QueryOptions(vectors[0])

    await measure("nothing", lambda: asyncio.sleep(1))
    await measure("session.add_docs", lambda: session.add_docs(docs))
    await measure("session.add_docs dicts", lambda: session.add_docs(dicts))
    found = await measure("session.get_docs", lambda: session.get_docs())
    result = await measure("session.query all", lambda: session.query("document", every))
    await measure("session.query 5", lambda: session.query("document", one))
    await measure("session.push_index", lambda: session.push_index())
    again = await measure("client.session", lambda: client.session("bench"))
    await measure("client.create_index", lambda: client.create_index("i", docs))
    await measure("client.load_index", lambda: client.load_index("i"))
    await measure("client.query all", lambda: client.query("i", "document", every))
    await measure("client.get_docs", lambda: client.get_docs("i"))

    async def drop() -> None:
        nonlocal found, result, again
        del found, result, again

    await measure("dropping all of it", drop)

    small = await client.session("small", "custom")
    await small.add_docs(docs[:100])
    direct, awaited = [], []
    for _ in range(2_000):
        start = time.perf_counter()
        small._inner.query("document", one)
        direct.append(time.perf_counter() - start)
        start = time.perf_counter()
        await small.query("document", one)
        awaited.append(time.perf_counter() - start)
    for name, times in (("native", direct), ("awaited", awaited)):
        print(f"query of 100, {name:10} p50 {statistics.median(times) * 1e6:7.1f} microseconds")


with tempfile.TemporaryDirectory() as store:
    os.environ["MOSS_STORE"] = store
    asyncio.run(main())
