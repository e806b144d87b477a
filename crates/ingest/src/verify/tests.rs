//! The published signing vectors, positive and negative.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use proptest::prelude::{Just, any, prop_assert_eq, prop_oneof, proptest};
use serde_json::Value;

use super::*;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const ID: &[u8] = b"msg_p5jXN8AQM9LWM0D4loKWxJek";
const NOW_S: i64 = 1_614_265_330;
const BODY: &[u8] = b"{\"test\": 2432232314}";
const VALID: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

fn verifier(secret: &str, key_bytes_min: usize) -> Verifier {
    Verifier::new(vec![Secret::parse(secret, KeyEncoding::Auto, key_bytes_min).unwrap()])
}

fn check(signature: &str, now_s: i64, expected: Result<Scheme, VerifyError>) {
    let headers = Headers {
        id: Some(ID),
        timestamp: Some(b"1614265330"),
        signature: Some(signature.as_bytes()),
        legacy_signature: None,
    };
    let actual = verifier(SECRET, 16).verify(&headers, BODY, now_s);
    assert_eq!(actual.map(|verified| verified.scheme), expected, "{signature} at {now_s}");
}

#[test]
fn every_published_vector_verifies_with_the_key_it_names() {
    let vectors: Vec<Value> =
        serde_json::from_str(include_str!("../../../../fixtures/signature_vectors.json")).unwrap();
    assert_eq!(vectors.len(), 12);
    for vector in &vectors {
        let text = |name: &str| vector[name].as_str();
        let body = text("body").unwrap().as_bytes();
        let time = vector["webhook_timestamp"].as_i64().or(vector["timestamp"].as_i64()).unwrap();
        let time_text = time.to_string();
        let legacy = vector["header"] == "x-midbound-signature";
        let signature = text("signature").map(str::as_bytes);
        let headers = Headers {
            id: text("webhook_id").map(str::as_bytes),
            timestamp: Some(time_text.as_bytes()),
            signature: signature.filter(|_| !legacy),
            legacy_signature: signature.filter(|_| legacy),
        };
        let key = text("key").unwrap();
        let expected = match key {
            _ if legacy => Scheme::Legacy,
            key if key.starts_with("base64") => Scheme::StandardBase64,
            key if key.contains("without whsec_") => Scheme::StandardUtf8,
            _ => Scheme::StandardUtf8Prefixed,
        };
        let verified = verifier(text("secret").unwrap(), 7).verify(&headers, body, time).unwrap();
        assert_eq!(verified.scheme, expected, "{key}");
        assert_eq!(verified.webhook_id.as_deref(), text("webhook_id"));
    }
}

#[test]
fn published_negatives_are_refused() {
    for signature in [
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OA=",
        "v1,R3PTzyfHASBKHH98a7yexTwaJ4yNIcGhFQc1yuN+BPU=",
        "v1,",
        &VALID[..8],
        "v1,dawfeoifkpqwoekfpqoekf",
        "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    ] {
        check(signature, NOW_S, Err(VerifyError::Mismatch));
    }
    check("", NOW_S, Err(VerifyError::Malformed("webhook-signature")));
    check(&"v1,x ".repeat(10_000), NOW_S, Err(VerifyError::Malformed("webhook-signature")));
}

#[test]
fn one_valid_signature_among_others_is_enough() {
    let decoy = "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc=";
    let other = "v2,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc=";
    check(&format!("{decoy} {other} {VALID} {decoy}"), NOW_S, Ok(Scheme::StandardBase64));
}

#[test]
fn the_tolerance_is_300_seconds_each_way_inclusive() {
    check(VALID, NOW_S + 300, Ok(Scheme::StandardBase64));
    check(VALID, NOW_S - 300, Ok(Scheme::StandardBase64));
    check(VALID, NOW_S + 301, Err(VerifyError::Timestamp));
    check(VALID, NOW_S - 301, Err(VerifyError::Timestamp));
    check(VALID, i64::MIN, Err(VerifyError::Timestamp));
    check(VALID, i64::MAX, Err(VerifyError::Timestamp));
}

