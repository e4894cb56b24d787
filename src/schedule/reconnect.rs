//! When a connection that chats bring things over is opened again.

use std::time::Duration;

/// Rests before the first connection after one that failed; each further one is twice as long.
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_mins(1);

/// How long to wait after so many connections that did not hold; `spread` is from 0 to 1.
pub fn rest(failures: u32, spread: f64) -> Duration {
    let doubled = FIRST.saturating_mul(1 << failures.saturating_sub(1).min(10)).min(LONGEST);
    doubled.mul_f64(0.5 + spread.clamp(0.0, 1.0) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_connection_that_does_not_hold_waits_longer() {
        let rests: Vec<_> = (0..9).map(|failures| rest(failures, 1.0).as_secs()).collect();
        assert_eq!(rests, [1, 1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(rest(u32::MAX, 0.0), Duration::from_secs(30));
    }
}
