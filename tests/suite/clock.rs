//! Milliseconds since a start: tokio's clock (real, or virtual where it is paused), or one set by hand.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use tokio::time::Instant;

/// Where a fake takes its time from.
#[derive(Clone, Debug)]
pub(crate) enum Clock {
    /// Runs with tokio's clock since this moment.
    Running(Instant),
    /// Stands until it is told to go on.
    Manual(Arc<AtomicU64>),
}

impl Clock {
    /// Starts now, at 0.
    pub(crate) fn running() -> Self {
        Self::Running(Instant::now())
    }

    /// Stands at 0. Every clone is the same clock.
    pub(crate) fn manual() -> Self {
        Self::Manual(Arc::default())
    }

    /// Milliseconds since the start.
    pub(crate) fn now_ms(&self) -> u64 {
        match self {
            Self::Running(start) => u64::try_from(start.elapsed().as_millis()).expect("shorter than an age"),
            Self::Manual(now) => now.load(Ordering::SeqCst),
        }
    }

    /// Moves a manual clock on.
    pub(crate) fn advance(&self, by_ms: u64) {
        match self {
            Self::Running(_) => panic!("only a manual clock is moved by hand"),
            Self::Manual(now) => now.fetch_add(by_ms, Ordering::SeqCst),
        };
    }
}
