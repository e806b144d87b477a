"""The rows that a webhook must become, worked out from its JSON by the documented mapping.

`ROWS[table](event, body, webhook_id)` gives a table's rows, one dictionary a row, times as
milliseconds. Columns of a payload's field are listed with its path; the others have their rule
beside them. What only the ingester knows (`received_at`) and the partition (`date`) are left out.
"""

import json
from urllib.parse import parse_qs, urlsplit

from contract import BASIC_COMPANY, EDUCATION, FULL_COMPANY, IDENTITY, PERSON, POSITION, snake

FINALIZED = "identity.session.finalized"
ENRICHING = ["identity.enriched", "identity.validated", FINALIZED]
IDENTIFYING = ["identity.resolved", "identity.qualified"]

# Column and path within `data`.
SESSION = """
    tenant session.tenant           session_id session.sid
    visitor_id session.vid          pixel_id session.pid
    started_at session.createdAt    last_activity_at session.lastActivity
    ended_at sessionEndedAt         finalized_at finalizedAt
    event_count eventCount
    landing_page session.landingPage        landing_title session.landingTitle
    referrer session.referrer               user_agent session.userAgent
    utm_source session.utm.source           utm_medium session.utm.medium
    utm_campaign session.utm.campaign       utm_term session.utm.term
    utm_content session.utm.content
    gclid session.gclid                     fbclid session.fbclid
    screen_width session.screen.width       screen_height session.screen.height
    timezone session.timezone               ip session.network.ip
    country session.network.country         city session.network.city
    region session.network.region           region_code session.network.regionCode
    postal_code session.network.postalCode  continent session.network.continent
    asn session.network.asn.code            asn_name session.network.asn.name
    colo session.network.colo               metro_code session.network.metroCode
    is_eu session.network.isEU
    bot_score session.network.botManagement.score
    verified_bot session.network.botManagement.verifiedBot
    corporate_proxy session.network.botManagement.corporateProxy
    verified_bot_category session.network.botManagement.verifiedBotCategory
    email enrichment.person.email
""".split()
PAGEVIEW = """
    viewed_at ts  signal signal  url url  title title  referrer ref  outlink outlink  version v
""".split()
VALIDATION = """
    email email  validity validity  provider provider
    error_code error.code  error_message error.message
""".split()
# Browser, operating system and device of the user agents in the payloads.
USER_AGENTS = {"X11; Linux x86_64) AppleWebKit/537.36": ("Chrome", "Linux", "desktop")}
# Channel and the rule that chose it, by source and medium.
CHANNELS = {
    ("linkedin", "paid_social"): ("Paid Social", "paid_social"),
    ("linkedin", None): ("Organic Social", "organic_social_source"),
}


def at(value, path):
    """The value at a path, or nothing where the path ends early."""
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def picked(value, names_and_paths):
    """Columns by a list of name, path, name, path, …"""
    pairs = zip(names_and_paths[::2], names_and_paths[1::2], strict=True)
    return {name: at(value, path) for name, path in pairs}


def flattened(value, by_type):
    """Columns of the fields of a payload's object, an object in them left out."""
    paths = " ".join(by_type.values()).split()
    return {snake(path): at(value, path) for path in paths}


def leading(event):
    """The four columns of every table."""
    data = event["data"]
    return {
        "event_id": event["id"],
        "tenant": at(data, "session.tenant"),
        "session_id": at(data, "session.sid") or at(data, "attribution.sessionId"),
        "visitor_id": at(data, "session.vid") or at(data, "attribution.vid"),
    }


def typed(event):
    return leading(event) | {"event_type": event["type"], "created_at": event["created"]}


def session(event):
    data = event["data"]
    views = data["session"]["events"]
    landing = urlsplit(data["session"]["landingPage"])
    row = leading(event) | picked(data, SESSION)
    ended_at, started_at = row["ended_at"], row["started_at"]
    browser, system, device = user_agent(row["user_agent"])
    return row | {
        "created_at": event["created"],
        "duration_ms": ended_at - started_at,
        "pageview_count": sum(view["signal"] == "pageview" for view in views),
        "landing_host": landing.hostname,
        "landing_path": landing.path,
        "exit_page": views[-1]["url"] if views else None,
        "referrer_host": host_without_www(row["referrer"]),
        "browser": browser,
        "os": system,
        "device": device,
        "latitude": number(at(data, "session.network.latitude")),
        "longitude": number(at(data, "session.network.longitude")),
        "options": as_json(at(data, "session.options")),
        "person_key": enriched_person_key(event),
        "company_domain": account(event),
        "is_bot": is_bot(row),
    } | touch(row)


def touch(row):
    """What brought the session."""
    query = parse_qs(urlsplit(row["landing_page"]).query)
    tags = {name: row[f"utm_{name}"] for name in ("source", "medium", "campaign")}
    tags = {name: tag or query.get(f"utm_{name}", [None])[0] for name, tag in tags.items()}
    channel, rule = CHANNELS[tags["source"], tags["medium"]]
    return tags | {"channel": channel, "channel_rule": rule, "click_id_type": None}


def pageviews(event):
    data = event["data"]
    views = data["session"]["events"]
    next_times = [view["ts"] for view in views[1:]] + [data["session"]["lastActivity"]]
    for position, view in enumerate(views):
        url = urlsplit(view["url"])
        yield leading(event) | picked(view, PAGEVIEW) | {
            "position": position,
            "host": url.hostname,
            "path": url.path,
            "props": as_json(view["props"]),
            "dwell_ms": next_times[position] - view["ts"],
            "finalized_at": data["finalizedAt"],
        } | link(url, position)


