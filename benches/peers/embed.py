"""Text to vector, one thread: texts of exactly 8, 16, 32 and 128 tokens, tokenising counted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import numpy as np

from .corpora import Corpora
from .encoders import REFERENCE, OnnxRuntime, SentenceTransformers
from .results import Results
from .timing import Contestant, Times, round_robin

LENGTHS = (8, 16, 32, 128)
TEXTS = 64


def measure(corpora: Corpora) -> Results:
    """p50 and p99 of each length, and how near the vectors are to those of the published weights."""
    results = Results("embed", "Text to vector, one thread")
    results.notes.append(
        "Text in, unit vector out; [CLS] and [SEP] count as tokens. Moss's Python package has no call that returns a vector: "
        "its row is `await session.query(text)` over one document, and so has in it the search and, for texts above 160 bytes, handing "
        "the call to a worker thread."
    )
    queries = _encoders(results, corpora)
    contestants = [Contestant(name, query) for name, query in queries.items()]
    moss = results.attempt("Moss", _moss)
    if moss:
        contestants.insert(0, moss)
    times = [_timed(contestants, corpora, tokens) for tokens in LENGTHS]
    columns = [f"{tokens} tokens" for tokens in LENGTHS]
    p50, p99 = results.table("p50 ms", *columns), results.table("p99 ms", *columns)
    over = results.table(f"p50 over that of {REFERENCE}", *columns)
    for name in times[0]:
        p50.rows.append([name, *(taken[name].p50 for taken in times)])
        p99.rows.append([name, *(taken[name].p99 for taken in times)])
        if REFERENCE in times[0]:
            over.rows.append([name, *(taken[name].p50 / taken[REFERENCE].p50 for taken in times)])
    results.attempt("agreement of vectors", lambda: _agreement(results, queries, corpora, moss is not None))
    return results


def _timed(contestants: list[Contestant], corpora: Corpora, tokens: int) -> dict[str, Times]:
    calls = corpora.count(full=max(240, 8_000 // tokens), quick=max(24, 800 // tokens))
    return round_robin(contestants, corpora.of_tokens(tokens, TEXTS), calls)


def _encoders(results: Results, corpora: Corpora) -> dict[str, Callable[[str], np.ndarray]]:
    makers = {
        REFERENCE: lambda: OnnxRuntime(corpora.models, "int8", threads=1),
        "ONNX Runtime f32": lambda: OnnxRuntime(corpora.models, "f32", threads=1),
        "sentence-transformers": lambda: SentenceTransformers(corpora.models, threads=1),
    }
    made = {name: results.attempt(name, make) for name, make in makers.items()}
    return {name: encoder.query for name, encoder in made.items() if encoder}


def _moss() -> Contestant:
    from . import moss_calls

    return Contestant("Moss", asyncio.run(moss_calls.text_to_vector()), awaited=True)


def _agreement(results: Results, queries: dict[str, Callable], corpora: Corpora, moss: bool) -> None:
    """Cosines to the reference's vectors, and how far the cosine of two texts is from the reference's."""
    reference = "sentence-transformers" if "sentence-transformers" in queries else "ONNX Runtime f32"
    texts = corpora.documents[: corpora.count(full=200, quick=50)]
    vectors = {name: np.stack([query(text) for text in texts]) for name, query in queries.items()}
    true = vectors[reference] @ vectors[reference].T
    table = results.table(
        f"Vectors beside those of {reference}, {len(texts)} descriptions",
        "mean cosine",
        "least cosine",
        "mean difference of a pair's cosine",
    )
    if moss:
        pairs = asyncio.run(_moss_pairs(texts))
        table.rows.append(["Moss", None, None, float(np.abs(pairs - true).mean())])
    for name, own in vectors.items():
        cosines = (own * vectors[reference]).sum(axis=1)
        table.rows.append([name, float(cosines.mean()), float(cosines.min()), float(np.abs(own @ own.T - true).mean())])


async def _moss_pairs(texts: list[str]) -> np.ndarray:
    """The cosine of every two texts, from the scores of queries by meaning alone: score = (1 + cosine) / 2."""
    from . import moss_calls

    session = await moss_calls.session()
    await session.add_docs(moss_calls.documents(texts))
    ask = moss_calls.query(session, top_k=len(texts), alpha=1.0)
    pairs = np.empty((len(texts), len(texts)))
    for row, text in enumerate(texts):
        for doc in (await ask(text)).docs:
            pairs[row, int(doc.id)] = 2 * doc.score - 1
    return pairs
