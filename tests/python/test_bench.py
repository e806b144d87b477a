"""The page of results holds each part's last run, wherever that part was run."""

from bench import results
from bench.__main__ import PARTS
from bench.settings import ROOT
from bench.table import Row


def test_a_part_that_was_not_run_here_stays():
    page = (ROOT / "bench" / "results.md").read_text("utf-8")
    assert results.markdown([], PARTS, page) == page
    part = results.Part("serve", "a run", "a machine", [Row("a burst", [1, 2, 3], unit="s")])
    new = results.markdown([part], PARTS, page)
    assert "a run. a machine." in new
    assert "a burst" in new
    for name in PARTS:
        mine, before = section(new, name), section(page, name)
        assert (mine == before) == (name != "serve"), name


def test_a_page_is_made_where_there_is_none():
    part = results.Part("import", "a run", "a machine", [])
    assert results.markdown([part], PARTS).startswith(results.HEADER + "\n## import\n\na run.")


def section(page, name):
    """The part's text in the page."""
    return page.split(f"## {name}\n", 1)[1].split("\n## ", 1)[0]
