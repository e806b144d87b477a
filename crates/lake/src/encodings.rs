//! Which encoding suits a column of a file, by a look at its rows.
//!
//! A dictionary of values that hardly repeat is a second copy of them, and finding out that they
//! don't takes longer than writing them: names, addresses and figures of people and companies in
//! a day's file. How often values repeat differs from sender to sender and grows with the file,
//! so it is not written down for each column but seen in a sample; see decision 0028.

use arrow::array::{Array, ArrayRef, AsArray as _, RecordBatch};
use arrow::datatypes::{DataType, Field, Float64Type, Int64Type, TimestampMillisecondType};
use parquet::basic::Encoding;
use parquet::schema::types::ColumnPath;
use xxhash_rust::xxh3::xxh3_64;

/// Values of a column that are looked at, spread evenly over it.
const SAMPLE_MAX: usize = 512;

/// Returns the columns of a file of `n_rows` rows, of which `rows` are the first, that get no
/// dictionary, and how each is written instead; those of `known` are not looked at.
///
/// The same rows give the same answer.
pub(super) fn without_dictionary(
    rows: &RecordBatch,
    n_rows: usize,
    known: &[&str],
) -> Vec<(ColumnPath, Encoding)> {
    let share = (rows.num_rows() as f64 / n_rows as f64).min(1.0);
    let mut found = vec![];
    let columns = rows.schema_ref().fields().iter().zip(rows.columns());
    for (field, column) in columns.filter(|(field, _)| !known.contains(&field.name().as_str())) {
        each_leaf(&mut vec![], field, column, &mut |path, values| {
            if let Some(encoding) = encoding(values, share) {
                let path = path.iter().map(|name| (*name).to_owned());
                found.push((ColumnPath::new(path.collect()), encoding));
            }
        });
    }
    found
}

/// Does something with each column of plain values, and its path in the file.
fn each_leaf<'f>(
    path: &mut Vec<&'f str>,
    field: &'f Field,
    column: &ArrayRef,
    work: &mut impl FnMut(&[&str], &ArrayRef),
) {
    path.push(field.name());
    match field.data_type() {
        DataType::Struct(fields) => {
            for (field, values) in fields.iter().zip(column.as_struct().columns()) {
                each_leaf(path, field, values, work);
            }
        }
        DataType::List(element) => {
            let list = column.as_list::<i32>();
            let (first, last) = (list.value_offsets()[0], list.value_offsets()[list.len()]);
            // Arrow's offsets are never negative.
            let values = list.values().slice(first as usize, (last - first) as usize);
            path.push("list");
            each_leaf(path, element, &values, work);
            path.pop();
        }
        _ => work(path, column),
    }
    path.pop();
}

