//! What `import` reads: files, folders, standard input, object stores; plain, gzip or zstd;
//! NDJSON or JSON.

use std::fs;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures::TryStreamExt as _;
use object_store::{ObjectStore, ObjectStoreExt as _};
use serde_json::value::RawValue;
use url::Url;

use super::Usage;
use crate::config;

/// Bytes of a body at most; also of a line before it is known to be one.
pub(super) const BODY_BYTES_MAX: usize = 64 << 20;
/// Bytes of a file that is JSON and not NDJSON at most, since it is read whole.
const DOCUMENT_BYTES_MAX: u64 = 1 << 30;
const READ_BYTES: usize = 1 << 20;
/// Ends of names that are read from a folder.
const NAMES: [&str; 4] = [".json", ".ndjson", ".jsonl", ".log"];

/// A place that bodies are read from.
#[derive(Debug, Clone)]
pub(super) enum Source {
    Standard,
    File(PathBuf),
    Object(Url),
}

impl Source {
    /// Returns its name for messages.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Standard => "standard input".to_owned(),
            Self::File(path) => path.display().to_string(),
            Self::Object(url) => url.to_string(),
        }
    }

    /// Returns how many bytes it has, if that is known.
    pub(super) fn size(&self) -> Option<u64> {
        match self {
            Self::File(path) => fs::metadata(path).ok().map(|metadata| metadata.len()),
            Self::Standard | Self::Object(_) => None,
        }
    }

    /// Opens it for reading, decompressed; blocks.
    pub(super) fn open(
        &self,
        runtime: &tokio::runtime::Handle,
        count: impl FnMut(usize) + Send + 'static,
    ) -> anyhow::Result<Box<dyn BufRead>> {
        let name = self.name();
        let raw: Box<dyn Read> = match self {
            Self::Standard => Box::new(io::stdin()),
            Self::File(path) => {
                let file = fs::File::open(path);
                Box::new(file.map_err(|error| Usage(format!("can't read `{name}`: {error}")))?)
            }
            Self::Object(url) => {
                let bytes = runtime.block_on(fetch(url));
                Box::new(io::Cursor::new(bytes.map_err(|e| Usage(format!("`{name}`: {e}")))?))
            }
        };
        let counted = BufReader::with_capacity(READ_BYTES, Counted { inner: raw, count });
        Ok(match compression(&name) {
            Some("gz") => Box::new(BufReader::with_capacity(
                READ_BYTES,
                flate2::bufread::MultiGzDecoder::new(counted),
            )),
            Some("zst") => {
                let decoder = zstd::stream::read::Decoder::with_buffer(counted)?;
                Box::new(BufReader::with_capacity(READ_BYTES, decoder))
            }
            _ => Box::new(counted),
        })
    }
}

fn compression(name: &str) -> Option<&str> {
    let extension = name.rsplit_once('.')?.1;
    ["gz", "zst"].into_iter().find(|known| *known == extension)
}

async fn fetch(url: &Url) -> object_store::Result<Bytes> {
    let (store, path) = object_store::parse_url_opts(url, store_options())?;
    store.get(&path).await?.bytes().await
}

fn store_options() -> Vec<(String, String)> {
    config::store_options().into_iter().map(|(key, value)| (key.to_lowercase(), value)).collect()
}

/// Finds what the arguments name: files, the files of folders and prefixes, standard input.
pub(super) async fn find(arguments: &[String]) -> anyhow::Result<Vec<Source>> {
    let mut sources = vec![];
    for argument in arguments {
        if argument == "-" {
            sources.push(Source::Standard);
        } else if argument.contains("://") {
            sources.extend(find_objects(argument).await?);
        } else {
            let path = Path::new(argument);
            let metadata = fs::metadata(path)
                .map_err(|error| Usage(format!("can't read `{argument}`: {error}")))?;
            if metadata.is_dir() {
                find_files(path, &mut sources)?;
            } else {
                sources.push(Source::File(path.to_owned()));
            }
        }
    }
    if sources.is_empty() {
        let message = "found no files to import; they end in .json, .ndjson, .jsonl or .log, \
                       plain, .gz or .zst";
        return Err(Usage(message.to_owned()).into());
    }
    Ok(sources)
}

fn find_files(folder: &Path, sources: &mut Vec<Source>) -> anyhow::Result<()> {
    let refuse = |error| Usage(format!("can't read `{}`: {error}", folder.display()));
    let mut paths = vec![];
    for entry in fs::read_dir(folder).map_err(refuse)? {
        paths.push(entry.map_err(refuse)?.path());
    }
    paths.sort();
    for path in paths {
        if path.is_dir() {
            find_files(&path, sources)?;
        } else if path.to_str().is_some_and(is_wanted) {
            sources.push(Source::File(path));
        }
    }
    Ok(())
}

