//! `tributary schema [TABLE]`.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};

use super::stdout::Stdout;
use super::{Common, Usage, output};
use crate::goal::{self, Goal};
use crate::query::duckdb;
use crate::report::render::{Format, renderer};
use tributary_ingest::flatten::{TABLES, table};
use tributary_ingest::schema::{Column, ColumnType, DATE, DATE_DOC, Table, sql_type};

#[derive(Debug, clap::Args)]
#[group(skip)]
pub(super) struct Args {
    /// Table to print; without it all are printed
    table: Option<String>,
    /// Form of the rows: table, csv, json, ndjson or markdown
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: Format,
    /// Print a script that opens the lake in DuckDB, with the views and macros of reports
    #[arg(long, conflicts_with_all = ["table", "format"])]
    duckdb: bool,
    /// What counts as a conversion: NAME=page:/path, NAME=signal:NAME or NAME=session:PAGES
    #[arg(long = "goal", value_name = "NAME=…", value_parser = goal::parse)]
    goals: Vec<Goal>,
}

pub(super) fn run(common: &Common, args: &Args) -> anyhow::Result<()> {
    if args.duckdb {
        let goals = common.goals(&args.goals)?;
        let script = duckdb::script(&common.lake.to_string(), &TABLES, &goals);
        return output::print(script.as_bytes());
    }
    let tables: Vec<&Table> = match &args.table {
        None => TABLES.to_vec(),
        Some(name) => vec![table(name).ok_or_else(|| unknown(name))?],
    };
    let batch = describe(&tables)?;
    let mut renderer = renderer(args.format, batch.schema(), Box::new(Stdout::new()))?;
    renderer.write(&batch)?;
    Ok(renderer.finish()?)
}

fn unknown(name: &str) -> Usage {
    let known: Vec<&str> = TABLES.iter().map(|table| table.name).collect();
    Usage(format!("there is no table `{name}`; there are {}", known.join(", ")))
}

/// Returns a row a column, objects' fields below the object.
fn describe(tables: &[&Table]) -> anyhow::Result<RecordBatch> {
    let date = Column { name: DATE, path: "", column_type: ColumnType::Day, doc: DATE_DOC };
    let mut rows: Vec<[String; 4]> = vec![];
    for table in tables {
        for column in table.columns.iter().chain([&date]) {
            add(&mut rows, table.name, "", column);
        }
    }
    let names = ["table", "column", "type", "meaning"];
    let arrays = names.into_iter().enumerate().map(|(at, name)| {
        let values = rows.iter().map(|row| row[at].as_str());
        (name, Arc::new(StringArray::from_iter_values(values)) as ArrayRef)
    });
    Ok(RecordBatch::try_from_iter(arrays)?)
}

fn add(rows: &mut Vec<[String; 4]>, table: &str, prefix: &str, column: &Column) {
    let name = format!("{prefix}{}", column.name);
    let (kind, fields): (String, &[Column]) = match column.column_type {
        ColumnType::Struct(fields) => ("STRUCT".to_owned(), fields),
        ColumnType::Structs(fields) => ("STRUCT[]".to_owned(), fields),
        kind => (sql_type(kind), &[]),
    };
    rows.push([table.to_owned(), name.clone(), kind, column.doc.to_owned()]);
    let prefix = format!("{name}.");
    fields.iter().for_each(|field| add(rows, table, &prefix, field));
}
