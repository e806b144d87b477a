"""Reads journal and lake as they lie on disk, without the program."""

import base64
import json
import struct
import zlib
from urllib.parse import unquote

import pyarrow.parquet as parquet

HEADER_BYTES = 64
FRAME = struct.Struct("<IIQ")
PREFIX = struct.Struct("<BBHq")


def text_of(body):
    """A body as `raw_events` holds it."""
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return "base64:" + base64.b64encode(body).decode()


def segment_records(data):
    """The (id, body) of each whole frame of a segment, as far as they go."""
    found = []
    if len(data) < HEADER_BYTES or data[:8] != b"TRIBJNL1":
        return found
    uuid, at = data[16:32], HEADER_BYTES
    while at + FRAME.size <= len(data):
        length, crc, _ = FRAME.unpack_from(data, at)
        payload = data[at + FRAME.size : at + FRAME.size + length]
        checked = uuid + data[at : at + 4] + data[at + 8 : at + FRAME.size] + payload
        if len(payload) < length or length < PREFIX.size or zlib.crc32(checked) != crc:
            break
        _, _, id_length, _ = PREFIX.unpack_from(payload)
        body_at = PREFIX.size + id_length
        found.append((payload[PREFIX.size : body_at].decode(), text_of(payload[body_at:])))
        at += FRAME.size + length
    return found


class Disk:
    """The journal and the lake of one ingester; files that did not change are read once."""

    def __init__(self, lake, journal):
        self.lake = lake
        self.journal = journal
        self._rows = {}
        self._log = {}

    def forget(self):
        """Reads everything anew, as after a power cut."""
        self._rows.clear()
        self._log.clear()

    def waiting(self):
        """The records in the journal, as (id, body)."""
        found = []
        for path in sorted(self.journal.glob("segments/*.seg")):
            found += segment_records(path.read_bytes())
        return found

    def committed(self, table="raw_events"):
        """The files that a table's own log names."""
        names = set()
        for path in sorted((self.lake / table / "_delta_log").glob("*.json")):
            if path not in self._log:
                lines = map(json.loads, path.read_text("utf-8").splitlines())
                adds = [line["add"]["path"] for line in lines if "add" in line]
                self._log[path] = [self.lake / table / unquote(name) for name in adds]
            names.update(self._log[path])
        return names

    def rows(self, path):
        """The (id, body) of each row of a file of `raw_events`; raises if it is not whole."""
        status = path.stat()
        key = (status.st_ino, status.st_mtime_ns, status.st_size)
        if self._rows.get(path, (None,))[0] != key:
            table = parquet.ParquetFile(path).read(columns=["webhook_id", "body"])
            columns = [table["webhook_id"].to_pylist(), table["body"].to_pylist()]
            self._rows[path] = (key, list(zip(*columns, strict=True)))
        return self._rows[path][1]
