"""Sample events are what the vendor's schema says, and the same for the same seed."""

import json

import pytest
from jsonschema import Draft202012Validator

from conftest import FIXTURES
from program import output_of

SCHEMA = FIXTURES / "schemas" / "identity.session.finalized.schema.json"


@pytest.fixture(scope="module")
def text():
    return output_of("generate", 500, "--seed", 7)


def test_events_are_valid(text):
    schema = json.loads(SCHEMA.read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    events = [json.loads(line) for line in text.splitlines()]
    errors = [f"{e['id']}: {error.message}" for e in events for error in validator.iter_errors(e)]
    assert errors == []
    assert len({event["id"] for event in events}) == 500


def test_the_same_seed_gives_the_same_bytes(text):
    assert output_of("generate", 500, "--seed", 7) == text


def test_another_seed_gives_other_events(text):
    other = output_of("generate", 500, "--seed", 8)
    assert len(other.splitlines()) == 500
    assert not set(other.splitlines()) & set(text.splitlines())
