//! Settings: flag, then environment, then `tributary.toml`, then default.
//!
//! The command line's definition is the one list of settings. This file adds to each option its
//! environment variable and, as a new default, what the file says; secrets are read here too,
//! from the environment or a file and never from a flag. No other file reads the environment.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Arg, ArgAction, Command};
use zeroize::Zeroizing;

use crate::goal::{self, Goal};
use tributary_ingest::flatten::channel::UserRule;
use tributary_ingest::text::{self, NotText};

mod listen;
mod profile;
mod secrets;

pub use listen::{Listen, ListenOrOff};
pub use profile::store_options;
pub use secrets::{secrets, tokens};

/// The file that is read if it is there and no other is named.
const FILE: &str = "tributary.toml";
/// The variable that holds the webhook's secrets, separated by spaces.
pub const SECRETS_VARIABLE: &str = "TRIBUTARY_WEBHOOK_SECRETS";
/// Options that make no sense in a file.
const NOT_IN_FILE: [&str; 3] = ["config", "help", "version"];
/// Keys of the file that hold tables, which are read by themselves.
const TABLES: [&str; 2] = ["goals", "channels"];

/// Why the settings can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file can't be read.
    #[error("{path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// The file is not TOML, or a key or value in it can't be used.
    #[error("{path}: {reason}")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        reason: String,
    },
    /// A secret gives no usable key.
    #[error("secret {n} of {place} {reason}; give the whole secret, `whsec_…`")]
    Secret {
        /// Which one, from 1.
        n: usize,
        /// Where it stands.
        place: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// Gives every option its environment variable and the file's value as its default.
///
/// # Errors
/// [`ConfigError`] if the file can't be used.
pub fn with_settings(
    command: Command,
    arguments: &[std::ffi::OsString],
) -> Result<Command, ConfigError> {
    let command = with_environment(command);
    let Some(path) = file_path(arguments) else { return Ok(command) };
    let text = read(&path)?;
    with_file(command, &path, &text)
}

/// Reads a file of settings as text, whichever way an editor has saved it.
fn read(path: &Path) -> Result<String, ConfigError> {
    let bytes = fs::read(path);
    let bytes = bytes.map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
    let bytes = Zeroizing::new(bytes);
    let refuse =
        |error: NotText| ConfigError::File { path: path.to_owned(), reason: error.to_string() };
    Ok(text::decode(&bytes).map_err(refuse)?.into_owned())
}

/// Returns the file to read: as named, else the usual one if it is there.
fn file_path(arguments: &[std::ffi::OsString]) -> Option<PathBuf> {
    let mut arguments = arguments.iter().filter_map(|argument| argument.to_str());
    while let Some(argument) = arguments.next() {
        if argument == "--config" {
            return arguments.next().map(PathBuf::from);
        }
        if let Some(path) = argument.strip_prefix("--config=") {
            return Some(PathBuf::from(path));
        }
    }
    if let Some(path) = variable("TRIBUTARY_CONFIG") {
        return Some(PathBuf::from(path));
    }
    Path::new(FILE).is_file().then(|| PathBuf::from(FILE))
}

fn with_environment(command: Command) -> Command {
    let set = |argument: Arg| match argument.get_long() {
        Some(long) if !NOT_IN_FILE[1..].contains(&long) => {
            let name = format!("TRIBUTARY_{}", long.to_uppercase().replace('-', "_"));
            argument.env(name).hide_env(true)
        }
        _ => argument,
    };
    command.mut_args(set).mut_subcommands(move |sub| sub.mut_args(set))
}

fn with_file(command: Command, path: &Path, text: &str) -> Result<Command, ConfigError> {
    let refuse = |reason: String| ConfigError::File { path: path.to_owned(), reason };
    let table: toml::Table =
        text.parse().map_err(|error: toml::de::Error| refuse(one_line(&error.to_string())))?;
    let known = known_options(&command);
    let mut values: Vec<(String, Vec<String>)> = vec![];
    for (key, value) in &table {
        let name = key.replace('_', "-");
        if TABLES.contains(&name.as_str()) {
            continue;
        }
        if !known.contains(&name) {
            return Err(refuse(format!("unknown key `{key}`; `tributary help serve` lists them")));
        }
        let texts = texts(value).ok_or_else(|| {
            refuse(format!("`{key}` must be text, a number, a list or a boolean"))
        })?;
        values.push((name, texts));
    }
    let set = |argument: Arg| {
        let long = argument.get_long().unwrap_or_default();
        let Some((_, texts)) = values.iter().find(|(name, _)| name == long) else {
            return argument;
        };
        let is_list = matches!(argument.get_action(), ArgAction::Append);
        let texts = if is_list { texts.clone() } else { vec![texts.join(" ")] };
        argument.default_values(texts)
    };
    Ok(command.mut_args(set).mut_subcommands(|sub| sub.mut_args(set)))
}

fn known_options(command: &Command) -> BTreeSet<String> {
    let own = command.get_arguments();
    let all = own.chain(command.get_subcommands().flat_map(Command::get_arguments));
    all.filter_map(Arg::get_long)
        .filter(|long| !NOT_IN_FILE.contains(long))
        .map(str::to_owned)
        .collect()
}

fn texts(value: &toml::Value) -> Option<Vec<String>> {
    let text = match value {
        toml::Value::String(text) => text.clone(),
        toml::Value::Integer(number) => number.to_string(),
        toml::Value::Float(number) => number.to_string(),
        toml::Value::Boolean(flag) => flag.to_string(),
        toml::Value::Array(items) => {
            let items = items.iter().map(texts).collect::<Option<Vec<_>>>()?;
            return Some(items.into_iter().flatten().collect());
        }
        toml::Value::Datetime(_) | toml::Value::Table(_) => return None,
    };
    Some(vec![text])
}

fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Reads the goals of the settings file, if there is one and it has any.
///
/// # Errors
/// [`ConfigError`] if the file can't be read or a goal can't be understood.
pub fn goals(file: Option<&Path>) -> Result<Vec<Goal>, ConfigError> {
    tables(file, "goals", goal::from_toml)
}

/// Reads the rules for channels of the settings file, if there is one and it has any.
///
/// # Errors
/// [`ConfigError`] if the file can't be read or a rule can't be understood.
pub fn channel_rules(file: Option<&Path>) -> Result<Vec<UserRule>, ConfigError> {
    tables(file, "channels", UserRule::from_toml)
}

/// Reads the tables of one name, `[[name]]`.
fn tables<T>(
    file: Option<&Path>,
    name: &str,
    parse: fn(toml::Value) -> Result<T, String>,
) -> Result<Vec<T>, ConfigError> {
    let usual = Path::new(FILE);
    let Some(path) = file.or(usual.is_file().then_some(usual)) else { return Ok(vec![]) };
    let text = read(path)?;
    let refuse = |reason: String| ConfigError::File { path: path.to_owned(), reason };
    let mut table: toml::Table =
        text.parse().map_err(|error: toml::de::Error| refuse(one_line(&error.to_string())))?;
    match table.remove(name) {
        None => Ok(vec![]),
        Some(toml::Value::Array(values)) => {
            values.into_iter().map(|value| parse(value).map_err(refuse)).collect()
        }
        Some(_) => Err(refuse(format!("write {name} as [[{name}]] tables"))),
    }
}

/// Tells whether everyone on this machine can read a file that should be private.
///
/// Some platforms mount secrets so, and so it is a reason to warn, not to refuse.
#[must_use]
pub fn is_open_to_all(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(file).is_ok_and(|metadata| metadata.permissions().mode() & 0o004 != 0)
}

/// Returns a variable of the environment if it is there and not empty.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the place that reads the environment")]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Reads a duration such as `60s` or `1m 30s`.
///
/// # Errors
/// A sentence that says how to write one.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|_| "write a duration such as 60s, 5m or 7d".to_owned())
}

