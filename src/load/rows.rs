//! Rows of text out of CSV, NDJSON and Parquet.

use std::fmt;

use arrow::array::{Array as _, AsArray as _, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

use tributary_ingest::text;

/// The cells of a row, one a column.
pub(super) type Cells = Vec<Option<String>>;
/// What is done with a row: the columns' names, its line or number from 1, its cells.
type Emit<'e> = dyn FnMut(&[String], usize, &Cells) -> Result<(), String> + 'e;

/// Reads the rows of a file; its name's end tells the format. Returns how many there are.
pub(super) fn read(
    name: &str,
    bytes: Vec<u8>,
    mut emit: impl FnMut(&[String], usize, &Cells) -> Result<(), String>,
) -> Result<usize, String> {
    let extension = name.rsplit('.').next().unwrap_or_default().to_lowercase();
    let text = || text::utf8(&bytes).map_err(|error| error.to_string());
    let n_rows = match extension.as_str() {
        "csv" | "tsv" => read_csv(&text()?, &mut emit),
        "ndjson" | "jsonl" | "json" => read_ndjson(&text()?, &mut emit),
        "parquet" => read_parquet(bytes, &mut emit),
        _ => {
            Err("its name does not tell its format; end it in .csv, .ndjson or .parquet".to_owned())
        }
    }?;
    if n_rows == 0 { Err("holds no rows".to_owned()) } else { Ok(n_rows) }
}

fn read_csv(bytes: &[u8], emit: &mut Emit<'_>) -> Result<usize, String> {
    let header = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let count = |wanted: u8| header.iter().filter(|byte| **byte == wanted).count();
    let delimiter = [b',', b';', b'\t'].into_iter().max_by_key(|byte| count(*byte));
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter.unwrap_or(b','))
        .trim(csv::Trim::All)
        .from_reader(bytes);
    let refuse = |error: csv::Error| error.to_string();
    let columns: Vec<String> =
        reader.headers().map_err(refuse)?.iter().map(str::to_lowercase).collect();
    let mut n_rows = 0;
    for record in reader.records() {
        let record = record.map_err(refuse)?;
        let line =
            record.position().map_or(n_rows + 2, |at| usize::try_from(at.line()).unwrap_or(0));
        let cells: Cells = record.iter().map(|cell| Some(cell.to_owned())).collect();
        emit(&columns, line, &cells)?;
        n_rows += 1;
    }
    Ok(n_rows)
}

fn read_ndjson(bytes: &[u8], emit: &mut Emit<'_>) -> Result<usize, String> {
    let mut n_rows = 0;
    for (at, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let Members(object) =
            serde_json::from_slice(line).map_err(|error| format!("line {}: {error}", at + 1))?;
        let columns: Vec<String> = object.iter().map(|(key, _)| key.to_lowercase()).collect();
        let cells: Cells = object.iter().map(|(_, value)| json_text(value)).collect();
        emit(&columns, at + 1, &cells)?;
        n_rows += 1;
    }
    Ok(n_rows)
}

/// The members of an object as they stand, also those of one name.
struct Members(Vec<(String, serde_json::Value)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
        let mut members = vec![];
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}

fn json_text(value: &serde_json::Value) -> Option<String> {
    match value {
        serde_json::Value::Null => None,
        serde_json::Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

fn read_parquet(bytes: Vec<u8>, emit: &mut Emit<'_>) -> Result<usize, String> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(bytes))
        .map_err(|error| error.to_string())?;
    let reader = builder.build().map_err(|error| error.to_string())?;
    let mut n_rows = 0;
    for batch in reader {
        let batch = batch.map_err(|error| error.to_string())?;
        n_rows += read_batch(&batch, n_rows, emit)?;
    }
    Ok(n_rows)
}

fn read_batch(batch: &RecordBatch, before: usize, emit: &mut Emit<'_>) -> Result<usize, String> {
    let schema = batch.schema();
    let columns: Vec<String> =
        schema.fields().iter().map(|field| field.name().to_lowercase()).collect();
    let texts = batch.columns().iter().zip(&columns).map(|(column, name)| {
        cast(column, &DataType::Utf8).map_err(|error| format!("column `{name}`: {error}"))
    });
    let texts = texts.collect::<Result<Vec<_>, _>>()?;
    for at in 0..batch.num_rows() {
        let cell = |column: &arrow::array::ArrayRef| {
            column.is_valid(at).then(|| column.as_string::<i32>().value(at).to_owned())
        };
        let cells: Cells = texts.iter().map(cell).collect();
        emit(&columns, before + at + 1, &cells)?;
    }
    Ok(batch.num_rows())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_of_one_name_are_all_there() {
        let mut found = vec![];
        read(
            "a.ndjson",
            br#"{"email":"a","Email":"b","email":3}"#.to_vec(),
            |columns, _, cells| {
                found.push((columns.to_vec(), cells.clone()));
                Ok(())
            },
        )
        .unwrap();
        let (columns, cells) = found.pop().unwrap();
        assert_eq!(columns, ["email", "email", "email"]);
        assert_eq!(cells, [Some("a".to_owned()), Some("b".to_owned()), Some("3".to_owned())]);
    }
}
