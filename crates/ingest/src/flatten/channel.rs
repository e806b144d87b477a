//! Which marketing channel brought a visit, decided once, when an event is flattened.
//!
//! Three orders decide, each in its own file. `user.rs` holds rules of the user's own, which go
//! before the table. `resolve.rs` finds the source and medium: what the link
//! was tagged with, else the click id an advertiser's system added, else the referrer. `rules.rs`
//! holds the table that turns them into a channel: Google Analytics 4's default channel group, with
//! AI assistants told apart from search engines. `click_id.rs` knows the click ids and
//! `sources.tsv` the names and hosts. Each answer says which rule gave it, for audit.
//!
//! The table follows <https://support.google.com/analytics/answer/9756891>.

mod click_id;
mod matchers;
mod normalise;
mod resolve;
mod rules;
mod sources;
mod user;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

pub use user::UserRule;

use click_id::{Ad, ClickId};
use resolve::Origin;

/// Visits without any evidence of an origin.
pub const DIRECT: &str = "Direct";
/// Campaigns that run on several networks at once, such as Performance Max.
pub const CROSS_NETWORK: &str = "Cross-network";
/// Ads on shopping sites or for shopping campaigns.
pub const PAID_SHOPPING: &str = "Paid Shopping";
/// Ads on search engines.
pub const PAID_SEARCH: &str = "Paid Search";
/// Ads on social networks.
pub const PAID_SOCIAL: &str = "Paid Social";
/// Ads on video sites.
pub const PAID_VIDEO: &str = "Paid Video";
/// Banners and other display ads.
pub const DISPLAY: &str = "Display";
/// Ads on any other site.
pub const PAID_OTHER: &str = "Paid Other";
/// Unpaid visits from shopping sites.
pub const ORGANIC_SHOPPING: &str = "Organic Shopping";
/// Unpaid visits from social networks.
pub const ORGANIC_SOCIAL: &str = "Organic Social";
/// Unpaid visits from video sites.
pub const ORGANIC_VIDEO: &str = "Organic Video";
/// Visits from the answers of an AI assistant.
pub const AI_ASSISTANT: &str = "AI Assistant";
/// Unpaid visits from search engines.
pub const ORGANIC_SEARCH: &str = "Organic Search";
/// Links on other websites and in apps.
pub const REFERRAL: &str = "Referral";
/// Links in e-mails.
pub const EMAIL: &str = "Email";
/// Affiliate links.
pub const AFFILIATES: &str = "Affiliates";
/// Podcasts and other audio.
pub const AUDIO: &str = "Audio";
/// Text messages.
pub const SMS: &str = "SMS";
/// Push notifications on mobile devices.
pub const MOBILE_PUSH: &str = "Mobile Push Notifications";
/// Visits whose evidence no rule knows.
pub const UNASSIGNED: &str = "Unassigned";

/// Every channel, in the order in which [`Grouping::Default`] tries them.
pub const CHANNELS: &[&str] = &[
    DIRECT,
    CROSS_NETWORK,
    PAID_SHOPPING,
    PAID_SEARCH,
    PAID_SOCIAL,
    PAID_VIDEO,
    DISPLAY,
    PAID_OTHER,
    ORGANIC_SHOPPING,
    ORGANIC_SOCIAL,
    ORGANIC_VIDEO,
    AI_ASSISTANT,
    ORGANIC_SEARCH,
    REFERRAL,
    EMAIL,
    AFFILIATES,
    AUDIO,
    SMS,
    MOBILE_PUSH,
    UNASSIGNED,
];

/// Which table turns a source and a medium into a channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Grouping {
    /// Google's table with wider source lists, hosts that inherit from their parent domain, and AI
    /// assistants before search engines.
    #[default]
    Default,
    /// Google's table and source list to the letter, for figures that match a GA4 report.
    Ga4Strict,
}

impl std::str::FromStr for Grouping {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "default" => Ok(Self::Default),
            "ga4-strict" | "ga4_strict" => Ok(Self::Ga4Strict),
            _ => Err("use default or ga4-strict".to_owned()),
        }
    }
}

/// The evidence of a visit's origin, as the event gives it; nothing has to be clean.
#[derive(Clone, Copy, Debug, Default)]
pub struct Signals<'a> {
    /// The `utm.source` of the event.
    pub utm_source: Option<&'a str>,
    /// The `utm.medium` of the event.
    pub utm_medium: Option<&'a str>,
    /// The `utm.campaign` of the event.
    pub utm_campaign: Option<&'a str>,
    /// The `utm.term` of the event.
    pub utm_term: Option<&'a str>,
    /// The `utm.content` of the event.
    pub utm_content: Option<&'a str>,
    /// The Google Ads click id of the event.
    pub gclid: Option<&'a str>,
    /// The Meta click id of the event.
    pub fbclid: Option<&'a str>,
    /// The address of the first page, whose query may hold more UTM values and click ids.
    pub landing_page: Option<&'a str>,
    /// The address the visitor came from.
    pub referrer: Option<&'a str>,
}

