//! The index of known sources: which names and hosts are search engines, social networks and so on.
//!
//! The facts live in `sources.tsv`. A host is looked up as it is, then by its parent domains, then
//! by its brand under any public suffix (`google.*`), so that no list of countries is needed.

use std::collections::HashMap;
use std::sync::LazyLock;

/// What a source is. The discriminant is its bit in [`SourceKinds`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SourceKind {
    Search,
    Social,
    Shopping,
    Video,
    Ai,
    Email,
    Ads,
    App,
    Referral,
    Ignored,
}

/// A set of [`SourceKind`]s; a webmail host of a search engine is both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct SourceKinds(u16);

impl SourceKinds {
    fn only(kind: SourceKind) -> Self {
        Self(1 << kind as u16)
    }

    pub(super) fn has(self, kind: SourceKind) -> bool {
        self.0 & Self::only(kind).0 != 0
    }

    pub(super) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// What is known of a source.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SourceEntry {
    /// What the source is by all lists.
    pub(super) kinds: SourceKinds,
    /// What it is by Google's own list.
    pub(super) ga4_kinds: SourceKinds,
    /// The name it goes by.
    pub(super) name: &'static str,
}

/// Labels that lead to the search pages of an engine, beside country codes and the like. Other
/// sub-domains (`drive.google.com`, `finance.yahoo.com`) are ordinary sites.
const SEARCH_LABELS: &[&str] = &[
    "clck",
    "cse",
    "encrypted",
    "html",
    "image",
    "images",
    "ipv6",
    "lens",
    "lite",
    "maps",
    "mobile",
    "news",
    "safe",
    "scholar",
    "search",
    "video",
    "videos",
    "wap",
    "www",
];

struct SourceIndex {
    /// Names and hosts.
    exact: HashMap<&'static str, SourceEntry>,
    /// Hosts without their public suffix.
    brands: HashMap<&'static str, SourceEntry>,
    /// Hosts with the beginning of a path.
    pages: Vec<(&'static str, &'static str, SourceEntry)>,
}

static INDEX: LazyLock<SourceIndex> = LazyLock::new(|| {
    let mut index =
        SourceIndex { exact: HashMap::new(), brands: HashMap::new(), pages: Vec::new() };
    for line in include_str!("sources.tsv").lines().filter(|line| !line.starts_with('#')) {
        let (key, entry) = parse_line(line).expect("the shipped list is checked by a test");
        if let Some(brand) = key.strip_suffix(".*") {
            merge(index.brands.entry(brand).or_default(), entry);
        } else if let Some(slash) = key.find('/') {
            index.pages.push((&key[..slash], &key[slash..], entry));
        } else {
            merge(index.exact.entry(key).or_default(), entry);
        }
    }
    index
});

/// Looks up a source by its exact name.
pub(super) fn by_name(name: &str) -> Option<SourceEntry> {
    INDEX.exact.get(name).copied()
}

/// Looks up a host (lower case, no `www.`), then its parent domains, then its brand.
pub(super) fn by_host(host: &str) -> Option<SourceEntry> {
    let index = &*INDEX;
    if let Some(entry) = index.exact.get(host) {
        return Some(*entry);
    }
    // A name without a dot is no domain: `foo.social` must not inherit from the name `social`.
    let parents = parents(host).filter(|(_, parent)| parent.contains('.'));
    for (child, parent) in parents {
        if let Some(entry) = index.exact.get(parent) {
            return inherits(*entry, child).then_some(*entry);
        }
    }
    by_brand(host)
}

/// Looks up a page, for the few hosts of which a part is something else than the rest.
pub(super) fn by_page(host: &str, path: &str) -> Option<SourceEntry> {
    let is_under = |start: &str| {
        path.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let page = INDEX.pages.iter().find(|page| page.0 == host && is_under(page.1))?;
    Some(page.2)
}

fn by_brand(host: &str) -> Option<SourceEntry> {
    // Finding a public suffix costs more than all the rest, so hosts without a brand leave early.
    if !host.split('.').any(|label| INDEX.brands.contains_key(label)) {
        return None;
    }
    let suffix = psl::suffix(host.as_bytes())?;
    // Anyone can register `google` below a private suffix such as `github.io`.
    if suffix.typ() == Some(psl::Type::Private) {
        return None;
    }
    let stem = host[..host.len().checked_sub(suffix.as_bytes().len())?].strip_suffix('.')?;
    if let Some(entry) = INDEX.brands.get(stem) {
        return Some(*entry);
    }
    for (child, parent) in parents(stem) {
        if let Some(entry) = INDEX.brands.get(parent) {
            return inherits(*entry, child).then_some(*entry);
        }
    }
    None
}

/// Every way to cut a host into leading labels and a parent domain, the longest parent first.
fn parents(host: &str) -> impl Iterator<Item = (&str, &str)> {
    host.match_indices('.').map(|(at, _)| (&host[..at], &host[at + 1..]))
}

/// Whether a parent's entry holds for the sub-domain `child` as well.
fn inherits(parent: SourceEntry, child: &str) -> bool {
    !parent.kinds.has(SourceKind::Search)
        || parent.kinds.has(SourceKind::Ignored)
        || child.split('.').all(is_search_label)
}

/// Whether a label leads to an engine's search pages: `de`, `images`, and the numbered servers
/// `www2` (Google), `yhs4` (Yahoo) and `s2-eu4` (Startpage's proxies).
fn is_search_label(label: &str) -> bool {
    let is_numbered = |rest: &str| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit());
    let is_proxy = || {
        let (server, region) = label.strip_prefix('s')?.split_once('-')?;
        Some(is_numbered(server) && region.len() <= 3)
    };
    label.len() <= 2
        || SEARCH_LABELS.contains(&label)
        || label.strip_prefix("www").is_some_and(is_numbered)
        || label.starts_with("yhs")
        || is_proxy() == Some(true)
}

