"""Types and expressions of `flatten_polars.py`: from the payload's lists to Polars."""

import payload
import polars
from payload import BOOL, FLOAT, INT, JSON, TEXT, TEXTS

TYPES = {
    TEXT: polars.String,
    INT: polars.Int64,
    FLOAT: polars.Float64,
    BOOL: polars.Boolean,
    TEXTS: polars.List(polars.String),
}


def structure(fields):
    """The type of fields."""
    if isinstance(fields, list):
        return polars.List(structure(fields[0]))
    if isinstance(fields, dict):
        known = {name: kind for name, kind in fields.items() if kind != JSON}
        return polars.Struct({name: structure(kind) for name, kind in known.items()})
    return TYPES[fields]


def time(milliseconds):
    """A point in time from milliseconds."""
    return milliseconds.cast(polars.Datetime("ms", "UTC"))


def host(url):
    """The host of a web address, lower case."""
    return url.str.extract("^[a-z-]+://([^/?#:]*)").str.to_lowercase()


def path(url):
    """The path of a web address."""
    return url.str.extract("^[a-z-]+://[^/?#]*([^?#]*)")


def at(value, path):
    """A field within a struct."""
    for name in path.split("."):
        value = value.struct.field(name)
    return value


def fields(value, by_type):
    """A column for each field of a struct."""
    return [at(value, path).alias(payload.snake(path)) for path in payload.paths(by_type)]
