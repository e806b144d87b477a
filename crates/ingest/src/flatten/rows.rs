//! The rows of one event: which tables it fills, and the columns that are worked out.

use std::borrow::Cow;

use super::channel::{Signals, Touch};
use super::event::{self, Context};
use super::slot::{Row, Slot};
use super::{Flattener, account, identities, identity, pageviews, people, sessions};
use crate::schema::position;

const FINALIZED: &str = "identity.session.finalized";
const ENRICHED: &str = "identity.enriched";
const VALIDATED: &str = "identity.validated";
const RESOLVED: &str = "identity.resolved";
const QUALIFIED: &str = "identity.qualified";

/// Positions of a person's columns that code fills in or reads.
mod person_at {
    use super::people::{self, PERSON};
    use super::position;

    pub(super) const PERSON_KEY: usize = position(PERSON, "person_key");
    pub(super) const EMAIL: usize = position(PERSON, "email");
    pub(super) const LINKEDIN_ID: usize = position(PERSON, "linkedin_id");
    pub(super) const LINKEDIN_URL: usize = position(PERSON, "linkedin_url");
    pub(super) const EMPLOYMENTS: usize = position(PERSON, "employments");
    pub(super) const COMPANY_DOMAIN: usize = position(PERSON, "company_domain");
    pub(super) const EMPLOYMENT_COMPANY: usize = position(people::EMPLOYMENT, "company");
    pub(super) const EMPLOYMENT_END: usize = position(people::EMPLOYMENT, "end_date");
}

/// Positions of a company's columns that code reads.
mod company_at {
    use super::super::company::FULL;
    use super::position;

    pub(super) const DOMAIN: usize = position(FULL, "domain");
    pub(super) const WEBSITE: usize = position(FULL, "website");
}

/// Who stands behind an event, as far as it says.
struct Who<'a> {
    person_key: Slot<'a>,
    email: Slot<'a>,
    company_domain: Slot<'a>,
}

/// Adds the rows of an event to its tables; unknown types have none.
pub fn add<'a>(out: &mut Flattener, context: &Context<'a>, mut data: Row<'a>) {
    let event_type = context.event_type().as_text().unwrap_or_default();
    match event_type {
        FINALIZED | ENRICHED | VALIDATED => {
            let who = Who::of(context, &data);
            add_enrichment(out, context, &mut data, &who);
            if event_type == FINALIZED {
                add_session(out, context, data, &who);
            }
        }
        RESOLVED | QUALIFIED => add_identity(out, context, data),
        _ => {}
    }
}

impl<'a> Who<'a> {
    fn of(context: &Context<'_>, data: &Row<'a>) -> Self {
        let person = data[event::at::PERSON].rows().first();
        let field = |index: usize| person.and_then(|row| row[index].as_filled());
        let email = field(person_at::EMAIL);
        let person_key = identity::person_key(
            email,
            field(person_at::LINKEDIN_ID),
            field(person_at::LINKEDIN_URL),
            context.visitor_id(),
        );
        let companies: Vec<Option<&str>> =
            data[event::at::COMPANIES].rows().iter().flat_map(sites_of).collect();
        let company_domain = account::account_domain(email, &current_sites(person), &companies);
        Self {
            person_key: Slot::owned(person_key),
            email: person
                .and_then(|row| row[person_at::EMAIL].filled())
                .cloned()
                .unwrap_or_default(),
            company_domain: Slot::owned(company_domain),
        }
    }
}

/// Returns the addresses of the companies a person works for.
fn current_sites<'r>(person: Option<&'r Row<'_>>) -> Vec<Option<&'r str>> {
    let employments = person.map_or(&[][..], |row| row[person_at::EMPLOYMENTS].rows());
    employments
        .iter()
        .filter(|row| row[person_at::EMPLOYMENT_END].as_filled().is_none())
        .filter_map(|row| row[person_at::EMPLOYMENT_COMPANY].rows().first())
        .flat_map(sites_of)
        .collect()
}

/// Returns a company's domain and its web site, which stands in where the domain is none.
fn sites_of<'r>(company: &'r Row<'_>) -> [Option<&'r str>; 2] {
    [company[company_at::DOMAIN].as_filled(), company[company_at::WEBSITE].as_filled()]
}

