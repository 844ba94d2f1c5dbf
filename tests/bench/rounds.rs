//! Ways of doing the same work in, what each costs out: in CPU time, in turns, as ratios.
//!
//! Times of this machine are never compared across runs. In each round every way has its turn, and the ratio is taken
//! within the round, so that what slows the machine slows both.

use std::fmt;

use rustix::time::{ClockId, clock_gettime};

/// One way: does the work so many times over, and says what CPU time that took, in seconds.
pub(crate) struct Way<'a>(Box<dyn FnMut(u32) -> f64 + 'a>);

impl<'a> Way<'a> {
    /// A way that runs in this process. The work hands out what it made, lest it be optimised away.
    pub(crate) fn here<T>(mut work: impl FnMut() -> T + 'a) -> Self {
        Self(Box::new(move |times| {
            let before = cpu_seconds();
            for _ in 0..times {
                std::hint::black_box(work());
            }
            cpu_seconds() - before
        }))
    }

    /// A way that runs elsewhere and measures itself.
    pub(crate) fn elsewhere(work: impl FnMut(u32) -> f64 + 'a) -> Self {
        Self(Box::new(work))
    }
}

/// CPU seconds for one piece of work: a row for each way, a column for each round.
pub(crate) struct Rounds(Vec<Vec<f64>>);

/// Gives every way its turn, round after round, after one round that does not count.
/// `times` is how often the work is done in one turn: enough to be far above the clock's steps.
pub(crate) fn interleave(rounds: usize, times: u32, ways: &mut [Way<'_>]) -> Rounds {
    let mut seconds = vec![Vec::new(); ways.len()];
    for round in 0..=rounds {
        for turn in 0..ways.len() {
            // Whoever comes first in one round comes last in the next.
            let way = (turn + round) % ways.len();
            let spent = (ways[way].0)(times) / f64::from(times);
            if round > 0 {
                seconds[way].push(spent);
            }
        }
    }
    Rounds(seconds)
}

impl Rounds {
    /// CPU milliseconds of one piece of work.
    pub(crate) fn milliseconds(&self, way: usize) -> Spread {
        Spread::of(self.0[way].iter().map(|seconds| seconds * 1e3))
    }

    /// How many times what `base` costs, round by round.
    pub(crate) fn ratio(&self, way: usize, base: usize) -> Spread {
        Spread::of(self.0[way].iter().zip(&self.0[base]).map(|(way, base)| way / base))
    }
}

/// The median, and the quartiles around it.
#[derive(Clone, Copy)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    lower: f64,
    upper: f64,
}

impl Spread {
    fn of(values: impl Iterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.collect();
        values.sort_by(f64::total_cmp);
        let at = |quarter: usize| values[(values.len() - 1) * quarter / 4];
        Self { median: at(2), lower: at(1), upper: at(3) }
    }

    /// The same for another unit or share.
    pub(crate) fn scaled(self, factor: f64) -> Self {
        Self { median: self.median * factor, lower: self.lower * factor, upper: self.upper * factor }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} ({:.2} to {:.2})", self.median, self.lower, self.upper)
    }
}

fn cpu_seconds() -> f64 {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}
