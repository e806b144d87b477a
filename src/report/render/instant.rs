//! Timestamps as text, always in UTC.
//!
//! Arrow's own formatter needs a time zone database to read a time zone's name. An Arrow timestamp
//! counts from the epoch in UTC whatever its time zone, so none is needed here.

use std::fmt::{self, Write};

use arrow::array::{Array, AsArray};
use arrow::buffer::ScalarBuffer;
use arrow::datatypes::{
    DataType, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType,
};
use arrow::temporal_conversions::{
    timestamp_ms_to_datetime, timestamp_ns_to_datetime, timestamp_s_to_datetime,
    timestamp_us_to_datetime,
};

/// The values of a timestamp column.
pub(super) struct Instants {
    unit: TimeUnit,
    values: ScalarBuffer<i64>,
}

impl Instants {
    /// Returns the values of `array`, or nothing if it holds no timestamps.
    pub(super) fn of(array: &dyn Array) -> Option<Self> {
        let DataType::Timestamp(unit, _) = array.data_type() else {
            return None;
        };
        let values = match unit {
            TimeUnit::Second => array.as_primitive::<TimestampSecondType>().values(),
            TimeUnit::Millisecond => array.as_primitive::<TimestampMillisecondType>().values(),
            TimeUnit::Microsecond => array.as_primitive::<TimestampMicrosecondType>().values(),
            TimeUnit::Nanosecond => array.as_primitive::<TimestampNanosecondType>().values(),
        };
        Some(Self { unit: *unit, values: values.clone() })
    }

    /// Appends the value of a row as RFC 3339, `2026-02-16T08:30:00Z`.
    ///
    /// A fraction of a second has three, six or nine digits and is left out if zero. A number
    /// beyond the calendar (some 262,000 years) is written as the number it is.
    pub(super) fn write_rfc3339(&self, row_idx: usize, out: &mut String) {
        self.write(row_idx, "%Y-%m-%dT%H:%M:%S%.fZ", out).expect("a string takes any text");
    }

    /// Appends the value of a row for people, `2026-02-16 08:30:00Z`, else as
    /// [`write_rfc3339`](Self::write_rfc3339).
    pub(super) fn write_plain(&self, row_idx: usize, out: &mut String) {
        self.write(row_idx, "%Y-%m-%d %H:%M:%S%.fZ", out).expect("a string takes any text");
    }

    fn write(&self, row_idx: usize, pattern: &str, out: &mut String) -> fmt::Result {
        let value = self.values[row_idx];
        let datetime = match self.unit {
            TimeUnit::Second => timestamp_s_to_datetime(value),
            TimeUnit::Millisecond => timestamp_ms_to_datetime(value),
            TimeUnit::Microsecond => timestamp_us_to_datetime(value),
            TimeUnit::Nanosecond => timestamp_ns_to_datetime(value),
        };
        match datetime {
            Some(datetime) => write!(out, "{}", datetime.format(pattern)),
            None => write!(out, "{value}"),
        }
    }
}