fn add_enrichment<'a>(
    out: &mut Flattener,
    context: &Context<'a>,
    data: &mut Row<'a>,
    who: &Who<'a>,
) {
    if let Slot::Rows(rows) = &mut data[event::at::PERSON] {
        for row in rows {
            row[person_at::PERSON_KEY] = who.person_key.clone();
            row[person_at::COMPANY_DOMAIN] = who.company_domain.clone();
            out.people.append(context.date, &[&context.leading, row]);
        }
    }
    for (at, row) in data[event::at::COMPANIES].rows().iter().enumerate() {
        let position = Slot::int(i64::try_from(at).ok());
        let domain = sites_of(row).into_iter().flatten().find_map(account::site_domain);
        let domain = Slot::owned(domain);
        out.companies.append(context.date, &[&context.leading, &[position, domain], row]);
    }
    let validations = [event::at::VALIDATIONS, event::at::EMAIL_VALIDATIONS];
    let validations = validations.iter().flat_map(|index| data[*index].rows());
    for (at, row) in validations.enumerate() {
        let position = Slot::int(i64::try_from(at).ok());
        out.email_validations.append(context.date, &[&context.leading, &[position], row]);
    }
}

fn add_identity(out: &mut Flattener, context: &Context<'_>, mut data: Row<'_>) {
    let Slot::Rows(rows) = std::mem::take(&mut data[event::at::IDENTITY]) else { return };
    for mut row in rows {
        let emails = row[identities::at::EMAILS].rows();
        let email = emails.iter().find_map(|row| row[identities::at::EMAIL_VALUE].as_filled());
        let linkedin_url = row[identities::at::LINKEDIN_URL].as_filled();
        let key = identity::person_key(email, None, linkedin_url, context.visitor_id());
        row[identities::at::PERSON_KEY] = Slot::owned(key);
        row[identities::at::PRID] = data[event::at::PRID].clone();
        row[identities::at::PIXEL_ID] = data[event::at::PIXEL_ID].clone();
        let rest = &row[identities::at::PERSON_KEY..];
        out.identities.append(context.date, &[&context.leading, rest]);
    }
}

fn add_session<'a>(out: &mut Flattener, context: &Context<'a>, mut data: Row<'a>, who: &Who<'a>) {
    use sessions::at;

    let Slot::Rows(mut rows) = std::mem::take(&mut data[event::at::SESSION]) else { return };
    if rows.is_empty() {
        return;
    }
    let mut row = rows.swap_remove(0);
    let Slot::Rows(mut events) = std::mem::take(&mut row[at::EVENTS]) else {
        finish_session(out, context, &data, row, &[], who);
        return;
    };
    let last_activity = row[at::LAST_ACTIVITY_AT].as_int();
    let finalized_at = data[event::at::FINALIZED_AT].clone();
    let mut next_at = last_activity;
    for (position, event) in events.iter_mut().enumerate().rev() {
        let viewed_at = event[pageviews::at::VIEWED_AT].as_int();
        let dwell = next_at.zip(viewed_at).map(|(next, this)| next - this);
        event[pageviews::at::POSITION] = Slot::int(i64::try_from(position).ok());
        event[pageviews::at::DWELL_MS] = Slot::int(dwell.filter(|ms| *ms >= 0));
        event[pageviews::at::FINALIZED_AT] = finalized_at.clone();
        let url = &event[pageviews::at::URL];
        let (host, path) = (url.derive(account::host_of), url.derive(path_of));
        event[pageviews::at::HOST] = host;
        event[pageviews::at::HOST + 1] = path;
        if position > 0 && event[pageviews::at::SIGNAL].as_text() == Some("pageview") {
            add_link(out, event);
        }
        next_at = viewed_at.or(next_at);
    }
    for event in &events {
        let rest = &event[pageviews::at::POSITION..];
        out.pageviews.append(context.date, &[context.ids(), rest]);
    }
    finish_session(out, context, &data, row, &events, who);
}

/// Fills in what the address of a later page view carries.
fn add_link(out: &Flattener, event: &mut Row<'_>) {
    let url = event[pageviews::at::URL].as_filled();
    let Some(link) = url.and_then(|url| out.channels.classify_link(url)) else { return };
    let touch = link.touch;
    let channel = Some(touch.channel.into_owned());
    let filled = [channel, touch.source, touch.medium, touch.campaign, link.term, link.content];
    for (at, text) in filled.into_iter().enumerate() {
        event[pageviews::at::CHANNEL + at] = Slot::owned(text);
    }
}

