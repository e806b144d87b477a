"""Opens a lake in DuckDB: the Parquet files as they lie, and the views that reports see."""

from pathlib import Path

import duckdb
from deltalake import DeltaTable

from contract import TABLES
from program import output_of

QUERIES = Path(__file__).parents[2] / "queries"


def connect():
    """A database in memory that fetches no extensions."""
    return duckdb.connect(config={"autoinstall_known_extensions": "false"})


def open_files(lake):
    """A database whose schema `files` holds the tables as they lie."""
    database = connect()
    database.execute("CREATE SCHEMA files")
    for table in TABLES:
        add_files(database, lake, table)
    return database


def open_views(lake):
    """A database as the program's own script sets it up: tables, goals, views and macros."""
    database = connect()
    database.execute(output_of("schema", "--duckdb", "--lake", lake))
    return database


def add_files(database, lake, table, schema="files"):
    """Adds a table's files as a view; a table that has none yet is empty, as its log says."""
    if any((lake / table).glob("**/*.parquet")):
        pattern = str(lake / table / "**" / "*.parquet").replace("'", "''")
        source = f"read_parquet('{pattern}', hive_partitioning = true)"
    else:
        source = f"empty_{schema}_{table}"
        database.register(source, DeltaTable(lake / table).to_pyarrow_table())
    database.execute(f"CREATE VIEW {schema}.{table} AS FROM {source}")


def columns(database, relation):
    """Names and types of a relation's columns, in order."""
    described = database.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    return {name: type_name for name, type_name, *_ in described}


def plain_columns(database, relation):
    """Expressions that turn a relation's times into milliseconds and its days into text."""
    casts = {"TIMESTAMP WITH TIME ZONE": "epoch_ms({})", "DATE": "CAST({} AS VARCHAR)"}
    types = columns(database, relation)
    return {name: casts.get(kind, "{}").format(f'"{name}"') for name, kind in types.items()}


def rows(database, relation):
    """A relation's rows as dictionaries, times as milliseconds and days as text."""
    plain = plain_columns(database, relation)
    found = database.execute(f"SELECT {', '.join(plain.values())} FROM {relation}").fetchall()
    return [dict(zip(plain, row, strict=True)) for row in found]


def value(database, sql, parameters=None):
    """The only value of an answer."""
    return database.execute(sql, parameters).fetchall()[0][0]
