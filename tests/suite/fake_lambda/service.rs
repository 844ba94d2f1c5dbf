//! The Lambda service in virtual time: containers, deadlines, freezes, kills.
//!
//! A discrete-event simulation whose event list is tokio's timer wheel: the clock is paused and jumps from
//! one event to the next, so that an hour of a storm takes seconds. One thread, one seed: the same seed gives
//! the same run. It opens no socket and waits for nothing real. [`super::function`] says why handlers are
//! futures. Between invocations a container's future does not exist, which is what a freeze is: time passes
//! and it does not notice. The sources of events are [`super::queue`] and [`super::kinesis`].

use std::{
    cell::{RefCell, RefMut},
    collections::BTreeMap,
    ops::RangeInclusive,
    rc::Rc,
    time::Duration,
};

use tokio::{
    task::{JoinSet, LocalSet},
    time::{sleep, timeout},
};

use super::{
    accounting::{Accounting, Ending, Taken},
    answers,
    containers::{Containers, Doing, Lease, Routing},
    delivery::Record,
    function::{Context, Function, Handler},
    report::{Report, Work},
};
use crate::{
    clock::Clock,
    fake_slack::model::{Behaviour, SlackModel},
};

/// How Lambda behaves in a simulation.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// What all chance comes from.
    pub(crate) seed: u64,
    /// Reserved concurrency: the most containers at one time.
    pub(crate) concurrency: usize,
    /// The function's timeout.
    pub(crate) limit: Duration,
    /// Which free container an event reaches.
    pub(crate) routing: Routing,
    /// From the decision to start a container until it takes its first event.
    pub(crate) cold_start_ms: RangeInclusive<u64>,
    /// What an invocation takes beside waiting: a handler's own work takes no virtual time.
    pub(crate) work_ms: RangeInclusive<u64>,
    /// How long a container may be idle before it is taken down.
    pub(crate) idle_ms: RangeInclusive<u64>,
    /// Whether an extension is registered, so that SIGTERM and 500 ms precede the end.
    pub(crate) extension: bool,
    /// When a container is killed, whichever it is and whatever it does, in milliseconds of the simulation.
    pub(crate) kills_ms: Vec<u64>,
    /// How Slack behaves.
    pub(crate) slack: Behaviour,
}

impl Default for Settings {
    /// The module's defaults, and a Lambda without misfortune.
    fn default() -> Self {
        Self {
            seed: 1,
            concurrency: 2,
            limit: Duration::from_secs(30),
            routing: Routing::Random,
            cold_start_ms: 80..=300,
            work_ms: 3..=15,
            idle_ms: 300_000..=420_000,
            extension: true,
            kills_ms: Vec::new(),
            slack: Behaviour::default(),
        }
    }
}

/// Everything that a simulation is made of. Its tasks share it; none holds it borrowed over an `await`.
pub(super) struct World<F: Function> {
    pub(super) function: F,
    pub(super) settings: Settings,
    pub(super) clock: Clock,
    slack: SlackModel,
    state: RefCell<State<F::Handler>>,
    tasks: RefCell<JoinSet<()>>,
}

pub(super) struct State<H> {
    pub(super) rng: fastrand::Rng,
    pub(super) accounting: Accounting,
    pub(super) work: Work,
    errors: BTreeMap<String, u64>,
    containers: Containers<H>,
}

/// What an invocation carries.
#[derive(Clone, Copy, Debug)]
pub(super) enum Given<'a> {
    Event(u32),
    Tick,
    Records(&'a [Record]),
}

/// What became of an attempt to invoke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attempt {
    /// No container was free.
    Throttled,
    /// It ended with an error or a death.
    Failed,
    /// It ended well; of records, so many from the first are acknowledged.
    Done { acknowledged: usize },
}

/// Runs a simulation on a clock of its own: `events` delivers until it returns.
pub(super) fn simulate<F: Function, D: Future<Output = ()>>(
    function: F,
    settings: Settings,
    events: impl FnOnce(Rc<World<F>>) -> D,
) -> Report {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    LocalSet::new().block_on(&runtime.expect("a runtime without I/O can be built"), async {
        let clock = Clock::running();
        // Each its own stream of chance: one seed in several generators would draw the same numbers.
        let mut rng = fastrand::Rng::with_seed(settings.seed);
        let slack = SlackModel::new(settings.slack.clone(), clock.clone(), rng.fork());
        let state = RefCell::new(State {
            rng: rng.fork(),
            accounting: Accounting::default(),
            work: Work::default(),
            errors: BTreeMap::new(),
            containers: Containers::new(),
        });
        let world = Rc::new(World { function, settings, clock, slack, state, tasks: RefCell::default() });
        world.spawn(Rc::clone(&world).kill_at_times());
        events(Rc::clone(&world)).await;
        world.rethrow();
        let slack = world.slack.traffic();
        let state = world.state();
        Report {
            lines: state.accounting.lines_by_fate(),
            latencies: state.accounting.latencies(),
            slack,
            lambda: state.work,
            errors: state.errors.clone(),
            violations: state.accounting.violations(),
        }
    })
}

