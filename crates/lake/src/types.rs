//! The tables' columns in the Delta protocol's terms.

use deltalake_core::kernel::{ArrayType, DataType, MetadataValue, StructField, StructType};

use super::LakeError;
use tributary_ingest::schema::{Column, ColumnType, DATE, DATE_DOC, Table};

/// Returns the fields of a table, `date` last.
///
/// Delta knows times in microseconds only; readers convert the files' milliseconds.
///
/// # Errors
/// [`LakeError::Unsupported`] if two fields of an object have the same name.
pub(super) fn delta_fields(table: &Table) -> Result<Vec<StructField>, LakeError> {
    let mut fields = fields(table.columns)
        .map_err(|reason| LakeError::Unsupported { table: table.name.to_owned(), reason })?;
    fields.push(described(StructField::nullable(DATE, DataType::DATE), DATE_DOC));
    Ok(fields)
}

fn fields(columns: &[Column]) -> Result<Vec<StructField>, String> {
    let field = |column: &Column| {
        let field = StructField::nullable(column.name, data_type(column.column_type)?);
        Ok(described(field, column.doc))
    };
    columns.iter().map(field).collect()
}

fn described(field: StructField, doc: &str) -> StructField {
    field.with_metadata([("comment", MetadataValue::String(doc.to_owned()))])
}

fn data_type(column_type: ColumnType) -> Result<DataType, String> {
    let object = |columns: &[Column]| -> Result<DataType, String> {
        let object = StructType::try_new(fields(columns)?).map_err(|error| error.to_string())?;
        Ok(DataType::Struct(Box::new(object)))
    };
    let list = |element: DataType| DataType::Array(Box::new(ArrayType::new(element, true)));
    Ok(match column_type {
        ColumnType::Text | ColumnType::Json => DataType::STRING,
        ColumnType::Int => DataType::LONG,
        ColumnType::Float => DataType::DOUBLE,
        ColumnType::Bool => DataType::BOOLEAN,
        ColumnType::Time => DataType::TIMESTAMP,
        ColumnType::Day => DataType::DATE,
        ColumnType::TextList => list(DataType::STRING),
        ColumnType::Struct(columns) => object(columns)?,
        ColumnType::Structs(columns) => list(object(columns)?),
    })
}
