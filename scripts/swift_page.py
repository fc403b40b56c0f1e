"""Make one Swift program of the examples of a page, and of its `text` blocks what the program must print.

Usage: swift_page.py PAGE PROGRAM EXPECTED
"""

import re
import sys
from pathlib import Path

page, program, expected = map(Path, sys.argv[1:])
blocks = re.findall(r"^```(swift|text)\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
for language, path in (("swift", program), ("text", expected)):
    path.write_text("".join(body for kind, body in blocks if kind == language), encoding="utf-8")
