//! Settings of object stores: the environment, and the profiles of AWS' own files.
//!
//! A profile is looked up as AWS' tools do: `AWS_PROFILE` names it, else it is `default`; keys
//! stand in `~/.aws/credentials` or what `AWS_SHARED_CREDENTIALS_FILE` names, region and endpoint
//! in `~/.aws/config` or what `AWS_CONFIG_FILE` names. The environment goes before.

use std::path::PathBuf;

use configparser::ini::Ini;

use super::{ConfigError, variable};

/// Prefixes of the variables that object stores read.
const PREFIXES: [&str; 3] = ["AWS_", "GOOGLE_", "AZURE_"];
/// Keys of a profile, and the settings they are, by each of its names.
const KEYS: [(&str, &[&str]); 5] = [
    ("aws_access_key_id", &["AWS_ACCESS_KEY_ID"]),
    ("aws_secret_access_key", &["AWS_SECRET_ACCESS_KEY"]),
    ("aws_session_token", &["AWS_SESSION_TOKEN"]),
    ("region", &["AWS_REGION", "AWS_DEFAULT_REGION"]),
    ("endpoint_url", &["AWS_ENDPOINT", "AWS_ENDPOINT_URL"]),
];

/// Variables that give Google's credentials.
const GOOGLE_KEYS: [&str; 5] = [
    "GOOGLE_APPLICATION_CREDENTIALS",
    "GOOGLE_SERVICE_ACCOUNT",
    "GOOGLE_SERVICE_ACCOUNT_PATH",
    "GOOGLE_SERVICE_ACCOUNT_KEY",
    "GOOGLE_SKIP_SIGNATURE",
];
/// Where gcloud keeps its login, in the user's home.
const LOGIN: &str = ".config/gcloud/application_default_credentials.json";

/// Returns the settings of object stores that the environment and, for S3, a profile hold.
///
/// # Errors
/// [`ConfigError::File`] if `AWS_PROFILE` names a profile that is nowhere.
pub fn store_options(scheme: &str) -> Result<Vec<(String, String)>, ConfigError> {
    let all = std::env::vars_os()
        .filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)));
    let mut options: Vec<(String, String)> = all
        .filter(|(key, value)| {
            !value.is_empty() && PREFIXES.iter().any(|prefix| key.starts_with(prefix))
        })
        .collect();
    if scheme.starts_with("s3") {
        add_named_profile(&mut options)?;
    }
    if scheme == "gs" {
        add_login(&mut options);
    }
    allow_http(&mut options);
    Ok(options)
}

/// Adds the file of gcloud's own login if it is there and nothing else is given: the store's library
/// would read it by itself, but not say so.
fn add_login(options: &mut Vec<(String, String)>) {
    let is_given = |(key, _): &(String, String)| GOOGLE_KEYS.contains(&key.as_str());
    let login = variable("HOME").map(|home| PathBuf::from(home).join(LOGIN));
    if let Some(login) = login.filter(|login| login.is_file() && !options.iter().any(is_given)) {
        options.push((GOOGLE_KEYS[0].to_owned(), login.display().to_string()));
    }
}

/// Adds what AWS' files say.
fn add_named_profile(options: &mut Vec<(String, String)>) -> Result<(), ConfigError> {
    let home = variable("HOME").map(|home| PathBuf::from(home).join(".aws"));
    let file = |name, usual: &str| {
        variable(name).map(PathBuf::from).or_else(|| Some(home.as_ref()?.join(usual)))
    };
    let files =
        [file("AWS_SHARED_CREDENTIALS_FILE", "credentials"), file("AWS_CONFIG_FILE", "config")];
    let texts: Vec<(PathBuf, String)> = files
        .into_iter()
        .flatten()
        .filter_map(|path| Some((path.clone(), std::fs::read_to_string(path).ok()?)))
        .collect();
    add_profile(options, &texts, variable("AWS_PROFILE").as_deref())
}

