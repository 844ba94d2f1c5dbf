//! Tests with several containers at once, over a table that fails and with kills at any moment: every batch is counted
//! once.
//!
//! Virtual time, seeded: the requests of all containers interleave by the delays that the table makes.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use proptest::prelude::*;
use tokio::time::{Instant, timeout};

use super::dynamodb::fake_table::{FakeTable, Fault};
use super::dynamodb::tests_support::table;
use super::*;

const NOW: i64 = 1_800_000_000_000;

/// What a case is made of.
#[derive(Debug, Clone)]
struct Case {
    containers: usize,
    batches: usize,
    /// Further deliveries of batches.
    duplicates: usize,
    /// Of a hundred requests, so many go wrong.
    faults: u32,
    /// Of a hundred deliveries, so many are killed.
    kills: u32,
    seed: u64,
}

fn cases() -> impl Strategy<Value = Case> {
    (1_usize..5, 1_usize..25, 0_usize..20, 0_u32..25, 0_u32..40, any::<u64>()).prop_map(
        |(containers, batches, duplicates, faults, kills, seed)| Case {
            containers,
            batches,
            duplicates,
            faults,
            kills,
            seed,
        },
    )
}

/// The deliveries that are to be made, and what was answered.
struct World {
    began: Instant,
    queue: RefCell<VecDeque<usize>>,
    written: RefCell<Vec<usize>>,
    random: RefCell<fastrand::Rng>,
    deliveries: Cell<usize>,
}

impl World {
    fn new(case: &Case) -> Self {
        let mut random = fastrand::Rng::with_seed(case.seed);
        let mut queue: Vec<usize> = (0..case.batches).collect();
        queue.extend((0..case.duplicates).map(|_| random.usize(0..case.batches)));
        random.shuffle(&mut queue);
        Self {
            began: Instant::now(),
            queue: RefCell::new(queue.into()),
            written: RefCell::default(),
            random: RefCell::new(random),
            deliveries: Cell::new(0),
        }
    }

    fn when(&self) -> When {
        let passed = i64::try_from(self.began.elapsed().as_millis()).unwrap();
        let end = Instant::now() + Duration::from_secs(30);
        When { now_ms: NOW + passed, budget: Budget::until(end, SystemTime::UNIX_EPOCH) }
    }
}

fn api() -> IncidentKey {
    IncidentKey { destination: "ops".to_owned(), log_group: "api".to_owned() }
}

/// One container: it takes deliveries until there are none, and a new one takes its place when it is killed.
async fn contain<S: Store>(world: Rc<World>, case: Case, open: impl Fn() -> S) {
    let mut store = open();
    loop {
        let Some(batch) = world.queue.borrow_mut().pop_front() else { return };
        world.deliveries.set(world.deliveries.get() + 1);
        let end = {
            let mut random = world.random.borrow_mut();
            if random.u32(0..100) < case.kills { random.u64(0..400) } else { 60_000 }
        };
        let delivered = timeout(Duration::from_millis(end), deliver(&world, &mut store, batch)).await;
        match delivered {
            Ok(Ok(())) => {}
            // Lambda delivers it again, whether it failed or was killed.
            Ok(Err(_)) => world.queue.borrow_mut().push_back(batch),
            Err(_) => {
                store = open();
                world.queue.borrow_mut().push_back(batch);
            }
        }
    }
}

/// One invocation: the batch is written, then whatever the journal holds is summed up.
async fn deliver(world: &World, store: &mut impl Store, batch: usize) -> Result<(), StoreError> {
    let id = BatchId::of("api", "stream", [batch.to_string()]);
    let body = encode(&batch).unwrap();
    if store.put(&api(), id, &body, world.when()).await? == Put::Written {
        world.written.borrow_mut().push(batch);
    }
    // It is in the journal: what fails from here on is another's work later.
    let _ = sum_up(world, store).await;
    Ok(())
}

