"""Loops, threads and forks: what a host may do around Moss."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Callable

import numpy
import pytest

from moss import DocumentInfo, GetDocumentsOptions, MossClient, QueryOptions, SessionIndex
from support import KEY, PROJECT, custom, custom_session, found, ids

X = QueryOptions([1.0, 0.0], top_k=100_000)


def many(n: int, dimension: int = 2) -> list[DocumentInfo]:
    vectors = numpy.random.default_rng(7).random((n, dimension), dtype=numpy.float32)
    return [custom(str(i), vectors[i], f"text {i}", metadata={"n": str(i)}) for i in range(n)]


WAITS_FOR_ITS_LOOP = """
import asyncio, os, sys
from moss import MossClient, ParseFileInput

async def write(fifo):
    while True:
        try:
            # There is a reader only while the native call waits in its own read.
            end = os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
            break
        except OSError:
            await asyncio.sleep(0)
    os.write(end, b"Written while the call was running.")
    os.close(end)

async def main(fifo):
    os.mkfifo(fifo)
    client = MossClient("p", "k")
    file = ParseFileInput("note.txt", "text/plain", path=fifo)
    result, _ = await asyncio.gather(client.create_index_from_files("i", [file]), write(fifo))
    assert result.doc_count == 1

asyncio.run(main(sys.argv[1]))
"""


async def test_only_what_takes_long_goes_to_a_thread(client: MossClient) -> None:
    """A pool of threads that takes no work, as the loop's own: what is done at once works all the same."""
    session = await custom_session(client, *many(200))
    loop = asyncio.get_running_loop()
    shut = ThreadPoolExecutor(1)
    shut.shutdown()
    loop.set_default_executor(shut)
    near = QueryOptions([1.0, 0.0], top_k=3)
    assert len((await session.query("text", near)).docs) == 3
    for long, options in (("text " * 300, near), ("text", X)):
        with pytest.raises(RuntimeError, match="shutdown"):
            await session.query(long, options)
    loop.set_default_executor(ThreadPoolExecutor())
    for long, options, count in (("text " * 300, near, 3), ("text", X, 200)):
        assert len((await session.query(long, options)).docs) == count


