//! The cookie of somebody who signed in.
//!
//! ```text
//! tributary_session = <when it ends, seconds since 1970>.<HMAC-SHA256 of that, hex>
//! ```
//!
//! The key of the HMAC is made of the token's digest and of a key that only this ingester has: a
//! tokens file that holds digests makes no cookies. Nothing is kept on the server: without its
//! token a session is none, another start ends none.

use axum::http::HeaderValue;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use super::tokens::Token;

/// The name of the cookie.
pub(super) const COOKIE_NAME: &str = "tributary_session";

/// Cookies of that name that are looked at.
const COOKIES_MAX: usize = 2;
/// Hexadecimal digits of a proof.
const PROOF_DIGITS: usize = 64;

/// What the cookies of a token's sessions are made with.
#[derive(Clone)]
pub(super) struct Key([u8; 32]);

impl Key {
    pub(super) fn new(key: &str, token: &Token) -> Self {
        Self(mac(key.as_bytes(), token.digest()))
    }

    /// Returns name and value of a session's cookie.
    pub(super) fn cookie(&self, ends_s: i64) -> String {
        format!("{COOKIE_NAME}={ends_s}.{}", self.proof(ends_s))
    }

    /// Tells whether one of the cookies is a session of the token that has not ended.
    pub(super) fn is_signed_in<'a>(
        &self,
        cookies: impl Iterator<Item = &'a HeaderValue>,
        now_ms: i64,
    ) -> bool {
        let texts = cookies.filter_map(|value| value.to_str().ok());
        let pairs =
            texts.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
        // A browser sends one for each path it was set for; whoever sends many wants work done.
        let mut sessions = pairs.filter(|(name, _)| *name == COOKIE_NAME).take(COOKIES_MAX);
        sessions.any(|(_, value)| {
            let Some((ends_s, shown)) = value.split_once('.') else { return false };
            let Ok(ends_s) = ends_s.parse::<i64>() else { return false };
            if shown.len() != PROOF_DIGITS || now_ms / 1000 >= ends_s {
                return false;
            }
            let proof = self.proof(ends_s);
            bool::from(shown.as_bytes().ct_eq(proof.as_bytes()))
        })
    }

    fn proof(&self, ends_s: i64) -> String {
        let bytes = mac(&self.0, format!("tributary session until {ends_s}").as_bytes());
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

fn mac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut mac = <Hmac<Sha256>>::new_from_slice(key).expect("a key of any length is one");
    mac.update(message);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::super::tokens::Tokens;
    use super::*;

    fn key(key: &str, token: &str) -> Key {
        Key::new(key, &Tokens::one(token).all()[0])
    }

    #[test]
    fn a_session_is_the_tokens_and_ends() {
        let own = key("key", "0123456789abcdef");
        let cookie = own.cookie(1000);
        let is_in = |cookie: &str, key: &Key, now_ms: i64| {
            let header = HeaderValue::from_str(&format!("a=b; {cookie}")).unwrap();
            key.is_signed_in(std::iter::once(&header), now_ms)
        };
        assert!(is_in(&cookie, &own, 999_999));
        assert!(!is_in(&cookie, &own, 1_000_000), "it has ended");
        assert!(!is_in(&cookie, &key("key", "fedcba9876543210"), 0), "another token");
        assert!(!is_in(&cookie, &key("yek", "0123456789abcdef"), 0), "another ingester");
        assert!(!is_in(&cookie.replace("1000.", "2000."), &own, 0), "made longer");
        for wrong in ["", "1000", "1000.", "x.y", "."] {
            assert!(!is_in(&format!("{COOKIE_NAME}={wrong}"), &own, 0), "{wrong}");
        }
        assert!(!is_in(&format!("{cookie}0"), &own, 0));
        assert!(is_in(&format!("{COOKIE_NAME}=1.x; {cookie}"), &own, 0));
        let many = format!("{COOKIE_NAME}=1.x; ").repeat(COOKIES_MAX);
        assert!(!is_in(&format!("{many}{cookie}"), &own, 0), "many are work for nobody");
    }
}
