//! Finds the source and medium of a visit: tags first, then click ids, then the referrer.
//!
//! Tags are the sender's own words and stand. A click id is the network's word: it fills what the
//! tags leave open, and proves an ad (`rules.rs`). A referrer only tells the last page, and the visitor's own site, payment pages,
//! log-ins and meeting schedulers are no origin at all.

use std::borrow::Cow;

use super::click_id::{Ad, ClickId, Proof, Strongest};
use super::matchers::is_paid_medium;
use super::rules::names_channel;
use super::sources::{self, SourceEntry, SourceKind};
use super::{Signals, normalise};
use crate::flatten::account::{host_of, path_of, referrer_host, registrable};

/// First labels of hosts where people read their mail, beside those that say so themselves.
const WEBMAIL_LABELS: &[&str] = &["owa", "roundcube", "zimbra"];
/// Google's networks of banners, by the names that the source list gives them.
const DISPLAY_NETWORKS: &[&str] = &["doubleclick", "google adsense"];

/// Normalised evidence of where a visit came from.
#[derive(Debug, Default)]
pub(super) struct Origin<'a> {
    /// Who sent the visitor.
    pub(super) source: Option<Cow<'a, str>>,
    /// How.
    pub(super) medium: Option<Cow<'a, str>>,
    /// The campaign, which only tags tell.
    pub(super) campaign: Option<Cow<'a, str>>,
    /// The strongest click id.
    pub(super) click: Option<ClickId<'a>>,
}

/// A source with its medium, as a click id or a referrer tells them.
type Sender<'a> = (Cow<'a, str>, &'static str);

/// Weighs the evidence of a visit.
pub(super) fn resolve<'a>(signals: &Signals<'a>) -> Origin<'a> {
    let mut origin = read_tags(signals);
    match (&origin.source, &origin.medium) {
        (Some(_), Some(_)) => {}
        (Some(_), None) => {
            // A tagged link that forgot its medium, but was clicked in an ad or a mailing.
            let click = origin.click.as_ref().filter(|click| click.proof == Proof::Tagged);
            origin.medium = click.map(|click| Cow::Borrowed(click.medium));
        }
        (None, Some(medium)) => {
            // Only the network of an ad is worth a guess: a mail read in a browser is still a mail.
            let is_ad = origin.click.as_ref().is_some_and(|click| click.ad().is_some());
            if is_paid_medium(medium) || is_ad && !names_channel(medium) {
                origin.source = sender(signals, origin.click.as_ref()).map(|(source, _)| source);
            }
        }
        (None, None) => {
            if let Some((source, medium)) = sender(signals, origin.click.as_ref()) {
                origin.source = Some(source);
                origin.medium = Some(Cow::Borrowed(medium));
            }
        }
    }
    origin
}

/// Reads one tag of a link's query.
pub(super) fn link_tag<'a>(url: &'a str, wanted: &str) -> Option<Cow<'a, str>> {
    let mut pairs = query_pairs(url).filter(|(key, _)| key.eq_ignore_ascii_case(wanted));
    pairs.find_map(|(_, value)| normalise::query_value(value))
}

/// Reads the tags and click ids of the payload, and those of the landing page where it has none.
fn read_tags<'a>(signals: &Signals<'a>) -> Origin<'a> {
    let mut origin = Origin {
        source: signals.utm_source.and_then(normalise::tag),
        medium: signals.utm_medium.and_then(normalise::tag),
        campaign: signals.utm_campaign.and_then(normalise::tag),
        click: None,
    };
    let mut click = Strongest::default();
    if let Some(value) = signals.gclid {
        click.consider("gclid", value);
    }
    if let Some(value) = signals.fbclid {
        click.consider("fbclid", value);
    }
    for (key, value) in signals.landing_page.map(query_pairs).into_iter().flatten() {
        let tag = match key.len() {
            10 if key.eq_ignore_ascii_case("utm_source") => &mut origin.source,
            10 if key.eq_ignore_ascii_case("utm_medium") => &mut origin.medium,
            12 if key.eq_ignore_ascii_case("utm_campaign") => &mut origin.campaign,
            _ => {
                click.consider(key, value);
                continue;
            }
        };
        if tag.is_none() {
            *tag = normalise::query_value(value);
        }
    }
    origin.click = click.finish();
    origin
}

/// Cuts the query of an address into keys and values, still encoded.
fn query_pairs(url: &str) -> impl Iterator<Item = (&str, &str)> {
    let url = url.split_once('#').map_or(url, |(before, _)| before);
    let query = url.split_once('?').map_or("", |(_, query)| query);
    // Links copied out of HTML source carry `&amp;` between their parameters.
    query.split('&').filter_map(|pair| pair.strip_prefix("amp;").unwrap_or(pair).split_once('='))
}

