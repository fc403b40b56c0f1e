"""What the figures were made on."""

from __future__ import annotations

import os
import platform
import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = (
    "moss",
    "onnxruntime",
    "sentence-transformers",
    "torch",
    "tokenizers",
    "numpy",
    "faiss-cpu",
    "hnswlib",
    "usearch",
    "sqlite-vec",
    "lancedb",
    "chromadb",
)
# What decides how fast bytes are multiplied.
INSTRUCTIONS = ("amx_int8", "avx512_vnni", "avx_vnni", "avx512f", "avx2", "i8mm", "asimddp")


def described() -> str:
    """Processor, memory, system and Python, in one line."""
    cpuinfo = _read("/proc/cpuinfo")
    model = re.search(r"^model name\s*: (.*)$", cpuinfo, re.MULTILINE)
    flags = re.search(r"^(?:flags|Features)\s*: (.*)$", cpuinfo, re.MULTILINE)
    has = [name for name in INSTRUCTIONS if flags and name in flags[1].split()]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    system = re.search(r'^PRETTY_NAME="(.*)"$', _read("/etc/os-release"), re.MULTILINE)
    return ", ".join(
        [
            f"{os.cpu_count()} CPUs of {model[1] if model else platform.machine()} ({' '.join(has)})",
            f"{memory:.0f} GiB of memory",
            system[1] if system else platform.platform(),
            f"Python {platform.python_version()}",
        ]
    )


def versions() -> str:
    """The installed packages that were compared, in one line."""
    return ", ".join(f"{name} {_version(name)}" for name in PACKAGES)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "missing"


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""
