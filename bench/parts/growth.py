"""Part `growth`: the same at several sizes. Time must grow in proportion, memory must not grow.

Events come through a pipe from `tributary generate`, which works beside the import on the same
cores, so the times are longer than those of part `import`, at each size alike. Then every bundled
report runs on the lake that was made. The larger sizes run once: they are long enough.
"""

import itertools

from bench import measure
from bench.inputs import lake_of, make_lake
from bench.measure import median, peak_mib, seconds
from bench.parts.reports import report_command, report_names
from bench.table import Row, bounded

SEVERAL_RUNS_MAX = 100_000
IMPORT_MIB_MAX = 512
REPORT_MIB_MAX = 1024
# How much longer an event may take at the next size than at the one before.
GROWTH_MAX = 1.2


def run(settings):
    """Measures and returns the rows."""
    rows = []
    per_event = {"import": [], "all reports": []}
    for size in settings.sizes:
        for work, samples, most in measured(settings, size):
            rows += size_rows(work, samples, size, most)
            per_event[work].append(median(seconds(samples)) / size)
    return [*(steps(work, times) for work, times in per_event.items() if len(times) > 1), *rows]


def measured(settings, size):
    """The samples of import and of all reports at a size, with the bound on their memory."""
    runs = settings.runs if size <= SEVERAL_RUNS_MAX else 1
    imports = measure.alternate({"import": lambda: make_lake(settings, size)}, runs)["import"]
    lake = lake_of(settings, size)
    reports = measure.alternate({"reports": lambda: all_reports(settings, lake)}, runs)["reports"]
    return [("import", imports, IMPORT_MIB_MAX), ("all reports", reports, REPORT_MIB_MAX)]


def all_reports(settings, lake):
    """One sample for all reports one after the other: their time, and the largest peak."""
    output = settings.folder("growth") / "report.csv"
    samples = [
        measure.run(report_command(settings, lake, name, output)) for name in report_names(settings)
    ]
    return measure.Sample(sum(seconds(samples)), max(sample.peak_bytes for sample in samples))


def size_rows(work, samples, size, mib_max):
    """Time, time an event and memory at a size."""
    times = seconds(samples)
    each = [1e6 * time / size for time in times]
    return [
        Row(f"{work}, time", times, size=size, picture="growth"),
        Row(f"{work}, time an event", each, unit="µs", size=size),
        bounded(
            f"{work}, peak memory",
            peak_mib(samples),
            "MiB",
            mib_max,
            size=size,
            picture="growth-memory",
        ),
    ]


def steps(work, times):
    """The most that the time an event grows from one size to the next."""
    most = max(after / before for before, after in itertools.pairwise(times))
    name = f"{work}, time an event: largest growth from a size to the next"
    return bounded(name, [most], "×", GROWTH_MAX)