/// A key listed twice is all that its lines say; the later line names it.
fn merge(entry: &mut SourceEntry, other: SourceEntry) {
    entry.kinds = entry.kinds.or(other.kinds);
    entry.ga4_kinds = entry.ga4_kinds.or(other.ga4_kinds);
    entry.name = other.name;
}

/// Parses `kind⇥key⇥name`; a kind that ends in `+` is not on Google's own list.
fn parse_line(line: &'static str) -> Option<(&'static str, SourceEntry)> {
    let (kind, rest) = line.split_once('\t')?;
    let (key, name) = rest.split_once('\t')?;
    let kinds = SourceKinds::only(parse_kind(kind.trim_end_matches('+'))?);
    let is_ga4 = matches!(kind, "search" | "social" | "shopping" | "video");
    let ga4_kinds = if is_ga4 { kinds } else { SourceKinds::default() };
    let name = if name.is_empty() { key } else { name };
    Some((key, SourceEntry { kinds, ga4_kinds, name }))
}

fn parse_kind(text: &str) -> Option<SourceKind> {
    Some(match text {
        "search" => SourceKind::Search,
        "social" => SourceKind::Social,
        "shopping" => SourceKind::Shopping,
        "video" => SourceKind::Video,
        "ai" => SourceKind::Ai,
        "email" => SourceKind::Email,
        "ads" => SourceKind::Ads,
        "app" => SourceKind::App,
        "referral" => SourceKind::Referral,
        "ignored" => SourceKind::Ignored,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{INDEX, SourceKind, by_host, parse_line};

    #[test]
    fn every_line_of_the_list_parses() {
        let lines = include_str!("sources.tsv").lines().filter(|line| !line.starts_with('#'));
        for line in lines {
            assert!(parse_line(line).is_some(), "{line}");
            assert_eq!(line.matches('\t').count(), 2, "{line}");
            assert_eq!(line, line.to_lowercase());
        }
    }

    #[test]
    fn every_brand_ends_in_a_label_that_is_a_brand() {
        for brand in INDEX.brands.keys() {
            let label = brand.rsplit('.').next().unwrap();
            assert!(INDEX.brands.contains_key(label), "{brand}");
        }
    }

    #[test]
    fn hosts_inherit_with_care() {
        let check = |host: &str, expected: Option<(SourceKind, &str)>| {
            let entry = by_host(host);
            assert_eq!(entry.map(|entry| entry.name), expected.map(|(_, name)| name), "{host}");
            if let (Some(entry), Some((kind, _))) = (entry, expected) {
                assert!(entry.kinds.has(kind), "{host}");
            }
        };
        check("google.com", Some((SourceKind::Search, "google")));
        check("google.co.uk", Some((SourceKind::Search, "google")));
        check("images.google.com.br", Some((SourceKind::Search, "google")));
        check("drive.google.com", None);
        check("google.github.io", None);
        check("mail.google.com", Some((SourceKind::Email, "gmail")));
        check("accounts.google.de", Some((SourceKind::Ignored, "accounts.google.*")));
        check("uk.search.yahoo.com", Some((SourceKind::Search, "yahoo")));
        check("finance.yahoo.com", None);
        check("uk.linkedin.com", Some((SourceKind::Social, "linkedin")));
        check("acme.wordpress.com", Some((SourceKind::Social, "wordpress")));
        check("amazon.de", Some((SourceKind::Shopping, "amazon")));
        check("console.aws.amazon.com", Some((SourceKind::Referral, "aws.amazon.com")));
        check("foo.social", None);
        check("com", None);
        check("", None);
    }
}