/// Where a visit came from. Text is trimmed and in lower case, but for the click id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Touch {
    /// One of [`CHANNELS`], or of the user's.
    pub channel: Cow<'static, str>,
    /// The rule that gave the channel: of the table, such as `paid_search`, or the user's.
    pub rule: Cow<'static, str>,
    /// Who sent the visitor: a UTM source, the owner of a click id, or a site's name or host.
    pub source: Option<String>,
    /// How: a UTM medium, or `cpc`, `organic`, `social`, `ai-assistant`, `referral` and the like.
    pub medium: Option<String>,
    /// The UTM campaign.
    pub campaign: Option<String>,
    /// The strongest click id, as it was sent.
    pub click_id: Option<String>,
    /// The query key of `click_id`, such as `gclid`.
    pub click_id_type: Option<&'static str>,
}

/// How visits are put into channels.
#[derive(Clone, Debug, Default)]
pub struct Channels {
    /// The table.
    pub grouping: Grouping,
    /// The user's rules, tried first.
    pub rules: Vec<UserRule>,
}

impl Channels {
    /// Classifies a visit: finds its source and medium, then the channel they belong to.
    #[must_use]
    pub fn classify(&self, signals: &Signals<'_>) -> Touch {
        let origin = resolve::resolve(signals);
        let ad = origin.click.as_ref().and_then(ClickId::ad);
        self.group(signals, origin, ad)
    }

    /// Classifies what money was spent on, by its tags. Spend proves an ad as its click id does, so
    /// it lies on the channel of the visits that it brings.
    #[must_use]
    pub fn classify_spend(&self, signals: &Signals<'_>) -> Touch {
        self.group(signals, resolve::resolve(signals), Some(Ad::Click))
    }

    fn group(&self, signals: &Signals<'_>, origin: Origin<'_>, ad: Option<Ad>) -> Touch {
        let by_user = self.rules.iter().position(|rule| rule.holds(signals, &origin));
        let (channel, rule) = match by_user {
            Some(at) => {
                let rule = &self.rules[at];
                (Cow::Owned(rule.channel().to_owned()), Cow::Owned(rule.name(at)))
            }
            None => {
                let (channel, rule) = rules::group_normal(
                    origin.source.as_deref(),
                    origin.medium.as_deref(),
                    origin.campaign.as_deref(),
                    ad,
                    self.grouping,
                );
                (Cow::Borrowed(channel), Cow::Borrowed(rule))
            }
        };
        touch(channel, rule, origin)
    }

    /// Classifies the address of a page by its own tags and click ids; `None` if it has none.
    #[must_use]
    pub fn classify_link(&self, url: &str) -> Option<Link> {
        if !url.contains('?') {
            return None;
        }
        let signals = Signals { landing_page: Some(url), ..Signals::default() };
        let touch = self.classify(&signals);
        let is_tagged = touch.source.is_some()
            || touch.medium.is_some()
            || touch.campaign.is_some()
            || touch.click_id.is_some();
        is_tagged.then(|| Link {
            touch,
            term: resolve::link_tag(url, "utm_term").map(Into::into),
            content: resolve::link_tag(url, "utm_content").map(Into::into),
        })
    }
}

/// Classifies a visit with the default table alone.
#[must_use]
pub fn classify(signals: &Signals<'_>) -> Touch {
    Channels::default().classify(signals)
}

fn touch(channel: Cow<'static, str>, rule: Cow<'static, str>, origin: Origin<'_>) -> Touch {
    let (click_id, click_id_type) =
        origin.click.map(|click| (click.value.into_owned(), click.key)).unzip();
    Touch {
        channel,
        rule,
        source: origin.source.map(Into::into),
        medium: origin.medium.map(Into::into),
        campaign: origin.campaign.map(Into::into),
        click_id,
        click_id_type,
    }
}

/// Where a link inside a visit says that it leads from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// What it carries.
    pub touch: Touch,
    /// The UTM term.
    pub term: Option<String>,
    /// The UTM content.
    pub content: Option<String>,
}

/// Gives the channel of a source, medium and campaign, and the name of the rule that decided.
///
/// Case and outer blanks do not matter; an empty text, `(not set)`, `null` and `undefined` count as
/// absent. All three absent is [`DIRECT`].
#[must_use]
pub fn group(
    source: Option<&str>,
    medium: Option<&str>,
    campaign: Option<&str>,
    grouping: Grouping,
) -> (&'static str, &'static str) {
    let source = source.and_then(normalise::plain);
    let medium = medium.and_then(normalise::plain);
    let campaign = campaign.and_then(normalise::plain);
    let (source, medium, campaign) = (source.as_deref(), medium.as_deref(), campaign.as_deref());
    rules::group_normal(source, medium, campaign, None, grouping)
}
