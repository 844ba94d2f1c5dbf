//! A snoozed incident: nothing of it is posted, everything is counted, and the first message after it says how much.

use super::*;
use crate::rules::DEFAULT_DESTINATION;
use crate::snooze::snooze;
use crate::store::BatchId;

/// Snoozes the incident of `/aws/x` at this second until another.
async fn ask(store: &mut Memory, second: i64, until: i64) -> bool {
    let now_ms = i64::try_from(NOW).unwrap() + second * 1_000;
    let until_ms = i64::try_from(NOW).unwrap() + until * 1_000;
    let budget = Budget::until(Instant::now() + Duration::from_secs(20), UNIX_EPOCH);
    snooze(store, &key(), until_ms, When { now_ms, budget }).await.unwrap()
}

fn key() -> IncidentKey {
    IncidentKey { destination: DEFAULT_DESTINATION.to_owned(), log_group: "/aws/x".to_owned() }
}

#[tokio::test(start_paused = true)]
async fn a_snoozed_incident_says_so_in_its_parent_once_and_goes_on_with_the_exact_sum() {
    let (mut store, slack) = (Memory::default(), Channel::with_threads());
    let mut containers = [Container::over(store.clone(), &slack), Container::over(store.clone(), &slack)];
    containers[0].at(0, &logs(1, &[404])).await;
    slack.seen();
    assert!(ask(&mut store, 20, 7_220).await, "the table knows the incident");
    containers[1].at(60, &tick()).await;
    let seen = slack.seen();
    assert!(seen[0].starts_with("update 1.0: 404 GET /v1/items · 1 error") && seen.len() == 1, "{seen:?}");
    let snoozed = "snoozed until 07:30 UTC, still counted";
    assert!(slack.bodies.borrow().last().unwrap().contains(snoozed), "{:?}", slack.bodies.borrow().last());
    // A new group, an escalation, many batches, hours: no post and no update.
    let mut deferred = 0;
    for number in 0..60 {
        let ledger = containers[usize::from(number % 2 == 0)]
            .at(100 + number * 119, &logs(100 + 10 * number, &[404, 502, 502, 503]))
            .await
            .ledger;
        assert!(ledger.balances(ledger.released), "{ledger:?}");
        deferred += ledger.pending;
        containers[0].at(130 + number * 119, &tick()).await.answer.unwrap();
    }
    assert_eq!((deferred, slack.seen()), (240, Vec::new()));
    let ledger = containers[0].at(7_260, &tick()).await.ledger;
    assert_eq!((ledger.posted, ledger.released), (1, 240));
    let seen = slack.seen();
    assert!(
        seen[0].starts_with("reply to 1.0: Still failing, 2 h 1 min · 241 errors · +240 since"),
        "{seen:?}"
    );
    assert!(seen[1].starts_with("update 1.0: 502 GET /v1/items and 2 more · 241 errors"), "{seen:?}");
    assert_eq!(seen.len(), 2);
    let bodies = slack.bodies.borrow();
    let [.., follow_up, parent] = bodies.as_slice() else { panic!("{bodies:?}") };
    assert!(follow_up.contains("240 errors came while it was snoozed until 07:30 UTC"), "{follow_up}");
    assert!(!parent.contains("snoozed"), "{parent}");
}

#[tokio::test(start_paused = true)]
async fn with_a_webhook_the_first_message_after_a_snooze_says_how_many_came() {
    let (mut store, slack) = (Memory::default(), Channel::default());
    let mut container = Container::over(store.clone(), &slack);
    assert!(!ask(&mut store, 0, 600).await, "nothing is known of it yet");
    container.at(10, &logs(1, &[502, 502])).await;
    container.at(550, &logs(10, &[502])).await;
    assert_eq!(slack.headings.borrow().len(), 0);
    let ledger = container.at(600, &tick()).await.ledger;
    assert_eq!((ledger.posted, ledger.shown), (1, 3));
    let opening = slack.bodies.borrow().last().cloned().unwrap();
    assert!(opening.contains("3 errors came while it was snoozed until 05:40 UTC"), "{opening}");
    container.at(700, &logs(20, &[502])).await;
    container.at(2_000, &tick()).await;
    assert!(slack.headings.borrow().last().unwrap().starts_with("Over · 4 errors"));
    assert!(!slack.bodies.borrow().last().unwrap().contains("snoozed"));
}

