//! Signatures: any headers and body give an answer, and only the sender's own signature is good.
//!
//! An input is five parts, separated by line feeds: id, timestamp, signature, legacy signature,
//! and the body, which is the rest. An empty part is a header that is not there.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use tributary_ingest::verify::{Headers, KeyEncoding, Secret, Verifier, VerifyError, standard};

const TEXT: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/// The time of the published vectors.
const NOW_S: i64 = 1_614_265_330;

static SECRET: LazyLock<Secret> = LazyLock::new(secret);
static VERIFIER: LazyLock<Verifier> = LazyLock::new(|| Verifier::new(vec![secret()]));

fn secret() -> Secret {
    Secret::parse(TEXT, KeyEncoding::Base64, 16).expect("the secret is long enough")
}

fuzz_target!(|data: &[u8]| {
    let mut parts = data.splitn(5, |byte| *byte == b'\n');
    let mut part = || parts.next().unwrap_or_default();
    let [id, timestamp, signature, legacy, body] = [part(), part(), part(), part(), part()];
    let headers = Headers {
        id: header(id),
        timestamp: header(timestamp),
        signature: header(signature),
        legacy_signature: header(legacy),
    };
    for now_s in [NOW_S, i64::MIN, i64::MAX] {
        check_answer(&headers, body, now_s);
    }
    check_secret_forms(body);
    check_mutations(if id.is_empty() { b"evt_1" } else { id }, body);
});

fn header(bytes: &[u8]) -> Option<&[u8]> {
    (!bytes.is_empty()).then_some(bytes)
}

/// What is let in was signed: its signature is the one that the sender would give.
fn check_answer(headers: &Headers<'_>, body: &[u8], now_s: i64) {
    let Ok(verified) = VERIFIER.verify(headers, body, now_s) else { return };
    let Some(id) = verified.webhook_id else { return };
    let text = |bytes: Option<&[u8]>| String::from_utf8(bytes.unwrap_or_default().to_vec());
    let timestamp = text(headers.timestamp).expect("it was read as text");
    let signatures = text(headers.signature).expect("it was read as text");
    assert!(timestamp.bytes().all(|byte| byte.is_ascii_digit()), "{timestamp:?}");
    assert!(standard::is_plain_id(&id));
    let at: i64 = timestamp.parse().expect("it was read as a number");
    assert!(now_s.abs_diff(at) <= 300);
    // The text of the timestamp is what is signed; leading zeros make it another text.
    if at.to_string() == timestamp {
        let own = standard::sign(&SECRET, &id, at, body);
        assert!(signatures.split_ascii_whitespace().any(|entry| entry == own), "{signatures:?}");
    }
}

/// Reads the body as a secret in every encoding.
fn check_secret_forms(body: &[u8]) {
    let Ok(text) = str::from_utf8(body) else { return };
    for encoding in
        [KeyEncoding::Auto, KeyEncoding::Base64, KeyEncoding::Utf8, KeyEncoding::Utf8Prefixed]
    {
        if let Ok(secret) = Secret::parse(text, encoding, 16) {
            assert_eq!(format!("{secret:?}"), "Secret(hidden)");
            assert!(text.len() >= 16);
        }
    }
}

/// A good signature with one thing changed is good no more.
fn check_mutations(id: &[u8], body: &[u8]) {
    let Ok(id) = str::from_utf8(id) else { return };
    if !standard::is_plain_id(id) {
        return;
    }
    let timestamp = NOW_S.to_string();
    let signature = standard::sign(&SECRET, id, NOW_S, body);
    let verify = |id: &[u8], timestamp: &[u8], signature: &[u8], body: &[u8]| {
        let headers = Headers {
            id: Some(id),
            timestamp: Some(timestamp),
            signature: Some(signature),
            legacy_signature: None,
        };
        VERIFIER.verify(&headers, body, NOW_S)
    };
    let (time, good) = (timestamp.as_bytes(), signature.as_bytes());
    assert!(verify(id.as_bytes(), time, good, body).is_ok());
    // Where to change what: taken from the input, so that the fuzzer chooses.
    let at = body.iter().fold(0usize, |sum, byte| sum.wrapping_mul(31) + usize::from(*byte));
    let changed = |bytes: &[u8]| {
        let mut bytes = bytes.to_vec();
        let at = at % bytes.len();
        bytes[at] ^= 1;
        bytes
    };
    assert!(verify(&changed(id.as_bytes()), time, good, body).is_err());
    assert!(verify(id.as_bytes(), &changed(time), good, body).is_err());
    assert!(verify(id.as_bytes(), time, &changed(good), body).is_err());
    for end in [3, 4, 11, good.len() - 1] {
        assert!(verify(id.as_bytes(), time, &good[..end], body).is_err());
    }
    let longer = [body, b" "].concat();
    assert_eq!(verify(id.as_bytes(), time, good, &longer), Err(VerifyError::Mismatch));
    if !body.is_empty() {
        assert!(verify(id.as_bytes(), time, good, &changed(body)).is_err());
    }
}
