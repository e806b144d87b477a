//! A tokens file is read whole or refused with one line that quotes no token.

use super::*;

const TOKEN: &str = "canary-3f1c9a7e5d2b4806";
/// 2026-11-30T00:00:00Z.
const DAY_MS: i64 = 1_795_996_800_000;

fn one(fields: &str) -> String {
    format!("[[tokens]]\nname = 'a'\n{fields}\n")
}

#[test]
fn a_token_is_what_its_table_says() {
    let text = format!(
        "# all keys\n[[tokens]]\nname = 'agency'\ntoken = '{TOKEN}'\ntenants = ['acme', 'b']\n\
         role = 'analyst'\nmasked = true\nexpires = 2026-12-31\n\
         [[tokens]]\nname = 'plain'\ntoken_sha256 = '{}'\n",
        "AB".repeat(32)
    );
    let tokens = Tokens::parse(&text).unwrap();
    let tenants = Some(vec!["acme".to_owned(), "b".to_owned()]);
    let access = Access { name: "agency".into(), tenants, role: Role::Analyst, masked: true };
    assert_eq!(tokens.find(TOKEN.as_bytes(), 0).unwrap().access(), &access);
    let plain = &tokens.all()[1];
    assert_eq!(plain.digest(), &[0xab; 32]);
    let access = Access { name: "plain".into(), tenants: None, role: Role::Viewer, masked: false };
    assert_eq!((plain.access(), plain.ends_ms()), (&access, None));
}

#[test]
fn a_token_is_shown_whole_or_given_as_its_digest() {
    let hex: String = digest_of(TOKEN.as_bytes()).iter().map(|b| format!("{b:02x}")).collect();
    for fields in [format!("token = '{TOKEN}'"), format!("token-sha256 = '{hex}'")] {
        let tokens = Tokens::parse(&one(&fields)).unwrap();
        assert!(tokens.find(TOKEN.as_bytes(), 0).is_some());
        for wrong in ["", &TOKEN[1..], &TOKEN[..TOKEN.len() - 1], &hex, &format!("{TOKEN} ")] {
            assert!(tokens.find(wrong.as_bytes(), 0).is_none(), "{wrong}");
        }
    }
}

#[test]
fn an_expired_token_is_none() {
    for (expires, ends_ms) in [
        ("'2026-11-30'", DAY_MS + 86_400_000),
        ("2026-11-30", DAY_MS + 86_400_000),
        ("'2026-11-30T02:00:00+02:00'", DAY_MS),
        ("2026-11-30T00:00:00Z", DAY_MS),
    ] {
        let text = one(&format!("token = '{TOKEN}'\nexpires = {expires}"));
        let tokens = Tokens::parse(&text).unwrap();
        assert!(tokens.find(TOKEN.as_bytes(), ends_ms - 1).is_some(), "{expires}");
        assert!(tokens.find(TOKEN.as_bytes(), ends_ms).is_none(), "{expires}");
    }
}

#[test]
fn what_can_not_be_meant_is_refused_in_one_line_without_the_token() {
    let with = |fields: &str| one(&format!("token = '{TOKEN}'\n{fields}"));
    let another = |text: &str| format!("{}{text}", with(""));
    for (text, word) in [
        (String::new(), "no tokens"),
        ("tokens = []".to_owned(), "no tokens"),
        ("tokens = 'x'".to_owned(), "list of tables"),
        (format!("tokens = ['{TOKEN}']"), "token 1 is no table"),
        // What the option before this one took.
        (TOKEN.to_owned(), "line 1 is not TOML"),
        (format!("[[tokens]]\nname = 'a'\ntoken = {TOKEN}"), "line 3 is not TOML"),
        (with("token = 'x'"), "not TOML"),
        (format!("role = 'admin'\n{}", with("")), "`role`"),
        (format!("[[tokens]]\ntoken = '{TOKEN}'"), "no name"),
        (format!("[[tokens]]\nname = ''\ntoken = '{TOKEN}'"), "name of token 1"),
        (format!("[[tokens]]\nname = \"a\\nb\"\ntoken = '{TOKEN}'"), "name of token 1"),
        (one("token = '123456789012345'"), "16 bytes"),
        (one("token = ''"), "16 bytes"),
        (one("token = 1234567890123456"), "in quotes"),
        (one("token = '1234567890 123456'"), "header"),
        (one("token = 'ü234567890123456'"), "header"),
        (one(""), "has no token"),
        (with(&format!("token-sha256 = '{}'", "0".repeat(64))), "leave one"),
        (one(&format!("token-sha256 = '{}'", "0".repeat(63))), "64 hex"),
        (one(&format!("token-sha256 = '{}'", "g".repeat(64))), "64 hex"),
        (one(&format!("token-sha256 = '{}'", "é".repeat(32))), "64 hex"),
        (with("tenant = 'acme'"), "`tenant`"),
        (with("tenants = []"), "no tenants"),
        (with("tenants = 'acme'"), "list"),
        (with("tenants = ['acme', '']"), "list"),
        (with("tenants = [1]"), "list"),
        (with("role = 'root'"), "viewer, analyst or admin"),
        (with("role = 1"), "viewer, analyst or admin"),
        (with("masked = 'true'"), "true or false"),
        (with("expires = 'soon'"), "expires"),
        (with("expires = '2026-02-30'"), "expires"),
        (with("expires = 2026-11-30T00:00:00"), "expires"),
        (with("expires = 1796000400"), "expires"),
        (another("[[tokens]]\nname = 'a'\ntoken = '0123456789abcdef'"), "named `a`"),
        (another(&format!("[[tokens]]\nname = 'b'\ntoken = '{TOKEN}'")), "`a` and `b`"),
    ] {
        let error = Tokens::parse(&text).expect_err(&text);
        assert!(error.contains(word), "{text}\n{error}");
        assert!(!error.contains('\n') && !error.contains("canary"), "{text}\n{error}");
    }
}

#[test]
fn nothing_prints_a_token_or_its_digest() {
    let tokens = Tokens::one(TOKEN);
    assert_eq!(tokens.find(TOKEN.as_bytes(), i64::MAX).unwrap().access().role, Role::Admin);
    let shown = format!("{tokens:?}");
    assert!(!shown.contains("canary") && !shown.contains("digest"), "{shown}");
}