/// Adds what a profile says and the environment does not.
fn add_profile(
    options: &mut Vec<(String, String)>,
    files: &[(PathBuf, String)],
    named: Option<&str>,
) -> Result<(), ConfigError> {
    let has = |options: &[(String, String)], names: &[&str]| {
        options.iter().any(|(own, _)| names.contains(&own.as_str()))
    };
    // Keys of two places are not mixed.
    let has_keys = has(options, &["AWS_ACCESS_KEY_ID"]);
    let name = named.unwrap_or("default").to_lowercase();
    let mut is_found = false;
    for (path, text) in files {
        let mut file = Ini::new();
        let refuse = |reason: String| ConfigError::File { path: path.clone(), reason };
        file.read(text.clone()).map_err(|reason| refuse(reason.replace('\n', " ")))?;
        for section in [name.clone(), format!("profile {name}")] {
            is_found |= file.sections().contains(&section);
            for (key, names) in KEYS {
                let is_key = key.starts_with("aws_");
                let value = file.get(&section, key).filter(|_| !(is_key && has_keys));
                if let Some(value) = value.filter(|_| !has(options, names)) {
                    options.push((names[0].to_owned(), value));
                }
            }
        }
    }
    match named {
        Some(named) if !is_found => {
            let path = files.first().map_or_else(|| "~/.aws".into(), |(path, _)| path.clone());
            let reason = format!("has no profile `{named}`, which AWS_PROFILE names");
            Err(ConfigError::File { path, reason })
        }
        _ => Ok(()),
    }
}

/// Takes an endpoint that is given as `http://…` at its word.
fn allow_http(options: &mut Vec<(String, String)>) {
    for (prefix, endpoints) in
        [("AWS", ["AWS_ENDPOINT", "AWS_ENDPOINT_URL"]), ("AZURE", ["AZURE_ENDPOINT", ""])]
    {
        let is_plain = |(key, value): &(String, String)| {
            endpoints.contains(&key.as_str()) && value.starts_with("http://")
        };
        let allow = format!("{prefix}_ALLOW_HTTP");
        if options.iter().any(is_plain) && !options.iter().any(|(key, _)| *key == allow) {
            options.push((allow, "true".to_owned()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREDENTIALS: &str = "[default]\naws_access_key_id = D\naws_secret_access_key = d\n\
                               [Work]\naws_access_key_id=W\naws_secret_access_key=w=/+\n";
    const CONFIG: &str = "[default]\nregion = eu-west-1\n[profile work]\nregion = us-east-2\n\
                          endpoint_url = http://127.0.0.1:9000\n";

    fn options(environment: &[(&str, &str)], named: Option<&str>) -> Result<String, ConfigError> {
        let own = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        let mut options = environment.iter().map(own).collect();
        let files = [("credentials".into(), CREDENTIALS.into()), ("config".into(), CONFIG.into())];
        add_profile(&mut options, &files, named)?;
        allow_http(&mut options);
        let texts: Vec<String> =
            options.iter().map(|(key, value)| format!("{key}={value}")).collect();
        Ok(texts.join(" "))
    }

    #[test]
    fn a_profile_gives_what_the_environment_does_not() {
        assert_eq!(
            options(&[], None).unwrap(),
            "AWS_ACCESS_KEY_ID=D AWS_SECRET_ACCESS_KEY=d AWS_REGION=eu-west-1"
        );
        assert_eq!(
            options(&[], Some("work")).unwrap(),
            "AWS_ACCESS_KEY_ID=W AWS_SECRET_ACCESS_KEY=w=/+ AWS_REGION=us-east-2 \
             AWS_ENDPOINT=http://127.0.0.1:9000 AWS_ALLOW_HTTP=true"
        );
        let environment = [("AWS_ACCESS_KEY_ID", "E"), ("AWS_SECRET_ACCESS_KEY", "e")];
        assert_eq!(
            options(&environment, None).unwrap(),
            "AWS_ACCESS_KEY_ID=E AWS_SECRET_ACCESS_KEY=e AWS_REGION=eu-west-1"
        );
        let aliases = [("AWS_DEFAULT_REGION", "r"), ("AWS_ENDPOINT_URL", "https://e")];
        assert_eq!(
            options(&aliases, Some("work")).unwrap(),
            "AWS_DEFAULT_REGION=r AWS_ENDPOINT_URL=https://e \
             AWS_ACCESS_KEY_ID=W AWS_SECRET_ACCESS_KEY=w=/+"
        );
    }

    #[test]
    fn a_profile_that_is_nowhere_is_named() {
        let error = options(&[], Some("play")).unwrap_err().to_string();
        assert!(error.contains("`play`") && error.contains("AWS_PROFILE"), "{error}");
    }
}