async fn find_objects(argument: &str) -> anyhow::Result<Vec<Source>> {
    let refuse = |reason: String| Usage(format!("`{argument}`: {reason}"));
    let url = Url::parse(argument).map_err(|error| refuse(error.to_string()))?;
    let parsed = object_store::parse_url_opts(&url, store_options());
    let (store, prefix) = parsed.map_err(|error| refuse(error.to_string()))?;
    if store.head(&prefix).await.is_ok() {
        return Ok(vec![Source::Object(url)]);
    }
    let objects: Vec<_> =
        store.list(Some(&prefix)).try_collect().await.map_err(|e| refuse(e.to_string()))?;
    let mut names: Vec<String> =
        objects.into_iter().map(|object| object.location.to_string()).collect();
    names.retain(|name| is_wanted(name));
    names.sort();
    let address = |name: String| {
        let mut url = url.clone();
        url.set_path(&format!("/{name}"));
        Source::Object(url)
    };
    Ok(names.into_iter().map(address).collect())
}

fn is_wanted(name: &str) -> bool {
    let bare = name.strip_suffix(".gz").or(name.strip_suffix(".zst")).unwrap_or(name);
    NAMES.iter().any(|end| bare.ends_with(end))
}

/// Reads the bodies of a source, exactly as they stand there.
///
/// NDJSON has one a line. A document that starts with `[`, or whose first line is not a whole
/// value, is read as JSON: a list of bodies, or one after another.
pub(super) fn read(
    name: &str,
    input: &mut dyn BufRead,
    mut emit: impl FnMut(Bytes) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut line = vec![];
    let mut n_lines = 0_u64;
    loop {
        line.clear();
        let limit = BODY_BYTES_MAX as u64 + 1;
        let mut limited = Read::take(&mut *input, limit);
        let n_bytes = limited.read_until(b'\n', &mut line).map_err(|error| {
            Usage(format!("can't read `{name}` behind line {n_lines}: {error}"))
        })?;
        if n_bytes == 0 {
            return Ok(());
        }
        n_lines += 1;
        let body = line.trim_ascii();
        if body.is_empty() {
            continue;
        }
        if body.len() > BODY_BYTES_MAX {
            let message = format!("`{name}` line {n_lines} is longer than {BODY_BYTES_MAX} bytes");
            return Err(Usage(message).into());
        }
        if n_lines == 1 && is_document(body) {
            return read_document(name, &line, input, emit);
        }
        emit(Bytes::copy_from_slice(body))?;
    }
}

/// Tells from its first line whether a source is JSON and not NDJSON.
fn is_document(line: &[u8]) -> bool {
    line[0] == b'[' || (line[0] == b'{' && serde_json::from_slice::<&RawValue>(line).is_err())
}

fn read_document(
    name: &str,
    first: &[u8],
    input: &mut dyn BufRead,
    mut emit: impl FnMut(Bytes) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut bytes = first.to_vec();
    let refuse = |reason: String| Usage(format!("`{name}`: {reason}; NDJSON has no such limits"));
    Read::take(input, DOCUMENT_BYTES_MAX)
        .read_to_end(&mut bytes)
        .map_err(|error| refuse(error.to_string()))?;
    if bytes.len() as u64 > DOCUMENT_BYTES_MAX {
        return Err(refuse("is a JSON document of more than 1 GiB".to_owned()).into());
    }
    if bytes.trim_ascii_start().first() == Some(&b'[') {
        let bodies: Vec<&RawValue> =
            serde_json::from_slice(&bytes).map_err(|error| refuse(error.to_string()))?;
        return bodies.into_iter().try_for_each(|body| emit(own(name, body)?));
    }
    let bodies = serde_json::Deserializer::from_slice(&bytes).into_iter::<&RawValue>();
    for body in bodies {
        emit(own(name, body.map_err(|error| refuse(error.to_string()))?)?)?;
    }
    Ok(())
}

fn own(name: &str, body: &RawValue) -> Result<Bytes, Usage> {
    if body.get().len() > BODY_BYTES_MAX {
        return Err(Usage(format!("`{name}` holds a body of more than {BODY_BYTES_MAX} bytes")));
    }
    Ok(Bytes::copy_from_slice(body.get().as_bytes()))
}

/// Tells how many bytes were read.
struct Counted<R, F> {
    inner: R,
    count: F,
}

impl<R: Read, F: FnMut(usize)> Read for Counted<R, F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n_bytes = self.inner.read(buffer)?;
        (self.count)(n_bytes);
        Ok(n_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let mut bodies = vec![];
        let emit = |body: Bytes| {
            bodies.push(String::from_utf8(body.to_vec()).unwrap());
            Ok(())
        };
        read("t", &mut text.as_bytes(), emit).unwrap();
        assert_eq!(bodies, expected, "{text:?}");
    }

    #[test]
    fn ndjson_is_read_line_by_line_exactly() {
        check("{\"a\": 1}\n\n{\"b\":2}\r\n", &["{\"a\": 1}", "{\"b\":2}"]);
        check("", &[]);
    }

    #[test]
    fn a_line_that_is_no_json_is_kept() {
        check("{\"a\":1}\n{broken\n{\"b\":2}", &["{\"a\":1}", "{broken", "{\"b\":2}"]);
        check("not json\n{\"b\":2}", &["not json", "{\"b\":2}"]);
    }

    #[test]
    fn a_document_is_a_list_or_one_value_after_another() {
        check("[{\"a\":1}, {\"b\":\n2}]", &["{\"a\":1}", "{\"b\":\n2}"]);
        check("{\n \"a\": 1\n}\n{\"b\":2}", &["{\n \"a\": 1\n}", "{\"b\":2}"]);
    }
}
