//! Where in an event a value has an unexpected type; only read when there is one.

use super::slot::{Row, Slot};
use crate::schema::{Column, Kind};

/// Returns the place of the first value of an unexpected type, such as `session.screen.width`.
#[must_use]
pub fn first(row: &Row<'_>, columns: &[Column]) -> Option<String> {
    columns.iter().zip(row).find_map(|(column, slot)| within(column, slot))
}

fn within(column: &Column, slot: &Slot<'_>) -> Option<String> {
    match slot {
        Slot::Mismatch => Some(column.path.to_owned()),
        Slot::Rows(rows) => {
            let (Kind::Struct(fields) | Kind::Structs(fields)) = column.kind else { return None };
            let is_list = matches!(column.kind, Kind::Structs(_));
            rows.iter().enumerate().find_map(|(at, row)| {
                let inner = first(row, fields)?;
                let index = if is_list { format!("[{at}]") } else { String::new() };
                Some(format!("{}{index}.{inner}", column.path))
            })
        }
        _ => None,
    }
}
