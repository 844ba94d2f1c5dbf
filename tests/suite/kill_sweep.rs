//! The kill sweep: SIGKILL for the real binary at seeded moments, over real HTTP to both fakes.
//!
//! As Lambda does, each event that a death took is sent again to the next container. The accounting oracle of the
//! simulations keeps the books. The only sleeps are the moments of the kills: how the machine runs decides what
//! the binary is doing then, and whatever it is doing, nothing may be lost.
//! The long run: `cargo test --release --test suite kill_sweep -- --ignored --nocapture`.

use std::{collections::VecDeque, time::Duration};

use tokio::time::sleep;

use crate::{
    fake_lambda::{
        accounting::{Accounting, Ending, Taken},
        container::{Answer, Container, Setup, SpinDown, Start},
        delivery::Delivery,
        events,
        product::{announced, message},
    },
    fake_slack::{self, FakeSlack, Gate},
};

/// When a container dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    /// So long after the process was started, ready or not.
    Starting(Duration),
    /// So long after it was sent an event.
    Invoked(Duration),
    /// After Slack took its message, and before Slack answers.
    Accepted,
    /// Between two invocations.
    Idle,
}

struct Sweep {
    slack: FakeSlack,
    rng: fastrand::Rng,
    accounting: Accounting,
    /// What Lambda still has to deliver: new events, and those of dead containers before them.
    queue: VecDeque<Delivery>,
    sent: u32,
    /// Posts to this Slack that have been accounted for.
    seen: usize,
    result: Swept,
}

#[derive(Clone, Copy, Debug, Default)]
struct Swept {
    kills: usize,
    deaths_at_work: u64,
    /// Messages that Slack took from a container that died before it could say so: each may be notified twice.
    orphans: u64,
    orphaned_lines: u64,
}

async fn sweep(seed: u64, kills: usize) {
    let mut sweep = Sweep {
        slack: FakeSlack::start().await,
        rng: fastrand::Rng::with_seed(seed),
        accounting: Accounting::default(),
        queue: VecDeque::new(),
        sent: 0,
        seen: 0,
        result: Swept::default(),
    };
    for kill in 0..kills {
        let micros = Duration::from_micros;
        let moment = match sweep.rng.u32(0..10) {
            0 => Moment::Starting(micros(sweep.rng.u64(0..60_000))),
            1..7 => Moment::Invoked(micros(sweep.rng.u64(0..1_500))),
            7..9 => Moment::Accepted,
            _ => Moment::Idle,
        };
        sweep.life(kill, moment).await;
    }
    sweep.last_life(kills).await;
    sweep.check(kills);
}

impl Sweep {
    /// One container from its start to its death.
    async fn life(&mut self, number: usize, moment: Moment) {
        // A Slack of its own for each container: what the last one was told would be copied at every look.
        (self.slack, self.seen) = (FakeSlack::start().await, 0);
        let container = self.start().await;
        if let Moment::Starting(after) = moment {
            sleep(after).await;
            container.kill().await;
            self.buried(number).await;
            return;
        }
        assert_eq!(container.started().await, Start::Ready);
        // A message is sure to be posted only by the first event, which finds all tokens there.
        let healthy = if moment == Moment::Accepted { 0 } else { self.rng.u32(0..5) };
        for _ in 0..healthy {
            self.healthy_invocation(number, &container).await;
        }
        match moment {
            Moment::Idle | Moment::Starting(_) => _ = container.kill().await,
            Moment::Invoked(after) => {
                let delivery = self.next();
                let kill = async {
                    sleep(after).await;
                    container.kill().await;
                };
                let (answer, ()) = tokio::join!(container.invoke(event(&delivery)), kill);
                self.ended(number, delivery, answer).await;
            }
            Moment::Accepted => {
                let gate = Gate::new();
                self.slack.next(fake_slack::Answer::ok().held_by(&gate));
                let delivery = self.next();
                let kill = async {
                    self.slack.wait_for_posts(self.seen + 1).await;
                    container.kill().await;
                    gate.open();
                };
                let (answer, ()) = tokio::join!(container.invoke(event(&delivery)), kill);
                self.ended(number, delivery, answer).await;
            }
        }
        self.buried(number).await;
    }

    /// A container that nobody kills takes all that is left, and is asked to end.
    async fn last_life(&mut self, number: usize) {
        let container = self.start().await;
        assert_eq!(container.started().await, Start::Ready);
        while !self.queue.is_empty() {
            self.healthy_invocation(number, &container).await;
        }
        let SpinDown::Exited(status) = container.spin_down(Duration::from_mins(1)).await else {
            panic!("it did not end by itself")
        };
        assert!(status.success());
        let posts = self.new_posts(true).await;
        self.accounting.shut_down(number, &posts);
    }

