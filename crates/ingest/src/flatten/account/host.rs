//! Hosts and paths cut out of addresses without a full URL parse.
//!
//! Every event asks for a few hosts, and nearly all of them are plain ASCII in lower case, so the
//! common path only looks for delimiters and borrows. The `url` crate is asked only for hosts
//! that are not ASCII, which it turns into punycode.

use std::borrow::Cow;
use std::net::{Ipv4Addr, Ipv6Addr};

/// The longest name DNS allows, in bytes.
const HOST_BYTES_MAX: usize = 253;

/// Gives the host of a web address, in lower case, without user, port and trailing dot.
///
/// `http://`, `https://` and `//` addresses may hold any host, `localhost` and IP addresses too
/// (IPv6 keeps its brackets). Without a scheme (`acme.com/about`, as company records have it) the
/// host needs a dot and a top-level domain with a letter. Everything else is `None`.
#[must_use]
pub fn host_of(url: &str) -> Option<Cow<'_, str>> {
    let (authority, _) = split(url)?;
    match authority {
        Authority::Explicit(text) => clean(text.rsplit_once('@').map_or(text, |(_, host)| host)),
        Authority::Bare(text) => clean(text).filter(|host| looks_like_a_domain(host)),
    }
}

/// Gives the path of a web address, `/` when it has none, without query and fragment.
///
/// A path alone (`/pricing?plan=1`) is accepted, because some events hold just that.
#[must_use]
pub fn path_of(url: &str) -> Option<&str> {
    let trimmed = url.trim();
    if trimmed.starts_with('/') && !trimmed.starts_with("//") {
        return Some(without_query(trimmed));
    }
    host_of(trimmed)?;
    let (_, rest) = split(trimmed)?;
    let path = without_query(rest);
    Some(if path.is_empty() { "/" } else { path })
}

/// Gives the host a referrer names: lower case, without `www.`; an Android app gives its bundle id
/// (`android-app://com.linkedin.android/` → `com.linkedin.android`).
#[must_use]
pub fn referrer_host(url: &str) -> Option<Cow<'_, str>> {
    let trimmed = url.trim();
    if let Some(rest) = strip_prefix_ignore_case(trimmed, "android-app:") {
        let bundle = rest.trim_start_matches('/');
        return clean(&bundle[..bundle.find(['/', '?', '#']).unwrap_or(bundle.len())]);
    }
    host_of(trimmed).map(without_www)
}

/// Checks a bare host and brings it to lower case; a port and trailing dots are dropped.
pub(crate) fn clean(host: &str) -> Option<Cow<'_, str>> {
    let host = host.trim();
    if host.starts_with('[') {
        let end = host.find(']')?;
        let is_sound = host[1..end].parse::<Ipv6Addr>().is_ok() && is_port(&host[end + 1..]);
        return is_sound.then(|| lower(&host[..=end]));
    }
    let host = match host.split_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        Some(_) => return None,
        None => host,
    };
    let host = host.trim_end_matches('.');
    if !host.is_ascii() {
        return match url::Host::parse(host).ok()? {
            url::Host::Domain(name) if is_valid(&name) => Some(Cow::Owned(name)),
            _ => None,
        };
    }
    is_valid(host).then(|| lower(host))
}

/// Whether a clean host is an IPv4 address.
pub(crate) fn is_ipv4(host: &str) -> bool {
    host.parse::<Ipv4Addr>().is_ok()
}

/// Drops a leading `www.` as long as a domain is left.
pub(crate) fn without_www(host: Cow<'_, str>) -> Cow<'_, str> {
    let is_www = host.strip_prefix("www.").is_some_and(|rest| rest.contains('.'));
    match host {
        Cow::Borrowed(text) if is_www => Cow::Borrowed(&text[4..]),
        Cow::Owned(text) if is_www => Cow::Owned(text[4..].to_owned()),
        other => other,
    }
}

/// The part of an address that holds its host; one without a scheme has more to prove.
enum Authority<'a> {
    Explicit(&'a str),
    Bare(&'a str),
}

/// Cuts an address into its authority and all that follows it.
fn split(url: &str) -> Option<(Authority<'_>, &str)> {
    let url = url.trim();
    let after_scheme = strip_prefix_ignore_case(url, "https://")
        .or_else(|| strip_prefix_ignore_case(url, "http://"))
        .or_else(|| url.strip_prefix("//"));
    let text = after_scheme.unwrap_or(url);
    let end = text.find(['/', '?', '#']).unwrap_or(text.len());
    let (authority, rest) = text.split_at(end);
    if authority.is_empty() {
        return None;
    }
    match after_scheme {
        Some(_) => Some((Authority::Explicit(authority), rest)),
        None => Some((Authority::Bare(authority), rest)),
    }
}

fn without_query(rest: &str) -> &str {
    &rest[..rest.find(['?', '#']).unwrap_or(rest.len())]
}

fn strip_prefix_ignore_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then(|| &text[prefix.len()..])
}

fn is_port(rest: &str) -> bool {
    rest.is_empty()
        || rest.strip_prefix(':').is_some_and(|port| port.bytes().all(|b| b.is_ascii_digit()))
}

fn is_valid(host: &str) -> bool {
    let is_host_byte = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    host.len() <= HOST_BYTES_MAX
        && host.split('.').all(|label| !label.is_empty() && label.bytes().all(is_host_byte))
}

/// Without a scheme `1.5`, `n/a` or a first name must not pass for a website.
fn looks_like_a_domain(host: &str) -> bool {
    is_ipv4(host)
        || host
            .rsplit_once('.')
            .is_some_and(|(_, top)| top.len() > 1 && top.bytes().any(|b| b.is_ascii_alphabetic()))
}

fn lower(text: &str) -> Cow<'_, str> {
    if text.bytes().any(|b| b.is_ascii_uppercase()) {
        Cow::Owned(text.to_ascii_lowercase())
    } else {
        Cow::Borrowed(text)
    }
}
