"""``python -m peers SUBJECT --data DATA --work WORK [--quick]`` measures; ``python -m peers report`` writes the page."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

# How many threads a subject is measured with; each contestant is held to it by the CPUs it may use as well.
THREADS = {"prepare": 2, "vectors": 2, "embed": 1, "documents": 2, "search": 1, "query": 1}
COUNTS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS", "LANCE_CPU_THREADS")


def main() -> None:
    """Runs one step of the benchmark."""
    arguments = _arguments()
    if arguments.step == "report":
        from . import report

        report.write(arguments.work, arguments.out, arguments.command)
        return
    _hold_to(THREADS[arguments.step])
    from importlib import import_module

    from .corpora import Corpora

    subject = import_module(f".{arguments.step}", __package__)
    results = subject.measure(Corpora(arguments.data, arguments.work, arguments.quick))
    if results:
        results.keep(arguments.work)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="peers")
    parser.add_argument("step", choices=[*THREADS, "report"])
    parser.add_argument("--data", type=Path, help="folder with the corpora")
    parser.add_argument("--work", type=Path, required=True, help="folder for models, vectors and figures")
    parser.add_argument("--out", type=Path, help="folder for the page and its plots")
    parser.add_argument("--command", default="", help="the command to name on the page")
    parser.add_argument("--quick", action="store_true", help="2,000 documents and few repetitions")
    return parser.parse_args()


def _hold_to(threads: int) -> None:
    """Sets threads and CPUs of this process, before a library has started threads by its own count."""
    for name in (*COUNTS, "MOSS_NUM_THREADS"):
        os.environ[name] = str(threads)
    os.environ |= {"TOKENIZERS_PARALLELISM": "true" if threads > 1 else "false", "HF_HUB_OFFLINE": "1", "MOSS_OFFLINE": "1"}
    # The last CPUs: the first serves the interrupts of most machines. macOS cannot be told.
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-threads:])


if __name__ == "__main__":
    main()
