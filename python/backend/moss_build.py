"""The build backend: maturin, after the model was packed and the licences were collected.

The wheel carries the packed model, which stays in the target directory, so that only the first build pays for it, and the
licences of what is linked into it.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import maturin
import moss_model
import moss_notices
from maturin import (  # what a front end looks for
    get_requires_for_build_editable,
    get_requires_for_build_wheel,
    prepare_metadata_for_build_editable,
    prepare_metadata_for_build_wheel,
)

__all__ = [
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_wheel",
    "prepare_metadata_for_build_editable",
    "prepare_metadata_for_build_wheel",
]

PACKAGE = Path(__file__).resolve().parent.parent


class UnsupportedOperation(Exception):
    """What PEP 517 has a backend raise that makes no source distributions."""


def build_wheel(
    wheel_directory: str, config_settings: Any = None, metadata_directory: Any = None
) -> str:
    _bundle_model()
    _bundle_notices()
    # The profile of cargo, where whoever builds names another than the optimised one.
    if profile := os.environ.get("MOSS_PACKAGE_PROFILE"):
        os.environ["MATURIN_PEP517_ARGS"] = f"--profile {profile}"
    return maturin.build_wheel(wheel_directory, config_settings, metadata_directory)


def build_editable(
    wheel_directory: str, config_settings: Any = None, metadata_directory: Any = None
) -> str:
    _bundle_model()
    _bundle_notices()
    return maturin.build_editable(wheel_directory, config_settings, metadata_directory)


def build_sdist(sdist_directory: str, config_settings: Any = None) -> str:
    raise UnsupportedOperation("Moss is built from a clone of its repository")


def _bundle_model() -> None:
    target = Path(os.environ.get("CARGO_TARGET_DIR") or moss_model.ROOT / "target").resolve()
    packed = moss_model.packed_in(target / "model")
    bundled = PACKAGE / "src" / "moss_core" / "models" / packed.name
    bundled.parent.mkdir(exist_ok=True)
    # A new file each time: the old one may be mapped by a running process.
    copy = bundled.with_suffix(".new")
    shutil.copyfile(packed, copy)
    os.replace(copy, bundled)


def _bundle_notices() -> None:
    moss_notices.write("moss-py", PACKAGE / "src" / "moss_core" / "THIRD-PARTY-NOTICES.txt")