/// Reads a number of bytes such as `8MiB`.
///
/// # Errors
/// A sentence that says how to write one.
pub fn parse_bytes(text: &str) -> Result<u64, String> {
    let size: Result<bytesize::ByteSize, _> = text.parse();
    size.map(|size| size.as_u64()).map_err(|_| "write a size such as 64MiB or 1GiB".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(file: &str, arguments: &[&str]) -> Result<String, String> {
        let command = Command::new("t").subcommand(
            Command::new("serve").arg(Arg::new("max").long("max-body").default_value("8MiB")),
        );
        let command = with_file(command, Path::new("t.toml"), file).map_err(|e| e.to_string())?;
        let matches = command.try_get_matches_from(arguments).map_err(|e| e.to_string())?;
        let serve = matches.subcommand_matches("serve").unwrap();
        Ok(serve.get_one::<String>("max").unwrap().clone())
    }

    #[test]
    fn a_flag_beats_the_file_and_the_file_the_default() {
        assert_eq!(parse("", &["t", "serve"]).unwrap(), "8MiB");
        assert_eq!(parse("max-body = '1MiB'", &["t", "serve"]).unwrap(), "1MiB");
        assert_eq!(parse("max_body = 5", &["t", "serve"]).unwrap(), "5");
        let flag = ["t", "serve", "--max-body", "2MiB"];
        assert_eq!(parse("max-body = '1MiB'", &flag).unwrap(), "2MiB");
    }

    #[test]
    fn an_unknown_key_names_file_and_key() {
        let error = parse("max-bodies = 5", &["t", "serve"]).unwrap_err();
        assert!(error.contains("t.toml") && error.contains("`max-bodies`"), "{error}");
        let error = parse("max-body = ", &["t", "serve"]).unwrap_err();
        assert!(error.contains("t.toml") && !error.contains('\n'), "{error}");
    }

    #[test]
    fn durations_and_sizes_have_units() {
        assert_eq!(parse_duration("7d").unwrap(), Duration::from_secs(604_800));
        assert_eq!(parse_bytes("8MiB").unwrap(), 8 << 20);
        assert!(parse_duration("soon").is_err() && parse_bytes("much").is_err());
    }
}
