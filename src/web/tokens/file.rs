//! Reading a tokens file, by hand: a library's message would quote the line it stumbles over.

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::{Access, Role, TOKEN_BYTES_MIN, Token, digest_of, end_of};

const KEYS: [&str; 7] = ["name", "token", "token-sha256", "tenants", "role", "masked", "expires"];
/// Tokens at most; each request is compared with all of them.
const TOKENS_MAX: usize = 1000;
/// Bytes of a name at most.
const NAME_BYTES_MAX: usize = 64;
/// What a file looks like.
const SHAPE: &str = "write a [[tokens]] table with `name` and `token` for each token";

/// Reads all tokens of a file.
pub(super) fn parse(text: &str) -> Result<Vec<Token>, String> {
    let mut table: Table = text.parse().map_err(|error: toml::de::Error| {
        let start = error.span().map_or(0, |span| span.start).min(text.len());
        let line = 1 + text.as_bytes()[..start].iter().filter(|byte| **byte == b'\n').count();
        format!("line {line} is not TOML; {SHAPE}")
    })?;
    let entries = match table.remove("tokens") {
        None if table.is_empty() => return Err(format!("has no tokens; {SHAPE}")),
        None => vec![],
        Some(Value::Array(entries)) => entries,
        Some(_) => return Err(format!("`tokens` is no list of tables; {SHAPE}")),
    };
    if let Some(key) = table.keys().next() {
        return Err(format!("unknown key `{}`; {SHAPE}", key.escape_debug()));
    }
    if entries.is_empty() {
        return Err(format!("has no tokens; {SHAPE}"));
    }
    if entries.len() > TOKENS_MAX {
        return Err(format!("has {} tokens; at most {TOKENS_MAX} can be used", entries.len()));
    }
    let tokens = entries.into_iter().enumerate().map(|(at, entry)| token(at + 1, entry));
    let tokens = tokens.collect::<Result<Vec<_>, _>>()?;
    check_distinct(&tokens)?;
    Ok(tokens)
}

/// Refuses two of one name, and a token under two names.
fn check_distinct(tokens: &[Token]) -> Result<(), String> {
    let mut names: BTreeMap<&str, ()> = BTreeMap::new();
    let mut digests: BTreeMap<[u8; 32], &str> = BTreeMap::new();
    for token in tokens {
        let name = token.access.name.as_str();
        if names.insert(name, ()).is_some() {
            return Err(format!("two tokens are named `{name}`; give each its own name"));
        }
        if let Some(other) = digests.insert(token.digest, name) {
            return Err(format!("`{other}` and `{name}` are the same token; make another one"));
        }
    }
    Ok(())
}

/// Reads the `n`th token, from 1.
fn token(n: usize, entry: Value) -> Result<Token, String> {
    let Value::Table(table) = entry else {
        return Err(format!("token {n} is no table; {SHAPE}"));
    };
    let mut fields: BTreeMap<String, Value> = BTreeMap::new();
    for (key, value) in table {
        let key = key.replace('_', "-");
        if !KEYS.contains(&key.as_str()) {
            let (key, known) = (key.escape_debug(), KEYS.join(", "));
            return Err(format!("token {n} has an unknown key `{key}`; known are {known}"));
        }
        if fields.insert(key.clone(), value).is_some() {
            return Err(format!("token {n} has `{key}` twice"));
        }
    }
    let name = match fields.remove("name") {
        Some(Value::String(name)) if is_name(&name) => name,
        None => return Err(format!("token {n} has no name; add `name`")),
        Some(_) => {
            return Err(format!(
                "the name of token {n} is not 1 to {NAME_BYTES_MAX} bytes of plain text"
            ));
        }
    };
    let refuse = |reason: &str| format!("token `{name}` {reason}");
    let digest = digest(fields.remove("token"), fields.remove("token-sha256")).map_err(refuse)?;
    let tenants = fields.remove("tenants").map(tenants).transpose().map_err(refuse)?;
    let role = fields.remove("role").map_or(Ok(Role::Viewer), role).map_err(refuse)?;
    let masked = match fields.remove("masked") {
        None => false,
        Some(Value::Boolean(masked)) => masked,
        Some(_) => return Err(refuse("needs `masked` to be true or false")),
    };
    let ends_ms = fields.remove("expires").map(end).transpose().map_err(refuse)?;
    Ok(Token { access: Access { name, tenants, role, masked }, digest, ends_ms })
}

fn is_name(name: &str) -> bool {
    (1..=NAME_BYTES_MAX).contains(&name.len())
        && name.trim() == name
        && !name.chars().any(char::is_control)
}

/// Returns the digest of a token, from itself or as it is given.
fn digest(token: Option<Value>, digest: Option<Value>) -> Result<[u8; 32], &'static str> {
    match (token, digest) {
        (None, None) => Err("has no token; add `token` or `token-sha256`"),
        (Some(_), Some(_)) => Err("has `token` and `token-sha256`; leave one of them"),
        (Some(Value::String(token)), None) if token.len() < TOKEN_BYTES_MIN => {
            Err("has a token of less than 16 bytes; make one with `openssl rand -hex 32`")
        }
        (Some(Value::String(token)), None) => {
            if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
                return Err("has a token that no header can carry; use letters, digits, - and _");
            }
            Ok(digest_of(token.as_bytes()))
        }
        (None, Some(Value::String(digest))) => {
            from_hex(&digest).ok_or("needs `token-sha256` to be 64 hexadecimal digits")
        }
        (Some(_), None) => Err("needs `token` to be text in quotes"),
        (None, Some(_)) => Err("needs `token-sha256` to be text in quotes"),
    }
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 2 * bytes.len() || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(bytes)
}

fn tenants(value: Value) -> Result<Vec<String>, &'static str> {
    const WRONG: &str = "needs `tenants` to be a list of names in quotes";
    let Value::Array(values) = value else { return Err(WRONG) };
    if values.is_empty() {
        return Err("has no tenants in its list, and would show nothing; name some, or leave \
                    `tenants` out to show all");
    }
    let name = |value| match value {
        Value::String(name) if !name.is_empty() => Ok(name),
        _ => Err(WRONG),
    };
    values.into_iter().map(name).collect()
}

fn role(value: Value) -> Result<Role, &'static str> {
    let role = value.as_str().and_then(|text| Role::ALL.into_iter().find(|r| r.name() == text));
    role.ok_or("has an unknown role; use viewer, analyst or admin")
}

fn end(value: Value) -> Result<i64, &'static str> {
    let text = match value {
        Value::String(text) => text,
        Value::Datetime(time) => time.to_string(),
        _ => String::new(),
    };
    end_of(&text).ok_or(
        "has an `expires` that can't be read; write a day such as 2027-03-31, or a time with its \
         offset such as 2027-03-31T12:00:00Z",
    )
}
