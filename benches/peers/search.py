"""Vector search, one thread: the 10 nearest of all descriptions to a question, given as a vector."""

from __future__ import annotations

import asyncio
from functools import partial

import numpy as np

from . import recall
from .corpora import Corpora
from .engines import PEERS, TOP_K, Engine, chroma_over
from .results import Results
from .timing import Contestant, round_robin, seconds


def measure(corpora: Corpora) -> Results:
    """p50, p99, recall@10 and the time to build each."""
    results = Results("search", "Vector search, one thread")
    vectors, queries = corpora.document_vectors(), corpora.question_vectors()
    results.notes.append(
        f"The {TOP_K} nearest of {len(vectors):,} unit vectors of {vectors.shape[1]} components, to {len(queries):,} questions. "
        f"Recall is against brute force in f32. Where there is a knob, it has the least value that reaches {recall.GOAL}, else "
        "its largest; graphs have 16 links a vector and 200 candidates while they are built. Moss answers with documents and "
        "their texts, the others with numbers; its calls are awaited."
    )
    true = recall.nearest(vectors, queries)
    engines, built = {}, {}
    makers = {"Moss": partial(_moss, corpora.documents), **PEERS}
    makers["Chroma HNSW"] = lambda vectors: chroma_over(vectors, None, engines.get("hnswlib"))
    for name, make in makers.items():
        made = results.attempt(name, lambda make=make: seconds(lambda: make(vectors)))
        if not made:
            continue
        took, engine = made
        tuned = results.attempt(f"{name} (recall)", lambda engine=engine: recall.tune(engine, queries, true))
        if tuned:
            engines[name], built[name] = engine, (took, *tuned)
    contestants = [Contestant(name, engine.search, engine.awaited) for name, engine in engines.items()]
    times = round_robin(contestants, list(queries), corpora.count(full=2_000, quick=200))
    table = results.table("", "p50 ms", "p99 ms", "recall@10", "build s", "setting")
    for name, taken in sorted(times.items(), key=lambda entry: entry[1].p50):
        took, reached, setting = built[name]
        table.rows.append([name, taken.p50, taken.p99, reached, took, setting])
    return results


def _moss(texts: list[str], vectors: np.ndarray) -> Engine:
    from . import moss_calls

    async def fill() -> Engine:
        session = await moss_calls.session("custom")
        await session.add_docs(moss_calls.documents(texts, vectors))
        return Engine(moss_calls.search(session, TOP_K), moss_calls.rows, awaited=True)

    return asyncio.run(fill())
