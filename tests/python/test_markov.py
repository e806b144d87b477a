"""Removal effects against another program's: marketing_attribution_models on the demo journeys."""

import csv
import gzip
import io

import pandas as pd
import pytest
from mam import MAM

from conftest import FIXTURES
from program import output_of

JOURNEYS = FIXTURES / "attribution" / "path_data.csv.gz"
ENDS = {True: "total_conversions", False: "total_null"}


def journeys():
    """Each path once for those that converted and once for those that did not."""
    with gzip.open(JOURNEYS, "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            for has_converted, column in ENDS.items():
                if float(row[column]) > 0:
                    yield row["path"], has_converted, float(row[column])


def credits(*options):
    """What the program credits, by channel."""
    printed = output_of("attribute", JOURNEYS, "--format", "csv", *options)
    return {row["channel"]: row for row in csv.DictReader(io.StringIO(printed))}


def test_removal_effects_of_order_1_are_those_of_marketing_attribution_models():
    frame = pd.DataFrame(journeys(), columns=["path", "has_converted", "n"])
    oracle = MAM(
        frame,
        format_type="grouped_journey",
        channels_colname="path",
        journey_with_conv_colname="has_converted",
        occurrences_colname="n",
    )
    result = oracle.run_markov()
    expected = result.metadata["removal_effect"]["removal_effect"].to_dict()
    found = credits("--model", "markov")
    assert {name: float(row["removal_effect"]) for name, row in found.items()} == pytest.approx(
        expected, abs=1e-9
    )
    assert len(expected) == 12


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_every_order_shares_out_every_conversion(order):
    found = credits("--model", "markov", "--order", order)
    total = sum(float(row["conversions"]) for row in found.values())
    assert total == pytest.approx(19_785, abs=1e-6)