#[test]
fn a_missing_or_malformed_header_is_named() {
    let whole = Headers {
        id: Some(ID),
        timestamp: Some(b"1614265330"),
        signature: Some(VALID.as_bytes()),
        legacy_signature: None,
    };
    let cases = [
        (Headers { id: None, ..whole }, VerifyError::Missing("webhook-id")),
        (Headers { timestamp: None, ..whole }, VerifyError::Missing("webhook-timestamp")),
        (Headers { signature: None, ..whole }, VerifyError::Missing("webhook-signature")),
        (
            Headers { timestamp: Some(b"hello"), ..whole },
            VerifyError::Malformed("webhook-timestamp"),
        ),
        (Headers { timestamp: Some(b"1e9"), ..whole }, VerifyError::Malformed("webhook-timestamp")),
        (Headers { timestamp: Some(b"99999999999999999999"), ..whole }, VerifyError::Timestamp),
        (Headers { id: Some(b"a\nb"), ..whole }, VerifyError::Malformed("webhook-id")),
    ];
    for (headers, expected) in cases {
        assert_eq!(verifier(SECRET, 16).verify(&headers, BODY, NOW_S), Err(expected));
    }
}

#[test]
fn secrets_work_with_and_without_prefix_and_padding() {
    for secret in [SECRET, SECRET.strip_prefix("whsec_").unwrap()] {
        let headers = Headers {
            id: Some(ID),
            timestamp: Some(b"1614265330"),
            signature: Some(VALID.as_bytes()),
            legacy_signature: None,
        };
        let verified = verifier(secret, 16).verify(&headers, BODY, NOW_S).unwrap();
        assert_eq!(verified.scheme, Scheme::StandardBase64);
    }
    // Unpadded secrets of the reference libraries' Python tests.
    for secret in ["MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwBr"] {
        let parsed = Secret::parse(secret, KeyEncoding::Base64, 16).unwrap();
        assert_eq!(parsed.keys()[0].0, Scheme::StandardBase64);
    }
}

#[test]
fn a_short_key_is_no_key() {
    let parse =
        |encoding, min| Secret::parse("whsec_c2VjcmV0Cg==", encoding, min).map(|s| s.keys().len());
    assert_eq!(parse(KeyEncoding::Base64, 16), Err(SecretError::TooShort(16)));
    assert_eq!(parse(KeyEncoding::Base64, 7), Ok(1));
    // The prefix does not make it longer.
    assert_eq!(parse(KeyEncoding::Auto, 16), Err(SecretError::TooShort(16)));
    assert_eq!(parse(KeyEncoding::Utf8Prefixed, 16), Ok(1));
    assert_eq!(Secret::parse("", KeyEncoding::Auto, 0).err(), Some(SecretError::TooShort(0)));
}

#[test]
fn what_cannot_be_the_senders_secret_is_refused_with_its_reason() {
    use KeyEncoding::{Auto, Base64, Utf8};
    let too_short = SecretError::TooShort(16);
    for (text, encoding, expected) in [
        ("whsec_YourSecretHere", Auto, SecretError::Placeholder),
        ("changeme", Auto, SecretError::Placeholder),
        ("whsec_MfKQ9r8G\"KYqrTwjUPD8ILPZIo2LaLaSw", Auto, SecretError::Character),
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZI,o2LaLaSw", Utf8, SecretError::Character),
        ("secret:whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", Auto, SecretError::Inside),
        ("whsec_MfKQ9r8GKYqrTwjUPD8-_PZIo2LaLaSw", Base64, SecretError::NotBase64),
        ("it is no base64, but long", Base64, SecretError::NotBase64),
        ("whsec_abcd1234efg", Auto, too_short),
        ("whsec_", Auto, too_short),
    ] {
        assert_eq!(Secret::parse(text, encoding, 16).err(), Some(expected), "{text}");
        let reason = expected.to_string();
        assert!(!reason.contains(text) && !reason.contains("MfKQ"), "{reason}");
    }
}

#[test]
fn a_pinned_reading_shuts_the_others_out() {
    let pinned = Secret::parse(SECRET, KeyEncoding::Utf8, 16).unwrap();
    let headers = Headers {
        id: Some(ID),
        timestamp: Some(b"1614265330"),
        signature: Some(VALID.as_bytes()),
        legacy_signature: None,
    };
    let result = Verifier::new(vec![pinned]).verify(&headers, BODY, NOW_S);
    assert_eq!(result, Err(VerifyError::Mismatch));
}

