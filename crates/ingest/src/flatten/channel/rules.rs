//! The table: which channel a source, medium and campaign belong to.
//!
//! Read it from the top: the first row that holds decides. It is Google Analytics 4's default
//! channel group for manually tagged traffic
//! (<https://support.google.com/analytics/answer/9756891>), one row an alternative so that the
//! name of a row says what decided. Rows marked `DEFAULT_ONLY` and `STRICT_ONLY` are where
//! [`Grouping::Default`] departs from Google: a list of search engines may hold an AI assistant,
//! so assistants go first. Where an ad's click id came with the visit, it is paid for even if its
//! medium (`pmax`, `sponsored`) is none that Google's table knows: Google's own reports get such
//! visits by auto-tagging.

use super::Grouping;
use super::click_id::Ad;
use super::matchers::{is_paid_medium, is_shop_campaign, says_email};
use super::sources::{self, SourceKind, SourceKinds};
use super::{
    AFFILIATES, AI_ASSISTANT, AUDIO, CROSS_NETWORK, DIRECT, DISPLAY, EMAIL, MOBILE_PUSH,
    ORGANIC_SEARCH, ORGANIC_SHOPPING, ORGANIC_SOCIAL, ORGANIC_VIDEO, PAID_OTHER, PAID_SEARCH,
    PAID_SHOPPING, PAID_SOCIAL, PAID_VIDEO, REFERRAL, SMS, UNASSIGNED,
};

/// One row: the channel it gives, its name, and when it holds.
pub(super) struct DefaultRule {
    /// One of the channel names.
    pub(super) channel: &'static str,
    /// The name an answer carries for audit.
    pub(super) name: &'static str,
    holds: fn(&Facts<'_>) -> bool,
}

/// What the rows ask about; absent text is empty.
struct Facts<'a> {
    source: &'a str,
    medium: &'a str,
    campaign: &'a str,
    kinds: SourceKinds,
    is_paid: bool,
    is_display_click: bool,
    is_shop_campaign: bool,
    is_strict: bool,
}

const DISPLAY_MEDIUMS: &[&str] = &["display", "banner", "expandable", "interstitial", "cpm"];
const SOCIAL_MEDIUMS: &[&str] =
    &["social", "social-network", "social-media", "sm", "social network", "social media"];
const REFERRAL_MEDIUMS: &[&str] = &["referral", "app", "link"];

/// The rows in the order in which they are tried.
pub(super) const RULES: &[DefaultRule] = &[
    row(DIRECT, "direct", is_direct),
    row(CROSS_NETWORK, "cross_network", |f| f.campaign.contains("cross-network")),
    row(PAID_SHOPPING, "paid_shopping_source", |f| f.is_paid && f.kinds.has(SourceKind::Shopping)),
    row(PAID_SHOPPING, "paid_shopping_campaign", |f| f.is_paid && f.is_shop_campaign),
    row(PAID_SEARCH, "paid_search", |f| f.is_paid && f.kinds.has(SourceKind::Search)),
    row(PAID_SOCIAL, "paid_social", |f| f.is_paid && f.kinds.has(SourceKind::Social)),
    row(PAID_VIDEO, "paid_video", |f| f.is_paid && f.kinds.has(SourceKind::Video)),
    row(DISPLAY, "display", is_display),
    row(PAID_OTHER, "paid_other", |f| f.is_paid),
    row(ORGANIC_SHOPPING, "organic_shopping_source", |f| f.kinds.has(SourceKind::Shopping)),
    row(ORGANIC_SHOPPING, "organic_shopping_campaign", |f| f.is_shop_campaign),
    row(ORGANIC_SOCIAL, "organic_social_source", |f| f.kinds.has(SourceKind::Social)),
    row(ORGANIC_SOCIAL, "organic_social_medium", |f| SOCIAL_MEDIUMS.contains(&f.medium)),
    row(ORGANIC_VIDEO, "organic_video_source", |f| f.kinds.has(SourceKind::Video)),
    row(ORGANIC_VIDEO, "organic_video_medium", |f| f.medium.contains("video")),
    // DEFAULT_ONLY: before search, and by source as well as by medium.
    row(AI_ASSISTANT, "ai_assistant_medium", |f| !f.is_strict && f.medium == "ai-assistant"),
    row(AI_ASSISTANT, "ai_assistant_source", |f| !f.is_strict && f.kinds.has(SourceKind::Ai)),
    row(ORGANIC_SEARCH, "organic_search_source", |f| f.kinds.has(SourceKind::Search)),
    row(ORGANIC_SEARCH, "organic_search_medium", |f| f.medium == "organic"),
    // STRICT_ONLY: where Google has it.
    row(AI_ASSISTANT, "ai_assistant_ga4", |f| f.is_strict && f.medium == "ai-assistant"),
    row(REFERRAL, "referral", |f| REFERRAL_MEDIUMS.contains(&f.medium)),
    row(EMAIL, "email_source", |f| says_email(f.source)),
    row(EMAIL, "email_medium", |f| says_email(f.medium)),
    row(AFFILIATES, "affiliates", |f| f.medium == "affiliate"),
    row(AUDIO, "audio", |f| f.medium == "audio"),
    row(SMS, "sms_source", |f| f.source == "sms"),
    row(SMS, "sms_medium", |f| f.medium == "sms"),
    row(MOBILE_PUSH, "mobile_push_source", |f| f.source == "firebase"),
    row(MOBILE_PUSH, "mobile_push_medium", |f| is_push(f.medium)),
    row(UNASSIGNED, "unassigned", |_| true),
];

