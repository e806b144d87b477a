"""Webhooks to send: every one different, all of them made from a seed."""

import base64
import json
import math

MS_PER_DAY = 86_400_000
FIRST_DAY_MS = 1_771_200_000_000
N_DAYS = 3
WORDS = ["müßig", "Привет", "東京", "مرحبا", "naïve", "plain", "🚀 start", "'quoted\"", "a\tb\\n"]


class Event:
    """A webhook and what is known about it: what it should become, and whether it was ever answered 2xx."""

    __slots__ = ("id", "body", "is_session", "is_conflict", "is_acknowledged", "acknowledged_at")

    def __init__(self, id, body, is_session, is_conflict=False):
        self.id = id
        self.body = body
        self.is_session = is_session
        # Whether another body was sent under the same id before.
        self.is_conflict = is_conflict
        self.is_acknowledged = False
        self.acknowledged_at = math.inf

    @property
    def text(self):
        """The body as `raw_events` holds it."""
        try:
            return self.body.decode("utf-8")
        except UnicodeDecodeError:
            return "base64:" + base64.b64encode(self.body).decode()


class Maker:
    """Makes events, most of them sessions, some of them no JSON at all."""

    def __init__(self, random, prefix="evt"):
        self._random = random
        self._prefix = f"{prefix}_{random.randrange(1 << 40):010x}"
        self._n_made = 0

    def event(self):
        """Makes the next event."""
        self._n_made += 1
        id = f"{self._prefix}_{self._n_made:06d}"
        kind = self._random.random()
        if kind < 0.80:
            return Event(id, as_json(self._session(id)), is_session=True)
        if kind < 0.88:
            return Event(id, as_json(self._identity(id)), is_session=False)
        if kind < 0.93:
            unknown = {"id": id, "type": "identity.novel", "data": {"words": self._words(40)}}
            return Event(id, as_json(unknown), is_session=False)
        if kind < 0.97:
            return Event(id, f"{id} is no JSON: {self._words(20)}".encode(), is_session=False)
        return Event(id, b"\xff\xfe" + id.encode() + self._random.randbytes(50), is_session=False)

    def events(self, n):
        """Makes so many events."""
        return [self.event() for _ in range(n)]

    def _words(self, n):
        return " ".join(self._random.choices(WORDS, k=n))

    def _session(self, id):
        begun_ms = FIRST_DAY_MS + self._random.randrange(N_DAYS) * MS_PER_DAY
        begun_ms += self._random.randrange(MS_PER_DAY)
        pages = [
            {
                "signal": "pageview",
                "url": f"https://www.example.com/{page}",
                "ts": begun_ms + 1000 * page,
                "title": self._words(3),
                "ref": None,
                "props": {"unheard": [page, self._words(2)]},
            }
            for page in range(self._random.randint(1, 8))
        ]
        session = {
            "pid": "mdb_pxl_torture",
            "vid": f"visitor-{self._random.randrange(1000)}",
            "sid": f"session-{id}",
            "tenant": self._random.choice(["alpha", "beta", "γάμμα"]),
            "createdAt": begun_ms,
            "endedAt": begun_ms + 60_000,
            "utm": {"source": "torture", "medium": self._words(1), "campaign": None},
            "referrer": "https://news.example/",
            "landingPage": "https://www.example.com/1",
            "timezone": "Asia/Tokyo",
            "events": pages,
            "unknownField": {"padding": self._words(self._random.randint(1, 300))},
        }
        data = {"session": session, "enrichment": None, "sessionEndedAt": begun_ms + 60_000}
        return {
            "id": id,
            "type": "identity.session.finalized",
            "created": begun_ms + 61_000,
            "data": data | {"eventCount": len(pages), "finalizedAt": begun_ms + 61_000},
        }

    def _identity(self, id):
        identity = {"email": f"{id}@example.com", "firstName": self._words(1)}
        created_ms = FIRST_DAY_MS + self._random.randrange(N_DAYS * MS_PER_DAY)
        data = {"identity": identity, "attribution": {"vid": f"visitor-{id}", "sessionId": id}}
        return {"id": id, "type": "identity.resolved", "created": created_ms, "data": data}


def as_json(value):
    """A value as JSON that keeps its own letters."""
    return json.dumps(value, ensure_ascii=False).encode()
