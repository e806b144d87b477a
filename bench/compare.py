"""`python -m bench.compare LAKE DIRECTORY`: do a peer's tables hold the lake's rows?

Every column of the lake's table must be in the peer's too, but for those that need rules or that
only the ingester knows. The rows of both, as bags, must be equal over these columns: each distinct
row must stand on both sides equally often, which is what EXCEPT ALL both ways would find, at half
the cost. Of a body its SHA-256 is compared. Says which tables differ and exits
with code 1. A process of its own, since it loads both sides.

With `--counts` only the numbers of rows are compared, which takes no time. With
`--null-lists-are-empty` a list that is null equals an empty one: ClickHouse's are never null.
With `--without-free-form` the columns `options` and `props` are left out: Polars has none for them.
"""

import sys

import duckdb

TABLES = {
    "sessions": """received_at browser os device company_domain is_bot channel channel_rule source
        medium campaign click_id_type""",
    "pageviews": "channel source medium campaign term content",
    "utm": """click_id click_id_type channel channel_rule source medium campaign company_domain
        is_bot""",
    "companies": "company_domain",
    "people": "company_domain",
    "email_validations": "",
    "raw_events": "received_at signature_scheme webhook_id",
}
# Columns that hold objects of the sender's own as JSON text.
FREE_FORM = {"options", "props"}


def main(lake, directory, *options):
    """Compares every table and returns the exit code."""
    database = duckdb.connect(config={"autoinstall_known_extensions": "false"})
    database.execute("SET TimeZone = 'UTC'")
    differences = []
    for table in TABLES:
        for side, folder in {"ours": lake, "theirs": directory}.items():
            pattern = f"{folder}/{table}/**/*.parquet"
            database.execute(
                f"CREATE OR REPLACE VIEW {side} AS FROM read_parquet('{pattern}', "
                "hive_partitioning = true, hive_types = {date: DATE})"
            )
        differences += differing_counts(database, table) or (
            [] if "--counts" in options else differing_rows(database, table, options)
        )
    print("; ".join(differences), file=sys.stderr)
    return 1 if differences else 0


def differing_counts(database, table):
    """A line if a table has no rows, or the sides have not equally many."""
    n_ours, n_theirs = database.execute(
        "SELECT (SELECT count(*) FROM ours), (SELECT count(*) FROM theirs)"
    ).fetchone()
    is_equal = n_ours == n_theirs > 0
    return [] if is_equal else [f"{table}: {n_ours} rows, the peer has {n_theirs}"]


def differing_rows(database, table, options):
    """A line if a column is missing, or if not all rows are on both sides."""
    left_out = set(TABLES[table].split())
    if "--without-free-form" in options:
        left_out |= FREE_FORM
    ours, theirs = columns(database, "ours"), columns(database, "theirs")
    expected = {name: kind for name, kind in ours.items() if name not in left_out}
    if missing := expected.keys() - theirs.keys():
        return [f"{table}: columns {', '.join(sorted(missing))} are missing"]
    null_is_empty = "--null-lists-are-empty" in options
    compared = ", ".join(
        f'{plain(name, kind, null_is_empty)} AS "{name}"' for name, kind in expected.items()
    )
    grouped = ", ".join(f'"{name}"' for name in expected)
    (n_unequal,) = database.execute(f"""
        SELECT count(*) FROM (SELECT sum(side) AS surplus
            FROM (SELECT 1 AS side, {compared} FROM ours
                UNION ALL SELECT -1, {compared} FROM theirs)
            GROUP BY {grouped} HAVING surplus <> 0)""").fetchone()
    return [f"{table}: {n_unequal} rows are not on both sides"] if n_unequal else []


def columns(database, relation):
    """Names and types of a relation's columns."""
    return {row[0]: row[1] for row in database.execute(f"DESCRIBE {relation}").fetchall()}


def plain(name, kind, null_is_empty):
    """An expression that is equal on both sides if the values are."""
    column = f'CAST("{name}" AS {kind})'
    if name == "body":
        return f"sha256({column})"
    if not kind.endswith("[]") or not null_is_empty:
        return column
    lists = "specialties|funding_investors|taxonomy_linkedin_specialties"
    text = f"CAST(to_json(coalesce({column}, [])) AS VARCHAR)"
    return f"""regexp_replace({text}, '"({lists})":null', '"\\1":[]', 'g')"""


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
