//! Which company a visitor belongs to, and the cheap host parsing the rest of the crate shares.
//!
//! An account is a registrable domain (eTLD+1 by the Public Suffix List), because `mail.acme.co.uk`
//! and `www.acme.co.uk` are one customer. A mailbox anyone can sign up for names no company, so
//! free mail domains are passed over. Garbage gives `None`, never a panic.

mod freemail;
mod host;

pub use freemail::is_freemail;
pub use host::{host_of, path_of, referrer_host};

/// Sites on which anyone has a page, a profile or a short link: one of them as a company's address
/// says nothing about who the company is.
const PROFILE_SITES: &[&str] = &[
    "about.me",
    "angel.co",
    "behance.net",
    "bit.ly",
    "bitbucket.org",
    "bsky.app",
    "crunchbase.com",
    "dribbble.com",
    "facebook.com",
    "fb.com",
    "fb.me",
    "g.page",
    "github.com",
    "gitlab.com",
    "glassdoor.com",
    "goo.gl",
    "instagram.com",
    "kununu.com",
    "linkedin.com",
    "linktr.ee",
    "lnkd.in",
    "medium.com",
    "pinterest.com",
    "t.co",
    "t.me",
    "threads.com",
    "threads.net",
    "tiktok.com",
    "tinyurl.com",
    "twitter.com",
    "vimeo.com",
    "vk.com",
    "wa.me",
    "wellfound.com",
    "wikipedia.org",
    "x.com",
    "xing.com",
    "yelp.com",
    "youtu.be",
    "youtube.com",
    "zoominfo.com",
];

/// Gives the registrable domain (eTLD+1) of a host, in lower case.
///
/// A port and trailing dots are dropped. IP addresses, single labels and bare public suffixes give
/// `None`. A host that is itself a private suffix (`github.io`) is its own registrable domain,
/// since a company owns it. Source: <https://publicsuffix.org/list/>.
#[must_use]
pub fn registrable_domain(host: &str) -> Option<String> {
    let host = host::clean(host)?;
    registrable(&host).map(str::to_owned)
}

/// Gives the domain of an e-mail address in lower case, or `None` when it is not an address.
#[must_use]
pub fn email_domain(email: &str) -> Option<String> {
    let (user, domain) = email.trim().rsplit_once('@')?;
    if user.is_empty() || user.contains(|c: char| c.is_whitespace() || c == '@') {
        return None;
    }
    let domain = host::clean(domain)?;
    (domain.contains('.') && !domain.contains(':')).then(|| domain.into_owned())
}

/// Picks the account of a visitor: the registrable domain of the best evidence at hand.
///
/// The order is the domain of `email` unless it is free mail, then the first usable entry of
/// `current_employment`, then the first usable entry of `companies`. Both lists hold domains or
/// website addresses; one of a site of profiles (`linkedin.com/company/acme`) is skipped.
#[must_use]
pub fn account_domain(
    email: Option<&str>,
    current_employment: &[Option<&str>],
    companies: &[Option<&str>],
) -> Option<String> {
    if let Some(domain) = email.and_then(email_domain).filter(|domain| !is_freemail(domain))
        && let Some(account) = registrable(&domain)
    {
        return Some(account.to_owned());
    }
    current_employment.iter().chain(companies).flatten().find_map(|site| site_domain(site))
}

/// Whether an address belongs to a site of profiles, `linkedin.com/company/acme`.
#[must_use]
pub fn is_profile(site: &str) -> bool {
    let host = host_of(site);
    host.as_deref().and_then(registrable).is_some_and(|domain| PROFILE_SITES.contains(&domain))
}

/// Gives the registrable domain of a company's domain or website, unless it is a site of profiles.
#[must_use]
pub fn site_domain(site: &str) -> Option<String> {
    let host = host_of(site)?;
    let domain = registrable(&host)?;
    (!PROFILE_SITES.contains(&domain)).then(|| domain.to_owned())
}

/// The registrable part of a host that is already clean, borrowed from it.
pub(crate) fn registrable(host: &str) -> Option<&str> {
    if host.starts_with('[') || !host.contains('.') || host::is_ipv4(host) {
        return None;
    }
    if let Some(domain) = psl::domain_str(host) {
        return Some(domain);
    }
    let suffix = psl::suffix(host.as_bytes())?;
    (suffix.typ() == Some(psl::Type::Private)).then_some(host)
}

#[cfg(test)]
mod tests;
