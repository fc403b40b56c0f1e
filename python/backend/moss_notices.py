"""The licences of what Moss links, as one text for whoever passes the binaries on.

Which crates those are is cargo's to say, and their licences lie in their sources. Run as a program,
``moss_notices.py PACKAGE FILE`` writes those of one package; the build backend calls :func:`write`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any, Iterator

ROOT = Path(__file__).resolve().parents[2]
LICENCE_FILES = ("license", "licence", "copying", "copyright", "notice", "unlicense")

HEAD = """\
Third-party notices

Moss itself is licensed under the Apache License 2.0, see LICENSE. Its binaries contain the software below; the names
above a licence are those that it holds for. They also contain parts of the Rust standard library, licensed under the
Apache License 2.0 or the MIT license, copyright The Rust Project Contributors.

moss-minilm, where it is included, is made of the weights of sentence-transformers/all-MiniLM-L6-v2
(https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2), licensed under the Apache License 2.0, see LICENSE.
"""


def write(package: str, file: Path) -> None:
    """Writes the notices of a package of the workspace; the file appears whole or not at all."""
    partial = file.with_suffix(".new")
    partial.write_text(text(package), encoding="utf-8", newline="\n")
    os.replace(partial, file)


def text(package: str) -> str:
    by_text: dict[str, list[str]] = defaultdict(list)
    without: list[str] = []
    for crate in linked(package):
        name = f"{crate['name']} {crate['version']} ({crate['license'] or 'see below'})"
        texts = set(licences(Path(crate["manifest_path"]).parent))
        for content in texts:
            by_text[content].append(name)
        if not texts:
            without.append(f"{name} {crate['repository'] or ''}".rstrip())
    parts = [HEAD]
    if without:
        parts.append("Published without the text of their licence, which is the one named:\n\n" + lines(without))
    for content, names in sorted(by_text.items(), key=lambda part: (part[1], part[0])):
        parts.append(lines(names) + f"\n{content}\n")
    return ("\n" + "-" * 100 + "\n\n").join(parts)


def lines(names: list[str]) -> str:
    return "".join(f"  {name}\n" for name in names)


def linked(package: str) -> list[dict[str, Any]]:
    """The crates from elsewhere that end up in the binary: neither what only builds it nor what only tests it."""
    command = ["cargo", "metadata", "--format-version", "1", "--locked", "--filter-platform", target()]
    metadata = json.loads(subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.PIPE).stdout)
    packages = {crate["id"]: crate for crate in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    wanted = [id for id, crate in packages.items() if crate["name"] == package and crate["source"] is None]
    found = set(wanted)
    while wanted:
        for dependency in nodes[wanted.pop()]["deps"]:
            id = dependency["pkg"]
            runs = any(kind["kind"] is None for kind in dependency["dep_kinds"])
            macro = any("proc-macro" in part["kind"] for part in packages[id]["targets"])
            if runs and not macro and id not in found:
                found.add(id)
                wanted.append(id)
    foreign = [packages[id] for id in found if packages[id]["source"] is not None]
    return sorted(foreign, key=lambda crate: (crate["name"], crate["version"]))


def licences(folder: Path) -> Iterator[str]:
    """The texts of the licence files of a source, also those of what it brings along one folder deeper."""
    files = [file for pattern in ("*", "*/*") for file in folder.glob(pattern) if file.is_file()]
    for file in sorted(files):
        if file.name.lower().startswith(LICENCE_FILES) and file.suffix.lower() in ("", ".md", ".txt", ".rst", ".apache", ".mit"):
            # Line ends and margins differ from crate to crate, the words do not.
            lines = file.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            yield "\n".join(line.rstrip() for line in lines)


def target() -> str:
    """What is built for: cargo's choice, else this machine."""
    chosen = os.environ.get("CARGO_BUILD_TARGET")
    if chosen:
        return chosen
    version = subprocess.run(["rustc", "-vV"], check=True, stdout=subprocess.PIPE, text=True).stdout
    return next(line.split()[1] for line in version.splitlines() if line.startswith("host:"))


if __name__ == "__main__":
    write(sys.argv[1], Path(sys.argv[2]).resolve())