/// Whoever snoozes does not wait for a lease, nor does its holder lose it.
#[tokio::test(start_paused = true)]
async fn a_snooze_is_taken_in_while_another_holds_the_lease() {
    let (mut store, slack) = (Memory::default(), Channel::with_threads());
    let mut container = Container::over(store.clone(), &slack);
    container.at(0, &logs(1, &[502])).await;
    let when = |second: i64| When {
        now_ms: i64::try_from(NOW).unwrap() + second * 1_000,
        budget: Budget::until(Instant::now() + Duration::from_secs(20), UNIX_EPOCH),
    };
    let snapshot = store.read(&key(), when(1)).await.unwrap();
    let head = snapshot.head.clone().unwrap();
    let lease = store.lease(&key(), &snapshot, when(10).now_ms, when(1)).await.unwrap().unwrap();
    ask(&mut store, 2, 602).await;
    let released = store.release(&key(), lease, &head, &[], when(3)).await.unwrap();
    assert_eq!(released, Released::Committed { not_removed: None });
    container.at(20, &logs(10, &[404, 404])).await;
    assert!(slack.seen().iter().all(|message| !message.contains("New in this incident")));
}

#[tokio::test(start_paused = true)]
async fn a_snooze_that_is_ended_early_is_over_with_the_next_tick() {
    let (mut store, slack) = (Memory::default(), Channel::default());
    let mut container = Container::over(store.clone(), &slack);
    container.at(0, &logs(1, &[502])).await;
    ask(&mut store, 10, 7_210).await;
    container.at(20, &logs(10, &[404])).await;
    assert_eq!(slack.headings.borrow().len(), 1);
    ask(&mut store, 30, 30).await;
    container.at(60, &tick()).await;
    assert!(slack.headings.borrow().last().unwrap().contains("2 errors · +1 since"), "{:?}", slack.headings);
    assert!(
        slack.bodies.borrow().last().unwrap().contains("1 error came while it was snoozed until 05:30 UTC")
    );
}

#[tokio::test(start_paused = true)]
async fn an_alarm_is_told_although_its_incident_is_snoozed() {
    let (mut store, slack) = (Memory::default(), Channel::with_threads());
    let style = Style { log_groups: "/aws/x".parse().unwrap(), ..Style::default() };
    let mut container = Container::with_style(store.clone(), &slack, style.into());
    container.at(0, &logs(0, &[502])).await.answer.unwrap();
    ask(&mut store, 10, 3_610).await;
    slack.seen();
    let ledger = container.at(70, &alarm("ALARM", "OK", 70)).await.ledger;
    assert_eq!(ledger.alarms, 1);
    assert!(slack.seen().iter().any(|message| message.contains("ALARM · 5xx")));
    container.at(400, &alarm("OK", "ALARM", 400)).await.answer.unwrap();
    let seen = slack.seen();
    assert!(seen.iter().any(|message| message.contains("OK again · 5xx")), "{seen:?}");
    assert!(seen.iter().all(|message| !message.contains("Over")), "{seen:?}");
}

/// A week is longer than an incident is listed after its last batch.
#[tokio::test(start_paused = true)]
async fn a_snooze_of_a_week_ends_although_nothing_came_for_days() {
    const DAY: u64 = 86_400;
    let (mut store, slack) = (Memory::default(), Channel::default());
    let mut container = Container::over(store.clone(), &slack);
    container.at(0, &logs(1, &[502])).await;
    ask(&mut store, 10, 604_810).await;
    container.at(20, &logs(10, &[502, 502])).await;
    for half_day in 1..14 {
        container.at(half_day * DAY / 2, &tick()).await.answer.unwrap();
    }
    assert_eq!(slack.headings.borrow().len(), 1);
    container.at(7 * DAY + 60, &tick()).await.answer.unwrap();
    assert!(slack.headings.borrow().last().unwrap().starts_with("Over · 3 errors"), "{:?}", slack.headings);
    let over = slack.bodies.borrow().last().cloned().unwrap();
    assert!(over.contains("2 errors came while it was snoozed until 05:30 UTC"), "{over}");
}

/// The same wish written twice, as after a lost answer, is one; what cannot be read is no snooze.
#[tokio::test(start_paused = true)]
async fn a_broken_wish_snoozes_nothing() {
    let (mut store, slack) = (Memory::default(), Channel::default());
    let mut container = Container::over(store.clone(), &slack);
    let when = When {
        now_ms: i64::try_from(NOW).unwrap(),
        budget: Budget::until(Instant::now() + Duration::from_secs(20), UNIX_EPOCH),
    };
    let body = [b"S".as_slice(), &[0; 8], b"\x01garbage"].concat();
    store.put(&key(), BatchId::of("snooze", "/aws/x", ["1"]), &body, when).await.unwrap();
    let ledger = container.at(0, &logs(1, &[502])).await.ledger;
    assert_eq!((ledger.posted, ledger.store_errors), (1, 1));
}
