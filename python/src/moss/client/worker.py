"""How a native call is awaited."""

from __future__ import annotations

from typing import Callable, TypeVar

T = TypeVar("T")


async def in_thread(call: Callable[..., T], /, *args: object) -> T:
    """Runs a native call in a worker thread of the running loop.

    Native calls release the interpreter lock, so that the loop goes on meanwhile. The threads belong to the loop:
    nothing outlives ``asyncio.run`` or has to be remade after a fork.
    """
    # Imported here because it takes longer than all of Moss; whoever awaits this has imported it already.
    from asyncio import to_thread

    return await to_thread(call, *args)
