"""The one oracle: acknowledged is stored, once, as it was sent."""

from collections import Counter

import duckdb
from deltalake import DeltaTable

SHOWN_MAX = 5


class Verdict:
    """What was found wrong."""

    def __init__(self):
        self.lost = set()
        self.duplicated = set()
        self.problems = []

    def add(self, what):
        """Adds a problem that is neither a loss nor a duplicate."""
        self.problems.append(what)

    def is_good(self):
        """Whether nothing is wrong."""
        return not (self.lost or self.duplicated or self.problems)

    def lines(self):
        """The findings for people, cut short."""
        lines = [f"lost: {id}" for id, _ in sorted(self.lost)[:SHOWN_MAX]]
        lines += [f"duplicated: {id}" for id, _ in sorted(self.duplicated)[:SHOWN_MAX]]
        return lines + self.problems[: SHOWN_MAX * 2]


def check_at_rest(disk, ledger, verdict):
    """Checks a folder whose process is gone, however it ended."""
    acknowledged, known = ledger.acknowledged(), ledger.events()
    committed = disk.committed()
    in_log = Counter(row for path in committed for row in rows_of(disk, path, verdict))
    in_journal = disk.waiting()
    missing = acknowledged - in_log.keys() - set(in_journal)
    if conflicts := {key for key in missing if known[key].is_conflict}:
        dead = disk.committed("dead_letters")
        missing -= conflicts & {row for path in dead for row in rows_of(disk, path, verdict)}
    verdict.lost |= missing
    verdict.duplicated |= {row for row, n in in_log.items() if n > 1}
    stray = set(disk.lake.glob("raw_events/*/*.parquet")) - committed
    seen = in_log + Counter(row for path in stray for row in rows_of(disk, path, verdict))
    verdict.duplicated |= {row for row, n in seen.items() if n > 1}
    check_bodies(list(seen) + in_journal, known, verdict)


def rows_of(disk, path, verdict):
    """A file's rows; a file that can't be read is a problem, and has none."""
    try:
        return disk.rows(path)
    except (OSError, ValueError) as error:
        verdict.add(f"{path.name} can't be read: {error}")
        return []


def check_bodies(rows, known, verdict):
    """Everything stored must be something that was sent, byte for byte."""
    for row in rows:
        if row not in known:
            verdict.add(f"{row[0]}: stored with a body that was never sent")


def check_stopped(lake, ledger, verdict):
    """Checks a lake after a clean stop: everything is in it, for every reader alike.

    A body whose id another body had before stands in `dead_letters` instead of `raw_events`.
    """
    known = ledger.events()
    acknowledged = {key for key in ledger.acknowledged() if not known[key].is_conflict}
    conflicts = ledger.acknowledged() - acknowledged
    database = duckdb.connect(config={"autoinstall_known_extensions": "false"})
    if conflicts:
        dead = Counter(read(database, "webhook_id, body", log(lake, "dead_letters")))
        verdict.lost |= conflicts - dead.keys()
        verdict.duplicated |= {row for row in conflicts if dead[row] > 1}
    for name, files in (("glob", glob(lake, "raw_events")), ("log", log(lake, "raw_events"))):
        counts = Counter(read(database, "webhook_id, body", files))
        verdict.lost |= acknowledged - counts.keys()
        verdict.duplicated |= {row for row, n in counts.items() if n > 1}
        check_bodies(counts, known, verdict)
        if name == "glob":
            in_glob = counts
        elif counts != in_glob:
            verdict.add("the Delta log and the files in the folder show different rows")
    check_sessions(database, lake, ledger, verdict)
    database.close()


def check_sessions(database, lake, ledger, verdict):
    """Checks that each acknowledged session stands once in `sessions`."""
    events = [event for event in ledger.events().values() if event.is_session]
    wanted = {(event.id, event.text) for event in events if event.is_acknowledged}
    for files in (glob(lake, "sessions"), log(lake, "sessions")):
        counts = Counter(id for (id,) in read(database, "event_id", files))
        verdict.lost |= {row for row in wanted if row[0] not in counts}
        verdict.duplicated |= {(id, "sessions") for id, n in counts.items() if n > 1}


def glob(lake, table):
    """A table's files as they lie."""
    return [str(path) for path in (lake / table).glob("*/*.parquet")]


def log(lake, table):
    """A table's files as its log names them, read by another program's library."""
    return DeltaTable(str(lake / table)).file_uris()


def read(database, columns, files):
    """Columns of files, by DuckDB."""
    if not files:
        return []
    return database.execute(f"SELECT {columns} FROM read_parquet(?)", [files]).fetchall()


def duplicates(lake):
    """The ids that DuckDB's plain view of a lake, which may be running, shows more than once.

    A file that no commit names may be removed between listing and reading; then it is read anew.
    """
    grouped = "SELECT webhook_id, body FROM read_parquet(?) GROUP BY ALL HAVING count(*) > 1"
    with duckdb.connect(config={"autoinstall_known_extensions": "false"}) as database:
        for tries_left in reversed(range(5)):
            files = glob(lake, "raw_events")
            try:
                return database.execute(grouped, [files]).fetchall() if files else []
            except duckdb.IOException:
                if not tries_left:
                    raise