    async fn start(&self) -> Container {
        let setup =
            Setup::statuswatch().env("STATUSWATCH_BURST", "2").env("STATUSWATCH_SPACING_SECONDS", "3600");
        setup.env("SLACK_WEBHOOK_URL", &self.slack.webhook("secret")).start().await
    }

    /// The next event: one that a death took, else a new one.
    fn next(&mut self) -> Delivery {
        if let Some(delivery) = self.queue.pop_front() {
            return delivery;
        }
        let id = self.sent;
        self.sent += 1;
        let matched = self.rng.u32(1..40);
        let delivery = Delivery { id, stream: id % 7, oldest_ms: 0, arrives_ms: 0, matched, other: id % 3 };
        self.accounting.expect(delivery);
        self.accounting.queued(id);
        delivery
    }

    async fn healthy_invocation(&mut self, number: usize, container: &Container) {
        let delivery = self.next();
        let answer = container.invoke(event(&delivery)).await;
        assert!(matches!(answer, Answer::Response(_)), "{answer:?}");
        self.ended(number, delivery, answer).await;
    }

    async fn ended(&mut self, number: usize, delivery: Delivery, answer: Answer) {
        let ending = match answer {
            Answer::Response(body) => Ending::Answered(body),
            Answer::Died(_) => Ending::Died,
            Answer::Error(_) | Answer::TimedOut => panic!("Slack takes everything: {answer:?}"),
        };
        let died = ending == Ending::Died;
        let posts = self.new_posts(!died).await;
        self.accounting.invoked(number, Some(delivery.id), &posts, &ending);
        if died {
            assert!(posts.len() <= 1, "one kill can leave one message that nobody knows of: {posts:?}");
            self.result.deaths_at_work += 1;
            self.result.orphans += posts.len() as u64;
            self.result.orphaned_lines += posts.iter().map(|post| post.lines).sum::<u64>();
            self.queue.push_front(delivery);
        } else {
            self.accounting.settled(delivery.id);
        }
    }

    /// It is dead; what it had deferred is what its answers had said.
    async fn buried(&mut self, number: usize) {
        let posts = self.new_posts(false).await;
        assert_eq!(posts, [], "nothing is posted between invocations");
        self.accounting.shut_down(number, &posts);
        self.result.kills += 1;
    }

    /// What Slack took since the last look, nothing of a dead container being on its way any more.
    async fn new_posts(&mut self, acknowledged: bool) -> Vec<Taken> {
        if !acknowledged {
            self.slack.wait_until_deserted().await;
        }
        let posts = self.slack.posts();
        let new = posts[self.seen..].iter().filter(|post| post.accepted).map(|post| Taken {
            at_ms: post.arrived_ms,
            lines: announced(&post.body),
            acknowledged,
        });
        let new = new.collect();
        self.seen = posts.len();
        new
    }

    #[allow(clippy::print_stdout, reason = "the long run is there to give these figures")]
    fn check(&self, kills: usize) {
        assert_eq!(self.accounting.violations(), Vec::<String>::new());
        let lines = self.accounting.lines_by_fate();
        let result = self.result;
        assert_eq!((lines.unaccounted, lines.queued, lines.pending, lines.in_destination), (0, 0, 0, 0));
        assert_eq!(lines.notified + lines.died_deferred, lines.all);
        assert_eq!(result.kills, kills);
        assert!(
            result.orphans <= kills as u64 && lines.notified_again <= result.orphaned_lines,
            "{result:?}"
        );
        assert!(result.deaths_at_work > 0 && result.orphans > 0 && lines.died_deferred > 0, "{result:?}");
        println!(
            "{kills} SIGKILLs, {} of them at work; {} events of {} lines: {} notified, {} deferred as the \
             ledger had declared, 0 lost; {} messages that a dead container had posted unknowingly, {} lines \
             notified again",
            result.deaths_at_work,
            self.sent,
            lines.all,
            lines.notified,
            lines.died_deferred,
            result.orphans,
            lines.notified_again
        );
    }
}

fn event(delivery: &Delivery) -> Vec<u8> {
    events::awslogs(&message(delivery))
}

#[tokio::test]
async fn a_binary_killed_at_any_moment_loses_nothing_but_its_declared_fold() {
    sweep(1, 24).await;
}

#[tokio::test]
#[ignore = "1,000 processes: cargo test --release --test suite kill_sweep -- --ignored --nocapture"]
async fn a_thousand_kills_and_more() {
    sweep(2, 1_200).await;
}
