//! An event source mapping from Kinesis to the function, in virtual time.
//!
//! As the developer guide describes it: one batch of a shard at a time and in order; the lowest record that
//! the answer names is where the next batch begins; an error is tried again with the same records, in halves
//! where bisecting is on; a batch that was tried enough is given up, and blocks its shard until then.
//! Records may come more than once, as the guide of Kinesis says under "Handling duplicate records": see [`Redelivery`].

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    ops::RangeInclusive,
    rc::Rc,
    time::Duration,
};

use tokio::{sync::Notify, time::sleep};

use super::{
    delivery::{Delivery, Record},
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
    /// How often records come again although the function answered well.
    pub(crate) redelivery: Redelivery,
}

/// How often records come again, as shares of all batches or, for the last, of all deliveries.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Redelivery {
    /// The function did its work, and its answer came too late: the batch counts as failed.
    pub(crate) failed: f64,
    /// The answer names a record, any of the batch: this one and all behind it come again.
    pub(crate) partial: f64,
    /// The shard's poller is replaced while it is at work: the next one begins at an older record, and both deliver.
    pub(crate) second_poller: f64,
    /// CloudWatch Logs delivers at least once: it puts the same message into the stream a second time.
    pub(crate) put_twice: f64,
}

/// How much later the second poller delivers, and the second copy is put, milliseconds.
const AGAIN_AFTER_MS: RangeInclusive<u64> = 0..=10_000;

impl Redelivery {
    /// One delivery in ten is put twice, and one batch in ten comes again in one of the other ways.
    pub(crate) fn of_all_kinds() -> Self {
        Self { failed: 0.03, partial: 0.03, second_poller: 0.04, put_twice: 0.1 }
    }
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
            redelivery: Redelivery::default(),
        }
    }
}

/// The records of one shard that are not acknowledged.
#[derive(Default)]
struct Shard {
    records: RefCell<VecDeque<Record>>,
    arrived: Notify,
}

/// The stream.
struct Stream {
    shards: Vec<Rc<Shard>>,
    next_sequence_number: Cell<u32>,
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
        let stream = Rc::new(Stream { shards, next_sequence_number: Cell::new(0) });
        for shard in &stream.shards {
            world.spawn(poll(Rc::clone(&world), mapping.clone(), Rc::clone(shard)));
        }
        if mapping.ticks {
            world.spawn(tick(Rc::clone(&world), Queue { tick_targets: 1, ..Queue::default() }));
        }
        for delivery in deliveries {
            sleep(Duration::from_millis(delivery.arrives_ms.saturating_sub(world.clock.now_ms()))).await;
            world.state().accounting.expect(delivery);
            stream.put(&world, delivery);
            if world.happens(mapping.redelivery.put_twice) {
                world.state().work.redelivered.put_twice += 1;
                world.state().accounting.queued(delivery.id);
                let (later, stream) = (Rc::clone(&world), Rc::clone(&stream));
                world.spawn(async move {
                    later.pause(AGAIN_AFTER_MS).await;
                    stream.put(&later, delivery);
                    later.state().accounting.settled(delivery.id);
                });
            }
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
            let batch: Vec<Record> = shard.records.borrow().iter().take(size).copied().collect();
            if world.happens(mapping.redelivery.second_poller) {
                world.spawn(poll_once_more(Rc::clone(&world), mapping.clone(), batch.clone()));
            }
            let attempt = match deliver(&world, &batch, failures).await {
                Attempt::Done { acknowledged } if acknowledged == size => spoilt(&world, &mapping, size),
                attempt => attempt,
            };
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
                        for record in batch {
                            world.state().accounting.in_destination(record.delivery.id);
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

async fn deliver<F: Function>(world: &Rc<World<F>>, batch: &[Record], failures: u32) -> Attempt {
    let request = format!("records-{}-{failures}", batch[0].sequence_number);
    world.invoke(&request, || world.function.kinesis(batch), Given::Records(batch)).await
}

/// What a good answer counts for.
fn spoilt<F: Function>(world: &World<F>, mapping: &Mapping, size: usize) -> Attempt {
    let Redelivery { failed, partial, .. } = mapping.redelivery;
    if world.happens(failed) {
        world.state().work.redelivered.failed += size as u64;
        return Attempt::Failed;
    }
    if world.happens(partial) {
        let acknowledged = world.state().rng.usize(0..size);
        world.state().work.redelivered.partial += (size - acknowledged) as u64;
        return Attempt::Done { acknowledged };
    }
    Attempt::Done { acknowledged: size }
}

/// The poller that takes a shard over, until it is where the other one was: it delivers a batch from one of its records on.
async fn poll_once_more<F: Function>(world: Rc<World<F>>, mapping: Mapping, mut batch: Vec<Record>) {
    let first = world.state().rng.usize(0..batch.len());
    batch.drain(..first);
    for record in &batch {
        world.state().accounting.queued(record.delivery.id);
    }
    world.state().work.redelivered.second_poller += batch.len() as u64;
    world.pause(AGAIN_AFTER_MS).await;
    let all = batch.clone();
    let (mut failures, mut throttles) = (0, 0);
    while !batch.is_empty() && failures <= mapping.retries {
        match deliver(&world, &batch, failures).await {
            Attempt::Throttled => {
                world.pause(throttle_wait_ms(throttles)).await;
                throttles += 1;
            }
            Attempt::Done { acknowledged } if acknowledged > 0 => {
                batch.drain(..acknowledged);
                failures = 0;
            }
            Attempt::Done { .. } | Attempt::Failed => {
                failures += 1;
                world.pause(throttle_wait_ms(failures - 1)).await;
            }
        }
    }
    for record in all {
        world.state().accounting.settled(record.delivery.id);
    }
}

impl Stream {
    fn put<F: Function>(&self, world: &World<F>, delivery: Delivery) {
        world.state().accounting.queued(delivery.id);
        let sequence_number = self.next_sequence_number.get();
        self.next_sequence_number.set(sequence_number + 1);
        let shard = &self.shards[delivery.stream as usize % self.shards.len()];
        shard.records.borrow_mut().push_back(Record { sequence_number, delivery });
        shard.arrived.notify_one();
    }
}

impl Shard {
    fn drop_first<F: Function>(&self, world: &World<F>, count: usize) {
        for record in self.records.borrow_mut().drain(..count) {
            world.state().accounting.settled(record.delivery.id);
        }
    }
}
