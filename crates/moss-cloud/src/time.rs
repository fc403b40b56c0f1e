//! The cloud's clock: milliseconds since 1970 inside, ISO 8601 in UTC outside.

use jiff::Timestamp;

/// Now, in milliseconds since 1970.
pub(crate) fn now_ms() -> u64 {
    // Clocks before 1970 read as 1970.
    Timestamp::now().as_millisecond().try_into().unwrap_or(0)
}

/// As `2025-01-09T21:14:07.000+00:00`; empty for a time beyond the calendar.
pub(crate) fn iso(ms: u64) -> String {
    let timestamp = i64::try_from(ms)
        .ok()
        .and_then(|ms| Timestamp::from_millisecond(ms).ok());
    timestamp.map_or_else(String::new, |t| {
        t.strftime("%Y-%m-%dT%H:%M:%S%.3f+00:00").to_string()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_as_the_contract_says() {
        assert_eq!(iso(1_736_457_247_000), "2025-01-09T21:14:07.000+00:00");
        assert_eq!(iso(1_736_457_247_042), "2025-01-09T21:14:07.042+00:00");
        assert_eq!(iso(u64::MAX), "");
    }
}
