//! The shape of data at rest: where the lake is, what its files are called, how they are
//! committed.
//!
//! ```text
//! LAKE/<table>/date=YYYY-MM-DD/part-<ingester>-<segment>-<n>.parquet
//! LAKE/<table>/_delta_log/…
//! ```
//!
//! Every table is a Delta Lake table. A file is first put under a name that derives from the
//! journal's segment, then named in a commit; files that no commit names do not exist to a
//! reader of the table. A commit says up to which segment its ingester has written (`txn`), so
//! that a flush repeated after a crash is left out. Files are never changed; [`rewrite`] puts
//! others in their place, and [`sweep`] takes the old ones away. On local disk everything is synced before
//! it counts ([`durable`]).

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use futures::TryStreamExt as _;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, PutPayload};

use tributary_ingest::schema::Table;

mod address;
pub mod audit;
mod behind;
pub mod compact;
mod config;
mod describe;
pub mod durable;
mod encodings;
mod entry_cache;
pub mod error;
pub mod evolve;
pub mod files;
mod identity;
mod links;
pub mod location;
pub mod log;
mod overlay;
pub mod pages;
mod permit;
pub mod properties;
pub mod protocol;
mod reader;
pub mod remote;
pub mod retention;
pub mod rewrite;
pub mod scan;
pub mod statistics;
pub mod sweep;
pub mod table;
mod types;
pub mod writer;

pub use address::Address;
pub use config::LakeConfig;
pub use error::LakeError;
pub use files::{DataFile, Listing};
pub use location::Location;
pub use protocol::{Block, Operation};
pub use remote::NoCredentials;
pub use table::{LakeTable, NewFile};

/// A lake that can be read and written.
#[derive(Clone)]
pub struct Lake {
    location: Location,
    store: Arc<dyn ObjectStore>,
    options: Arc<[(String, String)]>,
}

impl fmt::Debug for Lake {
    // The options hold credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lake").field("location", &self.location).finish_non_exhaustive()
    }
}

impl Lake {
    /// Opens the lake at a location, without touching it.
    ///
    /// `options` are the object store's settings, such as `AWS_REGION`.
    ///
    /// # Errors
    /// [`LakeError::Location`] if the store can't be set up.
    pub fn open(location: &Location, options: &[(String, String)]) -> Result<Self, LakeError> {
        let store = location.store(options)?;
        Ok(Self { location: location.clone(), store, options: options.into() })
    }

