//! Lambda's queue for asynchronous invocations, and the tick that goes through it, in virtual time.
//!
//! As the developer guide describes it: an error is tried again after one minute and after two more; a
//! throttled event goes back and comes again after 1 s, 2 s, 4 s and so on to 5 minutes; an event that is
//! too old or was tried enough goes to the failure destination; and the queue is eventually consistent, so
//! that an event may come twice, and late, and after its successor.

use std::{ops::RangeInclusive, rc::Rc, time::Duration};

use tokio::time::sleep;

use super::{
    delivery::Delivery,
    function::Function,
    report::Report,
    service::{Attempt, Given, Settings, World, simulate},
};

/// How the queue behaves.
#[derive(Clone, Debug)]
pub(crate) struct Queue {
    /// From the arrival of an event to the first attempt: the spread is what reorders events.
    pub(crate) delay_ms: RangeInclusive<u64>,
    /// The share of events of which a second copy is delivered.
    pub(crate) duplicates: f64,
    /// How much later the second copy comes.
    pub(crate) duplicate_after_ms: RangeInclusive<u64>,
    /// Attempts after the first that failed: 0 to 2.
    pub(crate) retries: u32,
    /// `MaximumEventAgeInSeconds`.
    pub(crate) max_age: Duration,
    /// How many targets the tick's rule has; none without a tick.
    pub(crate) tick_targets: usize,
    /// How long the simulation goes on after the last arrival.
    pub(crate) drain: Duration,
}

impl Default for Queue {
    /// The module's defaults for concurrency 2, and a queue that reorders but does not duplicate.
    fn default() -> Self {
        Self {
            delay_ms: 20..=500,
            duplicates: 0.0,
            duplicate_after_ms: 0..=120_000,
            retries: 2,
            max_age: Duration::from_hours(6),
            tick_targets: 2,
            drain: Duration::from_mins(15),
        }
    }
}

/// Simulates a function behind subscription filters.
pub(crate) fn simulate_subscription<F: Function>(
    function: F,
    settings: Settings,
    queue: &Queue,
    deliveries: impl Iterator<Item = Delivery>,
) -> Report {
    simulate(function, settings, async |world| {
        world.spawn(tick(Rc::clone(&world), queue.clone()));
        for delivery in deliveries {
            sleep(Duration::from_millis(delivery.arrives_ms.saturating_sub(world.clock.now_ms()))).await;
            world.state().accounting.expect(delivery);
            send(&world, queue, delivery, Duration::ZERO);
            let is_doubled = world.state().rng.f64() < queue.duplicates;
            if is_doubled {
                let after_ms = world.state().rng.u64(queue.duplicate_after_ms.clone());
                world.state().work.duplicates += 1;
                send(&world, queue, delivery, Duration::from_millis(after_ms));
            }
        }
        sleep(queue.drain).await;
    })
}

fn send<F: Function>(world: &Rc<World<F>>, queue: &Queue, delivery: Delivery, after: Duration) {
    world.state().accounting.queued(delivery.id);
    let (world, queue) = (Rc::clone(world), queue.clone());
    Rc::clone(&world).spawn(async move {
        sleep(after).await;
        let event = || world.function.awslogs(&delivery);
        let is_done =
            carry(&world, &queue, &format!("event-{}", delivery.id), event, Given::Event(delivery.id)).await;
        let accounting = &mut world.state().accounting;
        accounting.settled(delivery.id);
        if !is_done {
            accounting.in_destination(delivery.id);
        }
    });
}

/// A rule for every minute, which is not told the second; each of its targets is an event of its own.
pub(super) async fn tick<F: Function>(world: Rc<World<F>>, queue: Queue) {
    world.pause(0..=59_999).await;
    for minute in 0_u64.. {
        for target in 0..queue.tick_targets {
            let (tick_world, queue) = (Rc::clone(&world), queue.clone());
            world.spawn(async move {
                let request = format!("tick-{minute}-{target}");
                carry(&tick_world, &queue, &request, || tick_world.function.tick(), Given::Tick).await;
            });
        }
        sleep(Duration::from_mins(1)).await;
    }
}

/// Brings one copy of an event to an end; false if that is the failure destination.
async fn carry<F: Function>(
    world: &Rc<World<F>>,
    queue: &Queue,
    request: &str,
    event: impl Fn() -> Vec<u8>,
    given: Given<'_>,
) -> bool {
    let arrived_ms = world.clock.now_ms();
    let (mut failures, mut throttles) = (0, 0);
    world.pause(queue.delay_ms.clone()).await;
    while Duration::from_millis(world.clock.now_ms() - arrived_ms) < queue.max_age {
        match world.invoke(request, &event, given).await {
            Attempt::Done { .. } => return true,
            Attempt::Throttled => {
                world.pause(throttle_wait_ms(throttles)).await;
                throttles += 1;
            }
            Attempt::Failed => {
                failures += 1;
                if failures > queue.retries {
                    return false;
                }
                sleep(Duration::from_mins(u64::from(failures))).await;
            }
        }
    }
    false
}

/// 1 s, doubling to 5 minutes. AWS does not say how it spreads those that were throttled together; without
/// any spread they would come back together, and be throttled together, for ever.
pub(super) fn throttle_wait_ms(throttles: u32) -> RangeInclusive<u64> {
    let most = (1_000_u64 << throttles.min(9)).min(300_000);
    most / 2..=most
}
