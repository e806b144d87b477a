//! The session part of an event: where the visitor came from, with what, and what happened.

use super::activity::{Signal, Step};
use super::ids;
use super::journey::Conversion;
use super::random::Dice;
use super::timeline::Timeline;
use super::touch::Touch;
use super::visitor::{Being, Visitor};
use super::vocabulary::pages::{Page, Site};
use super::writer::Writer;

/// All that is told about one session.
pub(crate) struct Session<'a> {
    /// Its id.
    pub(crate) sid: String,
    /// Whose it is.
    pub(crate) visitor: &'a Visitor,
    /// When things happened.
    pub(crate) timeline: &'a Timeline,
    /// How it came about.
    pub(crate) touch: &'a Touch,
    /// What happened.
    pub(crate) steps: &'a [Step],
    /// Whether a person was recognised.
    pub(crate) is_enriched: bool,
}

/// Writes the member `session`.
pub(crate) fn write(writer: &mut Writer, session: &Session<'_>, dice: &mut Dice) {
    let Session { visitor, timeline, touch, steps, .. } = session;
    let landing_page = steps[0].page;
    let landing_url = page_url(visitor.site, landing_page);
    let query = if dice.chance(550) { touch.query() } else { String::new() };
    let landing = format!("{landing_url}{query}");
    writer.open_object("session");
    writer.text("pid", visitor.site.pixel_id);
    writer.text("vid", &visitor.vid);
    writer.text("sid", &session.sid);
    writer.text_or_null("tenant", visitor.site.tenant);
    writer.number("createdAt", timeline.created_ms);
    writer.number_or_null("endedAt", dice.unless(80, timeline.ended_ms));
    write_touch(writer, touch);
    writer.text("landingPage", &landing);
    writer.text_or_null("landingTitle", dice.unless(60, title(visitor.site, landing_page)));
    writer.text_or_null("gclid", touch.click_id_named("gclid"));
    writer.text_or_null("fbclid", touch.click_id_named("fbclid"));
    writer.text("userAgent", &visitor.user_agent);
    writer.open_object("screen");
    writer.number("width", visitor.screen.0);
    writer.number("height", visitor.screen.1);
    writer.close_object();
    writer.text("timezone", visitor.place.timezone.0);
    write_network(writer, visitor, dice);
    write_options(writer, dice);
    writer.number("lastActivity", timeline.last_activity_ms);
    let first_url = if dice.chance(500) { landing } else { landing_url };
    write_steps(writer, session, first_url, dice);
    if session.is_enriched && dice.chance(350) {
        write_enrichments(writer, timeline.created_ms, dice);
    }
    writer.close_object();
}

fn write_touch(writer: &mut Writer, touch: &Touch) {
    let utm = &touch.utm;
    writer.open_object("utm");
    writer.text_or_null("source", utm.source);
    writer.text_or_null("medium", utm.medium);
    writer.text_or_null("campaign", utm.campaign);
    writer.text_or_null("term", utm.term);
    writer.text_or_null("content", utm.content);
    writer.close_object();
    writer.text_or_null("referrer", touch.referrer);
}

fn write_network(writer: &mut Writer, visitor: &Visitor, dice: &mut Dice) {
    // At times the edge knows nothing about where a request comes from.
    let unknown = if dice.chance(25) { 1_000 } else { 0 };
    let place = visitor.place;
    writer.open_object("network");
    writer.text_or_null("ip", dice.unless(unknown, &visitor.ip));
    writer.text_or_null("country", dice.unless(unknown, place.country.1));
    writer.text_or_null("city", dice.unless(60.max(unknown), place.city));
    writer.text_or_null("region", dice.unless(50.max(unknown), place.region.0));
    writer.text_or_null("regionCode", dice.unless(60.max(unknown), place.region.1));
    writer.text_or_null("postalCode", dice.unless(150.max(unknown), place.postal_code));
    writer.text_or_null("latitude", dice.unless(10.max(unknown), place.position.0));
    writer.text_or_null("longitude", dice.unless(10.max(unknown), place.position.1));
    writer.text_or_null("continent", dice.unless(unknown, place.country.2));
    writer.open_object("asn");
    writer.number_or_null("code", dice.unless(20.max(unknown), visitor.network.0));
    writer.text_or_null("name", dice.unless(30.max(unknown), visitor.network.1));
    writer.close_object();
    writer.text_or_null("colo", dice.unless(unknown, place.colo));
    writer.text_or_null("metroCode", place.metro_code.filter(|_| unknown == 0));
    writer.boolean_or_null("isEU", dice.unless(unknown, place.is_eu));
    write_bot_management(writer, visitor, dice);
    writer.close_object();
}

