"""The models in ONNX, which no subject measures the making of."""

from __future__ import annotations

from . import onnx_bert
from .corpora import Corpora


def measure(corpora: Corpora) -> None:
    """Makes what is not there yet."""
    onnx_bert.build(corpora.weights, corpora.models)
