"""Flattens NDJSON into the tables of a lake with chDB: `flatten_chdb.py FILE DIRECTORY`.

Written as somebody would who knows ClickHouse well: lines come in as text, are parsed once into
typed tuples, and are staged in memory, because seven tables are made of them. Two tables are
written at a time, which keeps both cores busy. Zstandard has level 1, the quickest; the
program's files have 3. What is left out is the same as in `flatten_duckdb.py`.
ClickHouse has no arrays that are null: where the program has null, its lists are empty.
"""

import os
import queue
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

import chdb
import payload
from payload import BOOL, FLOAT, INT, JSON, TEXT, TEXTS

TYPES = {
    TEXT: "Nullable(String)",
    INT: "Nullable(Int64)",
    FLOAT: "Nullable(Float64)",
    BOOL: "Nullable(Bool)",
    TEXTS: "Array(String)",
    JSON: "Nullable(String)",
}
TABLES_AT_A_TIME = 2

IDS = "event_id, tenant, session_id, visitor_id"
TYPED = f"{IDS}, type AS event_type, created_at"
PERSON_KEY = """coalesce(lowerUTF8(person.email), person.linkedinId,
    replaceOne(lower(person.linkedinUrl), 'https://www.', ''), visitor_id) AS person_key"""


def main(file, directory):
    """Writes every table under the directory."""
    with tempfile.TemporaryDirectory() as server:
        # A connection runs one query at a time, and the server ends with the last of them.
        connections = [connected(server) for _ in range(TABLES_AT_A_TIME)]
        connections[0].query(staged(file))
        idle = queue.SimpleQueue()
        for connection in connections:
            idle.put(connection)

        def write(table):
            connection = idle.get()
            path = f"{directory}/{table}/date={{_partition_id}}/part.parquet"
            connection.query(
                f"INSERT INTO FUNCTION file('{path}', Parquet) PARTITION BY date {TABLES[table]}"
            )
            idle.put(connection)

        with ThreadPoolExecutor(TABLES_AT_A_TIME) as pool:
            list(pool.map(write, TABLES))
        for connection in connections:
            connection.close()


def connected(server):
    """A connection to the server in this process, with the settings of all queries."""
    settings = {
        "max_threads": len(os.sched_getaffinity(0)),
        "output_format_parquet_compression_method": "'zstd'",
        "output_format_compression_level": 1,
    }
    connection = chdb.connect(server)
    connection.query("SET " + ", ".join(f"{name} = {value}" for name, value in settings.items()))
    return connection


def structure(fields, is_nullable=False):
    """The type of fields as `JSONExtract` takes it."""
    if isinstance(fields, list):
        return f"Array({structure(fields[0])})"
    if isinstance(fields, str):
        return TYPES[fields]
    named = ", ".join(
        f"{name} {structure(kind, name == 'person')}" for name, kind in fields.items()
    )
    return f"Nullable(Tuple({named}))" if is_nullable else f"Tuple({named})"


def time(expression):
    """A point in time from milliseconds."""
    return f"fromUnixTimestamp64Milli({expression}, 'UTC')"


def host(url):
    """The host of a web address, lower case."""
    return f"lower(domain({url}))"


def fields(value, by_type):
    """A column for each field of an object."""
    return ", ".join(f"{value}.{path} AS {payload.snake(path)}" for path in payload.paths(by_type))


def packed(value, by_type, *more):
    """A flat tuple of an object's fields, and of more values with their types."""
    values = [f"{value}.{path}" for path in payload.paths(by_type)]
    types = [
        f"{payload.snake(path)} {TYPES[kind]}" for path, kind in payload.paths(by_type).items()
    ]
    for expression, kind in more:
        values.append(expression)
        types.append(kind)
    kind = f"Tuple({', '.join(types)})"
    return f"CAST(tuple({', '.join(values)}), '{kind}')", kind


def positions(name, company):
    """A person's positions as a list of tuples."""
    expression, kind = packed("p.company", company)
    position, _ = packed("p", payload.POSITION, (expression, f"company {kind}"))
    return f"arrayMap(p -> {position}, person.{name}) AS {name}"


