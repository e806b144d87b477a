"""Flattens NDJSON into the tables of a lake with Polars: `flatten_polars.py FILE DIRECTORY`.

Written as somebody would who knows Polars well: lines are read as text and parsed once with given
types, in one lazy plan whose seven sinks run together in the streaming engine. The lines are read
as a whole, since the small chunks that `scan_lines` hands on double the time. Zstandard has level
1, the quickest; the program's files have 3. What is left out is the same as in `flatten_duckdb.py`, and besides
`options` and `props`, since Polars can't keep a free-form object as text there. (`scan_ndjson` can,
but takes ten times as long.)
"""

import os
import sys

# Read when Polars is loaded. With morsels of the usual size memory is several times as high, and
# the kernel is busy with it.
os.environ["POLARS_MAX_THREADS"] = str(len(os.sched_getaffinity(0)))
os.environ["POLARS_IDEAL_MORSEL_SIZE"] = "4000"

import payload
import polars
from polars import col, element
from polars_fields import at, fields, host, path, structure, time

SESSION_COLUMNS = {
    name: path for name, path in payload.SESSION_COLUMNS.items() if name != "options"
}
IDS = ["event_id", "tenant", "session_id", "visitor_id"]
TYPED = [*IDS, col("type").alias("event_type"), "created_at"]


def main(file, directory):
    """Writes every table under the directory."""
    events = staged(file)
    sinks = [
        table.sink_parquet(
            polars.PartitionBy(f"{directory}/{name}", key="date", include_key=False),
            compression_level=1,
            maintain_order=False,
            mkdir=True,
            lazy=True,
        )
        for name, table in tables(events).items()
    ]
    polars.collect_all(sinks, engine="streaming")


def staged(file):
    """The parsed events and their lines, with what most tables share."""
    event = col("body").str.json_decode(structure(payload.event())).struct.unnest()
    events = polars.read_lines(file, name="body").rechunk().lazy().select("body", event)
    session, enrichment = at(col("data"), "session"), at(col("data"), "enrichment")
    started = at(session, "createdAt")
    return events.select(
        "body",
        "type",
        event_id="id",
        created_at=time(col("created")),
        tenant=at(session, "tenant"),
        session_id=at(session, "sid"),
        visitor_id=at(session, "vid"),
        session=session,
        views=at(session, "events"),
        person=at(enrichment, "person"),
        companies=at(enrichment, "companies"),
        validations=at(enrichment, "emailValidations"),
        last_activity=at(session, "lastActivity"),
        started=started,
        ended=polars.coalesce(at(col("data"), "sessionEndedAt"), at(session, "endedAt")),
        event_count=at(col("data"), "eventCount"),
        finalized_at=time(at(col("data"), "finalizedAt")),
        date=time(started).dt.date(),
    ).with_columns(person_key=person_key())


def person_key():
    """The e-mail, else the LinkedIn id or address, else the visitor."""
    linkedin = at(col("person"), "linkedinUrl").str.to_lowercase()
    return polars.coalesce(
        at(col("person"), "email").str.to_lowercase(),
        at(col("person"), "linkedinId"),
        linkedin.str.replace("https://www.", "", literal=True),
        "visitor_id",
    )


def positions(name, company):
    """A person's positions as a list of structs."""
    flat = polars.struct(fields(at(element(), "company"), company)).alias("company")
    position = polars.struct(*fields(element(), payload.POSITION), flat)
    return at(col("person"), name).list.eval(position).alias(name)


def unnested(events, name, *more):
    """The events with each entry of a list, and its place from 0."""
    entries = events.filter(col(name).list.len() > 0).select(
        *IDS,
        "date",
        "type",
        "created_at",
        "finalized_at",
        "last_activity",
        entry=name,
        position=polars.int_ranges(0, col(name).list.len()),
        **dict(more),
    )
    return entries.explode("entry", "position", *dict(more))


def tables(events):
    """A lazy table for each name."""
    session, view = col("session"), col("entry")
    referrer_host = host(at(session, "referrer")).str.strip_prefix("www.")
    landing = at(session, "landingPage")
    next_ts = col("views").list.eval(at(element(), "ts").shift(-1))
    school = polars.struct(fields(element(), payload.EDUCATION))
    return {
        "raw_events": events.select(*IDS, "type", "created_at", "body", "date"),
        "people": events.filter(col("person").is_not_null()).select(
            *TYPED,
            "person_key",
            *fields(col("person"), payload.PERSON),
            positions("employments", payload.COMPANY),
            positions("experience", payload.BASIC_COMPANY),
            at(col("person"), "education").list.eval(school).alias("education"),
            "date",
        ),
        "sessions": events.select(
            *IDS,
            "created_at",
            "finalized_at",
            "event_count",
            "person_key",
            "date",
            *(at(session, path).alias(name) for name, path in SESSION_COLUMNS.items()),
            started_at=time(col("started")),
            last_activity_at=time(col("last_activity")),
            ended_at=time(col("ended")),
            duration_ms=col("ended") - col("started"),
            pageview_count=col("views")
            .list.eval(at(element(), "signal") == "pageview")
            .list.sum()
            .cast(polars.Int64),
            exit_page=at(col("views").list.last(), "url"),
            landing_host=host(landing),
            landing_path=path(landing),
            referrer_host=referrer_host,
            latitude=at(session, "network.latitude").cast(polars.Float64),
            longitude=at(session, "network.longitude").cast(polars.Float64),
            email=at(col("person"), "email"),
        ),
        "pageviews": unnested(events, "views", ("next_ts", next_ts)).select(
            *IDS,
            "position",
            "finalized_at",
            "date",
            viewed_at=time(at(view, "ts")),
            signal=at(view, "signal"),
            url=at(view, "url"),
            host=host(at(view, "url")),
            path=path(at(view, "url")),
            title=at(view, "title"),
            referrer=at(view, "ref"),
            outlink=at(view, "outlink"),
            version=at(view, "v"),
            dwell_ms=polars.coalesce("next_ts", "last_activity") - at(view, "ts"),
        ),
        "companies": unnested(events, "companies").select(
            *TYPED, "position", *fields(view, payload.COMPANY), "date"
        ),
        "utm": events.select(
            *IDS,
            "person_key",
            "finalized_at",
            "date",
            *fields(session, payload.UTM),
            touched_at=time(col("started")),
            referrer=at(session, "referrer"),
            referrer_host=referrer_host,
            landing_page=landing,
            landing_path=path(landing),
        ),
        "email_validations": unnested(events, "validations").select(
            *TYPED, "position", *fields(view, payload.VALIDATION), "date"
        ),
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
