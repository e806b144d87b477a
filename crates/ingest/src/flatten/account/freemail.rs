//! Mail domains that name no company: free mailboxes, broadband providers, throw-away addresses.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::registrable;

/// The data file as a set; its first line is a comment.
static FREEMAIL: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    include_str!("freemail.txt").lines().filter(|line| !line.starts_with('#')).collect()
});

/// Whether anyone may have a mailbox at `domain`, so that it says nothing of an employer.
///
/// Case and a trailing dot do not matter; a sub-domain counts as its registrable domain
/// (`gold.yahoo.co.uk` as `yahoo.co.uk`).
#[must_use]
pub fn is_freemail(domain: &str) -> bool {
    let domain = domain.trim().trim_end_matches('.').to_ascii_lowercase();
    FREEMAIL.contains(domain.as_str())
        || registrable(&domain).is_some_and(|parent| FREEMAIL.contains(parent))
}
