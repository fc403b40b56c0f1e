"""The distribution: its version, its types, and what importing it costs."""

from __future__ import annotations

import importlib.metadata
import importlib.resources
import re
import subprocess
import sys
from pathlib import Path

import moss
import moss_core

PACKAGE = Path(__file__).resolve().parents[1]


def test_version_is_that_of_the_distribution() -> None:
    assert moss.__version__ == importlib.metadata.version("moss")


def test_types_are_shipped() -> None:
    assert importlib.resources.files("moss").joinpath("py.typed").is_file()
    core = importlib.resources.files("moss_core")
    assert core.joinpath("py.typed").is_file() and core.joinpath("_moss.pyi").is_file()


def test_the_native_package_has_no_names_of_its_own() -> None:
    public = {name for name in dir(moss_core) if not name.startswith("_")}
    assert public <= set(dir(moss_core._moss))


def test_import_is_lean() -> None:
    """What is slow to import is imported when it is needed."""
    slow = ["httpx", "asyncio", "numpy", "importlib.metadata", "uuid", "logging"]
    program = f"import sys, moss; print([name for name in {slow!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_stubs_say_what_is_there() -> None:
    for arguments in (
        ["mypy"],
        [
            "mypy.stubtest",
            "moss_core",
            "moss",
            "--mypy-config-file=pyproject.toml",
        ],
    ):
        done = subprocess.run(
            [sys.executable, "-m", *arguments], cwd=PACKAGE, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_page_names_the_whole_surface() -> None:
    page = (PACKAGE.parent / "docs" / "python.md").read_text(encoding="utf-8")
    missing = [name for name in moss.__all__ if not re.search(rf"\b{name}\b", page)]
    for owner in (moss.MossClient, moss.SessionIndex):
        calls = [name for name in vars(owner) if not name.startswith("_") and callable(getattr(owner, name))]
        missing += [name for name in calls if not re.search(rf"\.{name}\(", page)]
    for data in (moss.DocumentInfo, moss.QueryOptions, moss.GetDocumentsOptions, moss.PushIndexResult, moss.IndexInfo):
        fields = [name for name in dir(data) if not name.startswith("_")]
        missing += [name for name in fields if not re.search(rf"`{name}\b", page)]
    assert missing == []
