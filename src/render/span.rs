//! Spans of time in words.

use chrono::TimeDelta;

/// `8 ms`, `1.2 s`, `3 min`, `5 h`, `2 d`: two digits are enough for a person.
pub fn span(span: TimeDelta) -> String {
    let ms = span.num_milliseconds().max(0);
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..10_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        10_000..120_000 => format!("{} s", ms / 1_000),
        120_000..7_200_000 => format!("{} min", ms / 60_000),
        7_200_000..172_800_000 => format!("{} h", ms / 3_600_000),
        _ => format!("{} d", ms / 86_400_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(ms: i64, want: &str) {
        assert_eq!(span(TimeDelta::milliseconds(ms)), want);
    }

    #[test]
    fn spans_are_short() {
        check(-5, "0 ms");
        check(8, "8 ms");
        check(1_250, "1.2 s");
        check(59_999, "59 s");
        check(180_000, "3 min");
        check(5 * 3_600_000, "5 h");
        check(3 * 86_400_000, "3 d");
    }
}
