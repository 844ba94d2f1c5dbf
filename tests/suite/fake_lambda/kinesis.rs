//! An event source mapping from Kinesis to the function, in virtual time.
//!
//! As the developer guide describes it: one batch of a shard at a time and in order; the lowest record that
//! the answer names is where the next batch begins; an error is tried again with the same records, in halves
//! where bisecting is on; a batch that was tried enough is given up, and blocks its shard until then.

use std::{cell::RefCell, collections::VecDeque, rc::Rc, time::Duration};

use tokio::{sync::Notify, time::sleep};

use super::{
    delivery::Delivery,
    function::Function,
    queue::{Queue, throttle_wait_ms, tick},
    report::Report,
    service::{Attempt, Given, Settings, World, simulate},
};

/// How the stream and its mapping are set up.
#[derive(Clone, Debug)]
pub(crate) struct Mapping {
    /// Shards; a log stream's records all go to the same.
    pub(crate) shards: usize,
    /// `BatchSize`.
    pub(crate) batch_size: usize,
    /// `MaximumBatchingWindowInSeconds`: how long records are collected.
    pub(crate) batching_window: Duration,
    /// `MaximumRetryAttempts`.
    pub(crate) retries: u32,
    /// `BisectBatchOnFunctionError`.
    pub(crate) bisects: bool,
    /// How long the simulation goes on after the last arrival.
    pub(crate) drain: Duration,
    /// Whether the function has a tick beside the stream.
    pub(crate) ticks: bool,
}

impl Default for Mapping {
    fn default() -> Self {
        Self {
            shards: 2,
            batch_size: 500,
            batching_window: Duration::from_secs(5),
            retries: 10,
            bisects: true,
            drain: Duration::from_mins(15),
            ticks: false,
        }
    }
}

/// The records of one shard that are not acknowledged.
#[derive(Default)]
struct Shard {
    records: RefCell<VecDeque<Delivery>>,
    arrived: Notify,
}

/// Simulates a function behind a Kinesis stream; a record is one delivery.
pub(crate) fn simulate_kinesis<F: Function>(
    function: F,
    settings: Settings,
    mapping: &Mapping,
    deliveries: impl Iterator<Item = Delivery>,
) -> Report {
    simulate(function, settings, async |world| {
        let shards: Vec<Rc<Shard>> = (0..mapping.shards).map(|_| Rc::default()).collect();
        for shard in &shards {
            world.spawn(poll(Rc::clone(&world), mapping.clone(), Rc::clone(shard)));
        }
        if mapping.ticks {
            world.spawn(tick(Rc::clone(&world), Queue { tick_targets: 1, ..Queue::default() }));
        }
        for delivery in deliveries {
            sleep(Duration::from_millis(delivery.arrives_ms.saturating_sub(world.clock.now_ms()))).await;
            world.state().accounting.expect(delivery);
            world.state().accounting.queued(delivery.id);
            let shard = &shards[delivery.stream as usize % shards.len()];
            shard.records.borrow_mut().push_back(delivery);
            shard.arrived.notify_one();
        }
        sleep(mapping.drain).await;
    })
}

async fn poll<F: Function>(world: Rc<World<F>>, mapping: Mapping, shard: Rc<Shard>) {
    loop {
        while shard.records.borrow().is_empty() {
            shard.arrived.notified().await;
        }
        sleep(mapping.batching_window).await;
        let mut size = mapping.batch_size.min(shard.records.borrow().len());
        let (mut failures, mut throttles) = (0, 0);
        while size > 0 {
            let batch: Vec<Delivery> = shard.records.borrow().iter().take(size).copied().collect();
            let ids: Vec<u32> = batch.iter().map(|delivery| delivery.id).collect();
            let request = format!("records-{}-{failures}", ids[0]);
            let attempt =
                world.invoke(&request, || world.function.kinesis(&batch), Given::Records(&ids)).await;
            match attempt {
                Attempt::Throttled => {
                    world.pause(throttle_wait_ms(throttles)).await;
                    throttles += 1;
                }
                Attempt::Done { acknowledged } if acknowledged > 0 => {
                    shard.drop_first(&world, acknowledged);
                    (size, failures) = (size - acknowledged, 0);
                }
                Attempt::Done { .. } | Attempt::Failed => {
                    failures += 1;
                    if failures > mapping.retries {
                        for id in ids {
                            world.state().accounting.in_destination(id);
                        }
                        shard.drop_first(&world, size);
                        break;
                    }
                    if mapping.bisects && attempt == Attempt::Failed {
                        size = size.div_ceil(2);
                    }
                    world.pause(throttle_wait_ms(failures - 1)).await;
                }
            }
        }
    }
}

impl Shard {
    fn drop_first<F: Function>(&self, world: &World<F>, count: usize) {
        for delivery in self.records.borrow_mut().drain(..count) {
            world.state().accounting.settled(delivery.id);
        }
    }
}
