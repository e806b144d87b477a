//! Click ids: query parameters that ad networks and mailers add to the links they serve.
//!
//! Some prove that a click was paid for; others, such as Meta's `fbclid`, are added to every link.
//! When an address carries several, the first of [`SPECS`] wins, so that proof beats a hint.

use std::borrow::Cow;

use super::normalise;

/// What the presence of a click id proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    /// The link was tagged by its sender: an ad, a mailing or an affiliate programme.
    Tagged,
    /// The link passed through a network, which adds the id to paid and unpaid links alike.
    Seen,
}

/// The kind of ad that a click id proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ad {
    /// One that is paid for by the click, as a rule.
    Click,
    /// A banner or the like.
    Display,
}

/// A click id found on a visit.
#[derive(Clone, Debug)]
pub(super) struct ClickId<'a> {
    /// The query key, in lower case.
    pub(super) key: &'static str,
    /// The id, as it was sent.
    pub(super) value: Cow<'a, str>,
    /// Who issues such ids, by the name the source list uses.
    pub(super) source: &'static str,
    /// The medium the id stands for.
    pub(super) medium: &'static str,
    /// Whether the medium is certain.
    pub(super) proof: Proof,
}

impl ClickId<'_> {
    /// Returns the ad that it proves, if it does.
    pub(super) fn ad(&self) -> Option<Ad> {
        match (self.proof, self.medium) {
            (Proof::Tagged, "cpc") => Some(Ad::Click),
            (Proof::Tagged, "display") => Some(Ad::Display),
            _ => None,
        }
    }
}

struct Spec(&'static str, &'static str, &'static str, Proof);

/// Every known key with its source and medium, the strongest first.
///
/// `gclsrc`, `gad_source` and `gad_campaignid` only accompany Google's own ids, but are added by
/// Google Ads alone, so they still prove an ad when the id itself was lost on the way.
const SPECS: &[Spec] = &[
    Spec("gclid", "google", "cpc", Proof::Tagged),
    Spec("gbraid", "google", "cpc", Proof::Tagged),
    Spec("wbraid", "google", "cpc", Proof::Tagged),
    Spec("msclkid", "bing", "cpc", Proof::Tagged),
    Spec("yclid", "yandex", "cpc", Proof::Tagged),
    Spec("dclid", "google", "display", Proof::Tagged),
    Spec("li_fat_id", "linkedin", "cpc", Proof::Tagged),
    Spec("ttclid", "tiktok", "cpc", Proof::Tagged),
    Spec("twclid", "twitter", "cpc", Proof::Tagged),
    Spec("rdt_cid", "reddit", "cpc", Proof::Tagged),
    Spec("epik", "pinterest", "cpc", Proof::Tagged),
    Spec("sccid", "snapchat", "cpc", Proof::Tagged),
    Spec("qclid", "quora", "cpc", Proof::Tagged),
    Spec("ob_click_id", "outbrain", "cpc", Proof::Tagged),
    Spec("gclsrc", "google", "cpc", Proof::Tagged),
    Spec("gad_source", "google", "cpc", Proof::Tagged),
    Spec("gad_campaignid", "google", "cpc", Proof::Tagged),
    Spec("irclid", "impact", "affiliate", Proof::Tagged),
    Spec("_kx", "klaviyo", "email", Proof::Tagged),
    Spec("mc_cid", "mailchimp", "email", Proof::Tagged),
    Spec("mc_eid", "mailchimp", "email", Proof::Tagged),
    Spec("igshid", "instagram", "social", Proof::Seen),
    Spec("igsh", "instagram", "social", Proof::Seen),
    Spec("fbclid", "facebook", "social", Proof::Seen),
];

/// The strongest click id seen so far.
#[derive(Default)]
pub(super) struct Strongest<'a> {
    best: Option<(usize, Cow<'a, str>)>,
}

impl<'a> Strongest<'a> {
    /// Takes note of a query parameter, whatever the case of its key, if it is a click id.
    pub(super) fn consider(&mut self, key: &str, value: &'a str) {
        let Some(rank) = SPECS.iter().position(|spec| spec.0.eq_ignore_ascii_case(key)) else {
            return;
        };
        if self.best.as_ref().is_some_and(|(best, _)| *best <= rank) {
            return;
        }
        if let Some(value) = normalise::click_id(value) {
            self.best = Some((rank, value));
        }
    }

    /// Gives the winner.
    pub(super) fn finish(self) -> Option<ClickId<'a>> {
        let (rank, value) = self.best?;
        let Spec(key, source, medium, proof) = SPECS[rank];
        Some(ClickId { key, value, source, medium, proof })
    }
}