def test_a_call_needs_neither_its_loop_nor_the_interpreter_lock(tmp_path: Path) -> None:
    """A native call that cannot end before another coroutine ran. Holding either would hang it for good."""
    command = [sys.executable, "-c", WAITS_FOR_ITS_LOOP, str(tmp_path / "fifo")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def test_others_have_turns_while_a_batch_is_converted() -> None:
    """Between the first and the last document of a long batch the interpreter lock changes hands."""
    turns, marks, done = 0, [], threading.Event()

    class Marker:
        """A vector that notes the turns taken by the other thread when it is read."""

        def __len__(self) -> int:
            return 64

        def __getitem__(self, at: int) -> float:
            if at == 0:
                marks.append(turns)
            if at == 64:
                raise IndexError
            return 1.0

    def take_turns() -> None:
        nonlocal turns
        while not done.is_set():
            turns += 1
            time.sleep(0)  # hands the lock back, so that each turn needs it released anew

    vector = [0.5] * 64
    batch: list[Any] = [
        {"id": str(n), "text": "t", "embedding": vector if 0 < n < 19_999 else Marker()}
        for n in range(20_000)
    ]
    session = asyncio.run(custom_session(MossClient(PROJECT, KEY)))
    other = threading.Thread(target=take_turns)
    other.start()
    try:
        session._inner.add_docs(batch)
    finally:
        done.set()
        other.join()
    assert marks[-1] - marks[0] > 10


async def test_whole_batches_or_none(client: MossClient) -> None:
    """Queries beside writers see every batch whole."""
    session = await custom_session(client)
    size, batches = 50, 20

    async def write(batch: int) -> None:
        docs = [custom(f"{batch}-{n}", metadata={"batch": str(batch)}) for n in range(size)]
        await session.add_docs(docs)

    async def read() -> None:
        for doc_list in (
            (await session.query("", X)).docs,
            await session.get_docs(),
        ):
            assert len(doc_list) % size == 0
            seen = {(doc.metadata or {})["batch"] for doc in doc_list}
            assert len(doc_list) == size * len(seen)

    async def reads() -> None:
        while session.doc_count < size * batches:
            await asyncio.gather(read(), read())

    readers = asyncio.create_task(reads())
    await asyncio.gather(*(write(batch) for batch in range(batches)))
    await readers
    await read()


async def test_many_sessions_and_calls_at_once(client: MossClient) -> None:
    async def conversation(n: int) -> list[str]:
        session = await custom_session(client, custom(f"doc-{n}"), name=f"conv-{n}")
        await session.push_index()
        return await ids(await client.session(f"conv-{n}"))

    assert await asyncio.gather(*(conversation(n) for n in range(20))) == [
        [f"doc-{n}"] for n in range(20)
    ]
    assert len(await client.list_indexes()) == 20


async def test_writers_of_one_name_lose_nothing() -> None:
    clients = [MossClient(PROJECT, KEY) for _ in range(4)]
    sessions = [await custom_session(client) for client in clients]

    async def work(n: int) -> None:
        for turn in range(5):
            await sessions[n].add_docs([custom(f"{n}-{turn}")])
            await sessions[n].push_index()

    await asyncio.gather(*(work(n) for n in range(4)))
    everything = sorted(f"{n}-{turn}" for n in range(4) for turn in range(5))
    assert await ids(await clients[0].session("s")) == everything


def test_asyncio_run_twice() -> None:
    client = MossClient(PROJECT, KEY)
    session = asyncio.run(custom_session(client, custom("a")))
    assert asyncio.run(found(session)) == ["a"]
    asyncio.run(session.push_index())
    assert asyncio.run(ids(asyncio.run(client.session("s")))) == ["a"]


def test_a_loop_in_each_thread() -> None:
    client = MossClient(PROJECT, KEY)
    session = asyncio.run(custom_session(client))
    failures: list[BaseException] = []

    def work(n: int) -> None:
        try:
            for turn in range(10):
                asyncio.run(session.add_docs([custom(f"{n}-{turn}")]))
                assert f"{n}-{turn}" in asyncio.run(found(session, top_k=100))
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures and session.doc_count == 40


async def test_a_cancelled_await_leaves_the_session_whole(client: MossClient) -> None:
    session = await custom_session(client, custom("kept"))
    task = asyncio.create_task(session.add_docs(many(5_000)))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    # The thread finishes what it began; the batch is there whole, or not yet.
    assert session.doc_count in (1, 5_001)
    assert "kept" in await found(session, top_k=10_000)


# Forks: the child has none of the parent's threads


def in_child(work: Callable[[], None]) -> int:
    """Runs `work` in a forked child: 0 if it passed."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@pytest.fixture
def preloaded() -> tuple[MossClient, SessionIndex]:
    """What a server has before it forks: a client in use, a session of a built-in model, a loaded index."""

    async def load() -> tuple[MossClient, SessionIndex]:
        client = MossClient(PROJECT, KEY)
        session = await client.session("words")
        await session.add_docs([DocumentInfo("a", "I would like my money back")])
        await session.push_index()
        await client.load_index("words")
        return client, session

    return asyncio.run(load())


def test_a_forked_child_goes_on(preloaded: tuple[MossClient, SessionIndex]) -> None:
    client, session = preloaded

    async def work() -> None:
        batch = [DocumentInfo(f"child-{n}", f"turn {n} of the child") for n in range(40)]
        assert await session.add_docs(batch) == (40, 0)
        assert (await session.query("refund")).docs[0].id == "a"
        assert (await client.query("words", "refund")).docs[0].id == "a"
        await session.push_index()
        assert (await client.session("words")).doc_count == 41

    assert in_child(lambda: asyncio.run(work())) == 0
    # The parent still works, and finds what the child pushed.
    asyncio.run(session.add_docs([DocumentInfo("parent", "a turn of the parent")]))
    assert asyncio.run(session.push_index()).doc_count == 42


def test_several_children(preloaded: tuple[MossClient, SessionIndex]) -> None:
    client, _ = preloaded
    context = multiprocessing.get_context("fork")
    children = [context.Process(target=child, args=(client, n)) for n in range(3)]
    for process in children:
        process.start()
    for process in children:
        process.join()
    assert [process.exitcode for process in children] == [0, 0, 0]
    resumed = asyncio.run(client.session("words"))
    assert asyncio.run(ids(resumed)) == ["a", "from-0", "from-1", "from-2"]


def child(client: MossClient, n: int) -> None:
    async def work() -> None:
        session = await client.session("words")
        await session.add_docs([DocumentInfo(f"from-{n}", f"child number {n}")])
        assert len((await session.query("child")).docs) >= 2
        await session.push_index()

    asyncio.run(work())


def test_a_process_ends_while_a_call_runs(store: Any) -> None:
    """Leaving the interpreter with a worker still inside Moss is no crash."""
    program = """
import threading
from moss_core import DocumentInfo, IndexManager
session = IndexManager("p", "k").session("s", "custom")
docs = [DocumentInfo(str(n), "text", embedding=[1.0, 0.0]) for n in range(50_000)]
threading.Thread(target=session.add_docs, args=(docs,), daemon=True).start()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_get_options_are_per_call(client: MossClient) -> None:
    """One options object serves many calls in many threads."""
    options = GetDocumentsOptions(doc_ids=["a"])

    async def work() -> None:
        session = await custom_session(client, custom("a"), custom("b"))
        assert await asyncio.gather(*(ids(session, options) for _ in range(20))) == [["a"]] * 20

    asyncio.run(work())
