"""The figures as plots, in SVG and PNG, on white so that they read in light and in dark."""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle
from pathlib import Path

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .results import Results, Table

MOSS, PEER, LINE = "#1b7f4b", "#9aa5b1", "#333333"
# Of the peers among themselves, by row; Moss is a green star.
MARKERS = "osD^v<>Phdp"
COLOURS = ("tab:blue", "tab:orange", "tab:red", "tab:purple", "tab:brown", "tab:pink", "tab:gray", "tab:cyan")

mpl.use("agg")
mpl.rcParams |= {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "svg.fonttype": "none",
    # The same figures make the same file.
    "svg.hashsalt": "peers",
}


def draw(found: list[Results], out: Path) -> dict[str, str]:
    """Draws what was measured: the name of the SVG file for each subject that has a plot."""
    drawn = {}
    for results in found:
        plot = PLOTS.get(results.subject)
        if not plot or not results.tables or not results.tables[0].rows:
            continue
        figure = plot(results.tables[0])
        name = f"peers-{results.subject}"
        figure.savefig(out / f"{name}.svg", bbox_inches="tight", metadata={"Date": None})
        figure.savefig(out / f"{name}.png", bbox_inches="tight", dpi=110)
        plt.close(figure)
        drawn[results.subject] = f"{name}.svg"
    return drawn


def _embed(table: Table) -> Figure:
    """A panel of bars for each length."""
    lengths = table.columns[1:]
    figure, panels = plt.subplots(1, len(lengths), figsize=(10, 1.9), sharey=True, layout="constrained")
    for column, (panel, length) in enumerate(zip(panels, lengths, strict=True), start=1):
        _bars(panel, [row[0] for row in table.rows], [row[column] for row in table.rows])
        panel.set_title(length, fontsize=9)
        panel.set_xlabel("p50, ms")
    figure.suptitle("Text to vector, one thread (shorter is faster)", fontsize=10)
    return figure


def _query(table: Table) -> Figure:
    """Bars to the median, with a line on to the 99th percentile."""
    figure, panel = plt.subplots(figsize=(7.5, 0.5 + 0.4 * len(table.rows)), layout="constrained")
    names, p50, p99 = ([row[column] for row in table.rows] for column in range(3))
    _bars(panel, names, p50, to=p99)
    panel.set_xlabel("ms: bar to p50, line to p99")
    panel.set_title("Text to documents, one thread (shorter is faster)", fontsize=10)
    return figure


def _bars(panel: Axes, names: list[str], values: list[float], to: list[float] | None = None) -> None:
    panel.barh(names, values, color=[MOSS if _is_moss(name) else PEER for name in names], height=0.7)
    ends = to or values
    for row, (value, end) in enumerate(zip(values, ends, strict=True)):
        if to:
            panel.plot([value, end], [row, row], color=LINE, linewidth=1)
        text = f"{value:.2f} to {end:.2f}" if to else f"{value:.2f}"
        panel.annotate(text, (end, row), xytext=(3, 0), textcoords="offset points", va="center", fontsize=8)
    panel.set_xlim(0, max(ends) * (1.3 if to else 1.25))
    panel.set_ylim(len(names) - 0.5, -0.5)


def _search(table: Table) -> Figure:
    """A point for each engine."""
    figure, panel = plt.subplots(figsize=(8, 3.6), layout="constrained")
    looks = zip(cycle(MARKERS), cycle(COLOURS), strict=False)
    for name, p50, _, recall, *_ in table.rows:
        marker, colour, size = ("*", MOSS, 13) if _is_moss(name) else (*next(looks), 7)
        panel.plot([p50], [recall], marker, color=colour, markersize=size, label=f"{name}, {p50:.2f} ms", linestyle="none")
    panel.set_xscale("log")
    panel.xaxis.set_major_formatter("{x:g}")
    panel.set_xlabel("p50, ms (logarithmic; further left is faster)")
    panel.set_ylabel("recall@10")
    panel.grid(alpha=0.3)
    panel.set_title("Vector search, one thread", fontsize=10)
    panel.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False, fontsize=8)
    return figure


def _is_moss(name: str) -> bool:
    return name.startswith("Moss")


PLOTS: dict[str, Callable[[Table], Figure]] = {"embed": _embed, "search": _search, "query": _query}
