//! Rows whose text names a subject.

use std::sync::Arc;

use arrow::array::{Array, AsArray as _, RecordBatch, StringArray};
use arrow::datatypes::DataType;
use futures::TryStreamExt as _;

use super::subject::{Finder, Subject};
use tributary_ingest::flatten::{body_bytes, identities, people};
use tributary_ingest::schema::Table;
use tributary_lake::scan::{Filter, Keys, key, scan};
use tributary_lake::{DataFile, Lake, LakeError, LakeTable};

/// What is to go: hashes of ids.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Marks {
    /// Events.
    pub events: Keys,
    /// Sessions.
    pub sessions: Keys,
    /// Visitors.
    pub visitors: Keys,
}

/// How a row names subjects.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Named {
    is_named: bool,
    is_person: bool,
}

impl Marks {
    /// Tells whether nothing is marked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty() && self.sessions.is_empty() && self.visitors.is_empty()
    }

    /// Adds others.
    pub(super) fn add(&mut self, other: Self) {
        self.events.extend(other.events);
        self.sessions.extend(other.sessions);
        self.visitors.extend(other.visitors);
    }

    /// Wants the rows that are marked.
    pub(super) fn rows(&self) -> Filter {
        let marked = [
            ("event_id", &self.events),
            ("session_id", &self.sessions),
            ("visitor_id", &self.visitors),
        ];
        let keys = marked.map(|(column, keys)| (column, Arc::new(keys.clone())));
        Filter { keys: keys.to_vec(), unless: None, is_inside: true }
    }
}

/// Looks through a file's text; returns what its rows that name a subject mark.
pub(super) async fn marks_of(
    lake: &Lake,
    table: &LakeTable,
    file: &DataFile,
    finder: &Arc<Finder>,
) -> Result<Marks, LakeError> {
    let (table, schema) = (table.definition(), table.schema());
    let rows = scan(lake, table, file, schema, None).await?;
    let mut rows = std::pin::pin!(rows);
    let mut marks = Marks::default();
    while let Some(batch) = rows.try_next().await? {
        let mut named = vec![Named::default(); batch.num_rows()];
        for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
            let is_identity = says_who(table, field.name());
            let found = match field.name().as_str() {
                "body" => look_at_bodies(column.as_string::<i32>(), finder),
                _ => look(column, finder),
            };
            for (row, mut found) in named.iter_mut().zip(found) {
                // An address that a visitor only saw does not make that visitor the person.
                found.is_person &= is_identity;
                row.add(found);
            }
        }
        mark(&batch, &named, &mut marks);
        tokio::task::yield_now().await;
    }
    Ok(marks)
}

/// Tells whether a column says who the visitor is.
fn says_who(table: &Table, column: &str) -> bool {
    let tables = [people::PEOPLE.name, people::EMAIL_VALIDATIONS.name, identities::TABLE.name];
    tables.contains(&table.name) || ["email", "person_key", "visitor_id"].contains(&column)
}

fn mark(batch: &RecordBatch, named: &[Named], marks: &mut Marks) {
    let ids = |name| batch.column_by_name(name).map(|column| column.as_string::<i32>());
    let id = |name, at: usize| {
        let column = ids(name).filter(|column| column.is_valid(at));
        column.map(|column| key(column.value(at)))
    };
    for (at, row) in named.iter().enumerate().filter(|(_, row)| row.is_named) {
        marks.events.extend(id("event_id", at));
        marks.sessions.extend(id("session_id", at));
        if row.is_person {
            marks.visitors.extend(id("visitor_id", at));
        }
    }
}

/// Looks through bodies, also those that are no UTF-8 and stand there encoded.
fn look_at_bodies(bodies: &StringArray, finder: &Finder) -> Vec<Named> {
    let named = |body: &str| Named::by(&finder.find_in_bytes(&body_bytes(body)));
    bodies.iter().map(|body| body.map(named).unwrap_or_default()).collect()
}

/// Looks through the text of a column, lists and objects included.
fn look(column: &dyn Array, finder: &Finder) -> Vec<Named> {
    match column.data_type() {
        DataType::Utf8 => {
            let texts = column.as_string::<i32>().iter();
            let named = |text: &str| Named::by(&finder.find(text));
            texts.map(|text| text.map(named).unwrap_or_default()).collect()
        }
        DataType::List(_) => {
            let lists = column.as_list::<i32>();
            each(&look(lists.values(), finder), lists.offsets())
        }
        DataType::Map(..) => {
            let maps = column.as_map();
            each(&look(maps.entries(), finder), maps.offsets())
        }
        DataType::Struct(_) => {
            let mut rows = vec![Named::default(); column.len()];
            for field in column.as_struct().columns() {
                let found = look(field, finder);
                rows.iter_mut().zip(found).for_each(|(row, found)| row.add(found));
            }
            rows
        }
        _ => vec![Named::default(); column.len()],
    }
}

/// Sums up what was found in the values of each row.
fn each(values: &[Named], offsets: &[i32]) -> Vec<Named> {
    let sum = |range: &[i32]| {
        let (start, end) = (range[0].unsigned_abs(), range[1].unsigned_abs());
        let mut row = Named::default();
        values[start as usize..end as usize].iter().for_each(|found| row.add(*found));
        row
    };
    offsets.windows(2).map(sum).collect()
}

impl Named {
    fn by(subjects: &[&Subject]) -> Self {
        let mut named = Self::default();
        for subject in subjects {
            named.add(Self { is_named: true, is_person: subject.is_person() });
        }
        named
    }

    fn add(&mut self, other: Self) {
        self.is_named |= other.is_named;
        self.is_person |= other.is_person;
    }
}
