"""Flattens NDJSON into the tables of a lake with DuckDB: `flatten_duckdb.py FILE DIRECTORY`.

Written as somebody would who knows DuckDB well and cares for speed. Types are given, not guessed.
Lines come in as text, by a CSV reader with a delimiter that JSON can't hold, and are parsed once,
since `raw_events` needs their exact bytes. The parsed events are staged in memory, because seven
tables are made of them. Rows keep no order. Two tables are written at a time: one scan of the
staged rows hands out 122,880 at once and would leave a core idle. Zstandard has level 1, the
quickest; the program's files have 3.

Columns that need rules are left out, which is in DuckDB's favour: browser, operating system,
device, channel and what belongs to it, account, bot flag. So is what the program does besides: a
journal that is synced before a row is written, events of the same id found, dead letters, files
sorted and with bloom filters, a Delta log, everything synced to disk.
"""

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor

import duckdb
import payload
from payload import BOOL, FLOAT, INT, JSON, TEXT, TEXTS

TYPES = {
    TEXT: "VARCHAR",
    INT: "BIGINT",
    FLOAT: "DOUBLE",
    BOOL: "BOOLEAN",
    TEXTS: ["VARCHAR"],
    JSON: "JSON",
}
LINE_BYTES_MAX = 16 << 20
TABLES_AT_A_TIME = 2

IDS = "event_id, tenant, session_id, visitor_id"
TYPED = f"{IDS}, type AS event_type, created_at"
PERSON_KEY = """coalesce(lower(person.email), person.linkedinId,
    replace(lower(person.linkedinUrl), 'https://www.', ''), visitor_id) AS person_key"""


def main(file, directory):
    """Writes every table under the directory."""
    threads = len(os.sched_getaffinity(0))
    database = duckdb.connect(config={"threads": threads})
    database.execute("SET TimeZone = 'UTC'")
    database.execute("SET preserve_insertion_order = false")
    database.execute("SET partitioned_write_max_open_files = 1000")
    database.execute(STAGED, [json.dumps(structure(payload.event())), file])

    def write(table):
        database.cursor().execute(
            f"COPY ({TABLES[table]}) TO '{directory}/{table}' "
            "(FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, PARTITION_BY (date))"
        )

    with ThreadPoolExecutor(TABLES_AT_A_TIME) as pool:
        list(pool.map(write, TABLES))


def structure(fields):
    """The types of fields as `from_json` takes them."""
    if isinstance(fields, list):
        return [structure(fields[0])]
    if isinstance(fields, dict):
        return {name: structure(kind) for name, kind in fields.items()}
    return TYPES[fields]


def time(expression):
    """A point in time from milliseconds."""
    return f"make_timestamptz(1000 * ({expression}))"


def host(url):
    """The host of a web address, lower case."""
    return f"lower(split_part(split_part({url}, '/', 3), ':', 1))"


def path(url):
    """The path of a web address."""
    return f"regexp_extract({url}, '^[a-z-]+://[^/?#]*([^?#]*)', 1)"


def fields(value, by_type):
    """A column for each field of an object."""
    return ", ".join(f"{value}.{path} AS {payload.snake(path)}" for path in payload.paths(by_type))


def packed(value, by_type):
    """The arguments that make a flat struct of an object's fields."""
    named = [f"{payload.snake(path)} := {value}.{path}" for path in payload.paths(by_type)]
    return ", ".join(named)


def positions(name, company):
    """A person's positions as a list of structs."""
    return f"""list_transform(person.{name}, lambda p: struct_pack(
        {packed("p", payload.POSITION)}, company := struct_pack({packed("p.company", company)})
    )) AS {name}"""


def unnested(name):
    """The staged events with each entry of a list, and its place from 0."""
    return f"""(SELECT {IDS}, date, type, created_at, finalized_at, {name} AS entries,
        last_activity, unnest({name}) AS entry,
        generate_subscripts({name}, 1) - 1 AS position FROM staged)"""


STAGED = f"""CREATE TABLE staged AS
    SELECT event.id AS event_id, event.type, {time("event.created")} AS created_at,
        event.data.session.tenant, event.data.session.sid AS session_id,
        event.data.session.vid AS visitor_id, event.data.session,
        event.data.session.events AS views, event.data.session.lastActivity AS last_activity,
        event.data.enrichment.person, event.data.enrichment.companies,
        event.data.enrichment.emailValidations AS validations,
        coalesce(event.data.sessionEndedAt, event.data.session.endedAt) AS ended,
        event.data.eventCount AS event_count, {time("event.data.finalizedAt")} AS finalized_at,
        CAST(epoch_ms(event.data.session.createdAt) AS DATE) AS date, body
    FROM (SELECT body, from_json(body, $1) AS event FROM read_csv($2, columns = {{body: 'VARCHAR'}},
        delim = '\x01', quote = '', escape = '', header = false, auto_detect = false,
        max_line_size = {LINE_BYTES_MAX}))"""

# The largest first, so that none is left to be written alone.
TABLES = {
    "people": f"""SELECT {TYPED}, {PERSON_KEY}, {fields("person", payload.PERSON)},
        {positions("employments", payload.COMPANY)},
        {positions("experience", payload.BASIC_COMPANY)},
        list_transform(person.education, lambda e: struct_pack({packed("e", payload.EDUCATION)}))
            AS education, date FROM staged WHERE person IS NOT NULL""",
    "raw_events": f"SELECT {IDS}, type, created_at, body, date FROM staged",
    "sessions": f"""SELECT {IDS}, created_at, {time("session.createdAt")} AS started_at,
        {time("last_activity")} AS last_activity_at, {time("ended")} AS ended_at, finalized_at,
        ended - session.createdAt AS duration_ms, event_count,
        len(list_filter(views, lambda v: v.signal = 'pageview')) AS pageview_count,
        views[-1].url AS exit_page, {host("session.landingPage")} AS landing_host,
        {path("session.landingPage")} AS landing_path,
        regexp_replace({host("session.referrer")}, '^www\\.', '') AS referrer_host,
        CAST(session.network.latitude AS DOUBLE) AS latitude,
        CAST(session.network.longitude AS DOUBLE) AS longitude,
        {", ".join(f"session.{path} AS {name}" for name, path in payload.SESSION_COLUMNS.items())},
        person.email, {PERSON_KEY}, date FROM staged""",
    "pageviews": f"""SELECT {IDS}, position, {time("entry.ts")} AS viewed_at, entry.signal,
        entry.url, {host("entry.url")} AS host, {path("entry.url")} AS path, entry.title,
        entry.ref AS referrer, entry.outlink, entry.props, entry.v AS version,
        coalesce(entries[position + 2].ts, last_activity) - entry.ts AS dwell_ms,
        finalized_at, date FROM {unnested("views")}""",
    "companies": f"""SELECT {TYPED}, position, {fields("entry", payload.COMPANY)}, date
        FROM {unnested("companies")}""",
    "utm": f"""SELECT {IDS}, {time("session.createdAt")} AS touched_at,
        {fields("session", payload.UTM)}, session.referrer,
        regexp_replace({host("session.referrer")}, '^www\\.', '') AS referrer_host,
        session.landingPage AS landing_page, {path("session.landingPage")} AS landing_path,
        {PERSON_KEY}, finalized_at, date FROM staged""",
    "email_validations": f"""SELECT {TYPED}, position, {fields("entry", payload.VALIDATION)}, date
        FROM {unnested("validations")}""",
}

if __name__ == "__main__":
    main(*sys.argv[1:])