def staged(file):
    """The statement that parses the file into memory."""
    return f"""CREATE TABLE staged ENGINE = Memory AS
        SELECT event.id AS event_id, event.type AS type, {time("event.created")} AS created_at,
            event.data.session.tenant AS tenant, event.data.session.sid AS session_id,
            event.data.session.vid AS visitor_id, event.data.session AS session,
            event.data.session.events AS views, event.data.session.lastActivity AS last_activity,
            event.data.enrichment.person AS person, event.data.enrichment.companies AS companies,
            event.data.enrichment.emailValidations AS validations,
            coalesce(event.data.sessionEndedAt, event.data.session.endedAt) AS ended,
            event.data.eventCount AS event_count, {time("event.data.finalizedAt")} AS finalized_at,
            toDate({time("event.data.session.createdAt")}) AS date, body
        FROM (SELECT body, JSONExtract(body, '{structure(payload.event())}') AS event
            FROM file('{file}', LineAsString, 'body String'))"""


SCHOOL, _ = packed("e", payload.EDUCATION)
# The largest first, so that none is left to be written alone.
TABLES = {
    "people": f"""SELECT {TYPED}, {PERSON_KEY}, {fields("person", payload.PERSON)},
        {positions("employments", payload.COMPANY)},
        {positions("experience", payload.BASIC_COMPANY)},
        arrayMap(e -> {SCHOOL}, person.education) AS education, date
        FROM staged WHERE person IS NOT NULL""",
    "raw_events": f"SELECT {IDS}, type, created_at, body, date FROM staged",
    "sessions": f"""SELECT {IDS}, created_at, {time("session.createdAt")} AS started_at,
        {time("last_activity")} AS last_activity_at, {time("ended")} AS ended_at, finalized_at,
        ended - session.createdAt AS duration_ms, event_count,
        toInt64(countEqual(views.signal, 'pageview')) AS pageview_count,
        views.url[-1] AS exit_page, {host("session.landingPage")} AS landing_host,
        path(session.landingPage) AS landing_path,
        lower(domainWithoutWWW(session.referrer)) AS referrer_host,
        toFloat64OrNull(session.network.latitude) AS latitude,
        toFloat64OrNull(session.network.longitude) AS longitude,
        {", ".join(f"session.{path} AS {name}" for name, path in payload.SESSION_COLUMNS.items())},
        person.email AS email, {PERSON_KEY}, date FROM staged""",
    "pageviews": f"""SELECT {IDS}, toInt64(place - 1) AS position, {time("view.ts")} AS viewed_at,
        view.signal AS signal, view.url AS url, {host("view.url")} AS host, path(view.url) AS path,
        view.title AS title, view.ref AS referrer, view.outlink AS outlink, view.props AS props,
        view.v AS version, next_ts - view.ts AS dwell_ms, finalized_at, date FROM staged
        ARRAY JOIN views AS view, arrayEnumerate(views) AS place,
            arrayPushBack(arrayPopFront(views.ts), last_activity) AS next_ts""",
    "companies": f"""SELECT {TYPED}, toInt64(place - 1) AS position,
        {fields("company", payload.COMPANY)}, date FROM staged
        ARRAY JOIN companies AS company, arrayEnumerate(companies) AS place""",
    "utm": f"""SELECT {IDS}, {time("session.createdAt")} AS touched_at,
        {fields("session", payload.UTM)}, session.referrer AS referrer,
        lower(domainWithoutWWW(session.referrer)) AS referrer_host,
        session.landingPage AS landing_page, path(session.landingPage) AS landing_path,
        {PERSON_KEY}, finalized_at, date FROM staged""",
    "email_validations": f"""SELECT {TYPED}, toInt64(place - 1) AS position,
        {fields("validation", payload.VALIDATION)}, date FROM staged
        ARRAY JOIN validations AS validation, arrayEnumerate(validations) AS place""",
}

if __name__ == "__main__":
    main(*sys.argv[1:])
