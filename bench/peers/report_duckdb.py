"""Runs a report's SQL with DuckDB: `report_duckdb.py DATABASE QUERY OUTPUT`, files all three.

The database file holds the lake's views and macros, made beforehand by `prepare_duckdb.py`, so
that a run pays for nothing but the query. It writes CSV.
"""

import os
import sys
from pathlib import Path

import duckdb


def main(database, query, output):
    """Runs the query and writes its rows."""
    threads = len(os.sched_getaffinity(0))
    connection = duckdb.connect(database, read_only=True, config={"threads": threads})
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET parquet_metadata_cache = true")
    sql = Path(query).read_text("utf-8").strip().rstrip(";")
    connection.execute(f"COPY ({sql}) TO '{output}' (FORMAT csv)")


if __name__ == "__main__":
    main(*sys.argv[1:])