    /// Opens the same lake with connections of its own, for another runtime.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn reopened(&self) -> Result<Self, LakeError> {
        Self::open(&self.location, &self.options)
    }

    /// Returns where the lake is.
    #[must_use]
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// Returns where other processes find the lake's files.
    ///
    /// # Errors
    /// [`LakeError::Location`] if it is in a store that they can't be told of.
    pub fn address(&self) -> Result<Address, LakeError> {
        address::of(&self.location, &self.options)
    }

    /// Returns the store, whose root is the lake.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn ObjectStore> {
        &self.store
    }

    /// Opens a table that files may be added to, creating it if it is not there.
    ///
    /// # Errors
    /// Any [`LakeError`]; one that [`LakeError::is_block`] if they may not.
    pub async fn create_table(&self, table: &'static Table) -> Result<LakeTable, LakeError> {
        match self.open_table(table).await? {
            (opened, None) => Ok(opened),
            (_, Some(block)) => Err(block),
        }
    }

    /// Opens a table whatever its log says, creating it if it is not there; returns also why
    /// files may not be added, if so.
    ///
    /// # Errors
    /// Any [`LakeError`] but one that [`LakeError::is_block`].
    pub async fn open_table(
        &self,
        table: &'static Table,
    ) -> Result<(LakeTable, Option<LakeError>), LakeError> {
        if let Some((found, snapshot)) = LakeTable::open_now(table, &self.store).await? {
            return match found.admit(snapshot).await {
                Ok(()) => Ok((found, None)),
                Err(error) if error.is_block() => Ok((found, Some(error))),
                Err(error) => Err(error),
            };
        }
        self.note_format().await?;
        Ok((LakeTable::create(table, &self.store).await?, None))
    }

    /// Opens a table whose rows are to be put into other files; `None` if it is not there.
    ///
    /// # Errors
    /// Any [`LakeError`]; one that [`LakeError::is_block`] if the table does not allow this.
    pub async fn table_to_rewrite(
        &self,
        table: &'static Table,
        operation: Operation,
    ) -> Result<Option<LakeTable>, LakeError> {
        let opened = LakeTable::open_now(table, &self.store).await?;
        let Some((found, snapshot)) = opened else { return Ok(None) };
        found.permit(&snapshot, operation)?;
        found.add_columns_to(snapshot).await?;
        Ok(Some(found))
    }

    /// Opens a table whose rows are to be erased, without touching it; `None` if it is not there.
    ///
    /// # Errors
    /// Any [`LakeError`]; one that [`LakeError::is_block`] if the table does not allow this.
    pub async fn table_to_erase(
        &self,
        table: &'static Table,
    ) -> Result<Option<LakeTable>, LakeError> {
        let opened = LakeTable::open_now(table, &self.store).await?;
        let Some((found, snapshot)) = opened else { return Ok(None) };
        found.permit(&snapshot, Operation::Erase)?;
        Ok(Some(found))
    }

    /// Lists what can't be done with a table; nothing if it is not there.
    ///
    /// # Errors
    /// Any [`LakeError`].
    pub async fn blocks(&self, table: &'static Table) -> Result<Vec<Block>, LakeError> {
        let opened = LakeTable::open_now(table, &self.store).await?;
        Ok(opened.map(|(found, snapshot)| found.blocks(&snapshot)).unwrap_or_default())
    }

    /// Lists the files of a table's current version; `None` if it is not there.
    ///
    /// # Errors
    /// Any [`LakeError`].
    pub async fn listing(&self, table: &'static Table) -> Result<Option<Listing>, LakeError> {
        LakeTable::listing_now(table, &self.store).await
    }

    /// Whether a table has no version behind this one; `None` stands for no table.
    ///
    /// # Errors
    /// The store's error.
    pub async fn is_last(&self, table: &Table, version: Option<u64>) -> Result<bool, LakeError> {
        let next = version.map_or(0, |version| version + 1);
        let key = Path::from(format!("{}/_delta_log/{next:020}.json", table.name));
        match self.store.head(&key).await {
            Ok(_) => Ok(false),
            Err(object_store::Error::NotFound { .. }) => Ok(true),
            Err(error) => Err(LakeError::store("head", &key, error)),
        }
    }

    /// Opens a table that is to be read; `None` if it is not there.
    ///
    /// # Errors
    /// Any [`LakeError`]; one that [`LakeError::is_block`] if it can't be read.
    pub async fn table(&self, table: &'static Table) -> Result<Option<LakeTable>, LakeError> {
        let opened = LakeTable::open_now(table, &self.store).await?;
        let Some((found, snapshot)) = opened else { return Ok(None) };
        found.permit(&snapshot, Operation::Read)?;
        Ok(Some(found))
    }

    /// Puts a data file under its name, whole or not at all.
    ///
    /// The name says which segment of which ingester it holds, so one that is there already is
    /// an earlier attempt's and is replaced, unless its own words contradict that.
    ///
    /// # Errors
    /// [`LakeError::Foreign`] if another ingester's file has this name, else the store's error.
    pub async fn put(&self, key: &Path, bytes: Bytes, segment: &str) -> Result<(), LakeError> {
        let create = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        let payload = PutPayload::from(bytes);
        match self.store.put_opts(key, payload.clone(), create).await {
            Ok(_) => return Ok(()),
            Err(object_store::Error::AlreadyExists { .. }) => {}
            Err(error) => return Err(LakeError::store("put", key, error)),
        }
        if files::segment_of(self.store.as_ref(), key).await?.is_some_and(|found| found != segment)
        {
            return Err(LakeError::Foreign { key: key.to_string() });
        }
        self.store
            .put(key, payload)
            .await
            .map(drop)
            .map_err(|error| LakeError::store("put", key, error))
    }

    /// Removes files of a table that are named as one segment's of an ingester and are not
    /// `kept`, in the partitions of those that are.
    ///
    /// Only for a segment that the table has not committed: then no reader knows of them.
    ///
    /// # Errors
    /// The store's error.
    pub async fn remove_others(
        &self,
        table: &str,
        ingester: &str,
        sequence: u64,
        kept: &[&str],
    ) -> Result<(), LakeError> {
        let partitions: BTreeSet<&str> =
            kept.iter().filter_map(|path| Some(path.split_once('/')?.0)).collect();
        let mark = files::mark(ingester, sequence);
        for partition in partitions {
            let prefix = Path::from(format!("{table}/{partition}"));
            let failed = |error| LakeError::store("list", &prefix, error);
            let listed: Vec<_> =
                self.store.list(Some(&prefix)).try_collect().await.map_err(failed)?;
            for object in listed {
                let name = object.location.filename().unwrap_or_default();
                let path = format!("{partition}/{name}");
                if name.starts_with(&mark) && !kept.contains(&path.as_str()) {
                    let failed = |error| LakeError::store("delete", &object.location, error);
                    self.store.delete(&object.location).await.map_err(failed)?;
                }
            }
        }
        Ok(())
    }

    /// Checks that the lake can be written, and that creating a key twice fails.
    ///
    /// # Errors
    /// [`LakeError::Link`] if a folder of a local lake is a symbolic link, [`LakeError::Format`] if
    /// a later program made the lake,
    /// [`LakeError::NotExclusive`] if the store lets two writers create the same key, else the
    /// store's error.
    pub async fn probe(&self) -> Result<(), LakeError> {
        self.settle()?;
        self.refuse_links()?;
        self.check_format().await?;
        let key = Path::from(format!("_tributary/probe-{}", uuid::Uuid::new_v4().simple()));
        let create = || PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        let put = |text: &'static str| self.store.put_opts(&key, text.into(), create());
        put("first").await.map_err(|error| LakeError::store("put", &key, error))?;
        let second = put("second").await;
        let deleted = self.store.delete(&key).await;
        match second {
            Err(object_store::Error::AlreadyExists { .. }) => {}
            Ok(_) => return Err(LakeError::NotExclusive),
            Err(error) => return Err(LakeError::store("put", &key, error)),
        }
        deleted.map_err(|error| LakeError::store("delete", &key, error))
    }

    fn refuse_links(&self) -> Result<(), LakeError> {
        let Some(folder) = self.location.folder() else { return Ok(()) };
        match links::first_link(folder) {
            Ok(None) => Ok(()),
            Ok(Some(link)) => Err(LakeError::Link { link }),
            Err(error) => Err(LakeError::Location {
                location: self.location.to_string(),
                reason: format!("can't be listed: {error}"),
            }),
        }
    }

    /// Makes what a killed process left on local disk durable, before anyone relies on it.
    ///
    /// That process may have created a file and been killed before it synced the folder; this
    /// one sees the file and would take it for committed.
    fn settle(&self) -> Result<(), LakeError> {
        let Some(folder) = self.location.folder() else { return Ok(()) };
        let synced = std::fs::File::open(folder)
            .and_then(|root| rustix::fs::syncfs(root).map_err(std::io::Error::from));
        synced.map_err(|error| LakeError::Location {
            location: self.location.to_string(),
            reason: format!("can't be synced: {error}"),
        })
    }
}
