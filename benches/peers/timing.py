"""How long calls take, where every contestant meets the same noise of the machine."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from time import perf_counter_ns
from typing import Any

import numpy as np

# Calls that one contestant makes before the next one's turn: a stream of calls, not one call after another's data has
# filled the caches.
TURN = 8


@dataclass
class Contestant:
    """Something to be timed: ``call`` takes one item and is awaited if it is Moss's."""

    name: str
    call: Callable[[Any], Any]
    awaited: bool = False


@dataclass
class Times:
    """Durations of all calls of one contestant, in milliseconds."""

    ms: np.ndarray

    @property
    def p50(self) -> float:
        """The median."""
        return float(np.percentile(self.ms, 50))

    @property
    def p99(self) -> float:
        """What one call in a hundred exceeds."""
        return float(np.percentile(self.ms, 99))


def round_robin(contestants: Sequence[Contestant], items: Sequence[Any], calls: int, turn: int = TURN) -> dict[str, Times]:
    """Times ``calls`` calls of each contestant, in turns whose order rotates, after one turn of each to warm up.

    All get the same items in the same order.
    """
    return asyncio.run(_round_robin(contestants, items, calls, turn))


async def _round_robin(contestants: Sequence[Contestant], items: Sequence[Any], calls: int, turn: int) -> dict[str, Times]:
    rounds = -(-calls // turn)
    times: dict[str, list[int]] = {contestant.name: [] for contestant in contestants}
    for number in range(-1, rounds):
        start = number % len(contestants)
        # Between the turns, since it is off in them.
        gc.collect()
        for contestant in [*contestants[start:], *contestants[:start]]:
            first = (number + 1) * turn
            taken = await _turn(contestant, [items[(first + i) % len(items)] for i in range(turn)])
            if number >= 0:
                times[contestant.name] += taken
    return {name: Times(np.array(taken) / 1e6) for name, taken in times.items()}


async def _turn(contestant: Contestant, items: list[Any]) -> list[int]:
    taken = []
    gc.disable()
    try:
        for item in items:
            start = perf_counter_ns()
            result = contestant.call(item)
            if contestant.awaited:
                await result
            taken.append(perf_counter_ns() - start)
            del result
    finally:
        gc.enable()
    return taken


def seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    """How long one piece of work takes, and what it gives; a coroutine is run to its end."""
    start = perf_counter_ns()
    result = work()
    if isinstance(result, Awaitable):
        result = asyncio.run(_finish(result))
    return (perf_counter_ns() - start) / 1e9, result


async def _finish(result: Awaitable[Any]) -> Any:
    return await result
