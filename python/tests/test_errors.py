"""The exception tree: one class per row of the error list, below `MossError` and the built-in of that row."""

from __future__ import annotations

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
