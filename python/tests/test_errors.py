"""The exception tree: one class per row of the error list, below `MossError` and the built-in of that row."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import moss
import moss_core
from moss import MossError

# Kind: the built-in exception that the contract promises.
KINDS: dict[str, type[Exception]] = {
    "Closed": RuntimeError,
    "InvalidArgument": ValueError,
    "InvalidType": TypeError,
    "InvalidFilter": ValueError,
    "InvalidFilterType": TypeError,
    "UnknownModel": ValueError,
    "MixedEmbeddings": ValueError,
    "EmbeddingMissing": ValueError,
    "EmbeddingRequired": ValueError,
    "DimensionMismatch": ValueError,
    "Unauthorized": RuntimeError,
    "Network": RuntimeError,
    "IndexNotFound": RuntimeError,
    "JobNotFound": RuntimeError,
    "UploadMissing": RuntimeError,
    "ModelUnavailable": RuntimeError,
    "Internal": RuntimeError,
    "ModelMismatch": ValueError,
    "IndexExists": RuntimeError,
    "Conflict": RuntimeError,
    "IndexNotLoaded": RuntimeError,
    "JobFailed": RuntimeError,
    "JobTimeout": RuntimeError,
    "Cloud": RuntimeError,
    "TooLarge": RuntimeError,
    "RateLimited": RuntimeError,
    "CacheCorrupt": RuntimeError,
    "Io": RuntimeError,
}


def test_the_map_is_total() -> None:
    # The native side makes this map by walking every kind that exists.
    assert moss_core.ERRORS_BY_KIND.keys() == KINDS.keys()
    for kind, builtin in KINDS.items():
        error = moss_core.ERRORS_BY_KIND[kind]
        assert error.__bases__ == (MossError, builtin)
        assert error.kind == kind
        assert error is getattr(moss, f"{kind}Error") is getattr(moss_core, f"{kind}Error")
        assert error.__doc__ and kind in error.__doc__
        assert str(error("why")) == "why"


def test_errors_are_pickled_by_name() -> None:
    import pickle

    error = pickle.loads(pickle.dumps(moss.ConflictError("index 's' was pushed")))
    assert type(error) is moss.ConflictError and str(error) == "index 's' was pushed"


def test_a_panic_in_the_core_is_an_error_and_the_process_lives(tmp_path: Path) -> None:
    script = """
import asyncio, moss
async def main():
    client = moss.MossClient("project", "key")
    session = await client.session("s", model_id="custom")
    await session.add_docs([{"id": "a", "text": "one", "embedding": [1.0]}])
    try:
        await session.query("one", moss.QueryOptions(embedding=[1.0]))
    except moss.InternalError as error:
        print(error)
    print(len(await session.get_docs()))
asyncio.run(main())
"""
    environment = {**os.environ, "MOSS_STORE": str(tmp_path), "MOSS_TEST_PANIC": "1"}
    ran = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    assert ran.stdout.splitlines() == ["a bug in moss: MOSS_TEST_PANIC", "1"]
