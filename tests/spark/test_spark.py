"""Spark reads a compacted lake and agrees with DuckDB. Needs Java, and fetches pyspark."""

import sys
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

sys.path.insert(0, str(Path(__file__).parents[1] / "python"))

import duck
from contract import TABLES
from program import output_of


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lake")
    for number in (1, 2):
        file = folder / f"{number}.ndjson"
        file.write_text(output_of("generate", 300, "--days", 3, "--seed", number), "utf-8")
        journal = folder / "journal"
        output_of("import", "--lake", folder / "lake", "--journal", journal, file)
    output_of("compact", "--lake", folder / "lake", "--grace", "0s")
    return folder / "lake"


@pytest.fixture(scope="module")
def spark():
    builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
    session = builder.config("spark.sql.session.timeZone", "UTC").getOrCreate()
    yield session
    session.stop()


@pytest.mark.parametrize("table", TABLES)
def test_rows_are_as_many_as_duckdb_finds(lake, spark, table):
    folders = [str(path) for path in sorted((lake / table).glob("date=*"))]
    expected = duck.value(duck.open_files(lake), f"SELECT count(*) FROM files.{table}")
    if not folders:
        assert expected == 0
        return
    rows = spark.read.option("basePath", str(lake / table)).parquet(*folders)
    assert rows.count() == expected


def test_times_and_sums_are_the_same(lake, spark):
    pages = spark.read.option("basePath", str(lake / "sessions")).parquet(str(lake / "sessions" / "date=*"))
    found = pages.selectExpr(
        "sum(pageview_count)", "sum(duration_ms)", "unix_millis(min(started_at))", "count(DISTINCT date)"
    ).first()
    sql = """SELECT sum(pageview_count), sum(duration_ms), epoch_ms(min(started_at)),
             count(DISTINCT date) FROM files.sessions"""
    assert tuple(found) == duck.open_files(lake).execute(sql).fetchone()
