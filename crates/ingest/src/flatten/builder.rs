//! Rows of slots into Arrow columns.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{
    Array as _, ArrayRef, BooleanBuilder, Date32Builder, Float64Builder, Int64Builder, ListArray,
    ListBuilder, NullBufferBuilder, RecordBatch, StringBuilder, StructArray,
    TimestampMillisecondBuilder,
};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::error::ArrowError;

use super::slot::Slot;
use crate::schema::{Column, ColumnType, DATE, fields};

/// Bytes of an offset, which each value of varying length has.
const OFFSET_BYTES: usize = 4;
/// Bytes of any other value.
const VALUE_BYTES: usize = 8;

/// Collects the rows of one table.
#[derive(Debug)]
pub struct TableBuilder {
    columns: &'static [Column],
    dates: Date32Builder,
    builders: Vec<ColumnBuilder>,
    bytes: usize,
}

impl TableBuilder {
    /// Makes an empty builder.
    #[must_use]
    pub fn new(columns: &'static [Column]) -> Self {
        let builders = columns.iter().map(ColumnBuilder::new).collect();
        Self { columns, dates: Date32Builder::new(), builders, bytes: 0 }
    }

    /// Appends a row: its partition, then one slot a column, in pieces.
    ///
    /// Slots beyond the columns are left out, columns beyond the slots are null.
    pub fn append(&mut self, date: i32, row: &[&[Slot<'_>]]) {
        self.dates.append_value(date);
        let mut builders = self.builders.iter_mut();
        for piece in row {
            for (slot, builder) in piece.iter().zip(builders.by_ref()) {
                self.bytes += builder.append(slot);
            }
        }
        self.bytes += builders.map(|builder| builder.append(&Slot::Null)).sum::<usize>();
    }

    /// Returns about how many bytes the rows take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes the rows as one batch whose first column is `date`.
    ///
    /// # Errors
    /// Arrow's error; it would be a defect of this file.
    pub fn finish(&mut self) -> Result<RecordBatch, ArrowError> {
        self.bytes = 0;
        let mut schema = vec![Arc::new(Field::new(DATE, DataType::Date32, false))];
        schema.extend(fields(self.columns).iter().map(Arc::clone));
        let mut arrays: Vec<ArrayRef> = vec![Arc::new(self.dates.finish())];
        for builder in &mut self.builders {
            arrays.push(builder.finish()?);
        }
        RecordBatch::try_new(Arc::new(Schema::new(schema)), arrays)
    }
}

/// Collects the values of one column.
#[derive(Debug)]
enum ColumnBuilder {
    Text(StringBuilder),
    Int(Int64Builder),
    Float(Float64Builder),
    Bool(BooleanBuilder),
    Time(TimestampMillisecondBuilder),
    Day(Date32Builder),
    TextList(ListBuilder<StringBuilder>),
    Struct(StructColumn),
    Structs { rows: StructColumn, offsets: Vec<i32>, nulls: NullBufferBuilder },
}

impl ColumnBuilder {
    fn new(column: &Column) -> Self {
        match column.column_type {
            ColumnType::Text | ColumnType::Json => Self::Text(StringBuilder::new()),
            ColumnType::Int => Self::Int(Int64Builder::new()),
            ColumnType::Float => Self::Float(Float64Builder::new()),
            ColumnType::Bool => Self::Bool(BooleanBuilder::new()),
            ColumnType::Time => Self::Time(TimestampMillisecondBuilder::new().with_timezone("UTC")),
            ColumnType::Day => Self::Day(Date32Builder::new()),
            ColumnType::TextList => {
                let element = Field::new("element", DataType::Utf8, true);
                Self::TextList(ListBuilder::new(StringBuilder::new()).with_field(element))
            }
            ColumnType::Struct(columns) => Self::Struct(StructColumn::new(columns)),
            ColumnType::Structs(columns) => Self::Structs {
                rows: StructColumn::new(columns),
                offsets: vec![0],
                nulls: NullBufferBuilder::new(0),
            },
        }
    }

    /// Appends a value; returns about how many bytes it takes.
    fn append(&mut self, slot: &Slot<'_>) -> usize {
        match self {
            Self::Text(builder) => {
                let text = slot.as_text();
                builder.append_option(text);
                return text.map_or(VALUE_BYTES, |text| OFFSET_BYTES + text.len());
            }
            Self::Int(builder) => builder.append_option(slot.as_int()),
            Self::Float(builder) => {
                builder.append_option(if let Slot::Float(n) = slot { Some(*n) } else { None });
            }
            Self::Bool(builder) => builder.append_option(slot.as_bool()),
            Self::Time(builder) => builder.append_option(slot.as_int()),
            Self::Day(builder) => {
                builder.append_option(slot.as_int().and_then(|day| i32::try_from(day).ok()));
            }
            Self::TextList(builder) => match slot {
                Slot::TextList(items) => {
                    builder.append_value(items.iter().map(Option::as_deref));
                    let bytes = |item: &Option<Cow<'_, str>>| item.as_ref().map_or(0, |t| t.len());
                    let items = items.iter().map(|item| OFFSET_BYTES + bytes(item));
                    return OFFSET_BYTES + items.sum::<usize>();
                }
                _ => builder.append_null(),
            },
            Self::Struct(rows) => return rows.append(slot.rows().first().map(Vec::as_slice)),
            Self::Structs { rows, offsets, nulls } => {
                nulls.append(matches!(slot, Slot::Rows(_)));
                let bytes = slot.rows().iter().map(|row| rows.append(Some(row))).sum::<usize>();
                offsets.push(i32::try_from(rows.n_rows).unwrap_or(i32::MAX));
                return VALUE_BYTES.max(OFFSET_BYTES + bytes);
            }
        }
        VALUE_BYTES
    }

    fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        Ok(match self {
            Self::Text(builder) => Arc::new(builder.finish()),
            Self::Int(builder) => Arc::new(builder.finish()),
            Self::Float(builder) => Arc::new(builder.finish()),
            Self::Bool(builder) => Arc::new(builder.finish()),
            Self::Time(builder) => Arc::new(builder.finish()),
            Self::Day(builder) => Arc::new(builder.finish()),
            Self::TextList(builder) => Arc::new(builder.finish()),
            Self::Struct(rows) => Arc::new(rows.finish()?),
            Self::Structs { rows, offsets, nulls } => {
                let structs = rows.finish()?;
                let element = Field::new("element", structs.data_type().clone(), true);
                let offsets = std::mem::replace(offsets, vec![0]);
                let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
                let list = ListArray::try_new(
                    Arc::new(element),
                    offsets,
                    Arc::new(structs),
                    nulls.finish(),
                )?;
                Arc::new(list)
            }
        })
    }
}

/// Collects objects.
#[derive(Debug)]
struct StructColumn {
    columns: &'static [Column],
    builders: Vec<ColumnBuilder>,
    nulls: NullBufferBuilder,
    n_rows: usize,
}

impl StructColumn {
    fn new(columns: &'static [Column]) -> Self {
        let builders = columns.iter().map(ColumnBuilder::new).collect();
        Self { columns, builders, nulls: NullBufferBuilder::new(0), n_rows: 0 }
    }

    fn append(&mut self, row: Option<&[Slot<'_>]>) -> usize {
        self.nulls.append(row.is_some());
        self.n_rows += 1;
        let builders = self.builders.iter_mut();
        match row {
            Some(row) => builders.zip(row).map(|(builder, slot)| builder.append(slot)).sum(),
            None => builders.map(|builder| builder.append(&Slot::Null)).sum(),
        }
    }

    fn finish(&mut self) -> Result<StructArray, ArrowError> {
        self.n_rows = 0;
        let arrays =
            self.builders.iter_mut().map(ColumnBuilder::finish).collect::<Result<_, _>>()?;
        StructArray::try_new(fields(self.columns), arrays, self.nulls.finish())
    }
}
