"""Rows of the result: what was compared, both sides' numbers, the ratio and the target.

A row keeps every measured number; it shows the median and, behind it, the smallest and largest.
"""

import statistics
from dataclasses import asdict, dataclass

HEAD = ["comparison", "tributary", "peer", "its figure", "ratio", "target", "met"]
MET = {True: "yes", False: "**no**", None: ""}


@dataclass(frozen=True)
class Row:
    """One comparison. `picture` names the chart that it is drawn in, `size` its place in it."""

    comparison: str
    ours: list[float]
    peer: list[float] | None = None
    peer_name: str = ""
    unit: str = "s"
    target: str = ""
    met: bool | None = None
    picture: str = ""
    size: int | None = None

    @property
    def ratio(self):
        """The median of ours over the median of the peer's."""
        if not self.peer or statistics.median(self.peer) == 0:
            return None
        return statistics.median(self.ours) / statistics.median(self.peer)

    @property
    def title(self):
        """The comparison, and its size if it is one of several."""
        return self.comparison if self.size is None else f"{self.comparison}, {self.size:,} events"

    def cells(self):
        """The row as text, a cell for each name in `HEAD`."""
        ratio = "" if self.ratio is None else f"{self.ratio:.3g}"
        peer = figure(self.peer, self.unit) if self.peer else ""
        ours = figure(self.ours, self.unit)
        return [self.title, ours, self.peer_name, peer, ratio, self.target, MET[self.met]]

    def as_json(self):
        """The row as JSON has it."""
        return asdict(self)


def against(comparison, ours, peer, peer_name, ratio_max=None, ratio_min=None, **rest):
    """A row whose target is a bound on the ratio."""
    row = Row(comparison, ours, peer, peer_name, **rest)
    if ratio_max is not None:
        return Row(**row.as_json() | {"target": f"≤ {ratio_max} ×", "met": row.ratio <= ratio_max})
    if ratio_min is not None:
        return Row(**row.as_json() | {"target": f"≥ {ratio_min} ×", "met": row.ratio >= ratio_min})
    return row


def bounded(comparison, ours, unit, most, **rest):
    """A row whose target is a bound on our own median."""
    met = statistics.median(ours) <= most
    return Row(comparison, ours, unit=unit, target=f"≤ {number(most)} {unit}", met=met, **rest)


def figure(numbers, unit):
    """A median with its unit, and the spread if there is more than one number."""
    middle = f"{number(statistics.median(numbers))} {unit}".strip()
    if len(numbers) == 1:
        return middle
    return f"{middle} ({number(min(numbers))}–{number(max(numbers))})"


def number(value):
    """A number to three digits, without an exponent."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def markdown(rows):
    """The rows as a table in Markdown."""
    lines = [HEAD, ["---"] * len(HEAD), *(row.cells() for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def terminal(rows):
    """The rows with their columns aligned, for a terminal."""
    lines = [HEAD, *([cell.replace("*", "") for cell in row.cells()] for row in rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(HEAD))]
    padded = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in [HEAD, ["─" * width for width in widths], *lines[1:]]
    ]
    return "\n".join(padded) + "\n"
