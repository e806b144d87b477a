//! The two regular expressions of the table, matched by hand because every event asks for both.

/// Matches a medium against `^(.*cp.*|ppc|retargeting|paid.*)$`.
pub(super) fn is_paid_medium(medium: &str) -> bool {
    medium.contains("cp")
        || medium == "ppc"
        || medium == "retargeting"
        || medium.starts_with("paid")
}

/// Matches a campaign against `^(.*(([^a-df-z]|^)shop|shopping).*)$`.
///
/// The `shop` of `workshop` or `barbershop` does not count, but that of `eshop` and `spring-shop`
/// does: the letter before it may only be an `e`.
pub(super) fn is_shop_campaign(campaign: &str) -> bool {
    campaign.contains("shopping")
        || campaign.match_indices("shop").any(|(at, _)| {
            let before = at.checked_sub(1).map(|i| campaign.as_bytes()[i]);
            before.is_none_or(|b| b == b'e' || !b.is_ascii_lowercase())
        })
}

/// Matches text that contains any of `email|e-mail|e_mail|e mail`.
pub(super) fn says_email(text: &str) -> bool {
    text.match_indices('e').any(|(at, _)| {
        let rest = &text[at + 1..];
        rest.strip_prefix(['-', '_', ' ']).unwrap_or(rest).starts_with("mail")
    })
}
