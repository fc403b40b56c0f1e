"""Compile and run the C examples of a Markdown page, in one store.

A block with a `main` is a program. The others are one program: what stands before the first `main` comes first, then, inside a
`main` of its own, block after block; the first opens what the others use, each other has a scope of its own. A block that is
followed by a `text` block must print exactly that. Usage: c_examples.py FILE LIBRARY_FOLDER
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"^```(c|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# Printed after each block of the common program.
MARK = "\x1e\n"
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-std=c11", "-g"]
# Examples must not teach leaks.
COMPILERS = [["gcc", *WARNINGS], ["clang", *WARNINGS, "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]]


def run(code: str, libraries: str, folder: str) -> list[str]:
    """What the program prints, once per compiler, each time in a store of its own."""
    outputs = []
    source = Path(folder) / "example.c"
    source.write_text(code, encoding="utf-8")
    for number, compiler in enumerate(COMPILERS):
        program = Path(folder) / "example"
        link = ["-I", str(ROOT / "include"), "-L", libraries, "-lmoss", "-lpthread", "-lm", "-ldl"]
        subprocess.run([*compiler, str(source), "-o", str(program), *link], check=True)
        env = {**os.environ, "LD_LIBRARY_PATH": libraries, "MOSS_STORE": os.path.join(folder, f"store{number}")}
        done = subprocess.run([str(program)], cwd=folder, env=env, stdout=subprocess.PIPE, text=True)
        if done.returncode != 0:
            sys.exit(f"{code}\nthe program above ended with {done.returncode} and printed:\n{done.stdout}")
        outputs.append(done.stdout)
    return outputs


def compare(code: str, expected: str, outputs: list[str]) -> None:
    for output in outputs:
        if output != expected:
            sys.exit(f"this example:\n{code}\nprinted:\n{output}instead of:\n{expected}")


def main(page: str, libraries: str) -> None:
    blocks = BLOCK.findall(Path(page).read_text(encoding="utf-8"))
    examples = [
        (code, following if next_kind == "text" else "")
        for (kind, code), (next_kind, following) in zip(blocks, [*blocks[1:], ("", "")])
        if kind == "c"
    ]
    programs = [example for example in examples if "int main(" in example[0]]
    pieces = [example for example in examples if "int main(" not in example[0]]
    with tempfile.TemporaryDirectory() as folder:
        for code, expected in programs:
            compare(code, expected, run(code, libraries, folder))
        prologue = programs[0][0].split("int main(")[0]
        mark = 'fputs("\\x1e\\n", stdout);\n'
        first, *others = [code + mark for code, _ in pieces]
        body = first + "".join("{\n" + code + "}\n" for code in others)
        outputs = run(f"{prologue}int main(void) {{\n{body}return 0;\n}}\n", libraries, folder)
        parts = [output.split(MARK)[:-1] for output in outputs]
        for number, (code, expected) in enumerate(pieces):
            compare(code, expected, [printed[number] for printed in parts])
    print(f"{page}: {len(examples)} examples passed")


main(*sys.argv[1:])
