"""What a new process waits for: the import of Moss, and the first answer of an empty session.

    python benches/cold_start.py [processes]

Starts so many processes one after another (21) and prints the median and the greatest of each part, in milliseconds. The
model file and the library are in the system's cache from the second process on; the first is not counted.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile

CHILD = """
import time
started = time.perf_counter()
import moss
imported = time.perf_counter()
import asyncio

async def main():
    begun = time.perf_counter()
    session = await moss.MossClient("bench", "bench").session("cold-start")
    opened = time.perf_counter()
    await session.add_docs([moss.DocumentInfo("turn-1", "I want my money back")])
    assert (await session.query("refund")).docs
    answered = time.perf_counter()
    print(imported - started, opened - begun, answered - begun)

asyncio.run(main())
"""


def main() -> None:
    processes = int(sys.argv[1]) if len(sys.argv) > 1 else 21
    runs = [
        [float(part) for part in subprocess.check_output([sys.executable, "-c", CHILD]).split()]
        for _ in range(1 + processes)
    ]
    names = ("import moss", "open a session", "open to first answer")
    for name, seconds in zip(names, zip(*runs[1:])):
        median, most = 1e3 * statistics.median(seconds), 1e3 * max(seconds)
        print(f"{name:24} p50 {median:6.1f} ms   most {most:6.1f} ms   of {processes} processes")


with tempfile.TemporaryDirectory() as store:
    os.environ["MOSS_STORE"] = store
    main()
