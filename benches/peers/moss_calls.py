"""Moss as its users call it: the awaited calls of its Python package."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable
from typing import Any

import numpy as np
from moss import DocumentInfo, MossClient, QueryOptions, SearchResult, SessionIndex

_names = (f"peers-{number}" for number in itertools.count())


def client() -> MossClient:
    """A client of the store that ``MOSS_STORE`` names."""
    return MossClient("peers", "peers-key")


async def session(model: str | None = None) -> SessionIndex:
    """An empty session of a new name."""
    return await client().session(next(_names), model)


async def filled(texts: list[str]) -> SessionIndex:
    """The session of these texts, embedded once and kept in the store of the run."""
    over = await client().session(f"descriptions-{len(texts)}")
    if over.doc_count < len(texts):
        await over.add_docs(documents(texts))
        await over.push_index()
    return over


async def text_to_vector() -> Callable[[str], Awaitable[SearchResult]]:
    """A call whose work is to embed its text.

    The package gives no vector to its caller, so this is a query of a session of one short document by meaning alone: it embeds
    the text and compares the vector with one other.
    """
    single = await session()
    await single.add_docs([DocumentInfo("only", "one document")])
    options = QueryOptions(top_k=1, alpha=1.0)
    return lambda text: single.query(text, options)


async def embed_documents(texts: list[str]) -> None:
    """Embeds documents: adds them to a session that is then dropped. Their keywords are indexed on the way."""
    await (await session()).add_docs(documents(texts))


def documents(texts: list[str], vectors: np.ndarray | None = None) -> list[DocumentInfo]:
    """Documents whose ids are the numbers of their texts."""
    return [DocumentInfo(str(row), text, embedding=None if vectors is None else vectors[row]) for row, text in enumerate(texts)]


def query(over: SessionIndex, top_k: int, alpha: float) -> Callable[[str], Awaitable[SearchResult]]:
    """Text to documents."""
    options = QueryOptions(top_k=top_k, alpha=alpha)
    return lambda text: over.query(text, options)


def search(over: SessionIndex, top_k: int) -> Callable[[np.ndarray], Awaitable[SearchResult]]:
    """Vector to documents; the vector is handed over in each call."""

    def call(vector: np.ndarray) -> Awaitable[SearchResult]:
        return over.query("", QueryOptions(top_k=top_k, alpha=1.0, embedding=vector))

    return call


def rows(found: Any) -> list[int]:
    """The numbers of the texts that were found."""
    return [int(doc.id) for doc in found.docs]
