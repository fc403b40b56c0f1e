"""Writes the page of figures and its plots from what the subjects kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from . import machine, plots
from .results import Results, Table, read
from .timing import TURN

SUBJECTS = ("embed", "documents", "search", "query")
# Decimals of columns that are not durations.
DECIMALS = {"recall@10": 4, "mean cosine": 5, "least cosine": 5, "mean difference of a pair's cosine": 5}

TURNS = (
    "All encoders hold the same published weights of all-MiniLM-L6-v2. The contestants of a table run in one process and take "
    f"turns of {TURN} calls (one, where a call is many documents) in an order that rotates, so that noise of the machine meets "
    "all alike; each has had a turn to warm up. One thread means one CPU for the whole process."
)


def write(work: Path, out: Path, command: str) -> None:
    """Writes ``peers.md`` and the plots to a folder, and prints the page."""
    out.mkdir(parents=True, exist_ok=True)
    found = [results for subject in SUBJECTS if (results := read(work, subject))]
    drawn = plots.draw(found, out)
    sections = [part for results in found for part in _section(results, drawn)]
    if absent := set(SUBJECTS) - {results.subject for results in found}:
        sections.append(f"Not measured yet: {', '.join(sorted(absent))}.")
    page = "\n\n".join([*_head(command), *sections]) + "\n"
    (out / "peers.md").write_text(page)
    print(page)


def _head(command: str) -> list[str]:
    return [
        "# Moss beside its peers",
        f"Written by `{command}`. Each part is of one run on one machine: the ratios travel further than the milliseconds.",
        f"Versions: {machine.versions()}.",
        TURNS,
    ]


def _section(results: Results, drawn: dict[str, str]) -> list[str]:
    parts = [f"## {results.title}", *results.notes]
    for table in results.tables:
        parts += [*([f"{table.title}:"] if table.title else []), _markdown(table)]
    if results.subject in drawn:
        parts.append(f"![{results.title}]({drawn[results.subject]})")
    missing = [f"- {name}: {why}" for name, why in results.missing.items()]
    parts.append("Missing:\n\n" + "\n".join(missing) if missing else "Missing: none.")
    parts.append(f"Measured on {results.day}. Machine: {results.machine}. Its load when this began: {results.load}.")
    return parts


def _markdown(table: Table) -> str:
    lines = [table.columns, ["---"] * len(table.columns)]
    lines += [[_cell(column, value) for column, value in zip(table.columns, row, strict=True)] for row in table.rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _cell(column: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if column in DECIMALS:
        return f"{value:.{DECIMALS[column]}f}"
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 1 else f"{value:.3f}"
