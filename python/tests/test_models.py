"""Models that are not there or damaged: the error reaches Python and says what to mend."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import moss_core

MODEL = Path(moss_core.__file__).parent / "models" / "moss-minilm.moss"

# A process of its own: a model is opened once in a process, by the environment of that moment.
PROGRAM = """
import asyncio, sys
from moss import MossClient, ModelUnavailableError

async def main():
    try:
        await MossClient("project", "key").session("s", sys.argv[1])
    except ModelUnavailableError as error:
        print(error)

asyncio.run(main())
"""


def why_unavailable(model_id: str, cache: Path, **environment: str) -> str:
    """Opens a session of this model in another process: the message of its `ModelUnavailableError`."""
    # Whatever is in the cache of who runs this does not count.
    changed = {"XDG_CACHE_HOME": str(cache), "MOSS_OFFLINE": "1", **environment}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, model_id],
        env={**os.environ, **changed},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_truncated_model(tmp_path: Path) -> None:
    content = MODEL.read_bytes()
    damaged = tmp_path / MODEL.name
    damaged.write_bytes(content[: len(content) // 2])
    message = why_unavailable("moss-minilm", tmp_path, MOSS_MODEL_DIR=str(tmp_path))
    assert str(damaged) in message and "damaged" in message


def test_a_flipped_byte(tmp_path: Path) -> None:
    content = bytearray(MODEL.read_bytes())
    content[len(content) // 2] ^= 1
    damaged = tmp_path / MODEL.name
    damaged.write_bytes(content)
    message = why_unavailable("moss-minilm", tmp_path, MOSS_MODEL_DIR=str(tmp_path))
    assert str(damaged) in message and "damaged" in message


def test_a_model_that_may_not_be_downloaded(tmp_path: Path) -> None:
    message = why_unavailable("moss-mediumlm", tmp_path, MOSS_MODEL_DIR="")
    for part in ("moss-mediumlm", "MOSS_OFFLINE", "MOSS_MODEL_DIR", str(tmp_path)):
        assert part in message
