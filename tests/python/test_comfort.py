"""What people at a terminal get: completion, whole statements over lines, fitted tables, bars,
manual pages."""

import re

import pytest

from program import output_of, run
from terminal import COLUMNS, Terminal


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    folder = tmp_path_factory.mktemp("comfort")
    events = output_of("generate", 300, "--seed", 5)
    done = run(
        "import", "-", "--lake", folder / "lake", "--journal", folder / "journal", stdin=events
    )
    assert done.returncode == 0, done.stderr
    return folder / "lake"


def test_the_prompt_completes_names_and_goes_on_over_lines(lake, tmp_path):
    terminal = Terminal("sql", "--lake", lake, home=tmp_path)
    terminal.wait_for("tributary> ")
    terminal.type("SELECT count(*) AS n,\r")
    terminal.type("count(DISTINCT sessions.visitor\t) AS v FROM sess\t;\r")
    shown = terminal.wait_for(r"\(1 row\)")
    n, v = output_of(
        "sql", "--lake", lake, "--format", "csv",
        "SELECT count(*), count(DISTINCT visitor_id) FROM sessions",
    ).splitlines()[1].split(",")  # fmt: skip
    assert re.search(rf"\b{n}\s+{v}\b", shown), shown
    terminal.type("SELECT nothing FROM nowhere;\r")
    terminal.wait_for("error: .*nowhere")
    terminal.wait_for("tributary> ")
    terminal.type("quit\r")
    assert terminal.end()[0] == 0
    history = (tmp_path / ".tributary_history").read_text()
    assert "sessions.visitor_id" in history


def test_a_table_fits_the_terminal_and_loses_no_number(lake, tmp_path):
    terminal = Terminal("report", "channels", "--lake", lake, home=tmp_path)
    code, shown = terminal.end()
    assert code == 0
    lines = [line.rstrip() for line in shown.replace("\r", "").splitlines()]
    assert max(map(len, lines)) <= COLUMNS
    total = [line for line in lines if line.startswith("(total)")]
    report = output_of("report", "channels", "--lake", lake, "--format", "csv").splitlines()
    expected = [float(cell) for cell in report[-1].split(",")[1:] if cell]
    seen = [float(cell) for line in total for cell in line.split()[1:]]
    assert len(total) > 1
    assert seen == pytest.approx(expected, abs=1e-4)


def test_bars_are_as_long_as_their_figures(lake):
    drawn = output_of("report", "channels", "--lake", lake, "--chart=people").splitlines()
    rows = output_of("report", "channels", "--lake", lake, "--format", "csv").splitlines()
    at = rows[0].split(",").index("people")
    figures = [int(row.split(",")[at]) for row in rows[1:-1]]
    eighths = {block: n for n, block in enumerate(" ▏▎▍▌▋▊▉█")}
    lengths = [sum(eighths.get(c, 0) for c in line if c != " ") for line in drawn[1:-2]]
    assert len(lengths) == len(figures) > 10
    longest = max(zip(figures, lengths))
    for figure, length in zip(figures, lengths):
        assert length == pytest.approx(figure / longest[0] * longest[1], abs=0.51)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--chart=channel"], "`channel`"),
        (["--chart", "--format", "csv"], "--format"),
    ],
)
def test_what_can_not_be_drawn_is_refused(lake, arguments, named):
    done = run("report", "channels", "--lake", lake, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert named in done.stderr and done.stderr.count("\n") == 1


def test_there_is_a_manual_page_for_every_command(tmp_path):
    output_of("man", "--directory", tmp_path)
    pages = {page.stem for page in tmp_path.glob("*.1")}
    listed = re.findall(r"^  ([a-z]+) ", output_of("help"), re.MULTILINE)
    commands = {name for name in listed if name != "help"}
    assert pages == {"tributary"} | {f"tributary-{name}" for name in commands}
    serve = (tmp_path / "tributary-serve.1").read_text()
    assert serve == output_of("man", "serve")
    assert r"\fB\-\-flush\-interval\fR" in serve
    done = run("man", "nothing")
    assert (done.returncode, done.stdout) == (2, "")
    assert "`nothing`" in done.stderr
