//! What `import` reads: files, folders, standard input, object stores; plain, gzip or zstd;
//! NDJSON or JSON.

use std::fs;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use bytes::{Buf as _, Bytes};
use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::ObjectStoreExt as _;
use url::Url;

use super::Usage;
use crate::config;
use tributary_lake::{NoCredentials, remote};

pub(super) mod split;

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
                let stream = runtime.block_on(fetch(url));
                let stream =
                    stream.map_err(|error| Usage(format!("`{name}`: {}", reason(&error))))?;
                Box::new(Object { runtime: runtime.clone(), stream, chunk: Bytes::new() })
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

async fn fetch(url: &Url) -> object_store::Result<Chunks> {
    let options = config::store_options(url.scheme()).map_err(|error| {
        object_store::Error::Generic { store: "settings", source: Box::new(error) }
    })?;
    let (store, path) = remote::open(url, &options)?;
    Ok(store.get(&path).await?.into_stream())
}

/// An object's bytes as they arrive.
type Chunks = BoxStream<'static, object_store::Result<Bytes>>;

/// An object, read as it arrives.
struct Object {
    runtime: tokio::runtime::Handle,
    stream: Chunks,
    chunk: Bytes,
}

impl Read for Object {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.chunk.is_empty() {
            let Some(chunk) = self.runtime.block_on(self.stream.next()) else { return Ok(0) };
            self.chunk = chunk.map_err(io::Error::other)?;
        }
        let n_bytes = buffer.len().min(self.chunk.len());
        self.chunk.copy_to_slice(&mut buffer[..n_bytes]);
        Ok(n_bytes)
    }
}

/// Returns what a store's error says to the user.
fn reason(error: &object_store::Error) -> String {
    NoCredentials::behind(error).map_or_else(|| error.to_string(), |missing| missing.to_string())
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
    let opened = remote::open(&url, &config::store_options(url.scheme())?);
    let (store, prefix) = opened.map_err(|error| refuse(reason(&error)))?;
    if store.head(&prefix).await.is_ok() {
        return Ok(vec![Source::Object(url)]);
    }
    let objects: Vec<_> =
        store.list(Some(&prefix)).try_collect().await.map_err(|e| refuse(reason(&e)))?;
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
