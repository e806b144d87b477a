//! Who a visitor is, and whether there is a person at all.
//!
//! A person's key is the plain value of the strongest identifier at hand, so that two sessions with
//! the same e-mail are one person and a table can be read without decoding. Bots are flagged, never
//! dropped, and a corporate proxy is not a bot: business visitors sit behind one.

use percent_encoding::percent_decode_str;

use crate::flatten::account::{host_of, path_of};

/// Cloudflare's bot scores from 1 to this are automated or likely automated; 0 is "not computed".
const BOT_SCORE_MAX: i64 = 29;

/// Gives the key of a person: e-mail, else `LinkedIn` id, else `LinkedIn` address, else visitor id.
///
/// The e-mail comes back trimmed and in lower case, the `LinkedIn` address as
/// `linkedin.com/in/slug`, ids as they are. Empty or malformed values are passed over, and `None`
/// means that nothing at all is known.
#[must_use]
pub fn person_key(
    email: Option<&str>,
    linkedin_id: Option<&str>,
    linkedin_url: Option<&str>,
    visitor_id: Option<&str>,
) -> Option<String> {
    email
        .and_then(email_key)
        .or_else(|| linkedin_id.and_then(plain))
        .or_else(|| linkedin_url.and_then(linkedin_key))
        .or_else(|| visitor_id.and_then(plain))
}

/// Whether a session is automated.
///
/// `verified_bot`, `score` (1 to 99, 0 or `None` when unknown) and `corporate_proxy` are
/// Cloudflare's bot management fields; `crawler` is the second line, a user agent that says so.
#[must_use]
pub fn is_bot(
    verified_bot: Option<bool>,
    score: Option<i64>,
    corporate_proxy: Option<bool>,
    crawler: bool,
) -> bool {
    let is_automated = score.is_some_and(|score| (1..=BOT_SCORE_MAX).contains(&score));
    verified_bot == Some(true) || crawler || (is_automated && corporate_proxy != Some(true))
}

fn plain(value: &str) -> Option<String> {
    let value = value.trim();
    (!value.is_empty()).then(|| value.to_owned())
}

fn email_key(email: &str) -> Option<String> {
    let email = email.trim();
    let (user, domain) = email.rsplit_once('@')?;
    (!user.is_empty() && !domain.is_empty()).then(|| email.to_lowercase())
}

/// Reduces the many addresses of one profile (country hosts, languages, tracking) to one.
fn linkedin_key(url: &str) -> Option<String> {
    let host = host_of(url)?;
    if host != "linkedin.com" && !host.ends_with(".linkedin.com") {
        return None;
    }
    let path = percent_decode_str(path_of(url)?).decode_utf8_lossy().to_lowercase();
    let mut segments: Vec<&str> =
        path.split('/').map(str::trim).filter(|segment| !segment.is_empty()).collect();
    // What follows the slug of a profile is its language or one of its sections.
    if segments.first() == Some(&"in") {
        segments.truncate(2);
    }
    (segments.len() > 1).then(|| format!("linkedin.com/{}", segments.join("/")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};

    use super::{is_bot, person_key};

    #[test]
    fn the_strongest_identifier_wins() {
        let url = Some("https://www.linkedin.com/in/dana");
        let check = |email, id, url, visitor, expected: Option<&str>| {
            assert_eq!(person_key(email, id, url, visitor).as_deref(), expected);
        };
        check(Some(" Dana@Acme.COM "), Some("ACoAA"), url, Some("v1"), Some("dana@acme.com"));
        check(None, Some("ACoAA"), url, Some("v1"), Some("ACoAA"));
        check(Some(""), Some("  "), url, Some("v1"), Some("linkedin.com/in/dana"));
        check(Some("not an address"), None, Some("linkedinUrl"), Some("v1"), Some("v1"));
        check(None, None, None, Some(" "), None);
        check(None, None, None, None, None);
    }

    #[test]
    fn linkedin_addresses_of_one_profile_are_one_key() {
        for url in [
            "https://www.linkedin.com/in/dana-rivers/",
            "http://uk.linkedin.com/in/Dana-Rivers?trk=people",
            "linkedin.com/in/dana-rivers/de#about",
            "https://m.linkedin.com//in/dana%2Drivers/overlay/contact-info/",
        ] {
            let key = person_key(None, None, Some(url), Some("v1"));
            assert_eq!(key.as_deref(), Some("linkedin.com/in/dana-rivers"), "{url}");
        }
        let pub_url = Some("https://www.linkedin.com/pub/dana/1/2/3");
        assert_eq!(
            person_key(None, None, pub_url, None).as_deref(),
            Some("linkedin.com/pub/dana/1/2/3")
        );
        for url in ["https://www.linkedin.com/", "https://evil-linkedin.com/in/dana", "<string>"] {
            assert_eq!(person_key(None, None, Some(url), None), None, "{url}");
        }
    }

    #[test]
    fn bots_by_score_verification_and_user_agent() {
        let check = |verified, score, proxy, crawler, expected| {
            let inputs = (verified, score, proxy, crawler);
            assert_eq!(is_bot(verified, score, proxy, crawler), expected, "{inputs:?}");
        };
        check(None, None, None, false, false);
        check(Some(false), Some(0), Some(false), false, false);
        check(None, Some(1), None, false, true);
        check(None, Some(29), Some(false), false, true);
        check(None, Some(30), None, false, false);
        check(None, Some(-5), None, false, false);
        check(None, Some(2), Some(true), false, false);
        check(Some(true), Some(99), Some(true), false, true);
        check(None, Some(99), None, true, true);
    }

    proptest! {
        #[test]
        fn no_text_panics(
            email in any::<Option<String>>(),
            url in ".*",
            path in ".*",
            score in any::<Option<i64>>(),
        ) {
            let _ = person_key(email.as_deref(), None, Some(&url), None);
            let _ = person_key(None, None, Some(&format!("linkedin.com/{path}")), None);
            let _ = is_bot(None, score, None, false);
        }
    }
}
