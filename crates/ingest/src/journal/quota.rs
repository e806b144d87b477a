//! Whether the journal may take more: pure.
//!
//! A limit that is exceeded refuses new events before anything breaks, and says which one it is;
//! as soon as the lake has taken what waits, or the disk has space again, events are taken again.

/// What waits for the lake at most, and what the disk must have left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Bytes of all segments.
    pub bytes_max: u64,
    /// Sealed segments.
    pub segments_max: usize,
    /// Age of the oldest event in milliseconds.
    pub age_ms_max: i64,
    /// Bytes that stay free on the disk, so that what must be written still can be.
    pub free_bytes_min: u64,
}

impl Default for Quota {
    fn default() -> Self {
        Self {
            bytes_max: 10 << 30,
            segments_max: 10_000,
            age_ms_max: 7 * 86_400_000,
            free_bytes_min: 16 << 20,
        }
    }
}

/// What waits, and what the disk has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Bytes of all segments.
    pub bytes: u64,
    /// Sealed segments.
    pub n_segments: usize,
    /// Records of all segments.
    pub n_records: u64,
    /// Age of the oldest event in milliseconds.
    pub age_ms: i64,
    /// Bytes that are free on the disk.
    pub free_bytes: u64,
}

impl Quota {
    /// Returns the limit that is exceeded, by the name of its option.
    #[must_use]
    pub fn exceeded(&self, usage: &Usage) -> Option<&'static str> {
        if usage.bytes >= self.bytes_max {
            return Some("journal-bytes");
        }
        if usage.n_segments >= self.segments_max {
            return Some("max-segments");
        }
        if usage.age_ms > self.age_ms_max {
            return Some("max-backlog-age");
        }
        (usage.free_bytes < self.free_bytes_min).then_some("min-free-disk")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_limit_that_is_exceeded_is_named() {
        let quota = Quota { bytes_max: 100, segments_max: 3, age_ms_max: 1000, free_bytes_min: 50 };
        let usage = Usage { bytes: 99, n_segments: 2, n_records: 9, age_ms: 1000, free_bytes: 50 };
        assert_eq!(quota.exceeded(&usage), None);
        let exceeded = |usage: Usage| quota.exceeded(&usage).unwrap();
        assert_eq!(exceeded(Usage { bytes: 100, ..usage }), "journal-bytes");
        assert_eq!(exceeded(Usage { n_segments: 3, ..usage }), "max-segments");
        assert_eq!(exceeded(Usage { age_ms: 1001, ..usage }), "max-backlog-age");
        assert_eq!(exceeded(Usage { free_bytes: 49, ..usage }), "min-free-disk");
    }
}
