"""What the tables take from the payload: each column with its path in the JSON and its type.

The peers of `import` build their own schemas and expressions from these lists, so that all of
them, and the program, flatten the same fields. Columns that need rules (browser, channel, account,
bot) stand in no list: peers are spared that work.
"""

import sys
from pathlib import Path

# The tests keep these lists too, independent of the program's own.
sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "python"))

import contract  # noqa: E402
from contract import BOOL, FLOAT, INT, OBJECT, OBJECTS, TEXT, TEXTS, snake  # noqa: E402

JSON = "JSON"


def without_objects(by_type):
    """Fields that are no objects: those are written out where they are used."""
    return {kind: names for kind, names in by_type.items() if kind not in (OBJECT, OBJECTS)}


# A company as experience has it, and a full one.
BASIC_COMPANY = contract.BASIC_COMPANY
COMPANY = contract.FULL_COMPANY
PERSON = without_objects(contract.PERSON)
POSITION = without_objects(contract.POSITION)
EDUCATION = contract.EDUCATION
VALIDATION = {TEXT: "email validity provider error.code error.message"}
UTM = {TEXT: "utm.source utm.medium utm.campaign utm.term utm.content"}
PAGEVIEW = {TEXT: "signal url title ref outlink v", INT: "ts", JSON: "props"}
SESSION = {
    TEXT: f"""pid vid sid tenant {UTM[TEXT]} referrer landingPage landingTitle gclid fbclid
        userAgent timezone network.ip network.country network.city network.region
        network.regionCode network.postalCode network.latitude network.longitude
        network.continent network.asn.name network.colo network.metroCode
        network.botManagement.verifiedBotCategory""",
    INT: """createdAt endedAt lastActivity screen.width screen.height network.asn.code
        network.botManagement.score""",
    BOOL: "network.isEU network.botManagement.verifiedBot network.botManagement.corporateProxy",
    JSON: "options",
}
# Columns of sessions that are a field of the session, by name.
SESSION_COLUMNS = dict(
    line.split()
    for line in """
    pixel_id pid
    landing_page landingPage
    landing_title landingTitle
    referrer referrer
    utm_source utm.source
    utm_medium utm.medium
    utm_campaign utm.campaign
    utm_term utm.term
    utm_content utm.content
    gclid gclid
    fbclid fbclid
    user_agent userAgent
    screen_width screen.width
    screen_height screen.height
    timezone timezone
    ip network.ip
    country network.country
    city network.city
    region network.region
    region_code network.regionCode
    postal_code network.postalCode
    continent network.continent
    asn network.asn.code
    asn_name network.asn.name
    colo network.colo
    metro_code network.metroCode
    is_eu network.isEU
    bot_score network.botManagement.score
    verified_bot network.botManagement.verifiedBot
    corporate_proxy network.botManagement.corporateProxy
    verified_bot_category network.botManagement.verifiedBotCategory
    options options
    """.strip().splitlines()
)


def paths(by_type):
    """Each field's path with its type."""
    return {path: kind for kind, names in by_type.items() for path in names.split()}


def nested(by_type):
    """Fields as the JSON nests them: a type, or a dictionary of fields."""
    root = {}
    for path, kind in paths(by_type).items():
        *objects, leaf = path.split(".")
        place = root
        for name in objects:
            place = place.setdefault(name, {})
        place[leaf] = kind
    return root


def event():
    """A whole event's fields; a list of objects is a list of one dictionary."""
    position = nested(POSITION)
    person = nested(PERSON) | {
        "employments": [position | {"company": nested(COMPANY)}],
        "experience": [position | {"company": nested(BASIC_COMPANY)}],
        "education": [nested(EDUCATION)],
    }
    enrichment = {
        "person": person,
        "companies": [nested(COMPANY)],
        "emailValidations": [nested(VALIDATION)],
    }
    data = {
        "session": nested(SESSION) | {"events": [nested(PAGEVIEW)]},
        "enrichment": enrichment,
        "sessionEndedAt": INT,
        "eventCount": INT,
        "finalizedAt": INT,
    }
    return {"id": TEXT, "type": TEXT, "created": INT, "data": data}
