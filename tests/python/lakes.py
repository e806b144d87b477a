"""Reads a lake with engines that know nothing of the program."""

import csv
import io

import duckdb
import polars as pl
from deltalake import DeltaTable

import duck
from contract import TABLES
from program import output_of


def counts_of_files(lake):
    """Rows by table as DuckDB finds them in whatever Parquet files lie in the folders."""
    database = duck.open_files(lake)
    return {t: duck.value(database, f"SELECT count(*) FROM files.{t}") for t in TABLES}


def counts_by_log(lake):
    """The same as the deltalake package finds them by each table's log."""
    return {table: DeltaTable(lake / table).to_pyarrow_dataset().count_rows() for table in TABLES}


def counts_by_polars(lake):
    """The same as Polars finds them."""
    tables = {table: pl.scan_delta(str(lake / table)) for table in TABLES}
    return {name: frame.select(pl.len()).collect().item() for name, frame in tables.items()}


def n_files(lake, table):
    """The Parquet files of each of a table's partitions."""
    return {date.name: len(list(date.iterdir())) for date in (lake / table).glob("date=*")}


def texts(lake):
    """Everything in a lake as text, file by file: Parquet files decoded, others as they are."""
    for path in sorted(path for path in lake.rglob("*") if path.is_file()):
        yield path, path.read_bytes().decode("utf-8", "replace")
        if path.suffix == ".parquet":
            rows = duckdb.sql(f"SELECT to_json(r) FROM read_parquet('{path}') AS r").fetchall()
            yield path, "\n".join(row for (row,) in rows)


def reports(lake, names):
    """What reports print, but for the one line that counts copies in the files."""
    printed = {}
    for name in names:
        text = output_of("report", name, "--lake", lake, "--format", "csv")
        rows = [row for row in csv.reader(io.StringIO(text)) if "more than once" not in str(row)]
        printed[name] = [[rounded(cell) for cell in row] for row in rows]
    return printed


def rounded(cell):
    """Numbers to ten digits: they are added up in another order."""
    try:
        return f"{float(cell):.10g}"
    except ValueError:
        return cell
