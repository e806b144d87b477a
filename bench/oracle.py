"""`python -m bench.oracle LAKE LEDGER`: is every acknowledged webhook in the lake, once?

LEDGER holds the acknowledged ids, a line each. Says what is wrong and exits with code 1 if one of
them is missing, if an id stands in the lake twice, or if a session was not flattened. A process of
its own, since it loads all ids.
"""

import sys

import duckdb

SESSION = "identity.session.finalized"
FINDINGS = {
    "acknowledged and not in the lake":
        "SELECT count(*) FROM acknowledged ANTI JOIN raw_events USING (event_id)",
    "ids too many in raw_events": "SELECT count(*) - count(DISTINCT event_id) FROM raw_events",
    "ids too many in sessions": "SELECT count(*) - count(DISTINCT event_id) FROM sessions",
    "sessions that were not flattened": f"""SELECT count(*) FROM raw_events
        ANTI JOIN sessions USING (event_id) WHERE type = '{SESSION}'""",
}


def main(lake, ledger):
    """Counts by DuckDB; returns what is wrong, or nothing."""
    database = duckdb.connect(config={"autoinstall_known_extensions": "false"})
    ids = f"read_csv('{ledger}', header = false, columns = {{event_id: 'VARCHAR'}})"
    database.execute(f"CREATE VIEW acknowledged AS FROM {ids}")
    for table in ("raw_events", "sessions"):
        files = f"read_parquet('{lake}/{table}/**/*.parquet')"
        database.execute(f"CREATE VIEW {table} AS FROM {files}")
    counts = {what: database.execute(sql).fetchone()[0] for what, sql in FINDINGS.items()}
    return ", ".join(f"{n} {what}" for what, n in counts.items() if n)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) or 0)
