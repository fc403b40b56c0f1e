"""Run the Python examples of Markdown pages, in order, one store for each page.

An example that calls `asyncio.run` is a program and gets its own process. The others of a page are one conversation with
`python -m asyncio`, where `await` needs no function around it and names stay. An example that is followed by a `text` block
must print exactly that. Usage: examples.py FILE...
"""

import ast
import asyncio
import contextlib
import inspect
import io
import os
import re
import socket
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

BLOCK = re.compile(r"^```(python|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def has_network() -> bool:
    """Whether any way out exists: without a route the kernel refuses at once, no packet is sent for a datagram socket."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return False
        return True


def run_program(code: str) -> tuple[bool, str]:
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode == 0, done.stdout


def run_line(code: str, names: dict[str, object], loop: asyncio.AbstractEventLoop) -> tuple[bool, str]:
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        try:
            awaited = eval(compile(code, "<example>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), names)
            if inspect.iscoroutine(awaited):
                loop.run_until_complete(awaited)
        except Exception:
            return False, output.getvalue() + traceback.format_exc()
    return True, output.getvalue()


def run_page(path: Path, loop: asyncio.AbstractEventLoop) -> tuple[int, int]:
    """How many examples passed, and how many failed."""
    passed = failed = 0
    names: dict[str, object] = {}
    blocks = BLOCK.findall(path.read_text(encoding="utf-8"))
    for (kind, code), (next_kind, expected) in zip(blocks, [*blocks[1:], ("", "")]):
        if kind != "python":
            continue
        done, output = run_program(code) if "asyncio.run(" in code else run_line(code, names, loop)
        if done and (next_kind != "text" or output == expected):
            passed += 1
        else:
            failed += 1
            print(f"an example of {path}:\n{code}\nprinted:\n{output}", file=sys.stderr)
    return passed, failed


def main(paths: list[Path]) -> None:
    if has_network():
        sys.exit("this machine has a network: run scripts/offline, which takes it away")
    loop = asyncio.new_event_loop()
    total_failed = 0
    for path in paths:
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            os.environ["MOSS_STORE"] = os.path.join(folder, "store")
            passed, failed = run_page(path, loop)
            os.chdir("/")
        if passed + failed == 0:
            sys.exit(f"{path} holds no Python example")
        print(f"{path.name}: {passed} examples passed, {failed} failed")
        total_failed += failed
    sys.exit(total_failed > 0)


main([Path(argument).resolve() for argument in sys.argv[1:]])
