//! Times as the webhook sends them: milliseconds, sometimes seconds, sometimes ISO 8601 text.

use chrono::{DateTime, NaiveDate};

/// Numbers below this are seconds: as milliseconds they would lie before 1973-03-03.
const SECONDS_BELOW: f64 = 1e11;
/// The first millisecond of the year 10000, beyond which dates have no common text form.
const YEAR_10000_MS: f64 = 253_402_300_800_000.0;
/// Milliseconds a day.
const DAY_MS: i64 = 86_400_000;

/// Reads a number as milliseconds since the Unix epoch; `None` if it can't be a time.
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "the range was checked")]
pub fn from_number(number: f64) -> Option<i64> {
    let ms = if number < SECONDS_BELOW { number * 1000.0 } else { number };
    (0.0..YEAR_10000_MS).contains(&ms).then(|| ms.floor() as i64)
}

/// Reads text as milliseconds since the Unix epoch: a number, a date and time, or a date.
#[must_use]
pub fn parse(text: &str) -> Option<i64> {
    if let Ok(number) = text.parse() {
        return from_number(number);
    }
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return in_range(time.timestamp_millis());
    }
    let day: NaiveDate = text.parse().ok()?;
    in_range(day.and_hms_opt(0, 0, 0)?.and_utc().timestamp_millis())
}

/// Refuses times before 1970 and after 9999, which other readers of the lake can't show.
fn in_range(ms: i64) -> Option<i64> {
    (0.0..YEAR_10000_MS).contains(&(ms as f64)).then_some(ms)
}

/// Returns the UTC day of a time, as days since the Unix epoch, if its year has four digits.
#[must_use]
pub fn day(ms: i64) -> Option<i32> {
    i32::try_from(in_range(ms)?.div_euclid(DAY_MS)).ok()
}

/// Returns the UTC day of a time of our own clock, as days since the Unix epoch.
#[must_use]
pub fn own_day(ms: i64) -> i32 {
    i32::try_from(ms.div_euclid(DAY_MS)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_milliseconds_and_text_are_one_time() {
        for text in [
            "1771200000",
            "1771200000000",
            "2026-02-16T00:00:00Z",
            "2026-02-16",
            "2026-02-16T01:00:00+01:00",
        ] {
            assert_eq!(parse(text), Some(1_771_200_000_000), "{text}");
        }
        for text in ["", "soon", "2026-13-01", "1e999", "-5", "NaN"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_day_has_a_year_of_four_digits() {
        assert_eq!(day(1_771_200_000_000), Some(20_500));
        assert_eq!(day(0), Some(0));
        assert_eq!(day(-1), None);
        assert_eq!(day(253_402_300_800_000), None);
    }
}
