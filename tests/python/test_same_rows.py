"""The way in makes no difference: webhooks taken live and files imported give the same rows."""

import json

import pytest

import duck
from conftest import GENERATED
from contract import TABLES
from program import Ingester, run
from webhook import post_signed

# When and how an event came in is all that may differ.
OF_THE_WAY_IN = {"received_at", "signature_scheme"}
# No webhook becomes a row of these.
LOADED = {"conversions", "spend"}


@pytest.fixture(scope="module")
def served(tmp_path_factory, payloads):
    """The lake behind a server that was sent everything twice."""
    with Ingester(tmp_path_factory.mktemp("served")) as ingester:
        for status in ("accepted", "duplicate"):
            sent = run("generate", *GENERATED, "--to", ingester.url)
            assert (sent.returncode, sent.stderr.strip()) == (0, f"{GENERATED[0]} {status}")
        for _ in range(2):
            for _, body in payloads:
                status, _ = post_signed(ingester.address, json.loads(body)["id"], body.strip())
                assert status == 200
        assert ingester.stop() == 0
    return ingester.lake


@pytest.fixture(scope="module")
def database(lake, served):
    """Both lakes, with their tables' columns that must agree."""
    database = duck.connect()
    for name, folder in {"imported": lake, "served": served}.items():
        database.execute(f"CREATE SCHEMA {name}")
        for table in TABLES:
            duck.add_files(database, folder, table, schema=name)
    return database


@pytest.mark.parametrize("table", [table for table in TABLES if table not in LOADED])
def test_import_and_serve_give_the_same_rows(database, table):
    names = [f'"{n}"' for n in duck.columns(database, f"served.{table}") if n not in OF_THE_WAY_IN]
    select = f"SELECT {', '.join(names)} FROM"
    for one, other in [("imported", "served"), ("served", "imported")]:
        difference = f"{select} {one}.{table} EXCEPT ALL {select} {other}.{table}"
        ids = database.execute(f"SELECT event_id FROM ({difference}) LIMIT 3").fetchall()
        assert ids == [], f"only in {one}"