def link(url, position):
    """The campaign that the address of a later page view carries."""
    query = parse_qs(url.query) if position > 0 else {}
    names = ("source", "medium", "campaign", "term", "content")
    tags = {name: query.get(f"utm_{name}", [None])[0] for name in names}
    is_tagged = any(tags.values())
    return tags | {"channel": CHANNELS[tags["source"], tags["medium"]][0] if is_tagged else None}


def touchpoint(event):
    row = session(event)
    same = """event_id tenant session_id visitor_id utm_source utm_medium utm_campaign utm_term
        utm_content referrer referrer_host landing_page landing_path person_key company_domain
        is_bot finalized_at channel channel_rule source medium campaign click_id_type"""
    return {name: row[name] for name in same.split()} | {
        "touched_at": row["started_at"],
        "click_id": row["gclid"] or row["fbclid"],
    }


def companies(event):
    for position, company in enumerate(at(event, "data.enrichment.companies") or []):
        yield typed(event) | flattened(company, FULL_COMPANY) | {
            "position": position,
            "company_domain": company.get("domain") or host_without_www(company.get("website")),
        }


def people(event):
    person = at(event, "data.enrichment.person")
    if person is None:
        return
    company_kinds = {"employments": FULL_COMPANY, "experience": BASIC_COMPANY}
    positions = {
        name: [
            flattened(position, {"": POSITION["VARCHAR"]})
            | {"company": flattened(position["company"], company)}
            for position in person[name]
        ]
        for name, company in company_kinds.items()
    }
    education = [flattened(school, EDUCATION) for school in person["education"]]
    yield typed(event) | flattened(person, PERSON) | positions | {
        "education": education,
        "person_key": enriched_person_key(event),
        "company_domain": account(event),
    }


def identities(event):
    identity = event["data"]["identity"]
    emails = [email["value"] for email in identity["emails"]]
    yield typed(event) | flattened(identity, IDENTITY) | {
        "person_key": person_key(emails[0], None, identity["linkedinUrl"], leading(event)),
        "prid": at(event, "data.attribution.prid"),
        "pixel_id": at(event, "data.attribution.pixelId"),
    }


def email_validations(event):
    data = event["data"]
    results = data.get("validations") or at(data, "enrichment.emailValidations") or []
    for position, result in enumerate(results):
        yield typed(event) | picked(result, VALIDATION) | {"position": position}


def raw_event(event, body, webhook_id):
    return leading(event) | {
        "type": event["type"],
        "created_at": event["created"],
        "signature_scheme": "standard_base64",
        "webhook_id": webhook_id,
        "body": body.decode(),
    }


def dead_letters(event, body, webhook_id):
    """An event can't be flattened whole if its latitude is no number."""
    if is_no_number(at(event, "data.session.network.latitude")):
        row = raw_event(event, body, webhook_id)
        same = ["event_id", "tenant", "session_id", "visitor_id", "type", "body", "webhook_id"]
        yield {name: row[name] for name in same} | {
            "reason": "unexpected_type",
            "path": "data.session.network.latitude",
        }


def person_key(email, linkedin_id, linkedin_url, row):
    """The e-mail in lower case, else the LinkedIn id or URL, else the visitor id."""
    is_email = email is not None and "@" in email
    is_url = linkedin_url is not None and "linkedin.com/" in linkedin_url
    linkedin = linkedin_id or (linkedin_url if is_url else None)
    return email.lower() if is_email else linkedin or row["visitor_id"]


def enriched_person_key(event):
    person = at(event, "data.enrichment.person") or {}
    values = [person.get(name) for name in ("email", "linkedinId", "linkedinUrl")]
    return person_key(*values, leading(event))


def account(event):
    """The domain of the e-mail, which in the payloads is always a company's."""
    email = at(event, "data.enrichment.person.email")
    return email and email.rpartition("@")[2].lower().removeprefix("www.")


def is_bot(row):
    is_low = row["bot_score"] is not None and 1 <= row["bot_score"] <= 29
    return bool(row["verified_bot"] or (is_low and not row["corporate_proxy"]))


def user_agent(text):
    return next(names for part, names in USER_AGENTS.items() if part in text)


def host_without_www(url):
    return url and urlsplit(url).hostname.removeprefix("www.")


def number(text):
    return None if text is None else float(text)


def is_no_number(text):
    try:
        number(text)
    except ValueError:
        return True
    return False


def as_json(value):
    """Free-form objects are JSON text; compared as the value that they mean."""
    return None if value is None else Json(value)


class Json:
    """Equal to any JSON text of its value."""

    def __init__(self, value):
        self.value = value

    def __eq__(self, text):
        return isinstance(text, str) and json.loads(text) == self.value

    def __repr__(self):
        return f"Json({self.value!r})"


def only(kinds, rows):
    """Restricts a table to events of some types."""
    return lambda event, *_: rows(event) if event["type"] in kinds else []


ROWS = {
    "sessions": only([FINALIZED], lambda event: [session(event)]),
    "pageviews": only([FINALIZED], pageviews),
    "utm": only([FINALIZED], lambda event: [touchpoint(event)]),
    "companies": only(ENRICHING, companies),
    "people": only(ENRICHING, people),
    "identities": only(IDENTIFYING, identities),
    "email_validations": only(ENRICHING, email_validations),
    "raw_events": lambda *event: [raw_event(*event)],
    "dead_letters": dead_letters,
    "conversions": lambda *_: [],
    "spend": lambda *_: [],
}
