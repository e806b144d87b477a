//! A lake of tenants that share visitors, people, sessions, companies and campaigns, and whose own
//! texts all have the tenant's name in them.

use serde_json::{Value, json};
use tributary::load::{Kind, load};
use tributary_ingest::flatten::channel::Channels;

use crate::support::{NOW_MS, Place};

const DAY_MS: i64 = 86_400_000;

/// What names a person in what is sent.
pub(crate) const PEOPLE: [&str; 12] = [
    "ann@",
    "ann%40",
    "shared@",
    "Ann",
    "ACoAA",
    "linkedin.com/in/",
    "555-01",
    "203.0.113.7",
    "Queen Street",
    "78701",
    "30.267",
    "VP of Ann",
];

/// Whose events they are.
#[derive(Clone, Copy)]
pub(crate) enum Who {
    Tenant(&'static str),
    /// Without a tenant.
    Nobody,
}

impl Who {
    fn tenant(self) -> Option<&'static str> {
        match self {
            Self::Tenant(name) => Some(name),
            Self::Nobody => None,
        }
    }

    fn word(self) -> &'static str {
        self.tenant().unwrap_or("nobody")
    }
}

/// Sends the events of each and loads their conversions and spend.
pub(crate) async fn send(place: &Place, all: &[Who]) {
    let app = place.start().await;
    for who in all {
        for body in events(*who) {
            let id = body["id"].as_str().unwrap().to_owned();
            let answer = place.send(&app, &id, body.to_string().as_bytes()).await;
            assert_eq!(answer.status, 200, "{answer:?}");
        }
        if matches!(who, Who::Nobody) {
            let letter = place.send(&app, "evt_letter", b"nobody Ann ann@ is no event").await;
            assert_eq!(letter.status, 200);
        }
    }
    app.stop().await.unwrap();
    for who in all {
        load_files(place, *who).await;
    }
}

async fn load_files(place: &Place, who: Who) {
    let (word, tenant) = (who.word(), who.tenant().unwrap_or_default());
    let at = |days: i64| chrono::DateTime::from_timestamp_millis(NOW_MS - days * DAY_MS).unwrap();
    let day = at(9).format("%Y-%m-%d");
    let conversions = format!(
        "tenant,conversion,converted_at,email,company_domain,visitor_id,value,external_id,stage\n\
         {tenant},deal,{},ann@{word}-people.example,,,1000,D1,opportunity\n\
         {tenant},deal,{},ann@{word}-people.example,,,1200,D1,won\n\
         {tenant},deal,{},shared@both.example,both.example,,700,D2-{word},won\n\
         {tenant},{word} call,{},,,vid_3,50,ann@{word}.example,\n",
        at(2).to_rfc3339(),
        at(1).to_rfc3339(),
        at(1).to_rfc3339(),
        at(1).to_rfc3339(),
    );
    let spend = format!(
        "tenant,day,source,medium,campaign,amount\n\
         {tenant},{day},google,cpc,spring,100\n{tenant},{day},{word}ads,cpc,{word}_sale,50\n"
    );
    for (kind, name, text) in
        [(Kind::Conversions, "conversions", conversions), (Kind::Spend, "spend", spend)]
    {
        let path = place.path(&format!("{word}-{name}.csv"));
        std::fs::write(&path, text).unwrap();
        load(&place.lake(), kind, &path, &Channels::default(), NOW_MS).await.unwrap();
    }
}

fn events(who: Who) -> Vec<Value> {
    let word = who.word();
    let ann = format!("ann@{word}-people.example");
    let secret = format!("/u/{ann}/x?email=ann%40{word}.example&name=Ann+{word}");
    vec![
        // A visitor who is known later, through a campaign of both.
        session(who, "both_0", "vid_0", 9, "google", "spring", "/pricing", None, None),
        session(
            who,
            &format!("{word}_own"),
            "vid_0",
            7,
            "",
            "",
            "/docs",
            Some(&ann),
            Some("signup"),
        ),
        session(
            who,
            "both_1",
            "vid_1",
            6,
            &format!("{word}ads"),
            &format!("{word}_sale"),
            "/",
            Some("shared@both.example"),
            Some("demo_requested"),
        ),
        session(who, &format!("{word}_2"), "vid_2", 5, "mail", &ann, &secret, None, Some("signup")),
        session(who, "both_3", "vid_3", 4, "chatgpt.com", "", &format!("/{word}"), None, None),
        session(who, "both_4", "vid_1", 3, "", "", "/pricing", None, Some("signup")),
        session(
            who,
            &format!("{word}_5"),
            "vid_0",
            2,
            "google",
            "spring",
            "/pricing",
            Some(&ann),
            None,
        ),
        resolved(who, "vid_4", &ann),
        session(who, &format!("{word}_6"), "vid_4", 1, "bing", "", "/", None, None),
    ]
}