/// Returns how a column is written that gets no dictionary; `share` of its values are here.
fn encoding(values: &ArrayRef, share: f64) -> Option<Encoding> {
    if values.null_count() == values.len() {
        // An empty dictionary would be written, and read.
        return (share >= 1.0).then_some(Encoding::PLAIN);
    }
    if let Some(times) = values.as_primitive_opt::<TimestampMillisecondType>() {
        // Rows are sorted by time, so one time differs little from the one before. Where most are
        // the same as that, the compression finds the runs, and differences would hide them.
        let mut seen = times.iter().flatten();
        let (mut n, mut n_same, mut last) = (0, 0, seen.next());
        for time in seen {
            n += 1;
            n_same += usize::from(last.replace(time) == Some(time));
        }
        let is_mostly_same = n_same * 2 > n;
        return Some(if is_mostly_same { Encoding::PLAIN } else { Encoding::DELTA_BINARY_PACKED });
    }
    let at = |at: usize| match values.data_type() {
        DataType::Utf8 => Some(xxh3_64(values.as_string::<i32>().value(at).as_bytes())),
        DataType::Int64 => Some(values.as_primitive::<Int64Type>().value(at).cast_unsigned()),
        DataType::Float64 => Some(values.as_primitive::<Float64Type>().value(at).to_bits()),
        _ => None,
    };
    let n_looked_at = values.len().min(SAMPLE_MAX);
    let places = (0..n_looked_at).map(|i| i * values.len() / n_looked_at);
    let mut sample: Vec<u64> = places.filter(|i| values.is_valid(*i)).filter_map(at).collect();
    let n = sample.len() as f64;
    sample.sort_unstable();
    sample.dedup();
    // Of values that come twice each, a sample of this share has so many different ones: with one
    // of a pair in hand, the other is in the sample too as often as the sample's share is large.
    let share = share * n_looked_at as f64 / values.len() as f64;
    let hardly_repeats = n > 0.0 && sample.len() as f64 >= n * (1.0 - share / 2.0);
    hardly_repeats.then_some(Encoding::PLAIN)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{
        BooleanArray, Int64Array, ListArray, StringArray, StructArray, TimestampMillisecondArray,
    };
    use arrow::buffer::OffsetBuffer;
    use bytes::Bytes;
    use parquet::file::properties::WriterProperties;
    use parquet::file::reader::{FileReader as _, SerializedFileReader};
    use rand::SeedableRng as _;
    use rand::seq::SliceRandom as _;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::pages;
    use crate::properties::{ZSTD_LEVEL, zstd};

    /// Text of which each value comes `times` times, in no order; every third row has none.
    fn texts(n: usize, times: usize) -> ArrayRef {
        let mut values: Vec<usize> = (0..n).map(|at| at / times).collect();
        values.shuffle(&mut ChaCha8Rng::seed_from_u64(7));
        let mut values = values.into_iter().map(|value| format!("value {value}"));
        let rows = (0..n + n / 2).map(|at| (at % 3 != 0).then(|| values.next()).flatten());
        Arc::new(rows.collect::<StringArray>())
    }

    #[test]
    fn a_dictionary_is_for_what_comes_more_than_twice() {
        for n in [60, 1_500, 40_000] {
            for (times, expected) in [(1, Some(Encoding::PLAIN)), (4, None), (50, None)] {
                assert_eq!(encoding(&texts(n, times), 1.0), expected, "{n} rows, {times} times");
            }
        }
        assert_eq!(encoding(&texts(60, 2), 1.0), Some(Encoding::PLAIN));
    }

    #[test]
    fn what_repeats_in_a_larger_file_is_expected_to() {
        // 0.4 % of values came before among the first 1,500 of a million rows: in the whole file
        // each comes often.
        let first: StringArray =
            (0..1_500).map(|at| Some(format!("value {}", at % 1_490))).collect();
        let first: ArrayRef = Arc::new(first);
        assert_eq!(encoding(&first, 1.0), Some(Encoding::PLAIN));
        assert_eq!(encoding(&texts(1_500, 2), 0.001), None);
    }

    #[test]
    fn where_no_row_has_a_value_there_is_no_dictionary() {
        let nothing: ArrayRef = Arc::new(StringArray::new_null(100));
        assert_eq!(encoding(&nothing, 1.0), Some(Encoding::PLAIN));
        assert_eq!(encoding(&nothing, 0.5), None, "rows to come may have some");
    }

    #[test]
    fn times_that_are_mostly_the_same_are_not_told_by_their_differences() {
        let times = |step: i64| -> ArrayRef {
            Arc::new(
                (0..900).map(|at| Some(at / step * 1_000)).collect::<TimestampMillisecondArray>(),
            )
        };
        assert_eq!(encoding(&times(1), 1.0), Some(Encoding::DELTA_BINARY_PACKED));
        assert_eq!(encoding(&times(3), 1.0), Some(Encoding::PLAIN));
    }

    #[test]
    fn columns_in_objects_and_lists_are_named_as_in_the_file() {
        let n = 600;
        let numbers: ArrayRef = Arc::new((0..n).map(|at| Some(at as i64)).collect::<Int64Array>());
        let known: ArrayRef =
            Arc::new((0..n).map(|at| Some(at % 2 == 0)).collect::<BooleanArray>());
        let fields = [
            (Arc::new(Field::new("name", DataType::Utf8, true)), texts(400, 1)),
            (Arc::new(Field::new("city", DataType::Utf8, true)), texts(400, 40)),
            (Arc::new(Field::new("size", DataType::Int64, true)), numbers),
            (Arc::new(Field::new("known", DataType::Boolean, true)), known),
        ];
        let structs = StructArray::from(fields.to_vec());
        let element = Arc::new(Field::new("element", structs.data_type().clone(), true));
        let offsets = OffsetBuffer::from_lengths(vec![2; n / 2]);
        let list = ListArray::new(element, offsets, Arc::new(structs), None);
        let rows = RecordBatch::try_from_iter([("employments", Arc::new(list) as ArrayRef)]);
        let rows = rows.unwrap();
        let found = without_dictionary(&rows, n / 2, &[]);
        let names: Vec<String> = found.iter().map(|(path, _)| path.string()).collect();
        assert_eq!(names, ["employments.list.element.name", "employments.list.element.size"]);

        let builder = WriterProperties::builder().set_compression(zstd(ZSTD_LEVEL));
        let builder = found
            .into_iter()
            .fold(builder, |builder, (path, _)| builder.set_column_dictionary_enabled(path, false));
        let file = Bytes::from(pages::write(&rows, builder.build()).unwrap().0);
        let reader = SerializedFileReader::new(file).unwrap();
        let columns = reader.metadata().row_group(0).columns().iter();
        let with = columns.filter(|column| column.dictionary_page_offset().is_some());
        let with: Vec<String> = with.map(|column| column.column_path().string()).collect();
        assert_eq!(with, ["employments.list.element.city"]);
    }
}
