"""The filter grammar: every published vector, and what only Python can hand in."""

from __future__ import annotations

import enum
from decimal import Decimal
from typing import Any

import pytest

from moss import GetDocumentsOptions, MossClient, QueryOptions
from support import FILTER_VECTORS, custom, custom_session, found, ids, raises

BUILTINS = {"TypeError": TypeError, "ValueError": ValueError}
MATCHES = [vector for vector in FILTER_VECTORS if "matches" in vector]
ERRORS = [vector for vector in FILTER_VECTORS if vector.get("error")]


def by_name(vector: dict[str, Any]) -> str:
    return str(vector["name"])


def test_the_vectors_are_all_there() -> None:
    assert (len(MATCHES), len(ERRORS)) == (79, 32)


@pytest.mark.parametrize("vector", MATCHES, ids=by_name)
async def test_match(client: MossClient, vector: dict[str, Any]) -> None:
    session = await custom_session(client, custom("doc", metadata=vector["metadata"]))
    expected = ["doc"] if vector["matches"] else []
    assert await ids(session, GetDocumentsOptions(filter=vector["filter"])) == expected
    assert await found(session, filter=vector["filter"]) == expected


@pytest.mark.parametrize("vector", ERRORS, ids=by_name)
@pytest.mark.parametrize("docs", [[], [custom("doc")]], ids=["empty", "full"])
async def test_error(client: MossClient, vector: dict[str, Any], docs: list[Any]) -> None:
    session = await custom_session(client, *docs)
    builtin = BUILTINS[vector["python"]]
    # A filter that is no dict is refused by the options, any other by the call.
    with pytest.raises(builtin):
        await session.get_docs(GetDocumentsOptions(filter=vector["filter"]))
    with pytest.raises(builtin):
        await session.query("q", QueryOptions(embedding=[1.0, 0.0], filter=vector["filter"]))


async def refused(client: MossClient, filter: Any) -> None:
    session = await custom_session(client)
    await session.get_docs(GetDocumentsOptions(filter=filter))


async def test_the_message_names_the_path(client: MossClient) -> None:
    good = {"field": "city", "condition": {"$eq": "NYC"}}
    with raises("InvalidFilterType", TypeError, "$and[1].condition"):
        await refused(client, {"$and": [good, {"field": "city", "condition": "NYC"}]})
    with raises("InvalidFilter", ValueError, "$or[0].$and[1]"):
        await refused(client, {"$or": [{"$and": [good, {}]}]})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
async def test_numbers_are_finite(client: MossClient, value: float) -> None:
    with raises("InvalidFilter", ValueError, "condition.$gt", "finite"):
        await refused(client, {"field": "n", "condition": {"$gt": value}})
    with raises("InvalidFilter", ValueError, "$and[0].condition.$in[1]", "finite"):
        await refused(client, {"$and": [{"field": "n", "condition": {"$in": [1, value]}}]})


@pytest.mark.parametrize("value", [Decimal(1), b"x", {1}, object(), 1j], ids=repr)
async def test_other_types_are_refused_by_path(client: MossClient, value: Any) -> None:
    with raises("InvalidFilterType", TypeError, "condition.$eq"):
        await refused(client, {"field": "n", "condition": {"$eq": value}})


async def test_keys_are_text(client: MossClient) -> None:
    with raises("InvalidFilterType", TypeError, "key", "condition"):
        await refused(client, {"field": "n", "condition": {7: 1}})


async def test_integers_of_any_size(client: MossClient) -> None:
    class Colour(enum.IntEnum):
        RED = 7

    big = 10**30
    documents = [custom("big", metadata={"n": str(big)}), custom("red", metadata={"n": "7"})]
    session = await custom_session(client, *documents)

    async def match(**condition: Any) -> list[str]:
        filter = {"field": "n", "condition": {f"${op}": value for op, value in condition.items()}}
        return await ids(session, GetDocumentsOptions(filter=filter))

    assert await match(eq=big) == ["big"] and await match(eq=-big) == []
    assert await match(**{"in": [big, 7]}) == ["big", "red"]
    assert await match(gt=2**64) == ["big"] and await match(lte=2**63) == ["red"]
    assert await match(eq=Colour.RED) == ["red"]
    with raises("InvalidFilterType", TypeError, "field"):
        await refused(client, {"field": big, "condition": {"$eq": 1}})
    with raises("InvalidFilter", ValueError, "digits"):
        await refused(client, {"field": "n", "condition": {"$eq": 10**5000}})


async def test_tuples_are_lists(client: MossClient) -> None:
    session = await custom_session(client, custom("a", metadata={"k": "v"}))
    some = {"$and": ({"field": "k", "condition": {"$in": ("v", "w")}},)}
    assert await ids(session, GetDocumentsOptions(filter=some)) == ["a"]


async def test_nesting_has_an_end(client: MossClient) -> None:
    def nested(levels: int) -> dict[str, Any]:
        filter: dict[str, Any] = {"field": "k", "condition": {"$eq": "v"}}
        for _ in range(levels):
            filter = {"$and": [filter]}
        return filter

    session = await custom_session(client, custom("a", metadata={"k": "v"}))
    assert await ids(session, GetDocumentsOptions(filter=nested(60))) == ["a"]
    with raises("InvalidFilter", ValueError, "nest"):
        await refused(client, nested(100))
    endless: dict[str, Any] = {}
    endless["$and"] = [endless]
    with raises("InvalidFilter", ValueError, "nest"):
        await refused(client, endless)


async def test_a_filter_is_read_when_it_is_used(client: MossClient) -> None:
    session = await custom_session(client, custom("a", metadata={"k": "v"}))
    options = GetDocumentsOptions(filter={"field": "k", "condition": {"$eq": "w"}})
    assert await ids(session, options) == []
    assert options.filter is not None
    options.filter["condition"]["$eq"] = "v"
    assert await ids(session, options) == ["a"]


async def test_loaded_indexes_speak_the_same_grammar(client: MossClient) -> None:
    docs = [custom("a", metadata={"k": "v"}), custom("b")]
    await client.create_index("i", docs)
    await client.load_index("i")
    options = QueryOptions([1.0, 0.0], filter={"field": "k", "condition": {"$eq": "v"}})
    assert [doc.id for doc in (await client.query("i", "q", options)).docs] == ["a"]
    several = await client.query_multi_index(["i"], "q", options)
    assert [doc.id for doc in several.docs] == ["a"]
    with raises("InvalidFilter", ValueError):
        await client.query("i", "q", QueryOptions([1.0, 0.0], filter={"k": "v"}))