/// Whether there was nothing to sum up.
async fn sum_up(world: &World, store: &mut impl Store) -> Result<bool, StoreError> {
    let snapshot = store.read(&api(), world.when()).await?;
    if snapshot.entries.is_empty() && !snapshot.more {
        return Ok(true);
    }
    let until_ms = world.when().now_ms + 5_000;
    let Some(lease) = store.lease(&api(), &snapshot, until_ms, world.when()).await? else { return Ok(false) };
    let mut counted: Vec<usize> = snapshot.head.map(|head| decode(&head).unwrap()).unwrap_or_default();
    counted.extend(snapshot.entries.iter().map(|entry| decode::<usize>(&entry.body).unwrap()));
    let keys: Vec<EntryKey> = snapshot.entries.iter().map(|entry| entry.key).collect();
    store.release(&api(), lease, &encode(&counted).unwrap(), &keys, world.when()).await?;
    Ok(false)
}

/// What goes wrong, and how long everything takes.
fn faults(mut random: fastrand::Rng, percent: u32) -> impl FnMut(&str) -> Option<Fault> + Send {
    move |operation| {
        if random.u32(0..100) >= percent {
            return Some(Fault::Late(Duration::from_millis(random.u64(1..40))));
        }
        let is_done = random.bool();
        Some(match random.u32(0..7) {
            0 => {
                Fault::Refused(400, "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException")
            }
            1 => Fault::Refused(500, "com.amazonaws.dynamodb.v20120810#InternalServerError"),
            2 => Fault::FailedAfter(500, "com.amazonaws.dynamodb.v20120810#InternalServerError"),
            3 => Fault::Broken { is_done },
            4 => Fault::Silent { is_done },
            5 if operation.starts_with("Batch") => Fault::Partial,
            _ => Fault::Garbled,
        })
    }
}

/// Runs the case; then whoever comes last sums up what is left.
async fn run<S: Store + 'static>(case: &Case, open: impl Fn() -> S + Clone + 'static, heal: impl FnOnce()) {
    let world = Rc::new(World::new(case));
    let local = tokio::task::LocalSet::new();
    for _ in 0..case.containers {
        local.spawn_local(contain(Rc::clone(&world), case.clone(), open.clone()));
    }
    local.await;
    heal();
    let mut store = open();
    // A lease that a killed container holds ends first.
    tokio::time::advance(Duration::from_secs(6)).await;
    for batch in 0..case.batches {
        let id = BatchId::of("api", "stream", [batch.to_string()]);
        let body = encode(&batch).unwrap();
        assert_eq!(store.put(&api(), id, &body, world.when()).await, Ok(Put::Duplicate), "{batch}");
    }
    for _ in 0..4 {
        if sum_up(&world, &mut store).await.unwrap() {
            break;
        }
    }
    let snapshot = store.read(&api(), world.when()).await.unwrap();
    assert_eq!(snapshot.entries, []);
    let mut counted: Vec<usize> = decode(&snapshot.head.unwrap()).unwrap();
    counted.sort_unstable();
    assert_eq!(counted, (0..case.batches).collect::<Vec<_>>(), "{} deliveries", world.deliveries.get());
    // Nobody was said twice that a batch is new.
    let mut written = world.written.take();
    written.sort_unstable();
    let answers = written.len();
    written.dedup();
    assert_eq!(written.len(), answers);
}

fn in_virtual_time(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    runtime.unwrap().block_on(test);
}

fn over_a_table(case: &Case) {
    in_virtual_time(async {
        let fake = FakeTable::start().await;
        fake.set_faults(faults(fastrand::Rng::with_seed(case.seed), case.faults));
        let url = fake.url();
        let seeds = Rc::new(Cell::new(case.seed));
        let open = move || table(&url, "fake", seeds.replace(seeds.get().wrapping_add(1)));
        run(case, open, || fake.set_faults(|_| None)).await;
    });
}

fn of(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(of(12))]

    #[test]
    fn every_batch_is_counted_once_over_a_table_that_fails(case in cases()) {
        over_a_table(&case);
    }

    #[test]
    fn every_batch_is_counted_once_in_memory(case in cases()) {
        in_virtual_time(async {
            let memory = Memory::default();
            run(&case, move || memory.clone(), || ()).await;
        });
    }
}

proptest! {
    #![proptest_config(of(1_000))]

    #[test]
    #[ignore = "takes minutes"]
    fn every_batch_is_counted_once_in_a_thousand_cases(case in cases()) {
        over_a_table(&case);
    }
}
