from __future__ import annotations

from pathlib import Path

import pytest

from moss import MossClient
from support import KEY, PROJECT, SERVICE


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh store for every test, in a directory that nothing else uses, opened in process or by a service."""
    for name in ("MOSS_CLOUD_API_MANAGE_URL", "MOSS_CLOUD_QUERY_URL"):
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "store"
    if SERVICE:
        monkeypatch.setenv("MOSS_CLOUD_API_MANAGE_URL", f"{SERVICE}/{str(path).encode().hex()}/v1/manage")
    monkeypatch.setenv("MOSS_STORE", str(path))
    monkeypatch.setenv("MOSS_CACHE_DIR", str(tmp_path / "cache"))
    return path


@pytest.fixture
def client(store: Path) -> MossClient:
    return MossClient(PROJECT, KEY)
