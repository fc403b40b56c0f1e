"""What the client checks of its arguments before the native side sees them; the rest is checked there."""

from __future__ import annotations

from typing import Any, Iterable, Sequence

from moss_core import InvalidArgumentError, InvalidTypeError, ParentGrouping

from .worker import T


def items(value: Iterable[T], name: str) -> Sequence[T]:
    """A list or tuple as it is, any other iterable as a list; text and mappings are no lists."""
    if isinstance(value, (list, tuple)):
        return value
    if not isinstance(value, (str, bytes, dict)):
        try:
            taken = iter(value)
        except TypeError:
            pass
        else:
            return list(taken)
    raise InvalidTypeError(f"{name} must be a list, not {type(value).__name__}")


def is_vector(embedding: Any) -> bool:
    """Whether this asks for vectors, as all does but None and what is empty."""
    if embedding is None:
        return False
    try:
        return len(embedding) > 0
    except TypeError:
        found = type(embedding).__name__
    raise InvalidTypeError(f"embedding must be a sequence of floats, not {found}")


def has_embedding(doc: Any) -> bool:
    """Whether a document, of whatever class or a dict, brings a vector."""
    return is_vector(doc.get("embedding") if isinstance(doc, dict) else getattr(doc, "embedding", None))


def check_options(options: Any) -> None:
    """Refuses what the query of an index would not heed: a dict, which has no attributes, and a grouping."""
    if isinstance(options, dict):
        raise InvalidTypeError(f"options must be a QueryOptions, not {type(options).__name__}")
    if isinstance(getattr(options, "group_by", None), ParentGrouping):
        raise InvalidArgumentError("group_by works on sessions only")
