"""Tells whether two CSV files hold the same rows in the same order, one engine's and another's.

Two engines add in another order and write times in another form, so numbers are equal to nine
digits, and times by the point in time that they mean.
"""

import csv
import math
import re
from itertools import zip_longest

DIGITS = 1e-9
TIME = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d+))?(?:Z|\+00(?::?00)?)")


def difference(ours, theirs):
    """The first row that differs, as text, or nothing. Both are paths."""
    with ours.open(encoding="utf-8", newline="") as one, theirs.open(encoding="utf-8") as other:
        rows = zip_longest(csv.reader(one), csv.reader(other))
        for number, (row, peer) in enumerate(rows):
            if row is None or peer is None or not is_same_row(row, peer):
                return f"row {number}: {row}, the peer has {peer}"
    return "no rows" if number == 0 else None


def is_same_row(row, peer):
    """Whether all cells are the same."""
    return len(row) == len(peer) and all(map(is_same, row, peer))


def is_same(cell, peer):
    """Whether two cells are the same value."""
    if cell == peer:
        return True
    try:
        return math.isclose(float(cell), float(peer), rel_tol=DIGITS, abs_tol=1e-9)
    except ValueError:
        return plain_time(cell) == plain_time(peer) is not None


def plain_time(cell):
    """A time without its form, and without needless zeros."""
    parts = TIME.fullmatch(cell)
    return parts and (parts[1], parts[2], (parts[3] or "").rstrip("0"))
