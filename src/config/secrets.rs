//! Secrets and tokens, out of files or the environment and never from a flag.

use std::path::Path;

use zeroize::Zeroizing;

use super::{ConfigError, SECRETS_VARIABLE, read, variable};
use crate::web::tokens::Tokens;
use tributary_ingest::verify::{KeyEncoding, Secret, given};

/// Reads the webhook's secrets from a file, else from the environment; none if neither is there.
///
/// # Errors
/// [`ConfigError`] if the file can't be read or a secret gives no usable key.
pub fn secrets(
    file: Option<&Path>,
    encoding: KeyEncoding,
    key_bytes_min: usize,
) -> Result<Vec<Secret>, ConfigError> {
    let (text, place) = match file {
        Some(path) => (Zeroizing::new(read(path)?), path.display().to_string()),
        None => (
            Zeroizing::new(variable(SECRETS_VARIABLE).unwrap_or_default()),
            SECRETS_VARIABLE.into(),
        ),
    };
    let parse = |(at, text): (usize, &str)| {
        Secret::parse(text, encoding, key_bytes_min).map_err(|error| ConfigError::Secret {
            n: at + 1,
            place: place.clone(),
            reason: error.to_string(),
        })
    };
    given::secrets(&text).into_iter().enumerate().map(parse).collect()
}

/// Reads a tokens file.
///
/// # Errors
/// [`ConfigError`] if the file can't be read or a token in it can't be used.
pub fn tokens(file: &Path) -> Result<Tokens, ConfigError> {
    let refuse = |reason| ConfigError::File { path: file.to_owned(), reason };
    Tokens::parse(&read(file)?).map_err(refuse)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn parsed(bytes: &[u8]) -> Result<usize, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        let read = secrets(Some(file.path()), KeyEncoding::Auto, 16);
        let place = file.path().display().to_string();
        read.map(|secrets| secrets.len()).map_err(|error| error.to_string().replace(&place, "F"))
    }

    #[test]
    fn a_file_of_secrets_is_read_however_it_was_saved() {
        let utf16 =
            |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
        assert_eq!(parsed(format!("\u{feff}{SECRET}\r\n").as_bytes()), Ok(1));
        assert_eq!(parsed(&utf16(&format!("\u{feff}{SECRET}\r\n"))), Ok(1));
        assert_eq!(parsed(format!("'{SECRET}'\nv1,{SECRET}").as_bytes()), Ok(2));
        assert_eq!(parsed(b""), Ok(0));
    }

    #[test]
    fn a_secret_that_is_none_is_refused_by_its_number_and_not_repeated() {
        let error = parsed(format!("{SECRET}\nwhsec_YourSecretHere").as_bytes()).unwrap_err();
        assert_eq!(
            error,
            "secret 2 of F is a placeholder, not a secret; give the whole secret, `whsec_…`"
        );
    }
}
