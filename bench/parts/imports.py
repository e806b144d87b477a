"""Part `import`: a file of events becomes the lake's tables; time, peak memory, size.

Each side is one process, from start to end. The program also journals every event durably, looks
for duplicates, sorts, writes Delta logs and syncs everything; the peers only flatten (see their
docstrings). The first round is not counted: in it all rows of each peer are compared with the
lake's. Of every later run the numbers of rows are.
"""

from bench import measure
from bench.inputs import bytes_in, emptied, events_file, import_command
from bench.measure import peak_mib, seconds
from bench.settings import ROOT, CheckFailed
from bench.table import against, bounded

OURS = "tributary"
# Each peer's script, what `bench.compare` has to know of it, and the target for our time.
PEERS = {
    "DuckDB": ("flatten_duckdb.py", [], 0.5),
    "chDB": ("flatten_chdb.py", ["--null-lists-are-empty"], 1),
    "Polars": ("flatten_polars.py", ["--without-free-form"], 1),
}
MEMORY_MIB_MAX = 512
SIZE_MAX = 0.12
SIZE_WITHOUT_RAW_MAX = 0.05


def run(settings):
    """Measures and returns the rows."""
    file = events_file(settings, settings.events)
    run_sides(settings, file, 1)
    for name, (_, options, _) in PEERS.items():
        check(settings, name, *options)
    samples = run_sides(settings, file, settings.runs)
    return part_rows(settings, samples, file, settings.work / "import" / OURS / "lake")


def run_sides(settings, file, runs):
    """Runs all sides in turns and returns their samples by name."""
    folder = settings.folder("import")

    def ours():
        return measure.run(import_command(settings, file, emptied(folder / OURS)))

    def peer(name):
        sample = measure.run(settings.peer(PEERS[name][0], file, emptied(folder / name)))
        check(settings, name, "--counts")
        return sample

    sides = {OURS: ours} | {name: lambda name=name: peer(name) for name in PEERS}
    return measure.alternate(sides, runs)


def check(settings, name, *options):
    """Fails unless a peer's tables equal the lake's of the same round."""
    lake, theirs = (settings.work / "import" / side for side in (f"{OURS}/lake", name))
    command = [settings.python, "-m", "bench.compare", lake, theirs, *options]
    try:
        measure.run([str(word) for word in command], cwd=ROOT)
    except CheckFailed as failure:
        raise CheckFailed(f"{name}: its tables are not the lake's: {failure}") from failure


def part_rows(settings, samples, file, lake):
    """The rows of the table."""
    n = f"{settings.events:,}"
    rows = [
        against(
            f"import of {n} events",
            seconds(samples[OURS]),
            seconds(samples[name]),
            name,
            ratio_max=ratio_max,
            picture="import",
        )
        for name, (_, _, ratio_max) in PEERS.items()
    ]
    memory = f"peak memory of import of {n} events"
    ours = peak_mib(samples[OURS])
    rows.append(bounded(memory, ours, "MiB", MEMORY_MIB_MAX, picture="import-memory"))
    rows += [
        against(memory, ours, peak_mib(samples[name]), name, unit="MiB", picture="import-memory")
        for name in PEERS
    ]
    return rows + size_rows(file, lake)


def size_rows(file, lake):
    """How large the lake is beside the file, its logs included."""
    whole, raw = bytes_in(lake), bytes_in(lake / "raw_events")
    n_bytes = file.stat().st_size
    return [
        bounded("lake / NDJSON, bytes", [whole / n_bytes], "", SIZE_MAX),
        bounded(
            "lake without raw_events / NDJSON, bytes",
            [(whole - raw) / n_bytes],
            "",
            SIZE_WITHOUT_RAW_MAX,
        ),
    ]
