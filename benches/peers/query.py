"""The whole query, one thread: a question as text to the 10 best documents, with their texts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from . import engines, recall
from .corpora import Corpora
from .encoders import REFERENCE, Encoder, OnnxRuntime, SentenceTransformers
from .engines import TOP_K, Engine
from .results import Results
from .timing import Contestant, round_robin

STACK = f"{REFERENCE} + hnswlib"


def measure(corpora: Corpora) -> Results:
    """p50 and p99 of Moss and of stacks that are put together of the peers."""
    results = Results("query", "Whole query, text to documents, one thread")
    results.notes.append(
        f"Questions of banking77 to {len(corpora.documents):,} descriptions; the answer is {TOP_K} documents with their texts. "
        "Moss ranks by meaning and words at its default alpha of 0.8, by meaning alone at 1.0; the stacks rank by meaning alone. "
        "Graphs are set as in vector search. All stacks hold the same vectors of the documents."
    )
    contestants = results.attempt("Moss", lambda: asyncio.run(_moss(corpora))) or []
    contestants += _stacks(results, corpora)
    times = round_robin(contestants, corpora.questions, corpora.count(full=1_000, quick=100))
    table = results.table("", "p50 ms", "p99 ms", f"p50 over {STACK}")
    base = times.get(STACK)
    for name, taken in times.items():
        table.rows.append([name, taken.p50, taken.p99, taken.p50 / base.p50 if base else None])
    return results


async def _moss(corpora: Corpora) -> list[Contestant]:
    from . import moss_calls

    session = await moss_calls.filled(corpora.documents)
    asked = {"Moss, meaning and words": 0.8, "Moss, meaning alone": 1.0}
    return [Contestant(name, moss_calls.query(session, TOP_K, alpha), awaited=True) for name, alpha in asked.items()]


def _stacks(results: Results, corpora: Corpora) -> list[Contestant]:
    """An encoder and an engine each, where both are there."""
    vectors, questions, texts = corpora.document_vectors(), corpora.question_vectors(), corpora.documents
    true = recall.nearest(vectors, questions)
    encoders = {
        REFERENCE: lambda: OnnxRuntime(corpora.models, "int8", threads=1),
        "sentence-transformers": lambda: SentenceTransformers(corpora.models, threads=1),
    }
    built: dict[str, Engine | None] = {}
    makers = {
        "hnswlib": lambda: engines.hnswlib_graph(vectors),
        "LanceDB": lambda: engines.lancedb_over(vectors, texts, graph=True),
        "Chroma": lambda: engines.chroma_over(vectors, texts, built["hnswlib"]),
    }
    made = {name: results.attempt(name, make) for name, make in encoders.items()}
    stacks = []
    for name, make in makers.items():
        engine = built[name] = results.attempt(name, lambda make=make: _tuned(make(), questions, true))
        for model in encoders if name == "hnswlib" else [REFERENCE]:
            if engine and made[model]:
                # hnswlib gives numbers alone, and the texts are in a list.
                call = _stack(made[model], engine, texts if name == "hnswlib" else None)
                stacks.append(Contestant(f"{model} + {name}", call))
    return stacks


def _tuned(engine: Engine, *compared) -> Engine:
    recall.tune(engine, *compared)
    return engine


def _stack(encoder: Encoder, engine: Engine, texts: list[str] | None) -> Callable[[str], object]:
    if texts:
        return lambda text: [texts[row] for row in engine.rows(engine.search(encoder.query(text)))]
    return lambda text: engine.search(encoder.query(text))
