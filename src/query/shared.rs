//! Views that a query uses many times are worked out once, into a file, before it runs.
//!
//! SQL repeats a view's plan wherever its name stands, and the views that tell who a visitor is
//! stand below everything that attributes. A file of rows costs one pass and disk space instead,
//! within no more memory than a batch.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;

use datafusion::execution::options::ParquetReadOptions;
use datafusion::prelude::SessionContext;
use datafusion::sql::parser::{DFParser, Statement};
use datafusion::sql::resolve::resolve_table_references;
use futures::StreamExt as _;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use tempfile::TempDir;
use tokio::sync::Mutex;

use super::QueryError;
use super::views::VIEWS;

/// Views that are worked out once.
const SHARED: [&str; 3] = ["visits", "conversion_events", "touchpoints"];

/// The views that were worked out, and where.
#[derive(Debug)]
pub(super) struct SharedViews {
    folder: TempDir,
    done: Mutex<BTreeSet<&'static str>>,
}

impl SharedViews {
    /// Registers all views, none of them worked out.
    pub(super) async fn register(context: &SessionContext) -> Result<Self, QueryError> {
        let folder = TempDir::with_prefix("tributary-").map_err(failed)?;
        create_views(context, &BTreeSet::new()).await?;
        Ok(Self { folder, done: Mutex::new(BTreeSet::new()) })
    }

    /// Works out what a statement needs and was not worked out before.
    pub(super) async fn prepare(
        &self,
        context: &SessionContext,
        statement: &Statement,
    ) -> Result<(), QueryError> {
        let needed = needed(statement)?;
        let mut done = self.done.lock().await;
        for name in SHARED {
            if needed.contains(name) && !done.contains(name) {
                let path = self.folder.path().join(format!("{name}.parquet"));
                store(context, name, &path).await?;
                context.deregister_table(name)?;
                let address = path.display().to_string();
                context.register_parquet(name, address, ParquetReadOptions::default()).await?;
                done.insert(name);
                create_views(context, &done).await?;
            }
        }
        Ok(())
    }
}

/// Defines the views that are not worked out, over those that are.
async fn create_views(
    context: &SessionContext,
    done: &BTreeSet<&'static str>,
) -> Result<(), QueryError> {
    for (name, sql) in VIEWS.iter().filter(|(name, _)| !done.contains(name)) {
        context.sql(&format!("CREATE OR REPLACE VIEW {name} AS {sql}")).await?;
    }
    Ok(())
}

/// Returns the views that a statement rests on.
fn needed(statement: &Statement) -> Result<BTreeSet<String>, QueryError> {
    let mut needed = references(statement)?;
    for (name, sql) in VIEWS.iter().rev() {
        if needed.contains(*name) {
            for statement in DFParser::parse_sql(sql)? {
                needed.append(&mut references(&statement)?);
            }
        }
    }
    Ok(needed)
}

fn references(statement: &Statement) -> Result<BTreeSet<String>, QueryError> {
    let (tables, _) = resolve_table_references(statement, true)?;
    let own = tables.iter().filter(|table| table.schema().is_none_or(|schema| schema == "public"));
    Ok(own.map(|table| table.table().to_owned()).collect())
}

async fn store(context: &SessionContext, name: &str, path: &Path) -> Result<(), QueryError> {
    let frame = context.sql(&format!("SELECT * FROM {name}")).await?;
    let mut stream = frame.execute_stream().await?;
    let file = File::create(path).map_err(failed)?;
    // It is written and read once or twice, whole.
    let properties = WriterProperties::builder()
        .set_compression(Compression::UNCOMPRESSED)
        .set_dictionary_enabled(false)
        .set_statistics_enabled(EnabledStatistics::None)
        .build();
    let mut writer =
        ArrowWriter::try_new(file, stream.schema(), Some(properties)).map_err(failed)?;
    while let Some(batch) = stream.next().await {
        writer.write(&batch?).map_err(failed)?;
    }
    writer.close().map(drop).map_err(failed)
}

fn failed(error: impl std::fmt::Display) -> QueryError {
    QueryError::Failed(format!("temporary file: {error}"))
}
