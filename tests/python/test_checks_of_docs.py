"""What tests/docs.py finds in documents, and what it leaves alone."""

import subprocess
import sys
from pathlib import Path

import pytest

CHECKER = Path(__file__).parents[1] / "docs.py"
RESULTS = "| import of 200,000 events | 7.55 s (7.09–7.74) | 0.641 |\n| burst | 43,050 |\n"


def printed(folder, text):
    """What the checker prints of a document beside a few files, and its exit code."""
    (folder / "bench").mkdir()
    (folder / "bench" / "results.md").write_text(RESULTS, "utf-8")
    (folder / "other.md").write_text("# One `thing`\n## One thing\n```\n# no heading\n```\n", "utf-8")
    (folder / "a.md").write_text(text, "utf-8")
    done = subprocess.run([sys.executable, CHECKER, folder], capture_output=True, encoding="utf-8")
    assert done.stderr == ""
    return done.stdout, done.returncode


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("[x](none.md)", "none.md leads nowhere"),
        ("[x](../elsewhere.md)", "../elsewhere.md leads nowhere"),
        ("![x](none.svg)", "none.svg leads nowhere"),
        ("[x](other.md#no-heading)", "other.md#no-heading: there is no heading of that name"),
        ("[x](#one-thing)", "#one-thing: there is no heading of that name"),
        ("`bench/none.md`", "`bench/none.md` does not exist"),
        ("won on 6 May", "6 May: dates are written YYYY-MM-DD"),
        ("November 30, 2026", "November 30: dates are written YYYY-MM-DD"),
        ("30.11.2026", "30.11.2026: dates are written YYYY-MM-DD"),
        ("2026-02-30", "2026-02-30 is no date"),
        ("2999-01-01", "2999-01-01 is in the future"),
        (
            "7.56 s of 200,000 <!-- measured: bench/results.md: import of -->",
            "measured: 7.56 is not in bench/results.md at `import of`",
        ),
        (
            "43,050 <!-- measured: bench/results.md: import of -->",
            "measured: 43050 is not in bench/results.md at `import of`",
        ),
        (
            "7.55 s <!-- measured: bench/results.md: export of -->",
            "measured: bench/results.md has no line with `export of`",
        ),
        ("7.55 s <!-- measured: none.md: import of -->", "measured: there is no none.md"),
        (
            "quick <!-- measured: bench/results.md: import of -->",
            "measured: no figure stands before `import of`",
        ),
    ],
)
def test_a_fault_is_told_with_its_line(tmp_path, text, what):
    assert printed(tmp_path, f"# A\n\n{text}\n") == (f"a.md:3: {what}\n", 1)


@pytest.mark.parametrize(
    "text",
    [
        "[x](https://example.com/none.md) [y](other.md#one-thing-1) [z](#a)",
        "`[x](none.md)` and `made/at/run.time`, `./bench/none.md`",
        "```\n2999-01-01 [x](none.md)\n```",
        "in November 2026, on 2026-11-30, versions 6.18.44 and 1.2",
        "it took 43,050 <!-- measured: bench/results.md: burst -->",
        "7.55 s, 0.641 <!-- measured: bench/results.md: import of --> for 9.9",
    ],
)
def test_what_is_right_is_left_alone(tmp_path, text):
    assert printed(tmp_path, f"# A\n\n{text}\n") == ("", 0)
