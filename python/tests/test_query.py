"""Queries and custom embeddings: sections 5 and 6 of the semantics."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy
import pytest

from moss import DocumentInfo, MossClient, QueryOptions
from support import custom, custom_session, found, raises

X, Y = [1.0, 0.0], [0.0, 1.0]


async def test_result(client: MossClient) -> None:
    doc = custom("a", X, "hello world", metadata={"k": "v"}, payload="p")
    session = await custom_session(client, doc, custom("b", Y, "other"), name="my-session")
    result = await session.query("hello", QueryOptions(embedding=X))
    assert (result.query, result.index_name) == ("hello", "my-session")
    assert isinstance(result.time_taken_ms, int) and result.time_taken_ms >= 0
    first, second = result.docs
    assert (first.id, first.text, first.metadata, first.payload) == (
        "a",
        "hello world",
        {"k": "v"},
        "p",
    )
    assert first.score == 1.0
    # 0.8 * (1 + 0) / 2, and no word in common.
    assert second.score == pytest.approx(0.4, abs=1e-6)


async def test_an_empty_session_answers_nothing(client: MossClient) -> None:
    session = await custom_session(client)
    assert (await session.query("q", QueryOptions(embedding=X))).docs == []
    assert (await (await client.session("words")).query("q")).docs == []


async def test_top_k(client: MossClient) -> None:
    docs = [custom(f"{n:02}", [1.0, n / 100]) for n in range(12)]
    session = await custom_session(client, *docs)
    assert len(await found(session)) == 5
    assert len(await found(session, top_k=8)) == 8
    assert len(await found(session, top_k=100)) == 12
    assert len(await found(session, top_k=10**30)) == 12
    assert await found(session, top_k=0) == []
    for negative in (-1, -(10**30)):
        with raises("InvalidArgument", ValueError, "top_k", "non-negative"):
            await found(session, top_k=negative)


@pytest.mark.parametrize("alpha", [-0.1, 1.1, float("nan"), float("inf")])
async def test_alpha_out_of_range(client: MossClient, alpha: float) -> None:
    session = await custom_session(client)
    with raises("InvalidArgument", ValueError, "alpha"):
        await found(session, alpha=alpha)


async def test_alpha(client: MossClient) -> None:
    near = custom("near", X, "nothing in common")
    words = custom("words", Y, "refund policy")
    session = await custom_session(client, near, words)
    assert await found(session, "refund", alpha=1.0) == ["near", "words"]
    assert await found(session, "refund", alpha=0.0) == ["words"]
    assert await found(session, "refund", alpha=0.1) == ["words", "near"]
    blended = await session.query("refund", QueryOptions(embedding=X, alpha=0.5))
    assert [doc.score for doc in blended.docs] == pytest.approx([0.75, 0.5])
    # Ties go to the one stored first.
    assert [doc.id for doc in blended.docs] == ["words", "near"]


async def test_a_text_without_words(client: MossClient) -> None:
    session = await custom_session(client, custom("a", X, "hello"))
    for text in ("", "   ", "?!"):
        result = await session.query(text, QueryOptions(embedding=X))
        assert [doc.score for doc in result.docs] == [1.0]
        assert await found(session, text, alpha=0.0) == []


async def test_scores_are_clamped_and_order_is_not(client: MossClient) -> None:
    session = await custom_session(client, custom("long", [5.0, 0.0]), custom("longer", [9.0, 0.0]))
    result = await session.query("", QueryOptions(embedding=X))
    assert [(doc.id, doc.score) for doc in result.docs] == [("longer", 1.0), ("long", 1.0)]


async def test_filter_counts_towards_top_k(client: MossClient) -> None:
    docs = [custom(f"{n:02}", metadata={"even": str(n % 2 == 0).lower()}) for n in range(20)]
    session = await custom_session(client, *docs)
    even = {"field": "even", "condition": {"$eq": True}}
    assert await found(session, filter=even) == ["00", "02", "04", "06", "08"]
    assert len(await found(session, filter=even, top_k=50)) == 10


async def test_options_are_any_object_with_these_attributes(client: MossClient) -> None:
    session = await custom_session(client, custom("a"), custom("b"))
    options: Any = SimpleNamespace(embedding=numpy.array(X), top_k=1)
    assert [doc.id for doc in (await session.query("", options)).docs] == ["a"]


@pytest.mark.parametrize("text", [None, 7, b"bytes", ["a"]])
async def test_the_question_is_text(client: MossClient, text: Any) -> None:
    session = await custom_session(client)
    with raises("InvalidType", TypeError, "query"):
        await session.query(text)


async def test_words_of_options_are_checked_whatever_the_object(client: MossClient) -> None:
    session = await custom_session(client, custom("a"))
    for bad in ({"top_k": "5"}, {"alpha": "1"}, {"embedding": "no"}, {"group_by": "no"}):
        options: Any = SimpleNamespace(**{"embedding": X, **bad})
        with raises("InvalidType", TypeError, next(iter(bad))):
            await session.query("", options)


# 6. Custom embeddings


async def test_the_first_vector_fixes_the_dimension(client: MossClient) -> None:
    session = await custom_session(client, custom("a", X))
    with raises("DimensionMismatch", ValueError, "wide"):
        await session.add_docs([custom("wide", [1.0, 0.0, 0.0])])
    with raises("DimensionMismatch", ValueError):
        await found(session, embedding=[1.0])
    await session.delete_docs(["a"])
    assert await session.add_docs([custom("wide", [1.0, 0.0, 0.0])]) == (1, 0)


async def test_vectors_of_one_batch_have_one_length(client: MossClient) -> None:
    session = await custom_session(client)
    with raises("DimensionMismatch", ValueError, "b"):
        await session.add_docs([custom("a", X), custom("b", [1.0])])
    assert session.doc_count == 0


async def test_some_documents_without_a_vector(client: MossClient) -> None:
    session = await custom_session(client)
    with raises("MixedEmbeddings", ValueError):
        await session.add_docs([custom("a"), DocumentInfo("b", "t")])


@pytest.mark.parametrize("none", [None, []])
async def test_no_document_with_a_vector(client: MossClient, none: Any) -> None:
    session = await custom_session(client)
    with raises("EmbeddingMissing", ValueError, "a", "b"):
        await session.add_docs([custom("a", none), custom("b", none)])


@pytest.mark.parametrize("options", [None, QueryOptions(), QueryOptions(embedding=[])])
async def test_a_query_without_a_vector(client: MossClient, options: Any) -> None:
    session = await custom_session(client, custom("a"))
    with raises("EmbeddingRequired", ValueError, "requires explicit query embeddings"):
        await session.query("q", options)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
async def test_a_query_vector_is_finite(client: MossClient, bad: float) -> None:
    session = await custom_session(client, custom("a"))
    with raises("InvalidArgument", ValueError):
        await found(session, embedding=[bad, 0.0])


async def test_a_zero_vector_is_a_vector(client: MossClient) -> None:
    session = await custom_session(client, custom("zero", [0.0, 0.0]), custom("x", X))
    result = await session.query("", QueryOptions(embedding=X))
    assert [(doc.id, doc.score) for doc in result.docs] == [("x", 1.0), ("zero", 0.5)]


async def test_a_question_by_vector_on_a_built_in_model(client: MossClient) -> None:
    session = await client.session("words")
    await session.add_docs([DocumentInfo("a", "hello")])
    with raises("DimensionMismatch", ValueError):
        await session.query("q", QueryOptions(embedding=X))
    result = await session.query("q", QueryOptions(embedding=[1.0] + 383 * [0.0]))
    assert [doc.id for doc in result.docs] == ["a"]