/// Works out a session's columns and adds its row and its touchpoint.
fn finish_session<'a>(
    out: &mut Flattener,
    context: &Context<'a>,
    data: &Row<'a>,
    mut row: Row<'a>,
    events: &[Row<'a>],
    who: &Who<'a>,
) {
    use sessions::at;

    row[..at::PIXEL_ID].clone_from_slice(context.ids());
    row[at::RECEIVED_AT] = context.received_at.clone();
    row[at::CREATED_AT] = context.created_at().clone();
    if let Slot::Int(ended_ms) = data[event::at::ENDED_AT] {
        row[at::ENDED_AT] = Slot::Int(ended_ms);
    }
    row[at::FINALIZED_AT] = Slot::int(data[event::at::FINALIZED_AT].as_int());
    let times = row[at::ENDED_AT].as_int().zip(row[at::STARTED_AT].as_int());
    row[at::DURATION_MS] = Slot::int(times.map(|(ended, started)| ended - started));
    row[at::EVENT_COUNT] = Slot::int(data[event::at::EVENT_COUNT].as_int());
    let views = events.iter().filter(|e| e[pageviews::at::SIGNAL].as_text() == Some("pageview"));
    row[at::PAGEVIEW_COUNT] = Slot::int(i64::try_from(views.count()).ok());
    let last_url = events.iter().rev().find_map(|event| event[pageviews::at::URL].filled());
    row[at::EXIT_PAGE] = last_url.cloned().unwrap_or_default();
    row[at::LANDING_HOST] = row[at::LANDING_PAGE].derive(account::host_of);
    row[at::LANDING_PATH] = row[at::LANDING_PAGE].derive(path_of);
    row[at::REFERRER_HOST] = row[at::REFERRER].derive(account::referrer_host);
    let agent = row[at::USER_AGENT].as_filled().map(|text| out.agents.get(text));
    if let Some(agent) = &agent {
        row[at::BROWSER] = Slot::owned(agent.browser.clone());
        row[at::BROWSER + 1] = Slot::owned(agent.os.clone());
        row[at::BROWSER + 2] = Slot::text(agent.device);
    }
    row[at::IS_BOT] = Slot::Bool(identity::is_bot(
        row[at::VERIFIED_BOT].as_bool(),
        row[at::BOT_SCORE].as_int(),
        row[at::CORPORATE_PROXY].as_bool(),
        agent.is_some_and(|agent| agent.is_crawler()),
    ));
    row[at::PERSON_KEY] = who.person_key.clone();
    row[at::EMAIL] = who.email.clone();
    row[at::COMPANY_DOMAIN] = who.company_domain.clone();
    let click_id = fill_touch(out, &mut row);
    add_touch(out, context.date, &row, click_id, who);
    out.sessions.append(context.date, &[&row]);
}

/// Fills in what brought a session; returns the click id.
fn fill_touch(out: &Flattener, row: &mut Row<'_>) -> Option<String> {
    use sessions::at;

    let text = |index: usize| row[index].as_filled();
    let touch = out.channels.classify(&Signals {
        utm_source: text(at::UTM_SOURCE),
        utm_medium: text(at::UTM_SOURCE + 1),
        utm_campaign: text(at::UTM_SOURCE + 2),
        utm_term: text(at::UTM_SOURCE + 3),
        utm_content: text(at::UTM_SOURCE + 4),
        gclid: text(at::GCLID),
        fbclid: text(at::FBCLID),
        landing_page: text(at::LANDING_PAGE),
        referrer: text(at::REFERRER),
    });
    let Touch { channel, rule, source, medium, campaign, click_id, click_id_type } = touch;
    let filled = [
        Slot::owned(Some(channel.into_owned())),
        Slot::owned(Some(rule.into_owned())),
        Slot::owned(source),
        Slot::owned(medium),
        Slot::owned(campaign),
        Slot::text(click_id_type),
    ];
    for (place, slot) in row[at::CHANNEL..=at::CLICK_ID_TYPE].iter_mut().zip(filled) {
        *place = slot;
    }
    click_id
}

/// Adds a session's touchpoint; the order is that of the table's columns.
fn add_touch(
    out: &mut Flattener,
    date: i32,
    row: &Row<'_>,
    click_id: Option<String>,
    who: &Who<'_>,
) {
    use sessions::at;

    let by = [who.person_key.clone(), who.company_domain.clone()];
    let pieces = [
        &row[..4],
        &row[at::STARTED_AT..=at::STARTED_AT],
        &row[at::UTM_SOURCE..at::UTM_SOURCE + 5],
        &[Slot::owned(click_id)],
        &row[at::CLICK_ID_TYPE..=at::CLICK_ID_TYPE],
        &row[at::REFERRER..=at::REFERRER_HOST],
        &row[at::LANDING_PAGE..=at::LANDING_PAGE],
        &row[at::CHANNEL..=at::CHANNEL],
        &by,
        &row[at::IS_BOT..=at::IS_BOT],
        &row[at::CHANNEL + 1..at::CLICK_ID_TYPE],
        &row[at::LANDING_PATH..=at::LANDING_PATH],
        &row[at::FINALIZED_AT..=at::FINALIZED_AT],
    ];
    out.utm.append(date, &pieces);
}

fn path_of(url: &str) -> Option<Cow<'_, str>> {
    account::path_of(url).map(Cow::Borrowed)
}
