//! Random text that is made once and kept in the journal's folder.
//!
//! ```text
//! JOURNAL/dashboard-token   the token of a dashboard whose operator gave none
//! JOURNAL/dashboard-key     what the cookies of those who signed in are made with
//! ```
//!
//! A file is there whole or not at all, and readable by this user only. Of two processes that
//! start at once one makes it and both read it.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use uuid::Uuid;

use super::TOKEN_BYTES_MIN;
use tributary_ingest::disk;

/// The file of the token that is made at the first start.
pub const TOKEN_FILE: &str = "dashboard-token";
/// The file of the key of sessions.
pub const KEY_FILE: &str = "dashboard-key";

/// Returns what the file `name` of a folder holds; makes folder and file if they are not there.
///
/// # Errors
/// The system's error; `InvalidData` if the file is not as it was made.
pub fn load_or_make(folder: &Path, name: &str) -> io::Result<String> {
    disk::create_folders(folder)?;
    let path = folder.join(name);
    match load(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        found => return found,
    }
    // Readable by this user only from the first moment on, as temporary files are.
    let mut file = tempfile::Builder::new().prefix(".dashboard-").tempfile_in(folder)?;
    file.write_all(random_text().as_bytes())?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(&path) {
        Ok(_) => File::open(folder)?.sync_all()?,
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error.error),
    }
    load(&path)
}

fn load(path: &Path) -> io::Result<String> {
    let text = fs::read_to_string(path)?;
    let text = text.trim();
    if text.len() < TOKEN_BYTES_MIN || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        let reason = "holds no token; remove it, and the next start makes another";
        return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
    }
    Ok(text.to_owned())
}

/// Returns 244 random bits of the system as 64 hexadecimal digits and the end of a line.
fn random_text() -> String {
    format!("{}{}\n", Uuid::new_v4().simple(), Uuid::new_v4().simple())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn what_is_made_is_kept_and_private() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("new/journal");
        let made = load_or_make(&folder, TOKEN_FILE).unwrap();
        assert!(made.len() == 64 && made.bytes().all(|byte| byte.is_ascii_hexdigit()), "{made}");
        assert_eq!(load_or_make(&folder, TOKEN_FILE).unwrap(), made);
        assert_ne!(load_or_make(&folder, KEY_FILE).unwrap(), made);
        let mode = fs::metadata(folder.join(TOKEN_FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 2, "nothing else is left");
    }

    #[test]
    fn of_many_that_start_at_once_all_have_the_same() {
        let place = tempfile::tempdir().unwrap();
        let make = || load_or_make(place.path(), TOKEN_FILE).unwrap();
        let made: Vec<String> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(make)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(made.iter().all(|text| *text == made[0]), "{made:?}");
    }

    #[test]
    fn a_file_that_was_cut_short_is_told_and_no_token() {
        let place = tempfile::tempdir().unwrap();
        for text in ["", "\n", "short", "two words that are long enough"] {
            fs::write(place.path().join(TOKEN_FILE), text).unwrap();
            let error = load_or_make(place.path(), TOKEN_FILE).unwrap_err();
            assert!(error.to_string().contains("remove it"), "{text:?}: {error}");
        }
    }
}
