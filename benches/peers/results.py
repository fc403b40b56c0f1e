"""What a subject found: tables of figures, who is missing, and what to know of them."""

from __future__ import annotations

import json
import os
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from . import machine


@dataclass
class Table:
    """Rows of figures under the names of their columns; the first column is the contestant."""

    title: str
    columns: list[str]
    rows: list[list[Any]] = field(default_factory=list)


@dataclass
class Results:
    """The figures of one subject."""

    subject: str
    title: str
    notes: list[str] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)
    day: str = field(default_factory=lambda: f"{date.today():%-d %B %Y}")
    load: float = field(default_factory=lambda: round(os.getloadavg()[0], 2))
    machine: str = field(default_factory=machine.described)

    def table(self, title: str, *columns: str) -> Table:
        """A new table, which rows are then added to."""
        self.tables.append(Table(title, ["", *columns]))
        return self.tables[-1]

    def attempt(self, name: str, make: Callable[[], Any]) -> Any | None:
        """What ``make`` gives; if it fails, the contestant is recorded as missing, with why."""
        print(f"{self.subject}: {name}", flush=True)
        # A package that is absent, does not fit this machine or fails inside: none of them may end the run.
        try:
            return make()
        except Exception as error:  # noqa: BLE001
            traceback.print_exc()
            self.missing[name] = f"{type(error).__name__}: {error}".splitlines()[0]
            return None

    def keep(self, work: Path) -> None:
        """Writes the figures for the report."""
        folder = work / "results"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{self.subject}.json").write_text(json.dumps(asdict(self), indent=1))


def read(work: Path, subject: str) -> Results | None:
    """The kept figures, if the subject was measured."""
    path = work / "results" / f"{subject}.json"
    if not path.exists():
        return None
    kept = json.loads(path.read_text())
    kept["tables"] = [Table(**table) for table in kept["tables"]]
    return Results(**kept)