impl<F: Function> World<F> {
    pub(super) fn state(&self) -> RefMut<'_, State<F::Handler>> {
        self.state.borrow_mut()
    }

    /// Lets something happen beside what happens already.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + 'static) {
        self.rethrow();
        self.tasks.borrow_mut().spawn_local(task);
    }

    /// A task that panicked, a handler in it for instance, must not go unseen.
    fn rethrow(&self) {
        while let Some(ended) = self.tasks.borrow_mut().try_join_next() {
            if let Err(error) = ended {
                std::panic::resume_unwind(error.into_panic());
            }
        }
    }

    /// Waits for a time drawn from this range.
    pub(super) async fn pause(&self, range_ms: RangeInclusive<u64>) {
        let drawn = self.state().rng.u64(range_ms);
        sleep(Duration::from_millis(drawn)).await;
    }

    /// Whether something that happens with this probability does; nothing is drawn for what never does.
    pub(super) fn happens(&self, probability: f64) -> bool {
        probability > 0.0 && self.state().rng.f64() < probability
    }

    /// Tries once to have an event worked on; its bytes are made only where a container takes it.
    pub(super) async fn invoke(
        self: &Rc<Self>,
        request: &str,
        event: impl FnOnce() -> Vec<u8>,
        given: Given<'_>,
    ) -> Attempt {
        let Some(Lease { number, handler, kill }) = self.lease() else {
            self.state().work.throttles += 1;
            return Attempt::Throttled;
        };
        let run = async {
            let mut handler = match handler {
                Some(handler) => handler,
                None => self.start_cold(number).await,
            };
            let context = Context::new(request.to_owned(), self.settings.limit, &self.clock);
            let invocation = async {
                self.pause(self.settings.work_ms.clone()).await;
                handler.invoke(event(), context).await
            };
            let result = timeout(self.settings.limit, invocation).await.ok()?;
            Some((handler, result))
        };
        let ended = tokio::select! {
            biased;
            () = kill.notified() => None,
            ended = run => ended,
        };
        let ending = if let Some((handler, result)) = ended {
            self.state().containers.put_back(number, handler, self.clock.now_ms());
            result.map_or_else(|error| self.note_error(error), Ending::Answered)
        } else {
            self.state().containers.remove(number);
            self.state().work.kills += 1;
            Ending::Died
        };
        self.account(number, given, &ending)
    }

    fn lease(&self) -> Option<Lease<F::Handler>> {
        let state = &mut *self.state();
        let most = self.settings.concurrency;
        let lease = state.containers.lease(self.settings.routing, most, &mut state.rng)?;
        state.work.invocations += 1;
        state.work.cold_starts = state.containers.started();
        state.work.most_containers = state.work.most_containers.max(state.containers.living());
        Some(lease)
    }

    async fn start_cold(self: &Rc<Self>, number: usize) -> F::Handler {
        self.pause(self.settings.cold_start_ms.clone()).await;
        self.spawn(Rc::clone(self).spin_down_when_idle(number));
        self.function.start(self.slack.port(number), self.clock.clone())
    }

    fn note_error(&self, error: String) -> Ending {
        *self.state().errors.entry(error).or_default() += 1;
        Ending::Failed
    }

    fn account(&self, number: usize, given: Given<'_>, ending: &Ending) -> Attempt {
        let posts = self.posts_of(number);
        let accounting = &mut self.state().accounting;
        let mut acknowledged = 0;
        match given {
            Given::Records(records) if self.function.keeps_books() => {
                if let Ending::Answered(answer) = ending {
                    acknowledged = answers::acknowledged(answer, records).expect("an answer of the contract");
                }
            }
            _ if self.function.keeps_books() => {}
            Given::Event(id) => accounting.invoked(number, Some(id), &posts, ending),
            Given::Tick => accounting.invoked(number, None, &posts, ending),
            Given::Records(records) => {
                acknowledged = accounting.invoked_by_kinesis(number, records, &posts, ending);
            }
        }
        match ending {
            Ending::Answered(_) => Attempt::Done { acknowledged },
            Ending::Failed | Ending::Died => Attempt::Failed,
        }
    }

    /// What Slack took from a container since it was last asked.
    fn posts_of(&self, number: usize) -> Vec<Taken> {
        let posts = self.slack.take_posts(number).into_iter().filter(|post| post.accepted);
        let taken = posts.map(|post| {
            let lines = self.function.announced(&post.body);
            Taken { at_ms: post.at_ms, lines, acknowledged: post.acknowledged }
        });
        taken.collect()
    }

    /// Ends with its container, be it by idleness or before.
    async fn spin_down_when_idle(self: Rc<Self>, number: usize) {
        let limit_ms = {
            let idle_ms = self.settings.idle_ms.clone();
            self.state().rng.u64(idle_ms)
        };
        loop {
            let doing = self.state().containers.doing(number);
            let left_ms = match doing {
                Doing::Idle { since_ms } => (since_ms + limit_ms).saturating_sub(self.clock.now_ms()),
                Doing::Working => limit_ms,
                Doing::Gone => return,
            };
            if left_ms == 0 {
                break;
            }
            sleep(Duration::from_millis(left_ms)).await;
        }
        let handler = self.state().containers.remove(number);
        let mut handler = handler.expect("it was idle just now");
        if self.settings.extension {
            // Beyond it, SIGKILL: an unfinished flush is dropped like any other future.
            _ = timeout(Duration::from_millis(500), handler.shut_down()).await;
        }
        let posts = self.posts_of(number);
        self.state().accounting.shut_down(number, &posts);
    }

    async fn kill_at_times(self: Rc<Self>) {
        let mut kills_ms = self.settings.kills_ms.clone();
        kills_ms.sort_unstable();
        for at_ms in kills_ms {
            sleep(Duration::from_millis(at_ms.saturating_sub(self.clock.now_ms()))).await;
            let state = &mut *self.state();
            if let Some(dead) = state.containers.kill_any(&mut state.rng) {
                state.work.kills += 1;
                state.accounting.shut_down(dead, &[]);
            }
        }
    }
}
