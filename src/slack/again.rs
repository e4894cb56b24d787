//! Answers that somebody waits for: what Slack does not take at once may be taken a moment later.

use std::time::Duration;

use tokio::time::sleep;

use super::api::Failure;
use super::errors::{CODES, Means};

/// Rests between the tries.
const RESTS: [Duration; 3] =
    [Duration::from_millis(300), Duration::from_secs(1), Duration::from_secs(4)];

/// Nobody waits for an answer any longer than this, whatever Slack asks for.
const LONGEST: Duration = Duration::from_mins(1);

/// Calls until Slack takes it, or cannot be hoped to.
pub async fn tried<T, F>(call: impl Fn() -> F) -> Result<T, Failure>
where
    F: Future<Output = Result<T, Failure>>,
{
    for rest in RESTS {
        let failure = match call().await {
            Ok(taken) => return Ok(taken),
            Err(failure) => failure,
        };
        match passes_in(&failure, rest) {
            Some(rest) => sleep(rest).await,
            None => return Err(failure),
        }
    }
    call().await
}

/// After how long the same call may be taken; `rest` if Slack does not ask for more. `None` where it would not
/// be, or was taken perhaps.
fn passes_in(failure: &Failure, rest: Duration) -> Option<Duration> {
    let asked = match failure {
        Failure::Limited { after } => after.unwrap_or_default(),
        Failure::Rests { after, .. } => *after,
        Failure::Away(_) => Duration::ZERO,
        Failure::Refused { code } if may_pass(code) => Duration::ZERO,
        Failure::Refused { .. } | Failure::Unclear(_) => return None,
    };
    (asked <= LONGEST).then_some(asked.max(rest))
}

fn may_pass(code: &str) -> bool {
    let mut passing =
        CODES.iter().filter(|(_, means)| matches!(means, Means::Later | Means::Limited));
    passing.any(|(known, _)| *known == code)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::time::Instant;

    use super::*;

    /// How often it is tried, and the seconds that all tries take.
    async fn tries(failure: &Failure) -> (u32, u64) {
        let (count, began) = (AtomicU32::new(0), Instant::now());
        let ended = tried(|| async {
            count.fetch_add(1, Ordering::SeqCst);
            Err::<(), _>(failure.clone())
        });
        assert_eq!(ended.await.as_ref(), Err(failure));
        (count.into_inner(), began.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn what_may_be_taken_later_is_tried_four_times_after_what_slack_asks_for() {
        let (limited, rests) = (
            |after| Failure::Limited { after },
            |after| Failure::Rests { why: String::new(), after: Duration::from_secs(after) },
        );
        let refused = |code: &str| Failure::Refused { code: code.to_owned() };
        for (failure, want) in [
            (Failure::Away(String::new()), (4, 5)),
            (limited(None), (4, 5)),
            (limited(Some(Duration::from_secs(30))), (4, 90)),
            (refused("service_unavailable"), (4, 5)),
            (refused("ratelimited"), (4, 5)),
            (rests(2), (4, 8)),
            (rests(61), (1, 0)),
            (refused("channel_not_found"), (1, 0)),
            (refused("404 Not Found"), (1, 0)),
            (Failure::Unclear(String::new()), (1, 0)),
        ] {
            assert_eq!(tries(&failure).await, want, "{failure:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_taken_is_not_tried_again() {
        let count = AtomicU32::new(0);
        let taken = tried(|| async {
            match count.fetch_add(1, Ordering::SeqCst) {
                0 => Err(Failure::Away(String::new())),
                tries => Ok(tries),
            }
        });
        assert_eq!(taken.await, Ok(1));
    }
}
