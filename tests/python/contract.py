"""What the tables promise: every column with its type, independent of the program's own list.

The payload's fields become columns by their path in snake case, joined by `_`: so
`headcount.growth.yoy` is `headcount_growth_yoy`. A dot stands for a field of a list of objects.
"""

import re

TEXT, INT, FLOAT, BOOL = "VARCHAR", "BIGINT", "DOUBLE", "BOOLEAN"
TIME, DAY = "TIMESTAMP WITH TIME ZONE", "DATE"
TEXTS, OBJECTS, OBJECT = "VARCHAR[]", "STRUCT[]", "STRUCT"

# Fields of the payload by type; a payload's object is flattened, a list of objects is not.
BASIC_COMPANY = {
    TEXT: """_type name domain website industry description linkedinId linkedinUrl logoUrl
        address.country address.countryCode address.locality address.postalCode address.region""",
    INT: "employeeCount foundedYear",
}
FULL_COMPANY = {
    TEXT: f"""{BASIC_COMPANY[TEXT]} enrichedAt provider estimatedRevenue.currency
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
    TEXT: """enrichedAt linkedinUrl provider email firstName fullName headline lastName linkedinId
        location.country location.countryCode location.locality location.postalCode location.raw
        location.region profilePictureUrl summary""",
    INT: "connections",
    TEXTS: "languages skills",
    OBJECTS: "education employments experience",
}
POSITION = {TEXT: "title description endDate location startDate", OBJECT: "company"}
EDUCATION = {
    TEXT: """instituteName degree endDate fieldOfStudy instituteLinkedinId instituteLogoUrl
        startDate""",
}
IDENTITY = {
    TEXT: """demographics.firstName demographics.lastName linkedinUrl location.city
        location.country location.state professional.companyName professional.jobTitle""",
    BOOL: "demographics.hasChildren demographics.isHomeowner demographics.isMarried",
    TEXTS: "phones",
    OBJECTS: "emails",
}


def snake(path):
    """The column of a payload's path."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", path).lower().replace(".", "_")


def fields(by_type, prefix=""):
    """The columns of a payload's fields."""
    return {
        prefix + snake(path): kind for kind, paths in by_type.items() for path in paths.split()
    }


def named(by_type):
    """Columns that bear their own name."""
    return {name: kind for kind, names in by_type.items() for name in names.split()}


def table(*parts):
    """A table's columns: the four that every table starts with, its own, and the partition."""
    columns = named({TEXT: "event_id tenant session_id visitor_id"})
    for part in parts:
        columns |= part
    return columns | {"date": DAY}


TABLES = {
    "sessions": table(
        named(
            {
                TEXT: """pixel_id landing_page landing_title landing_host landing_path exit_page
                    referrer referrer_host utm_source utm_medium utm_campaign utm_term utm_content
                    gclid fbclid user_agent browser os device timezone ip country city region
                    region_code postal_code continent asn_name colo metro_code
                    verified_bot_category options person_key email company_domain""",
                TIME: """received_at created_at started_at last_activity_at ended_at
                    finalized_at""",
                INT: """duration_ms event_count pageview_count screen_width screen_height asn
                    bot_score""",
                FLOAT: "latitude longitude",
                BOOL: "is_eu verified_bot corporate_proxy",
            }
        )
    ),
    "pageviews": table(
        named(
            {
                TEXT: """signal url host path title referrer outlink props version channel source
                    medium campaign term content""",
                TIME: "viewed_at",
                INT: "position dwell_ms",
            }
        )
    ),
    "utm": table(
        named(
            {
                TEXT: """utm_source utm_medium utm_campaign utm_term utm_content click_id
                    click_id_type referrer referrer_host landing_page channel person_key
                    company_domain""",
                TIME: "touched_at",
                BOOL: "is_bot",
            }
        )
    ),
    "companies": table(named({TEXT: "event_type", INT: "position"}), fields(FULL_COMPANY)),
    "people": table(
        named({TEXT: "event_type person_key"}),
        fields(PERSON),
        fields(POSITION, "employments."),
        fields(FULL_COMPANY, "employments.company."),
        fields(POSITION, "experience."),
        fields(BASIC_COMPANY, "experience.company."),
        fields(EDUCATION, "education."),
    ),
    "identities": table(
        named({TEXT: "event_type person_key", TIME: "created_at"}),
        fields(IDENTITY),
        named({TEXT: "emails.type emails.value"}),
    ),
    "email_validations": table(
        named({TEXT: "event_type email validity provider error_code error_message"})
    ),
    "raw_events": table(
        named({TEXT: "type body signature_scheme", TIME: "created_at received_at"})
    ),
    "dead_letters": table(named({TEXT: "type reason path body", TIME: "received_at"})),
    "conversions": table(
        named(
            {
                TEXT: "conversion email company_domain currency external_id",
                TIME: "converted_at",
                FLOAT: "value",
            }
        )
    ),
    "spend": table(named({TEXT: "source medium campaign currency", DAY: "day", FLOAT: "amount"})),
}
