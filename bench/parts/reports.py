"""Part `report`: each bundled report over a lake of many sessions, beside DuckDB on the same files.

Both sides are one process, from start to end, that writes CSV, and both run the same SQL: DuckDB
what `tributary report NAME --explain` prints, in a database file that already holds the views and
macros of `tributary schema --duckdb`. Before a report's times count, its rows are compared.
"""

from bench import measure
from bench.inputs import emptied, lake_of
from bench.measure import median, output_of, peak_mib, seconds
from bench.same_rows import difference
from bench.settings import CheckFailed
from bench.table import against, bounded

OURS = "tributary"
PEER = "DuckDB"
SIDES = (OURS, PEER)
MEDIAN_RATIO_MAX = 0.8
RATIO_MAX = 1.5
DEMO_SECONDS_MAX = 0.2


def run(settings):
    """Measures and returns the rows: a summary, then each report."""
    lake = lake_of(settings, settings.sessions)
    database = prepared(settings, lake)
    names = report_names(settings)
    samples = {name: report_samples(settings, lake, database, name) for name in names}
    n = f"{settings.sessions:,} sessions"
    rows = [
        against(
            f"report {name}",
            seconds(sides[OURS]),
            seconds(sides[PEER]),
            PEER,
            picture="reports",
        )
        for name, sides in samples.items()
    ]
    start = start_row(settings, database)
    return [*summary(rows, n), *memory_rows(samples, n), demo_row(settings), start, *rows]


def report_names(settings):
    """The bundled reports."""
    lines = output_of(settings.command("report", "--format", "csv")).splitlines()
    return [line.split(",")[0] for line in lines[1:]]


def prepared(settings, lake):
    """The DuckDB database with the lake's views."""
    folder = emptied(settings.folder("report"))
    script, database = folder / "views.sql", folder / "lake.duckdb"
    script.write_text(output_of(settings.command("schema", "--duckdb", "--lake", lake)), "utf-8")
    measure.run(settings.peer("prepare_duckdb.py", lake, script, database))
    return database


def report_samples(settings, lake, database, name):
    """Both sides' samples of one report, whose rows are the same."""
    folder = database.parent
    query, output = folder / f"{name}.sql", {side: folder / f"{name}.{side}.csv" for side in SIDES}
    query.write_text(output_of(settings.command("report", name, "--explain")), "utf-8")
    commands = {
        OURS: report_command(settings, lake, name, output[OURS]),
        PEER: settings.peer("report_duckdb.py", database, query, output[PEER]),
    }
    sides = {side: lambda side=side: measure.run(commands[side]) for side in SIDES}
    measure.alternate(sides, 1)
    if found := difference(output[OURS], output[PEER]):
        raise CheckFailed(f"report {name}: {found}")
    return measure.alternate(sides, settings.runs)


def report_command(settings, lake, name, output):
    """The command that runs a report and writes CSV."""
    options = ["--format", "csv", "--csv-raw", "-o", output]
    return settings.command("--lake", lake, "report", name, *options)


def summary(rows, n):
    """The median and the largest of the reports' ratios."""
    ratios = [row.ratio for row in rows]
    slowest = max(rows, key=lambda row: row.ratio).comparison
    return [
        bounded(
            f"median ratio of {len(rows)} reports to {PEER}, {n}",
            [median(ratios)],
            "×",
            MEDIAN_RATIO_MAX,
        ),
        bounded(f"largest ratio to {PEER} ({slowest}), {n}", [max(ratios)], "×", RATIO_MAX),
    ]


def memory_rows(samples, n):
    """The largest peak of all reports, beside the peer's largest."""
    peaks = {side: [max(peak_mib(sides[side])) for sides in samples.values()] for side in SIDES}
    return [
        against(
            f"largest peak memory of a report, {n}",
            [max(peaks[OURS])],
            [max(peaks[PEER])],
            PEER,
            unit="MiB",
        )
    ]


def demo_row(settings):
    """`report overview` on the lake of the demo, process start to end."""
    folder = emptied(settings.work / "demo")
    measure.run(settings.command("demo", "--directory", folder))
    command = report_command(settings, folder / "lake", "overview", folder / "overview.csv")
    samples = measure.alternate({OURS: lambda: measure.run(command)}, settings.runs)
    name = "report overview on the demo's lake"
    return bounded(name, seconds(samples[OURS]), "s", DEMO_SECONDS_MAX)


def start_row(settings, database):
    """What each side's process takes that does nothing; it is in the times of every report."""
    query, output = database.with_name("nothing.sql"), database.with_name("nothing.csv")
    query.write_text("SELECT 1", "utf-8")
    commands = {
        OURS: settings.command("--version"),
        PEER: settings.peer("report_duckdb.py", database, query, output),
    }
    sides = {side: lambda side=side: measure.run(commands[side]) for side in SIDES}
    samples = measure.alternate(sides, settings.runs)
    name = "start of the process, part of each report's time"
    return against(name, seconds(samples[OURS]), seconds(samples[PEER]), PEER)
