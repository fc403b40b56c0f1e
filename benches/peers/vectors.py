"""The vectors that are searched, made on two threads once; no subject measures the making of them."""

from __future__ import annotations

from .corpora import Corpora


def measure(corpora: Corpora) -> None:
    """Makes what is not there yet, which takes minutes in full."""
    corpora.document_vectors()
    corpora.question_vectors()
