"""What the tables take from the payload: each column with its path in the JSON and its type.

The peers of `import` build their own schemas and expressions from these lists, so that all of
them, and the program, flatten the same fields. Columns that need rules (browser, channel, account,
bot) stand in no list: peers are spared that work.
"""

import re

TEXT, INT, FLOAT, BOOL, TEXTS, JSON = "text", "int", "float", "bool", "texts", "json"

# A company as experience has it, and what a full one has besides.
BASIC_COMPANY = {
    TEXT: """_type name domain website industry description linkedinId linkedinUrl logoUrl
        address.country address.countryCode address.locality address.postalCode address.region""",
    INT: "employeeCount foundedYear",
}
COMPANY = {
    TEXT: f"""{BASIC_COMPANY[TEXT]} provider enrichedAt estimatedRevenue.currency
        funding.lastRoundType taxonomy.linkedinIndustry""",
    TEXTS: "specialties funding.investors taxonomy.linkedinSpecialties",
    INT: f"""{BASIC_COMPANY[INT]} funding.daysSinceLastRound headcount.total
        linkedinFollowers.count seo.monthlyOrganicClicks seo.monthlyPaidClicks
        seo.totalOrganicKeywords webTraffic.monthlyVisitors""",
    FLOAT: """estimatedRevenue.max estimatedRevenue.min funding.lastRoundAmountUsd
        funding.totalRaisedUsd headcount.growth.mom headcount.growth.qoq headcount.growth.yoy
        linkedinFollowers.momGrowthPercent linkedinFollowers.qoqGrowthPercent
        linkedinFollowers.yoyGrowthPercent seo.averageAdRank seo.averageOrganicRank
        seo.monthlyAdsSpend seo.monthlyOrganicValue webTraffic.momGrowthPercent
        webTraffic.qoqGrowthPercent webTraffic.trafficSources.directPercent
        webTraffic.trafficSources.paidReferralPercent webTraffic.trafficSources.referralPercent
        webTraffic.trafficSources.searchPercent webTraffic.trafficSources.socialPercent""",
}
PERSON = {
    TEXT: """email firstName lastName fullName headline summary linkedinId linkedinUrl
        profilePictureUrl provider enrichedAt location.country location.countryCode
        location.locality location.postalCode location.raw location.region""",
    INT: "connections",
    TEXTS: "skills languages",
}
POSITION = {TEXT: "title description startDate endDate location"}
EDUCATION = {
    TEXT: """instituteName degree fieldOfStudy startDate endDate instituteLinkedinId
        instituteLogoUrl""",
}
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


def snake(path):
    """The column of a path: `headcount.growth.yoy` is `headcount_growth_yoy`."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", path).lower().replace(".", "_")


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