/// Gives the channel of normalised evidence, and the name of the row that decided.
///
/// `ad` is the ad that a click id proves, if one does.
pub(super) fn group_normal(
    source: Option<&str>,
    medium: Option<&str>,
    campaign: Option<&str>,
    ad: Option<Ad>,
    grouping: Grouping,
) -> (&'static str, &'static str) {
    let facts = Facts::new(source, medium, campaign, ad, grouping);
    let rule = RULES.iter().find(|rule| (rule.holds)(&facts));
    rule.map_or((UNASSIGNED, "unassigned"), |rule| (rule.channel, rule.name))
}

const fn row(
    channel: &'static str,
    name: &'static str,
    holds: fn(&Facts<'_>) -> bool,
) -> DefaultRule {
    DefaultRule { channel, name, holds }
}

impl<'a> Facts<'a> {
    fn new(
        source: Option<&'a str>,
        medium: Option<&'a str>,
        campaign: Option<&'a str>,
        ad: Option<Ad>,
        grouping: Grouping,
    ) -> Self {
        let source = source.unwrap_or_default();
        let medium = medium.unwrap_or_default();
        let campaign = campaign.unwrap_or_default();
        let is_strict = grouping == Grouping::Ga4Strict;
        // Google's own list goes before a medium, our additions to it give way.
        let is_sent = names_delivery(medium) && !is_paid_medium(medium);
        let kinds =
            if is_strict || is_sent { kinds_by_ga4(source) } else { kinds_by_all_lists(source) };
        // Ad products such as `google_ads` say by their name alone that a click was paid for.
        let is_ad_product = medium.is_empty() && kinds.has(SourceKind::Ads);
        let ad = ad.filter(|_| !is_strict && !names_channel(medium));
        Self {
            source,
            medium,
            campaign,
            kinds,
            is_paid: is_ad_product || is_paid_medium(medium) || ad == Some(Ad::Click),
            is_display_click: ad == Some(Ad::Display),
            is_shop_campaign: is_shop_campaign(campaign),
            is_strict,
        }
    }
}

/// A campaign without a source is a tagged link, and so not direct.
fn is_direct(facts: &Facts<'_>) -> bool {
    let is_unsaid = facts.source.is_empty() && facts.campaign.is_empty();
    facts.medium.is_empty() && (facts.source == "(direct)" || is_unsaid)
}

fn is_display(facts: &Facts<'_>) -> bool {
    facts.is_display_click || DISPLAY_MEDIUMS.contains(&facts.medium)
}

fn is_push(medium: &str) -> bool {
    medium.ends_with("push") || medium.contains("mobile") || medium.contains("notification")
}

/// Whether a medium says how a link was delivered, whoever's name is the source.
fn names_delivery(medium: &str) -> bool {
    says_email(medium) || matches!(medium, "affiliate" | "audio" | "sms") || is_push(medium)
}

/// Whether a row of the table goes by this medium, other than those of paid media.
pub(super) fn names_channel(medium: &str) -> bool {
    names_delivery(medium)
        || DISPLAY_MEDIUMS.contains(&medium)
        || matches!(medium, "organic" | "ai-assistant")
        || medium.contains("video")
        || SOCIAL_MEDIUMS.contains(&medium)
        || REFERRAL_MEDIUMS.contains(&medium)
}

fn kinds_by_ga4(source: &str) -> SourceKinds {
    sources::by_name(source).unwrap_or_default().ga4_kinds
}

/// Sources may be names or hosts; an ad product also is what its network is.
fn kinds_by_all_lists(source: &str) -> SourceKinds {
    let by_host = || {
        let host = source.strip_prefix("www.").unwrap_or(source);
        host.contains('.').then(|| sources::by_host(host)).flatten()
    };
    let entry = sources::by_name(source).or_else(by_host).unwrap_or_default();
    if entry.kinds.has(SourceKind::Ads) {
        let network = sources::by_name(entry.name).unwrap_or_default();
        return entry.kinds.or(network.kinds);
    }
    entry.kinds
}