/// Writes the edge's verdict: 1 is surely a bot, 99 surely a person.
fn write_bot_management(writer: &mut Writer, visitor: &Visitor, dice: &mut Dice) {
    writer.open_object("botManagement");
    match visitor.being {
        Being::Bot(crawler) => {
            writer.number("score", dice.between(1, 29));
            writer.boolean("verifiedBot", crawler.verified_category.is_some());
            writer.boolean("corporateProxy", false);
            writer.text_or_null("verifiedBotCategory", crawler.verified_category);
        }
        Being::Person(_) => {
            let score = dice.between(30, 99).max(dice.between(55, 99));
            writer.number_or_null("score", dice.unless(40, score));
            writer.boolean_or_null("verifiedBot", dice.unless(40, false));
            writer.boolean_or_null("corporateProxy", dice.unless(60, visitor.is_behind_proxy));
            writer.null("verifiedBotCategory");
        }
    }
    writer.close_object();
}

fn write_options(writer: &mut Writer, dice: &mut Dice) {
    match dice.below(100) {
        0..45 => {}
        45..85 => {
            writer.open_object("options");
            writer.close_object();
        }
        _ => {
            writer.open_object("options");
            writer.boolean("consent", dice.chance(900));
            writer.text("experiment", dice.pick(&["pricing_a", "pricing_b", "ホーム_新"]));
            writer.close_object();
        }
    }
}

fn write_steps(writer: &mut Writer, session: &Session<'_>, first_url: String, dice: &mut Dice) {
    let site = session.visitor.site;
    let mut url = first_url;
    let mut before = session.touch.referrer.map(str::to_owned);
    writer.open_array("events");
    for (idx, (step, time_ms)) in session.steps.iter().zip(&session.timeline.steps_ms).enumerate() {
        let is_move = idx > 0 && matches!(step.signal, Signal::Pageview);
        if is_move {
            before = Some(std::mem::replace(&mut url, page_url(site, step.page)));
        }
        writer.open_item();
        writer.text("signal", signal_name(&step.signal));
        writer.text("url", &url);
        writer.number("ts", *time_ms);
        writer.text("v", "1");
        writer.text_or_null("title", dice.unless(70, title(site, step.page)));
        writer.text_or_null("ref", before.as_ref());
        write_signal(writer, &step.signal);
        writer.close_object();
    }
    writer.close_array();
}

fn signal_name(signal: &Signal) -> &'static str {
    match signal {
        Signal::Pageview => "pageview",
        Signal::Click(_) | Signal::Outlink(_) => "click",
        Signal::FormSubmit(_) => "form_submit",
        Signal::VideoPlay(..) => "video_play",
        Signal::Goal(Conversion::DemoRequested, _) => "demo_requested",
        Signal::Goal(Conversion::SignUp, _) => "signup",
    }
}

fn write_signal(writer: &mut Writer, signal: &Signal) {
    let outlink = if let Signal::Outlink(address) = signal { Some(address) } else { None };
    writer.text_or_null("outlink", outlink);
    if matches!(signal, Signal::Pageview | Signal::Outlink(_)) {
        return writer.null("props");
    }
    writer.open_object("props");
    match signal {
        Signal::Click(button) => writer.text("text", button),
        Signal::FormSubmit(n_fields) => {
            writer.text("form", "contact");
            writer.number("fields", *n_fields);
        }
        Signal::VideoPlay(video, percent) => {
            writer.text("video", video);
            writer.number("percent", *percent);
            writer.boolean("muted", *percent < 50);
        }
        Signal::Goal(_, (plan, value)) => {
            writer.text("plan", plan);
            writer.number("value", *value);
        }
        Signal::Pageview | Signal::Outlink(_) => {}
    }
    writer.close_object();
}

fn write_enrichments(writer: &mut Writer, created_ms: i64, dice: &mut Dice) {
    writer.open_array("enrichments");
    writer.open_item();
    writer.number("enrichedAt", created_ms + dice.between(2_000, 12_000));
    let data = format!("{{\"ref\":\"{}\",\"confidence\":0.9}}", ids::token(12, dice));
    writer.text("enrichmentData", &data);
    writer.close_object();
    writer.close_array();
}

fn page_url(site: &Site, page: &Page) -> String {
    format!("{}{}", site.origin, page.path)
}

fn title(site: &Site, page: &Page) -> String {
    format!("{} — {}", page.title, site.name)
}