#[expect(clippy::too_many_arguments, reason = "a line of a table")]
fn session(
    who: Who,
    sid: &str,
    vid: &str,
    days: i64,
    source: &str,
    campaign: &str,
    page: &str,
    email: Option<&str>,
    goal: Option<&str>,
) -> Value {
    let word = who.word();
    // Of a session that two tenants have, the later one counts where they are not told apart.
    let started = NOW_MS - days * DAY_MS + i64::from(word.as_bytes()[0]);
    let site = format!("https://{word}.example.com");
    let url = format!("{site}{page}");
    let view = |ms: i64, signal: &str, url: &str| {
        json!({"ts": started + ms, "signal": signal, "url": url, "title": format!("Ann at {word}"),
               "props": {"value": 10, "who": format!("Ann {word}")}})
    };
    let mut events = vec![
        view(0, "pageview", &url),
        view(9000, "pageview", &format!("{site}/{word}?utm_campaign={word}_later&utm_source=x")),
    ];
    events.extend(goal.map(|goal| view(20_000, goal, &url)));
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let medium = (!campaign.is_empty()).then_some("cpc");
    let session = json!({
        "sid": format!("sid_{sid}"), "vid": vid, "tenant": who.tenant(), "createdAt": started,
        "utm": {"source": some(source), "medium": medium, "campaign": some(campaign),
                "term": format!("for ann@{word}.example")},
        "landingPage": url, "landingTitle": format!("Ann at {word}"),
        "referrer": format!("https://{word}.example/from?q=Ann"),
        "userAgent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/144.0.0.0 Safari/537.36",
        "network": {"ip": "203.0.113.7", "country": "US", "city": word, "postalCode": "78701",
                    "latitude": "30.26715", "longitude": "-97.74306"},
        "events": events,
    });
    let mut data = json!({"session": session, "finalizedAt": started + 60_000});
    if let Some(email) = email {
        data["enrichment"] = enrichment(word, email);
        data["validations"] = json!([{"email": email, "validity": "valid", "provider": word}]);
    }
    json!({"id": format!("evt_{word}_{sid}"), "type": "identity.session.finalized",
           "created": started + 60_000, "data": data})
}

fn enrichment(word: &str, email: &str) -> Value {
    let domain = email.rsplit_once('@').unwrap().1;
    let company = json!({"name": format!("{word} corp"), "_type": "full", "domain": domain,
        "industry": format!("{word} industry"), "employeeCount": word.len() * 40,
        "description": format!("founded by Ann of {word}"),
        "address": {"country": format!("{word}land"), "postalCode": "78701"}});
    json!({
        "person": {"email": email, "firstName": "Ann", "lastName": word,
            "fullName": format!("Ann {word}"), "headline": format!("VP of Ann at {word}"),
            "linkedinId": format!("ACoAA{word}"), "linkedinUrl": format!("https://linkedin.com/in/{word}"),
            "location": {"country": "US", "raw": format!("1 Queen Street, {word}")},
            "employments": [{"title": "VP of Ann", "company": company}]},
        "companies": [company],
    })
}

fn resolved(who: Who, vid: &str, email: &str) -> Value {
    let word = who.word();
    let created = NOW_MS - 2 * DAY_MS;
    json!({"id": format!("evt_{word}_resolved"), "type": "identity.resolved", "created": created,
        "data": {
            "session": {"sid": format!("sid_{word}_resolved"), "vid": vid, "tenant": who.tenant(),
                        "createdAt": created},
            "attribution": {"prid": format!("ACoAA-{word}")},
            "identity": {"linkedinUrl": format!("https://linkedin.com/in/{word}"),
                "emails": [{"type": "personal", "value": email}], "phones": ["555-0199"],
                "demographics": {"firstName": "Ann", "lastName": word},
                "location": {"city": word}, "professional": {"jobTitle": format!("VP of Ann {word}")}}}})
}
