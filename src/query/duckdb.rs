//! A script that gives DuckDB the lake as reports see it: the tables, the goals, the views and the
//! macros.
//!
//! What stands in the lake decides which tables have files, so the script looks when it is run. A
//! table without files, or a column that its files do not have yet, is there and empty.

use std::fmt::Write as _;

use super::goals::BY_KIND;
use super::macros::MACROS;
use super::views::VIEWS;
use crate::goal::Goal;
use tributary_ingest::schema::{Column, ColumnType, DATE, Table, sql_type};

/// Names and types of the relation of goals, as in `goals.rs`.
const GOALS: &str = "name VARCHAR, kind VARCHAR, pattern VARCHAR, props_pattern VARCHAR, \
                     value_pattern VARCHAR, min_pages BIGINT, min_seconds BIGINT, value DOUBLE, \
                     counting VARCHAR";

/// Writes the script for a lake; the variable `lake` may be set to another before it runs.
#[must_use]
pub fn script(lake: &str, tables: &[&'static Table], goals: &[Goal]) -> String {
    let mut text = String::from(
        "-- Opens a lake in DuckDB as the reports of tributary see it; made by `tributary schema --duckdb`.\n\
         -- For another lake, first: SET VARIABLE lake = 's3://bucket/lake';\n\
         SET TimeZone = 'UTC';\n",
    );
    let lake = quoted(lake);
    _ = writeln!(text, "SET VARIABLE lake = coalesce(getvariable('lake'), {lake});");
    text.push_str("CREATE SCHEMA IF NOT EXISTS files;\n");
    for table in tables {
        add_table(&mut text, table);
    }
    add_goals(&mut text, goals);
    for (name, sql) in VIEWS {
        _ = writeln!(text, "\nCREATE OR REPLACE VIEW {name} AS\n{};", sql.trim_end());
    }
    let mut macros = MACROS.to_vec();
    // DuckDB looks for the macros that a macro calls when it is called, not before.
    macros.sort_by_key(|(_, sql)| sql.contains("AS TABLE"));
    for (_, sql) in macros {
        _ = writeln!(text, "\n{};", sql.trim_end());
    }
    text
}

fn add_table(text: &mut String, table: &Table) {
    let name = table.name;
    let date = Column { name: DATE, path: "", column_type: ColumnType::Day, doc: "" };
    let columns = table.columns.iter().chain([&date]);
    let columns: Vec<String> = columns
        .map(|column| {
            format!("CAST(NULL AS {}) AS \"{}\"", sql_type(column.column_type), column.name)
        })
        .collect();
    let empty = format!("SELECT {} WHERE FALSE", columns.join(", "));
    let files = format!("/{name}/date=*/*.parquet");
    let full = format!(
        "SELECT * FROM read_parquet(getvariable('lake') || '{files}', hive_partitioning = true, \
         union_by_name = true) UNION ALL BY NAME {empty}"
    );
    _ = write!(
        text,
        "\nSET VARIABLE n_{name} = (SELECT count(*) FROM glob(getvariable('lake') || '{files}'));\n\
         CREATE OR REPLACE VIEW files.{name} AS FROM query(CASE WHEN getvariable('n_{name}') > 0\n\
         \x20   THEN {}\n    ELSE {} END);\n",
        quoted(&full),
        quoted(&empty)
    );
}

fn add_goals(text: &mut String, goals: &[Goal]) {
    _ = writeln!(text, "\nCREATE OR REPLACE TABLE files.goals ({GOALS});");
    let maybe = |text: &Option<String>| text.as_deref().map_or("NULL".to_owned(), quoted);
    let number = |number: Option<i64>| number.map_or("NULL".to_owned(), |n| n.to_string());
    for goal in goals {
        let values = [
            quoted(&goal.name),
            quoted(goal.kind),
            maybe(&goal.pattern),
            maybe(&goal.props_pattern),
            maybe(&goal.value_pattern),
            number(goal.min_pages),
            number(goal.min_seconds),
            format!("{:?}", goal.value),
            quoted(goal.counting.name()),
        ];
        _ = writeln!(text, "INSERT INTO files.goals VALUES ({});", values.join(", "));
    }
    for (name, kind) in BY_KIND {
        _ = writeln!(
            text,
            "CREATE OR REPLACE VIEW files.{name} AS FROM files.goals WHERE kind = '{kind}';"
        );
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
