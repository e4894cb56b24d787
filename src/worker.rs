//! The one loop: tick, rest with jitter or until woken, stop; a panic ends neither loop nor process.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::pulse::Pulse;

/// What a tick found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tick {
    /// There may be more: tick again at once.
    Busy,
    /// Nothing to do: rest.
    Idle,
    /// Nothing to do before this is over.
    IdleFor(Duration),
}

/// How one worker rests.
#[derive(Debug, Clone)]
pub struct Rest {
    /// The longest rest, ± a fifth; the safety net when nobody wakes the worker.
    pub pause: Duration,
    /// Ends the rest early. A permit is kept, so a call during a tick is not lost.
    pub wake: Arc<Notify>,
}

/// Something that time starts.
pub trait Worker: Send + 'static {
    /// What logs and metrics call it.
    const NAME: &'static str;

    /// What tells it from others of its kind, where some may be stuck and others not.
    fn name(&self) -> String {
        Self::NAME.to_owned()
    }

    /// Does a bounded amount.
    fn tick(&mut self) -> impl Future<Output = anyhow::Result<Tick>> + Send;
}

/// Ticks until `stop`. A tick that has begun is finished; one that fails or panics is logged and
/// followed by a rest.
pub async fn run<W: Worker>(mut worker: W, rest: Rest, pulse: Pulse, stop: CancellationToken) {
    let name = worker.name();
    while !stop.is_cancelled() {
        pulse.beat(&name, rest.pause);
        let longest = match catch_panic(AssertUnwindSafe(worker.tick())).await {
            Ok(Ok(Tick::Busy)) => continue,
            Ok(Ok(Tick::Idle)) => Duration::MAX,
            Ok(Ok(Tick::IdleFor(longest))) => longest,
            Ok(Err(error)) => {
                tracing::error!(worker.name = %name, "{name}: tick failed: {error:#}");
                if is_for_want_of_room(&error) {
                    pulse.want_of_room();
                }
                pause_after_failure(&rest, &stop).await;
                continue;
            }
            // The panic hook has logged what it was.
            Err(Panicked) => {
                tracing::error!(worker.name = %name, "{name}: tick panicked");
                pause_after_failure(&rest, &stop).await;
                continue;
            }
        };
        let jitter = 0.8 + fastrand::f64() * 0.4;
        tokio::select! {
            () = stop.cancelled() => {}
            () = rest.wake.notified() => {}
            () = tokio::time::sleep(rest.pause.mul_f64(jitter).min(longest)) => {}
        }
    }
}

/// Whether the database's disk is full.
fn is_for_want_of_room(error: &anyhow::Error) -> bool {
    let code = error.chain().find_map(|cause| {
        let error = cause.downcast_ref::<sqlx::Error>()?.as_database_error()?;
        error.code()
    });
    code.is_some_and(|code| code == "53100")
}

/// Not to be cut short by a wake: a database that is away would be asked in a tight loop.
async fn pause_after_failure(rest: &Rest, stop: &CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = tokio::time::sleep(rest.pause.clamp(Duration::from_millis(200), Duration::from_secs(5))) => {}
    }
}

/// The future panicked; the panic hook has logged what it was.
#[derive(Debug)]
pub struct Panicked;

/// Awaits a future whose panic must not spread.
pub async fn catch_panic<T>(
    future: AssertUnwindSafe<impl Future<Output = T>>,
) -> Result<T, Panicked> {
    let mut future = std::pin::pin!(future.0);
    std::future::poll_fn(move |context| {
        match std::panic::catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
            Ok(poll) => poll.map(Ok),
            Err(_) => std::task::Poll::Ready(Err(Panicked)),
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn rest(pause: Duration) -> Rest {
        Rest { pause, wake: Arc::default() }
    }

    struct Script {
        ticks: Arc<AtomicUsize>,
        step: Box<dyn FnMut(usize) -> anyhow::Result<Tick> + Send>,
    }

    impl Worker for Script {
        const NAME: &'static str = "test";

        async fn tick(&mut self) -> anyhow::Result<Tick> {
            (self.step)(self.ticks.fetch_add(1, Ordering::SeqCst) + 1)
        }
    }

    /// Runs a script of ticks and returns how many there were.
    async fn ticks(
        rest: Rest,
        stop: CancellationToken,
        script: impl FnMut(usize) -> anyhow::Result<Tick> + Send + 'static,
    ) -> usize {
        let count = Arc::<AtomicUsize>::default();
        run(
            Script { ticks: Arc::clone(&count), step: Box::new(script) },
            rest,
            Pulse::default(),
            stop,
        )
        .await;
        count.load(Ordering::SeqCst)
    }

    #[tokio::test(start_paused = true)]
    async fn a_tick_that_panics_or_fails_is_followed_by_another() {
        let stop = CancellationToken::new();
        let end = stop.clone();
        let ticks = ticks(rest(Duration::from_secs(1)), stop, move |tick| match tick {
            1 => panic!("on purpose"),
            2 => anyhow::bail!("on purpose"),
            3 => Ok(Tick::Busy),
            _ => {
                end.cancel();
                Ok(Tick::Idle)
            }
        });
        assert_eq!(ticks.await, 4);
    }

    #[tokio::test(start_paused = true)]
    async fn a_wake_during_a_tick_is_not_lost() {
        let stop = CancellationToken::new();
        let rest = rest(Duration::from_hours(1));
        let (wake, end) = (Arc::clone(&rest.wake), stop.clone());
        let started = tokio::time::Instant::now();
        let ticks = ticks(rest, stop, move |tick| {
            wake.notify_one();
            if tick == 3 {
                end.cancel();
            }
            Ok(Tick::Idle)
        });
        assert_eq!((ticks.await, started.elapsed().as_secs()), (3, 0));
    }
}
