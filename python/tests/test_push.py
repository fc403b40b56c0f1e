"""Pushing and resuming: section 7 of the semantics."""

from __future__ import annotations

import pathlib

import pytest

from moss import DocumentInfo, MossClient
from support import custom, custom_session, found, ids, raises


async def test_result(client: MossClient) -> None:
    session = await custom_session(client, custom("a"), custom("b"), name="conv")
    result = await session.push_index()
    assert (result.index_name, result.doc_count, result.status) == ("conv", 2, "completed")
    assert result.job_id and result.version and result.conflicts == []
    job = await client.get_job_status(result.job_id)
    assert job.job_id == result.job_id
    assert job.status.value == "completed" and job.status == "completed"
    assert job.progress == 100.0 and job.current_phase is None and job.error is None
    assert job.created_at and job.completed_at
    again = await session.push_index()
    assert again.job_id != result.job_id


async def test_a_push_makes_a_cloud_index(client: MossClient) -> None:
    session = await custom_session(client, custom("a", metadata={"k": "v"}, payload="p"))
    pushed = await session.push_index()
    info = await client.get_index("s")
    assert (info.name, info.doc_count, info.status) == ("s", 1, "Ready")
    assert info.model.id == "custom" and info.version == pushed.version
    (doc,) = await client.get_docs("s")
    assert (doc.id, doc.metadata, doc.payload, doc.embedding) == ("a", {"k": "v"}, "p", None)


async def test_vectors_come_back_as_pushed(client: MossClient) -> None:
    vector = [0.1, -1e-30, 3.4e38, 5e-45]
    await (await custom_session(client, custom("a", vector))).push_index()
    (doc,) = await (await client.session("s")).get_docs()
    assert doc.embedding == custom("a", vector).embedding


async def test_nothing_is_embedded_again(client: MossClient) -> None:
    session = await client.session("words")
    await session.add_docs([DocumentInfo("a", "a refund for the order"), DocumentInfo("b", "blue")])
    before = [(doc.id, doc.score) for doc in (await session.query("money back")).docs]
    await session.push_index()
    resumed = await client.session("words")
    after = [(doc.id, doc.score) for doc in (await resumed.query("money back")).docs]
    assert after == before and len(before) == 2


async def test_push_again_and_again(client: MossClient) -> None:
    session = await custom_session(client, custom("a"))
    await session.push_index()
    created = await client.get_index("s")
    await session.add_docs([custom("b")])
    await session.delete_docs(["a"])
    # What is written and not pushed, nobody else sees.
    assert await ids(await client.session("s")) == ["a"]
    assert (await session.push_index()).doc_count == 1
    resumed = await client.session("s")
    assert await ids(resumed) == ["b"] and await found(resumed) == ["b"]
    changed = await client.get_index("s")
    assert (changed.id, changed.created_at) == (created.id, created.created_at)
    assert changed.version != created.version and changed.doc_count == 1


async def test_an_empty_session_may_be_pushed(client: MossClient) -> None:
    assert (await (await custom_session(client)).push_index()).doc_count == 0
    assert (await client.get_index("s")).doc_count == 0


async def test_two_writers_merge(client: MossClient) -> None:
    first = await custom_session(client, custom("base"), custom("both"), custom("gone"))
    await first.push_index()
    second = await client.session("s")
    await first.add_docs([custom("first"), custom("both", text="of the first")])
    await first.delete_docs(["gone"])
    await second.add_docs([custom("second"), custom("both", text="of the second")])
    await first.push_index()
    result = await second.push_index()
    everything = ["base", "both", "first", "second"]
    assert (result.doc_count, result.conflicts) == (4, ["both"])
    # Also the session that pushed has them now.
    assert await ids(second) == everything
    resumed = await client.session("s")
    assert await ids(resumed) == everything
    texts = {doc.id: doc.text for doc in await resumed.get_docs()}
    assert texts["both"] == "of the second"


async def test_an_edit_beats_a_delete(client: MossClient) -> None:
    first = await custom_session(client, custom("x"), custom("y"))
    await first.push_index()
    second = await client.session("s")
    await first.add_docs([custom("x", text="edited")])
    await first.delete_docs(["y"])
    await second.delete_docs(["x"])
    await second.add_docs([custom("y", text="edited")])
    await first.push_index()
    result = await second.push_index()
    texts = {doc.id: doc.text for doc in await (await client.session("s")).get_docs()}
    assert texts == {"x": "edited", "y": "edited"}
    assert sorted(result.conflicts) == ["x", "y"]


async def test_replace_is_last_one_wins(client: MossClient) -> None:
    first = await custom_session(client, custom("base"))
    await first.push_index()
    second = await client.session("s")
    await first.add_docs([custom("first")])
    await first.push_index()
    await second.add_docs([custom("second")])
    await second.push_index(on_conflict="replace")
    assert await ids(await client.session("s")) == ["base", "second"]


async def test_fail_raises_and_changes_nothing(client: MossClient) -> None:
    first = await custom_session(client, custom("base"))
    await first.push_index(on_conflict="fail")
    second = await client.session("s")
    await first.add_docs([custom("first")])
    await first.push_index(on_conflict="fail")
    await second.add_docs([custom("second")])
    with raises("Conflict", RuntimeError, "s"):
        await second.push_index(on_conflict="fail")
    assert await ids(await client.session("s")) == ["base", "first"]
    assert await ids(second) == ["base", "second"]
    # Calling again is safe.
    assert (await second.push_index(on_conflict="merge")).doc_count == 3


async def test_on_conflict_is_one_of_three_and_a_keyword(client: MossClient) -> None:
    session = await custom_session(client)
    with raises("InvalidArgument", ValueError, "overwrite"):
        await session.push_index(on_conflict="overwrite")  # type: ignore[arg-type]
    with raises("InvalidType", TypeError, "on_conflict"):
        await session.push_index(on_conflict=True)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        await session.push_index("merge")  # type: ignore[call-arg]


async def test_a_race_of_models(client: MossClient) -> None:
    words = await client.session("s")
    await (await custom_session(client, custom("a"))).push_index()
    with raises("ModelMismatch", ValueError, "custom", "moss-minilm"):
        await words.push_index()


async def test_load_index_into_a_session(client: MossClient) -> None:
    await (await custom_session(client, custom("a"), custom("b"), name="other")).push_index()
    session = await custom_session(client, custom("mine"))
    assert await session.load_index("other") == 2
    assert session.name == "s" and await ids(session) == ["a", "b"]
    assert await session.load_index("missing") == 0


async def test_a_damaged_store_is_told_apart_from_an_empty_one(client: MossClient, store: pathlib.Path) -> None:
    await (await custom_session(client, custom("a", text="hello"))).push_index()
    damaged = [path for path in store.rglob("*") if path.is_file() and path.suffix == ".seg"]
    assert damaged
    for path in damaged:
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 0x40
        path.chmod(0o644)
        path.write_bytes(content)
    with raises("CacheCorrupt", RuntimeError):
        await client.session("s")
