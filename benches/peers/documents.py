"""Documents to vectors, two threads: how many a second, of one length and as they come."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module

from .corpora import Corpora
from .encoders import REFERENCE, OnnxRuntime, SentenceTransformers
from .results import Results
from .timing import Contestant, round_robin, seconds

BATCH = 64
TOKENS = 128
# Ways to use two threads: both on one batch, or each on a batch of its own.
WAYS = {"2 threads a batch": (2, 1), "a batch a thread": (1, 2)}
BATCHES = (1, 8, 32)


def measure(corpora: Corpora) -> Results:
    """Documents a second of each contestant."""
    results = Results("documents", "Documents to vectors, two threads")
    results.notes.append(
        "ONNX Runtime and sentence-transformers sort a call's documents by length; each is shown with the batch size, and ONNX "
        "Runtime with the use of threads, that was fastest in a trial before. Moss's row is `await session.add_docs(documents)` "
        "to an empty session, and so has the keyword index and the storing of texts in it."
    )
    same = corpora.of_tokens(TOKENS, BATCH)
    some = corpora.documents[:: max(1, len(corpora.documents) // corpora.count(full=256, quick=64))]
    _compare(results, corpora, f"{BATCH} documents of {TOKENS} tokens in one call", same)
    _compare(results, corpora, f"{len(some)} descriptions of real length in one call", some)
    return results


def _compare(results: Results, corpora: Corpora, title: str, texts: list[str]) -> None:
    contestants = []
    if results.attempt("Moss", lambda: import_module("moss")):
        from . import moss_calls

        contestants.append(Contestant("Moss", moss_calls.embed_documents, awaited=True))
    ways: dict[str, str] = {"Moss": "its own choice"}
    trial = texts[:: max(1, len(texts) // corpora.count(full=128, quick=32))]
    for name, encoders in _peers(corpora).items():
        best = results.attempt(name, lambda encoders=encoders: _fastest(encoders, trial, corpora.count(2, 1)))
        if best:
            ways[name], encode = best
            contestants.append(Contestant(name, encode))
    times = round_robin(contestants, [texts], corpora.count(full=7, quick=1), turn=1)
    table = results.table(title, "documents/s", f"over {REFERENCE}", "how")
    base = times.get(REFERENCE)
    for name, taken in times.items():
        speed = len(texts) / taken.p50 * 1e3
        table.rows.append([name, speed, base.p50 / taken.p50 if base else None, ways[name]])


def _peers(corpora: Corpora) -> dict[str, dict[str, Callable]]:
    """For each contestant the ways to run it."""

    def onnx(precision: str) -> dict[str, Callable]:
        return {
            way: lambda threads=threads, workers=workers: OnnxRuntime(corpora.models, precision, threads, workers)
            for way, (threads, workers) in WAYS.items()
        }

    return {
        REFERENCE: onnx("int8"),
        "ONNX Runtime f32": onnx("f32"),
        "sentence-transformers": {"torch's threads": lambda: SentenceTransformers(corpora.models, threads=2)},
    }


def _fastest(encoders: dict[str, Callable], texts: list[str], runs: int) -> tuple[str, Callable[[list[str]], object]]:
    """The way and batch size that embeds these texts in the least time."""
    trials = []
    for way, make in encoders.items():
        encoder = make()
        encoder.encode(texts[:4], batch=4)
        for batch in BATCHES:
            taken = min(seconds(partial(encoder.encode, texts, batch))[0] for _ in range(runs))
            trials.append((taken, f"batches of {batch}, {way}", encoder, batch))
    _, way, encoder, batch = min(trials, key=lambda trial: trial[0])
    return way, lambda texts: encoder.encode(texts, batch)
