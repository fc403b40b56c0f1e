"""Run the Python examples of a Markdown file, one process each, in order, in one store.

An example that is followed by a `text` block must print exactly that. Usage: readme.py FILE
"""

import os
import re
import socket
import subprocess
import sys
import tempfile
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


def main(path: str) -> None:
    if has_network():
        sys.exit("this machine has a network: run scripts/offline, which takes it away")
    blocks = BLOCK.findall(Path(path).read_text(encoding="utf-8"))
    failed = passed = 0
    with tempfile.TemporaryDirectory() as folder:
        env = {**os.environ, "MOSS_STORE": os.path.join(folder, "store")}
        for number, (kind, code) in enumerate(blocks):
            if kind != "python":
                continue
            expected = blocks[number + 1][1] if blocks[number + 1 :] and blocks[number + 1][0] == "text" else None
            run = subprocess.run([sys.executable, "-c", code], cwd=folder, env=env, capture_output=True, text=True)
            if run.returncode == 0 and expected in (None, run.stdout):
                passed += 1
                continue
            failed += 1
            print(f"example {number} of {path}:\n{code}\nprinted:\n{run.stdout}{run.stderr}", file=sys.stderr)
    print(f"examples: {passed} passed, {failed} failed")
    sys.exit(failed > 0 or passed == 0)


main(sys.argv[1])
