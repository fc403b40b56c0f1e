"""Cloud indexes and jobs from Python: sections 3, 4, 8 and 15 of the semantics."""

from __future__ import annotations

import pathlib
from types import SimpleNamespace
from typing import Any

import pytest

from moss import (
    DocumentInfo,
    GetDocumentsOptions,
    IndexStatus,
    MossClient,
    MutationOptions,
    ParseFileInput,
)
from support import KEY, PROJECT, custom, raises


async def test_create_and_read(client: MossClient) -> None:
    docs = [DocumentInfo("b", "beta", {"k": "v"}, payload="p"), {"id": "a", "text": "alpha"}]
    result = await client.create_index("i", docs)  # type: ignore[arg-type]
    assert (result.index_name, result.doc_count) == ("i", 2) and result.job_id
    assert (await client.get_job_status(result.job_id)).status == "completed"
    info = await client.get_index("i")
    assert (info.name, info.doc_count, info.status) == ("i", 2, IndexStatus.Ready)
    assert info.id and info.version and info.created_at and info.updated_at
    assert info.model.id == "moss-minilm" and isinstance(info.model.version, str)
    first, second = await client.get_docs("i")
    assert (first.id, first.text, first.metadata, first.payload) == ("a", "alpha", None, None)
    assert (second.id, second.metadata, second.payload) == ("b", {"k": "v"}, "p")
    assert first.embedding is None


async def test_the_model_of_a_new_index(client: MossClient) -> None:
    await client.create_index("vectors", [custom("a")])
    assert (await client.get_index("vectors")).model.id == "custom"
    with raises("DimensionMismatch", ValueError, "a"):
        await client.create_index("words", [custom("a")], "moss-minilm")
    with raises("EmbeddingMissing", ValueError, "a"):
        await client.create_index("v2", [DocumentInfo("a", "t")], "custom")
    with raises("MixedEmbeddings", ValueError):
        await client.create_index("v2", [custom("a"), DocumentInfo("b", "t")])
    with raises("UnknownModel", ValueError, "no-such-model"):
        await client.create_index("v2", [custom("a")], "no-such-model")


async def test_a_name_is_taken_once(client: MossClient) -> None:
    await client.create_index("i", [custom("a")])
    with raises("IndexExists", RuntimeError, "i"):
        await client.create_index("i", [custom("b")])
    assert [doc.id for doc in await client.get_docs("i")] == ["a"]
    await client.create_index("I", [custom("b")])


async def test_no_documents_no_index(client: MossClient) -> None:
    with raises("InvalidArgument", ValueError, "at least one document"):
        await client.create_index("i", [])
    with raises("InvalidArgument", ValueError, "name"):
        await client.create_index("", [custom("a")])


async def test_add_docs(client: MossClient) -> None:
    await client.create_index("i", [custom("a", text="old")])
    result = await client.add_docs("i", [custom("a", text="new"), custom("b")])
    assert (result.index_name, result.doc_count) == ("i", 2)
    assert [(d.id, d.text) for d in await client.get_docs("i")] == [("a", "new"), ("b", "")]
    await client.add_docs("i", [custom("a", text="newer")], MutationOptions(upsert=False))
    assert (await client.get_docs("i"))[0].text == "new"
    with raises("InvalidArgument", ValueError, "at least one document"):
        await client.add_docs("i", [])
    with raises("IndexNotFound", RuntimeError, "missing"):
        await client.add_docs("missing", [custom("a")])


async def test_documents_are_a_list(client: MossClient) -> None:
    bad: Any
    for bad in (None, 7, "abc", {"id": "a"}):
        for call in (client.create_index("a", bad), client.add_docs("a", bad)):
            with raises("InvalidType", TypeError, "docs must be a list, not "):
                await call
    with raises("InvalidType", TypeError, "docs[0] must be a DocumentInfo or a dict, not NoneType"):
        await client.create_index("a", [None])  # type: ignore[list-item]
    with raises("InvalidType", TypeError, "embedding must be a sequence of floats, not int"):
        await client.create_index("a", [{"id": "a", "text": "", "embedding": 7}])  # type: ignore[list-item]
    # The documents of a generator are read once.
    docs: Any = (custom(id) for id in "ab")
    assert (await client.create_index("a", docs)).doc_count == 2
    assert (await client.get_index("a")).model.id == "custom"


async def test_options_are_no_dict(client: MossClient) -> None:
    await client.create_index("i", [custom("a", text="old")])
    await client.load_index("i")
    session = await client.session("i")
    new = [custom("a", text="new")]
    options: Any = {"upsert": False}
    for call in (client.add_docs("i", new, options), session.add_docs(new, options)):
        with raises("InvalidType", TypeError, "options must be a MutationOptions, not dict"):
            await call
    options = {"doc_ids": []}
    for read in (client.get_docs("i", options), session.get_docs(options)):
        with raises("InvalidType", TypeError, "options must be a GetDocumentsOptions, not dict"):
            await read
        assert [doc.text for doc in await client.get_docs("i")] == ["old"]
    options = {"top_k": 1, "embedding": [1.0, 0.0]}
    for query in (
        client.query("i", "q", options),
        client.query("not-loaded", "q", options),
        client.query_multi_index(["i"], "q", options),
        session.query("q", options),
    ):
        with raises("InvalidType", TypeError, "options must be a QueryOptions, not dict"):
            await query
    # Any object with the attributes will do.
    options = SimpleNamespace(upsert=False)
    await client.add_docs("i", new, options)
    assert await session.add_docs(new, options) == (0, 0)
    assert [doc.text for doc in await client.get_docs("i")] == ["old"]


