"""Opens a lake in a new DuckDB database: `prepare_duckdb.py LAKE SCRIPT DATABASE`.

The script is what `tributary schema --duckdb` prints. It copes with tables that have no files yet
and with files of several schemas, which costs DuckDB a look into every file whenever a view is
bound. Here all files are known, so each table that has some becomes the plain view that somebody
would write by hand.
"""

import sys
from pathlib import Path

import duckdb


def main(lake, script, database):
    """Runs the script and puts plain views in the place of its own."""
    connection = duckdb.connect(database)
    connection.execute(f"SET VARIABLE lake = '{lake}'")
    connection.execute(Path(script).read_text("utf-8"))
    for table in Path(lake).iterdir():
        if any(table.glob("date=*/*.parquet")):
            connection.execute(
                f"CREATE OR REPLACE VIEW files.{table.name} AS FROM "
                f"read_parquet('{table}/*/*.parquet', hive_partitioning = true)"
            )


if __name__ == "__main__":
    main(*sys.argv[1:])