#[test]
fn either_of_two_secrets_is_accepted_while_rotating() {
    let secrets = ["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", SECRET];
    let parse = |text: &&str| Secret::parse(text, KeyEncoding::Auto, 16).unwrap();
    let verifier = Verifier::new(secrets.iter().map(parse).collect());
    for secret in secrets.iter().map(parse) {
        let signature = standard::sign(&secret, "evt_1", NOW_S, BODY);
        let headers = Headers {
            id: Some(b"evt_1"),
            timestamp: Some(b"1614265330"),
            signature: Some(signature.as_bytes()),
            legacy_signature: None,
        };
        assert!(verifier.verify(&headers, BODY, NOW_S).is_ok());
        assert!(verifier.verify(&headers, b"{}", NOW_S).is_err());
    }
}

/// A comparison up to the shorter length would let these in (RUSTSEC-2024-0010).
#[test]
fn a_part_of_the_signature_or_more_than_it_is_none() {
    let whole = BASE64_STANDARD.decode(&VALID[3..]).unwrap();
    for length in 0..whole.len() {
        let part = format!("v1,{}", BASE64_STANDARD.encode(&whole[..length]));
        check(&part, NOW_S, Err(VerifyError::Mismatch));
    }
    for more in [1, 2, 3, 32] {
        let longer = [&whole[..], &vec![0; more][..]].concat();
        let longer = format!("v1,{}", BASE64_STANDARD.encode(longer));
        check(&longer, NOW_S, Err(VerifyError::Mismatch));
    }
    for text in [&VALID[..VALID.len() - 1], "v1,=", &VALID.replace("v1,", "v1,,")] {
        check(text, NOW_S, Err(VerifyError::Mismatch));
    }
    check("v1", NOW_S, Err(VerifyError::Mismatch));
    check(" ", NOW_S, Err(VerifyError::Malformed("webhook-signature")));
}

#[test]
fn eight_signatures_of_a_header_count_and_4096_bytes_of_it() {
    let decoy = "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= ";
    check(&format!("{}{VALID}", decoy.repeat(7)), NOW_S, Ok(Scheme::StandardBase64));
    check(&format!("{}{VALID}", decoy.repeat(8)), NOW_S, Err(VerifyError::Mismatch));
    let padded = |length: usize| format!("{VALID}{}", " ".repeat(length - VALID.len()));
    check(&padded(4096), NOW_S, Ok(Scheme::StandardBase64));
    check(&padded(4097), NOW_S, Err(VerifyError::Malformed("webhook-signature")));
}

#[test]
fn an_id_is_printable_ascii_of_at_most_256_bytes() {
    for (id, is_plain) in [
        ("evt_1", true),
        ("..", true),
        (&"x".repeat(256)[..], true),
        (&"x".repeat(257), false),
        ("", false),
        ("a b", false),
        ("a\0", false),
        ("a\r\nb", false),
        ("\u{1b}[31m", false),
        ("\u{202e}", false),
        ("\u{e9}", false),
    ] {
        assert_eq!(standard::is_plain_id(id), is_plain, "{id:?}");
    }
}

proptest! {
    #[test]
    fn a_timestamp_holds_within_300_seconds_of_any_time(
        now_s in prop_oneof![any::<i64>(), Just(i64::MIN), Just(i64::MAX), Just(0), Just(NOW_S)],
        distance in prop_oneof![-400_i64..400, any::<i64>()],
    ) {
        let at = now_s.saturating_add(distance);
        let expected = if now_s.abs_diff(at) <= 300 { Ok(at) } else { Err(VerifyError::Timestamp) };
        prop_assert_eq!(check_timestamp(&at.to_string(), "h", now_s), expected);
    }

    #[test]
    fn any_text_is_a_timestamp_or_refused(text in "[-+0-9 e.]{0,24}", now_s in any::<i64>()) {
        if let Ok(at) = check_timestamp(&text, "h", now_s) {
            prop_assert_eq!(Ok(at), text.parse());
        }
    }

    #[test]
    fn any_changed_bit_of_a_signature_is_noticed(at in 0_usize..32, bit in 0_u32..8) {
        let mut bytes = BASE64_STANDARD.decode(&VALID[3..]).unwrap();
        bytes[at] ^= 1 << bit;
        check(&format!("v1,{}", BASE64_STANDARD.encode(bytes)), NOW_S, Err(VerifyError::Mismatch));
    }
}
