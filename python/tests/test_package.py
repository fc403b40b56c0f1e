"""The distribution: its version, its types, and what importing it costs."""

from __future__ import annotations

import importlib.metadata
import importlib.resources
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
