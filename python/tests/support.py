"""What several tests share."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterator, Optional, Sequence

import pytest

import moss
from moss import DocumentInfo, MossClient, MossError, QueryOptions, SessionIndex

#: The URL of the service that stands before every store, if the tests go through one: see scripts/through-service.
SERVICE = os.environ.get("MOSS_TEST_SERVICE", "")
PROJECT = "test-project"
KEY = "test-key"

ROOT = Path(__file__).resolve().parents[2]
FILTER_VECTORS = json.loads(
    (ROOT / "crates" / "moss-conformance" / "vectors" / "filters.json").read_text(encoding="utf-8")
)


def custom(
    id: str, vector: Sequence[float] = (1.0, 0.0), text: str = "", **fields: Any
) -> DocumentInfo:
    """A document that brings its vector, so that no model is needed."""
    return DocumentInfo(id=id, text=text, embedding=vector, **fields)


async def custom_session(client: MossClient, *docs: DocumentInfo, name: str = "s") -> SessionIndex:
    session = await client.session(name, model_id="custom")
    if docs:
        await session.add_docs(list(docs))
    return session


async def ids(session: SessionIndex, options: Optional[moss.GetDocumentsOptions] = None) -> list[str]:
    return [doc.id for doc in await session.get_docs(options)]


async def found(session: SessionIndex, text: str = "", **options: Any) -> list[str]:
    options.setdefault("embedding", [1.0, 0.0])
    return [doc.id for doc in (await session.query(text, QueryOptions(**options))).docs]


@contextmanager
def raises(kind: str, builtin: type[Exception], *parts: str) -> Iterator[None]:
    """Expects the error of this kind, below this built-in exception, with these parts in its message."""
    with pytest.raises(MossError) as caught:
        yield
    error = caught.value
    assert error.kind == kind, error
    assert isinstance(error, builtin)
    for part in parts:
        assert part in str(error)
