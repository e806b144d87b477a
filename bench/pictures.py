"""Draws rows as SVG files for `docs/`: bars of both sides, or a figure against size.

A row names its picture; a picture whose rows have a size is a chart of lines, any other of bars.
"""

import statistics

import matplotlib

matplotlib.use("svg")
# The same rows give the same file, and text stays text.
matplotlib.rcParams.update({"svg.hashsalt": "bench", "svg.fonttype": "none", "font.size": 9})

from matplotlib import pyplot  # noqa: E402

OURS = "tributary"
COLOURS = ["#2b6cb0", "#b7791f", "#718096", "#9b2c2c"]


def draw(rows, folder):
    """Writes a picture for each name that rows have."""
    for name in dict.fromkeys(row.picture for row in rows if row.picture):
        chosen = [row for row in rows if row.picture == name]
        figure = lines(chosen) if chosen[0].size is not None else bars(chosen)
        figure.savefig(folder / f"bench-{name}.svg", metadata={"Date": None}, bbox_inches="tight")
        pyplot.close(figure)


def bars(rows):
    """A group of bars for each comparison: ours, and beside it each peer's."""
    groups = {}
    for row in rows:
        group = groups.setdefault(row.comparison, {OURS: row.ours})
        if row.peer:
            group[row.peer_name] = row.peer
    names = list(dict.fromkeys(name for group in groups.values() for name in group))
    height = 0.8 / len(names)
    figure, axes = pyplot.subplots(figsize=(7, 0.6 + 0.18 * (len(names) + 1) * len(groups)))
    for side, name in enumerate(names):
        present = [(at, group[name]) for at, group in enumerate(groups.values()) if name in group]
        places = [at + (side - (len(names) - 1) / 2) * height for at, _ in present]
        medians = [statistics.median(numbers) for _, numbers in present]
        spread = [
            [middle - min(numbers) for middle, (_, numbers) in zip(medians, present, strict=True)],
            [max(numbers) - middle for middle, (_, numbers) in zip(medians, present, strict=True)],
        ]
        axes.barh(places, medians, height * 0.9, xerr=spread, label=name, color=COLOURS[side % 4])
    axes.set_yticks(range(len(groups)), groups)
    axes.invert_yaxis()
    axes.margins(y=0.01)
    axes.set_xlabel(rows[0].unit)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=len(names), frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def lines(rows):
    """A line for each comparison, against size, both axes in powers of ten."""
    figure, axes = pyplot.subplots(figsize=(7, 4))
    for name in dict.fromkeys(row.comparison for row in rows):
        chosen = sorted((row for row in rows if row.comparison == name), key=lambda row: row.size)
        medians = [statistics.median(row.ours) for row in chosen]
        axes.plot([row.size for row in chosen], medians, marker="o", label=name)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("events")
    axes.set_ylabel(rows[0].unit)
    axes.legend(frameon=False)
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    return figure
