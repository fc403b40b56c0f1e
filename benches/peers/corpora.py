"""Texts that are measured with, and vectors of them that are made once and kept."""

from __future__ import annotations

import json
import lzma
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from .encoders import Encoder, OnnxRuntime

DOCUMENTS = "debian-descriptions-50k.jsonl.xz"
QUESTIONS = "banking77.jsonl"
QUICK_DOCUMENTS = 2_000
# Every so many-th question is asked: neighbours in the file are about the same matter.
QUESTION_STEP, QUICK_QUESTION_STEP = 13, 65


class Corpora:
    """The corpora in a folder, and what is made of them in the folder of the run."""

    def __init__(self, data: Path, work: Path, quick: bool) -> None:
        self.data = data
        self.quick = quick
        self.models = work / "models"
        # Each size keeps its own vectors and indexes.
        self.kept = work / ("quick" if quick else "full")
        self.kept.mkdir(parents=True, exist_ok=True)

    def count(self, full: int, quick: int) -> int:
        """A number of repetitions."""
        return quick if self.quick else full

    @cached_property
    def documents(self) -> list[str]:
        """Descriptions of Debian packages."""
        with lzma.open(self.data / DOCUMENTS, "rt", encoding="utf-8") as lines:
            texts = [json.loads(line)["text"] for line in lines]
        return texts[:QUICK_DOCUMENTS] if self.quick else texts

    @cached_property
    def questions(self) -> list[str]:
        """Questions of customers to a bank, about 1,000."""
        step = QUICK_QUESTION_STEP if self.quick else QUESTION_STEP
        with open(self.data / QUESTIONS, encoding="utf-8") as lines:
            return [json.loads(line)["text"] for line in lines][::step]

    @property
    def weights(self) -> Path:
        """The folder of the published weights."""
        return self.models / "weights"

    def document_vectors(self) -> np.ndarray:
        """Unit vectors of the documents, by ONNX Runtime in 8 bits, made once."""
        return self._vectors("documents", self.documents)

    def question_vectors(self) -> np.ndarray:
        """Unit vectors of the questions, made as those of the documents."""
        return self._vectors("questions", self.questions)

    def _vectors(self, name: str, texts: list[str]) -> np.ndarray:
        path = self.kept / f"{name}.npy"
        if not path.exists():
            encoder: Encoder = OnnxRuntime(self.models, "int8", threads=1, workers=2)
            partial = path.with_suffix(".partial.npy")
            np.save(partial, encoder.encode(texts, batch=8))
            partial.replace(path)
        return np.load(path)

    def of_tokens(self, tokens: int, count: int) -> list[str]:
        """Different texts of exactly so many tokens, [CLS] and [SEP] counted: beginnings of real ones."""
        tokenizer = Tokenizer.from_file(str(self.weights / "tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.no_truncation()
        texts = []
        for text in self._all_texts():
            cut = tokenizer.decode(tokenizer.encode(text, add_special_tokens=False).ids[: tokens - 2])
            if len(tokenizer.encode(cut).ids) == tokens:
                texts.append(cut)
            if len(texts) == count:
                return texts
        raise ValueError(f"only {len(texts)} texts of {tokens} tokens, {count} are needed")

    def _all_texts(self) -> Iterator[str]:
        yield from self.questions
        yield from self.documents
