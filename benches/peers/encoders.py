"""Text to unit vector: the contestants that are not Moss.

Each one tokenises, runs the model of the published weights, takes the mean over the tokens and normalises. Texts are cut at
256 tokens, as Moss and sentence-transformers do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import numpy as np
from tokenizers import Tokenizer

MAX_TOKENS = 256

# The contestant that the others are measured by.
REFERENCE = "ONNX Runtime 8-bit"


class Encoder(Protocol):
    """A model with its tokeniser."""

    def query(self, text: str) -> np.ndarray:
        """The vector of one text."""

    def encode(self, texts: list[str], batch: int) -> np.ndarray:
        """The vectors of many, by as many in a batch."""


class OnnxRuntime:
    """ONNX Runtime over the f32 or the 8-bit file of ``onnx_bert``.

    ``threads`` work on one batch together; ``workers`` work on a batch each.
    """

    def __init__(self, models: Path, precision: str, threads: int, workers: int = 1) -> None:
        import onnxruntime

        self._tokenizer = Tokenizer.from_file(str(models / "weights" / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MAX_TOKENS)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        model = models / f"minilm-{precision}.onnx"
        self._session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        self._pool = ThreadPoolExecutor(workers) if workers > 1 else None

    def query(self, text: str) -> np.ndarray:
        """The vector of one text: no padding, so the mean is a product with ones."""
        # This call leaves out the offsets of tokens, which takes half the time of `encode`.
        (encoded,) = self._tokenizer.encode_batch_fast([text])
        ids = np.array([encoded.ids], np.int32)
        (states,) = self._session.run(None, {"ids": ids, "mask": np.ones_like(ids)})
        total = np.ones(ids.shape[1], np.float32) @ states[0]
        return total / np.sqrt(total @ total)

    def encode(self, texts: list[str], batch: int) -> np.ndarray:
        """The vectors of many; sorted by length, so that little is padded."""
        ids = [encoded.ids for encoded in self._tokenizer.encode_batch_fast(texts)]
        # The longest first, so that the workers end together.
        order = sorted(range(len(ids)), key=lambda text: -len(ids[text]))
        vectors = np.empty((len(ids), 384), np.float32)

        def embed(rows: list[int]) -> None:
            vectors[rows] = self._batch([ids[row] for row in rows])

        run: Callable = self._pool.map if self._pool else map
        for _ in run(embed, _chunks(order, batch)):
            pass
        return vectors

    def _batch(self, texts: list[list[int]]) -> np.ndarray:
        """The vectors of texts in one run, padded to the longest."""
        shape = (len(texts), max(map(len, texts)))
        ids, mask = np.zeros(shape, np.int32), np.zeros(shape, np.int32)
        for row, text in enumerate(texts):
            ids[row, : len(text)] = text
            mask[row, : len(text)] = 1
        (states,) = self._session.run(None, {"ids": ids, "mask": mask})
        totals = (mask[:, None, :].astype(np.float32) @ states)[:, 0]
        return totals / np.linalg.norm(totals, axis=1, keepdims=True)


class SentenceTransformers:
    """sentence-transformers over torch in f32, called as its documentation does."""

    def __init__(self, models: Path, threads: int) -> None:
        import torch
        from sentence_transformers import SentenceTransformer
        from sentence_transformers.sentence_transformer import modules

        torch.set_num_threads(threads)
        transformer = modules.Transformer(str(models / "weights"), max_seq_length=MAX_TOKENS)
        parts = [transformer, modules.Pooling(384, pooling_mode="mean"), modules.Normalize()]
        self._model = SentenceTransformer(modules=parts, device="cpu")

    def query(self, text: str) -> np.ndarray:
        """The vector of one text."""
        return self._model.encode(text, show_progress_bar=False)

    def encode(self, texts: list[str], batch: int) -> np.ndarray:
        """The vectors of many; the library sorts them by length."""
        return self._model.encode(texts, batch_size=batch, show_progress_bar=False)


def _chunks(items: list[int], size: int) -> Iterator[list[int]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
