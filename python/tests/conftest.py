from __future__ import annotations

from pathlib import Path

import pytest

from moss import MossClient
from support import KEY, PROJECT


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh store for every test, in a directory that nothing else uses."""
    for name in ("MOSS_CLOUD_API_MANAGE_URL", "MOSS_CLOUD_QUERY_URL"):
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "store"
    monkeypatch.setenv("MOSS_STORE", str(path))
    return path


@pytest.fixture
def client(store: Path) -> MossClient:
    return MossClient(PROJECT, KEY)
