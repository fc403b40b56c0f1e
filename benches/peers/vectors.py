"""The vectors that are searched and Moss's session of the same texts, made on two threads once; no subject measures the making."""

from __future__ import annotations

import asyncio

from .corpora import Corpora


def measure(corpora: Corpora) -> None:
    """Makes what is not there yet, which takes minutes in full."""
    corpora.document_vectors()
    corpora.question_vectors()
    try:
        from . import moss_calls
    except ImportError:
        # The subjects say that it is missing.
        return
    asyncio.run(moss_calls.filled(corpora.documents))