async def test_delete_docs(client: MossClient) -> None:
    await client.create_index("i", [custom("a"), custom("b")])
    result = await client.delete_docs("i", ["a", "unknown"])
    assert (result.index_name, result.doc_count) == ("i", 2)
    assert [doc.id for doc in await client.get_docs("i")] == ["b"]
    with raises("InvalidArgument", ValueError, "at least one document ID"):
        await client.delete_docs("i", [])
    with raises("IndexNotFound", RuntimeError, "missing"):
        await client.delete_docs("missing", ["a"])


async def test_get_docs(client: MossClient) -> None:
    await client.create_index("i", [custom("b"), custom("a")])

    async def get(doc_ids: Any) -> list[str]:
        return [doc.id for doc in await client.get_docs("i", GetDocumentsOptions(doc_ids=doc_ids))]

    assert await get(None) == ["a", "b"]
    assert await get(["b", "unknown", "a", "b"]) == ["b", "a", "b"]
    assert await get([]) == []
    with raises("IndexNotFound", RuntimeError, "missing"):
        await client.get_docs("missing")


async def test_list_and_delete(client: MossClient) -> None:
    assert await client.list_indexes() == []
    for name in ("one", "two"):
        await client.create_index(name, [custom("a")])
    assert sorted(info.name for info in await client.list_indexes()) == ["one", "two"]
    assert await client.delete_index("one") is True
    assert [info.name for info in await client.list_indexes()] == ["two"]
    for call in (client.delete_index("one"), client.get_index("one")):
        with raises("IndexNotFound", RuntimeError, "one"):
            await call
    await client.create_index("one", [custom("b")])
    assert [doc.id for doc in await client.get_docs("one")] == ["b"]


async def test_jobs(client: MossClient) -> None:
    one = await client.create_index("i", [custom("a")])
    two = await client.add_docs("i", [custom("b")])
    three = await client.delete_docs("i", ["b"])
    assert len({one.job_id, two.job_id, three.job_id}) == 3
    # Another client of the project reads them too.
    for result in (one, two, three):
        job = await MossClient(PROJECT, KEY).get_job_status(result.job_id)
        assert (job.job_id, job.status.value, job.progress) == (result.job_id, "completed", 100.0)
    with raises("JobNotFound", RuntimeError, "no-such-job"):
        await client.get_job_status("no-such-job")


async def test_wrong_key(client: MossClient) -> None:
    await client.create_index("i", [custom("a")])
    wrong = MossClient(PROJECT, "another-key")
    for call in (wrong.list_indexes(), wrong.get_index("i"), wrong.delete_index("i")):
        with raises("Unauthorized", RuntimeError):
            await call
    assert (await client.get_index("i")).doc_count == 1


async def test_create_from_files(client: MossClient, tmp_path: pathlib.Path) -> None:
    page = tmp_path / "guide.md"
    page.write_text("# Refunds\n\nMoney comes back within five days.\n", encoding="utf-8")
    files = [
        ParseFileInput("guide.md", "text/markdown", path=str(page)),
        ParseFileInput("note.txt", "text/plain", data="Ships on Monday.".encode()),
    ]
    result = await client.create_index_from_files("files", files)
    docs = await client.get_docs("files")
    assert result.doc_count == len(docs) >= 2
    text = " ".join(doc.text for doc in docs)
    assert "five days" in text and "Ships on Monday" in text


@pytest.mark.parametrize(
    "file, kind, builtin, part",
    [
        (ParseFileInput("a", "text/plain"), "InvalidArgument", ValueError, "path or data"),
        (
            ParseFileInput("a", "text/plain", path="/x", data=b"x"),
            "InvalidArgument",
            ValueError,
            "path or data",
        ),
        (ParseFileInput("a", "text/plain", path="/no/such"), "Io", RuntimeError, "/no/such"),
        (ParseFileInput("a", "image/png", data=b"x"), "InvalidArgument", ValueError, "image/png"),
        (ParseFileInput("a", "text/plain", data=b"\xff"), "InvalidArgument", ValueError, "a"),
        ({"name": "a"}, "InvalidType", TypeError, "files[0]"),
    ],
)
async def test_bad_files(
    client: MossClient, file: Any, kind: str, builtin: type[Exception], part: str
) -> None:
    with raises(kind, builtin, part):
        await client.create_index_from_files("files", [file])


async def test_files_have_no_vectors(client: MossClient) -> None:
    with raises("InvalidArgument", ValueError, "custom"):
        await client.create_index_from_files(
            "files", [ParseFileInput("a", "text/plain", data=b"x")], "custom"
        )


async def test_a_service_is_not_part_of_this_build(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOSS_CLOUD_API_MANAGE_URL", "http://127.0.0.1:9/v1/manage")
    client = MossClient(PROJECT, KEY)
    for call in (client.list_indexes(), client.session("s")):
        with raises("Network", RuntimeError):
            await call
