"""How many of the true nearest an engine finds, and the least effort that finds enough of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

import numpy as np

from .engines import TOP_K, Engine

GOAL = 0.99
SAMPLE = 5


def nearest(vectors: np.ndarray, queries: np.ndarray) -> np.ndarray:
    """The rows of the ``TOP_K`` largest products of each query, by brute force in f32."""
    found = np.empty((len(queries), TOP_K), np.int64)
    for start in range(0, len(queries), 100):
        scores = queries[start : start + 100] @ vectors.T
        best = np.argpartition(-scores, TOP_K, axis=1)[:, :TOP_K]
        found[start : start + 100] = best
    return found


def recall(engine: Engine, queries: np.ndarray, true: np.ndarray) -> float:
    """The share of the true nearest among what the engine finds."""
    return asyncio.run(_recall(engine, queries, true))


async def _recall(engine: Engine, queries: np.ndarray, true: np.ndarray) -> float:
    hits = 0
    for query, rows in zip(queries, true, strict=True):
        found: Any = engine.search(query)
        if isinstance(found, Awaitable):
            found = await found
        hits += len(set(engine.rows(found)) & set(rows.tolist()))
    return hits / true.size


def tune(engine: Engine, queries: np.ndarray, true: np.ndarray) -> tuple[float, str]:
    """Turns the knob to the least value that reaches the goal, else to its last: the recall, and the setting in words."""
    if not engine.turn:
        return recall(engine, queries, true), engine.setting
    for value in engine.values:
        engine.turn(value)
        engine.value = value
        # A part of the queries says quickly of most values that they are too small.
        if recall(engine, queries[::SAMPLE], true[::SAMPLE]) < GOAL and value != engine.values[-1]:
            continue
        reached = recall(engine, queries, true)
        if reached >= GOAL:
            break
    return reached, f"{engine.knob} {value}"
