"""Loaded indexes and queries of the cloud: section 9 of the semantics."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from moss import DocumentInfo, MossClient, QueryOptions
from support import custom, raises

X = QueryOptions([1.0, 0.0])


async def names(client: MossClient, name: str = "i", options: QueryOptions = X) -> list[str]:
    return [doc.id for doc in (await client.query(name, "q", options)).docs]


async def test_load_query_unload(client: MossClient) -> None:
    await client.create_index("i", [custom(f"{n:02}") for n in range(12)])
    assert await client.load_index("i") == "i"
    assert len(await names(client)) == 5
    result = await client.query("i", "q", QueryOptions([1.0, 0.0], top_k=1))
    assert (result.index_name, result.query, result.docs[0].id) == ("i", "q", "00")
    await client.unload_index("i")
    # Not loaded: the cloud answers, with its own number of documents.
    assert len(await names(client)) == 10
    with raises("IndexNotLoaded", RuntimeError, "Failed to unload index 'i': "):
        await client.unload_index("i")


async def test_a_missing_index(client: MossClient) -> None:
    with raises("IndexNotFound", RuntimeError, "Failed to load index 'missing': "):
        await client.load_index("missing")
    with raises("IndexNotFound", RuntimeError, "missing"):
        await client.query("missing", "q", X)


async def test_a_copy_stays_as_it_is_until_loaded_again(client: MossClient) -> None:
    await client.create_index("i", [custom("a")])
    await client.load_index("i")
    await client.add_docs("i", [custom("b")])
    assert await names(client) == ["a"]
    await client.load_index("i")
    assert await names(client) == ["a", "b"]
    await client.delete_index("i")
    assert await names(client) == ["a", "b"]


async def test_many_at_once(client: MossClient) -> None:
    for name in ("one", "two"):
        await client.create_index(name, [custom(name)])
    result = await client.load_indexes(["one", "missing", "two"])
    assert result.loaded == ["one", "two"]
    assert result.failed.keys() == {"missing"} and "missing" in result.failed["missing"]
    await client.unload_indexes(result.loaded + ["missing"])
    await client.unload_indexes(result.loaded)
    with raises("IndexNotLoaded", RuntimeError):
        await client.unload_index("one")


async def test_several_indexes_as_one(client: MossClient) -> None:
    await client.create_index("one", [custom("same", [1.0, 0.0]), custom("far", [-1.0, 0.0])])
    await client.create_index("two", [custom("same", [0.9, 0.0])])
    await client.create_index("words", [DocumentInfo("w", "words")])
    await client.load_indexes(["one", "two", "words"])
    # alpha is 1.0 whatever was asked.
    options = QueryOptions([1.0, 0.0], alpha=0.0)
    result = await client.query_multi_index(["one", "two"], "q", options)
    assert [(doc.index_name, doc.id) for doc in result.docs] == [
        ("one", "same"),
        ("two", "same"),
        ("one", "far"),
    ]
    assert result.docs[0].score == 1.0
    top = await client.query_multi_index(["one", "two"], "q", QueryOptions([1.0, 0.0], top_k=1))
    assert [doc.index_name for doc in top.docs] == ["one"]
    with raises("ModelMismatch", ValueError):
        await client.query_multi_index(["one", "words"], "q", X)
    with raises("IndexNotLoaded", RuntimeError, "missing"):
        await client.query_multi_index(["one", "missing"], "q", X)
    with raises("InvalidArgument", ValueError):
        await client.query_multi_index([], "q", X)
    with raises("EmbeddingRequired", ValueError, "This index uses custom embeddings. "):
        await client.query_multi_index(["one", "two"], "q")


async def test_options_of_a_loaded_index(client: MossClient) -> None:
    await client.create_index("i", [custom("a", text="refund"), custom("b", [0.0, 1.0])])
    await client.load_index("i")
    assert await names(client, options=QueryOptions([1.0, 0.0], top_k=0)) == []
    assert await names(client, options=QueryOptions([1.0, 0.0], alpha=1)) == ["a", "b"]
    with raises("InvalidArgument", ValueError, "alpha"):
        await names(client, options=QueryOptions([1.0, 0.0], alpha=2))
    with raises("InvalidArgument", ValueError, "top_k"):
        await names(client, options=QueryOptions([1.0, 0.0], top_k=-1))
    with raises("DimensionMismatch", ValueError):
        await names(client, options=QueryOptions([1.0]))
    with raises("EmbeddingRequired", ValueError, "This index uses custom embeddings. "):
        await client.query("i", "q")


async def test_a_built_in_model(client: MossClient) -> None:
    docs = [DocumentInfo("a", "how do I get my money back"), DocumentInfo("b", "opening hours")]
    await client.create_index("faq", docs)
    await client.load_index("faq")
    local = await client.query("faq", "refund policy")
    assert local.docs[0].id == "a"
    await client.unload_index("faq")
    cloud = await client.query("faq", "refund policy")
    assert [doc.id for doc in cloud.docs] == [doc.id for doc in local.docs]


async def test_the_cloud_path(client: MossClient, caplog: pytest.LogCaptureFixture) -> None:
    docs = [custom(f"{n:02}", metadata={"n": str(n)}) for n in range(12)]
    await client.create_index("i", docs)
    assert len(await names(client, options=QueryOptions([1.0, 0.0], top_k=0))) == 10
    assert len(await names(client, options=QueryOptions([1.0, 0.0], top_k=11))) == 11
    one = {"field": "n", "condition": {"$eq": "1"}}
    with caplog.at_level(logging.WARNING):
        assert len(await names(client, options=QueryOptions([1.0, 0.0], filter=one))) == 10
    assert "Metadata filter ignored" in caplog.text and "'i'" in caplog.text
    with raises("EmbeddingRequired", ValueError, "This index uses custom embeddings. "):
        await client.query("i", "q")
    with raises("InvalidArgument", ValueError, "top_k"):
        await names(client, options=QueryOptions([1.0, 0.0], top_k=-1))


async def test_bad_names_are_bad_arguments(client: MossClient) -> None:
    with raises("InvalidType", TypeError, "name"):
        await client.load_index(7)  # type: ignore[arg-type]
    with raises("InvalidType", TypeError, "names"):
        await client.load_indexes("abc")
    await client.create_index("a", [custom("a")])
    await client.load_index("a")
    for bad in ("abc", b"abc", {"a": 1}, None, 7):
        with raises("InvalidType", TypeError, "names must be a list"):
            await client.unload_indexes(bad)  # type: ignore[arg-type]
    with raises("InvalidType", TypeError, "name must be str, not int"):
        await client.unload_indexes([7])  # type: ignore[list-item]
    assert await names(client, "a") == ["a"]
    await client.unload_indexes(name for name in ["a"])
    with raises("IndexNotLoaded", RuntimeError):
        await client.unload_index("a")


async def test_auto_refresh_is_a_bool(client: MossClient) -> None:
    await client.create_index("a", [custom("a")])
    bad: Any
    for bad in (1, "yes"):
        with raises("InvalidType", TypeError, "auto_refresh must be bool, not "):
            await client.load_index("a", bad)


async def test_auto_refresh(client: MossClient) -> None:
    for name in ("followed", "stopped", "deleted"):
        await client.create_index(name, [custom("a")])
        await client.load_index(name, auto_refresh=True, polling_interval_in_seconds=0)
    await client.load_index("stopped")
    await client.add_docs("stopped", [custom("b")])
    await client.delete_index("deleted")
    # When one index has changed twice, each of the others has had its turn.
    await client.add_docs("followed", [custom("b")])
    await becomes(client, "followed", ["a", "b"])
    await client.add_docs("followed", [custom("c")])
    await becomes(client, "followed", ["a", "b", "c"])
    assert await names(client, "stopped") == ["a"]
    assert await names(client, "deleted") == ["a"]
    # It was looked for all the time.
    await client.create_index("deleted", [custom("new")])
    await becomes(client, "deleted", ["new"])


async def becomes(client: MossClient, name: str, wanted: list[str]) -> None:
    """Waits until the loaded index holds these documents, by a refresh of its own."""
    for _ in range(200):
        if await names(client, name) == wanted:
            return
        await asyncio.sleep(0.05)
    assert await names(client, name) == wanted