/// The sender of a visit without tags.
fn sender<'a>(signals: &Signals<'a>, click: Option<&ClickId<'a>>) -> Option<Sender<'a>> {
    match click {
        None => from_referrer(signals),
        Some(click) if click.proof == Proof::Tagged => Some(by_click_id(signals, click)),
        // Meta adds one and the same id on all its networks; the referrer knows which it was.
        Some(click) => {
            let network = from_referrer(signals).map(|(source, _)| source).filter(|source| {
                sources::by_name(source).is_some_and(|entry| entry.kinds.has(SourceKind::Social))
            });
            Some((network.unwrap_or(Cow::Borrowed(click.source)), click.medium))
        }
    }
}

/// The sender that a click id proves. Google's ads all carry the same ids, wherever they are shown,
/// so the page that showed it knows better what kind of ad it was.
fn by_click_id<'a>(signals: &Signals<'a>, click: &ClickId<'a>) -> Sender<'a> {
    let by_id = (Cow::Borrowed(click.source), click.medium);
    if click.source != "google" || click.ad() != Some(Ad::Click) {
        return by_id;
    }
    let Some((page, _)) = from_referrer(signals) else { return by_id };
    let kinds = sources::by_name(&page).unwrap_or_default().kinds;
    if kinds.has(SourceKind::Video) {
        (page, click.medium)
    } else if DISPLAY_NETWORKS.contains(&page.as_ref()) {
        (Cow::Borrowed(click.source), "display")
    } else {
        by_id
    }
}

fn from_referrer<'a>(signals: &Signals<'a>) -> Option<Sender<'a>> {
    let referrer = signals.referrer?;
    let host = referrer_host(referrer)?;
    let Some(path) = path_of(referrer) else {
        // Only an app has a host but no path.
        return from_app(host);
    };
    if is_own_site(&host, signals.landing_page) {
        return None;
    }
    match sources::by_page(&host, path).or_else(|| sources::by_host(&host)) {
        Some(entry) => medium_of(entry).map(|medium| (Cow::Borrowed(entry.name), medium)),
        None if is_webmail(&host) => Some((host, "email")),
        None => Some((host, "referral")),
    }
}

fn from_app(bundle: Cow<'_, str>) -> Option<Sender<'_>> {
    let Some(app) = sources::by_name(&bundle) else {
        return Some((bundle, "app"));
    };
    let medium = if app.kinds.has(SourceKind::App) {
        sources::by_name(app.name).map_or(Some("app"), medium_of)?
    } else {
        medium_of(app)?
    };
    Some((Cow::Borrowed(app.name), medium))
}

/// The medium of a visit from a known site; `None` for those that are no origin.
fn medium_of(entry: SourceEntry) -> Option<&'static str> {
    let kinds = entry.kinds;
    if kinds.has(SourceKind::Ignored) {
        return None;
    }
    let order = [
        (SourceKind::Ai, "ai-assistant"),
        (SourceKind::Email, "email"),
        (SourceKind::Ads, "paid"),
        (SourceKind::Search, "organic"),
        (SourceKind::App, "app"),
    ];
    let medium = order.iter().find(|(kind, _)| kinds.has(*kind)).map(|(_, medium)| *medium);
    Some(medium.unwrap_or("referral"))
}

fn is_own_site(host: &str, landing_page: Option<&str>) -> bool {
    let Some(own) = landing_page.and_then(host_of) else {
        return false;
    };
    if *host == *own {
        return true;
    }
    // One registrable domain means the same last labels, and those are cheap to compare.
    host.rsplit('.').take(2).eq(own.rsplit('.').take(2))
        && registrable(host).is_some_and(|domain| registrable(&own) == Some(domain))
}

/// Whether a host's first label says that mail is read there: `mail01.orange.fr`,
/// `email.ionos.de`, `lightmailer-bs.gmx.net`. A domain of such a name, `mailtrap.io`, does not.
fn is_webmail(host: &str) -> bool {
    let Some((label, _)) = host.split_once('.') else { return false };
    let says_so = ["mail", "email", "webmail"].iter().any(|start| label.starts_with(start))
        || label.ends_with("mail")
        || label.contains("mailer")
        || WEBMAIL_LABELS.contains(&label);
    says_so && registrable(host).is_some_and(|domain| domain.len() < host.len())
}
