"""Works out what a year of ingesting leaves in a lake: files, log entries, bytes, requests, cost.

    python -m bench.scale [--rate 1000] [--interval 60] [--days 365] [--published]

It goes through the year flush by flush and round by round, by the program's rules: a flush writes
a file a table and day and one commit a table; a round each hour compacts days that are over, makes
a checkpoint behind 100 entries, and removes what was replaced. Sizes are those that were measured
with generated events (see docs/scale.md); prices are those of S3 in us-east-1 in November 2026.
Nothing here measures time.
"""

import argparse
from dataclasses import dataclass, field

MINUTE, HOUR, DAY = 60, 3600, 86_400

# Bytes an event adds to a table, after compaction; measured over 200,000 events.
BYTES = {
    "sessions": 360,
    "pageviews": 210,
    "utm": 190,
    "companies": 260,
    "people": 400,
    "email_validations": 60,
    "raw_events": 760,
}
# A file's fixed part: footer, page index and bloom filters. Small flushes compress worse, too.
FILE_BYTES = 8_000
ENTRY_BYTES = 1_500
TARGET_BYTES = 256 << 20
LOG_ENTRIES = 100
# What the program fetches whole, and keeps if it is of a log; a file's share of a checkpoint.
WHOLE_BYTES = 256 << 10
CHECKPOINT_BYTES = 300
# The share of a day's sessions that end after midnight, in the hour behind it.
LATE_SHARE = 0.01
# Dollars: a thousand PUT or LIST requests, a thousand GETs, a GB and month.
PUT_PRICE, GET_PRICE, STORAGE_PRICE = 0.005, 0.0004, 0.023


@dataclass
class Table:
    """One table's files by day: small ones, and those of compactions."""

    bytes_an_event: int
    small: dict = field(default_factory=dict)
    large: dict = field(default_factory=dict)
    n_entries: int = 0
    n_behind: int = 0
    n_unread: int = 0
    n_files_max: int = 0

    def commit(self, n=1):
        self.n_entries += n
        self.n_behind += n
        self.n_unread += n

    @property
    def n_files(self):
        return sum(n for n, _ in self.small.values()) + sum(n for n, _ in self.large.values())


@dataclass
class Year:
    """What was done, and what it came to."""

    tables: dict
    puts: int = 0
    gets: int = 0
    lists: int = 0
    rewritten: int = 0

    def flush(self, second, n_events):
        """A flush of so many events, some of which belong to the day before."""
        day, is_early = second // DAY, second % DAY < HOUR
        shares = {day: 1 - LATE_SHARE, day - 1: LATE_SHARE} if is_early and day else {day: 1}
        for table in self.tables.values():
            for date, share in shares.items():
                n, size = table.small.get(date, (0, 0))
                size += n_events * share * table.bytes_an_event + FILE_BYTES
                table.small[date] = (n + 1, size)
                self.puts += 1
            table.commit()
            # The entry; where nobody else wrote, the log is not read.
            self.puts += 1

    def round(self, second, is_published):
        """A round of upkeep."""
        for table in self.tables.values():
            table.n_files_max = max(table.n_files_max, table.n_files)
            # The log and the folder, before and behind; entries that are new, and the checkpoint,
            # once if it is kept.
            self.lists += 6
            self.gets += table.n_unread
            self.gets += 6 if table.n_files * CHECKPOINT_BYTES > WHOLE_BYTES else 1
            table.n_unread = 0
            due = [date for date in table.small if date < second // DAY]
            for date in due:
                n_small, size = table.small.pop(date)
                n_large, bytes_large = table.large.get(date, (0, 0))
                # Of the large files the last one is small again and merged, the others stay.
                rest = bytes_large % TARGET_BYTES
                merged = rest + size - n_small * FILE_BYTES
                n_kept = int(bytes_large // TARGET_BYTES)
                n_new = max(1, round(merged / TARGET_BYTES))
                table.large[date] = (n_kept + n_new, n_kept * TARGET_BYTES + merged)
                self.rewritten += merged
                # Keys and rows of each file, the new ones in parts of 10 MiB, the old ones deleted.
                self.gets += n_small * (2 if size <= n_small * WHOLE_BYTES else 6)
                self.puts += int(merged / (10 << 20)) + 2 * n_new
                self.puts += n_small + (n_large - n_kept)
            if due:
                table.commit()
                self.puts += 1
            if table.n_behind >= LOG_ENTRIES:
                self.puts += 1 + is_published
                table.n_behind = 0
                if is_published:
                    self.puts += table.n_entries
                    table.n_entries = 0

    @property
    def bytes_stored(self):
        parts = [part for t in self.tables.values() for part in (*t.small.values(), *t.large.values())]
        return sum(size for _, size in parts) + ENTRY_BYTES * self.n_entries

    @property
    def n_entries(self):
        return sum(table.n_entries for table in self.tables.values())


def run(rate, interval, n_days, is_published):
    """Goes through the days."""
    year = Year({name: Table(size) for name, size in BYTES.items()})
    for second in range(interval, n_days * DAY + 1, interval):
        year.flush(second - 1, rate * interval)
        if second % HOUR < interval:
            year.round(second, is_published)
    return year


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rate", type=float, nargs="+", default=[1, 100, 1000, 10_000], help="events a second")
    parser.add_argument("--interval", type=int, default=MINUTE, help="seconds between flushes")
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--published", action="store_true", help="with --publish-checkpoints")
    options = parser.parse_args()
    print("| events a second | events | files | most in a table | files a closed day and table | log entries | TB stored | rewritten × | PUT, LIST | GET | requests $ a month | storage $ a month at the end |")
    print("| ---: " * 12 + "|")
    for rate in options.rate:
        print(row(rate, options))


def row(rate, options):
    year = run(rate, options.interval, options.days, options.published)
    closed = [n for table in year.tables.values() for n, _ in table.large.values()]
    stored = year.bytes_stored
    months = options.days / 30.4
    writes = year.puts + year.lists
    requests = (writes * PUT_PRICE + year.gets * GET_PRICE) / 1000 / months
    cells = [
        f"{rate:,.0f}",
        f"{rate * options.days * DAY:,.0f}",
        f"{sum(table.n_files for table in year.tables.values()):,}",
        f"{max(table.n_files_max for table in year.tables.values()):,}",
        f"{min(closed)} to {max(closed)}",
        f"{year.n_entries:,}",
        f"{stored / 1e12:,.3f}",
        f"{year.rewritten / stored:.2f}",
        f"{writes / 1e6:,.1f} M",
        f"{year.gets / 1e6:,.1f} M",
        f"{requests:,.0f}",
        f"{stored / 1e9 * STORAGE_PRICE:,.0f}",
    ]
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    main()
