//! An incident in one thread: one parent, everything else under it, whichever container posts.

use super::*;
use crate::outbox::Bucket;
use crate::slack::post::Unconfirmed;

const GONE: PostError = PostError::MessageGone { word: None };
const LOST: PostError = PostError::Unconfirmed(Unconfirmed::Unreadable);

#[tokio::test(start_paused = true)]
async fn one_parent_has_the_sums_and_all_else_stands_under_it() {
    let slack = Channel::with_threads();
    let store = Memory::default();
    let mut containers = [Container::over(store.clone(), &slack), Container::over(store, &slack)];
    let ledger = containers[0].at(0, &logs(1, &[502])).await.ledger;
    assert_eq!((ledger.posted, ledger.shown, ledger.pending), (2, 1, 0));
    assert_eq!(
        slack.seen(),
        [
            "parent 1.0: 502 GET /v1/items · 1 error · /aws/x",
            "reply to 1.0: 502 GET /v1/items · integration · /aws/x"
        ]
    );
    // What is deferred is in the parent's sum ten seconds after it was written.
    containers[1].at(5, &logs(2, &[502, 502])).await;
    assert_eq!(slack.seen(), Vec::<String>::new());
    containers[1].at(12, &logs(4, &[502])).await;
    assert_eq!(slack.seen(), ["update 1.0: 502 GET /v1/items · 4 errors · /aws/x"]);
    containers[0].at(62, &tick()).await;
    assert_eq!(
        slack.seen(),
        [
            "reply to 1.0: Still failing, 1 min 2 s · 4 errors · +3 since 05:30 UTC · /aws/x",
            "update 1.0: 502 GET /v1/items · 4 errors · /aws/x",
        ]
    );
    // The end is shown in the channel, too, and the parent keeps its figures.
    containers[1].at(500, &tick()).await;
    let seen = slack.seen();
    assert!(seen[0].starts_with("reply to 1.0 and channel: Over · 4 errors"), "{seen:?}");
    assert!(
        seen[1].starts_with("update 1.0: Over after under 1 s · 4 errors · 502 GET /v1/items"),
        "{seen:?}"
    );
    assert_eq!(seen.len(), 2);
    let last = slack.bodies.borrow().last().cloned().unwrap();
    assert!(last.contains(r#""color":"good""#), "{last}");
    // What fails after that is another incident, in a thread of its own, whoever tells of it.
    for (second, first) in [(5_000, 9), (10_000, 19)] {
        containers[0].at(second, &logs(first, &[502])).await;
        let seen = slack.seen();
        let [parent, opening] = seen.as_slice() else { panic!("{seen:?}") };
        let (parent, heading) = parent.split_once(": ").unwrap();
        assert_eq!(heading, "502 GET /v1/items · 1 error · /aws/x");
        let ts = parent.strip_prefix("parent ").unwrap();
        assert_eq!(opening, &format!("reply to {ts}: 502 GET /v1/items · integration · /aws/x"));
        containers[1].at(second + 60, &logs(first + 1, &[404])).await;
        containers[1].at(second + 500, &tick()).await;
        let seen = slack.seen();
        assert!(seen.iter().all(|message| message.contains(ts)), "{seen:?}");
        assert!(seen.last().unwrap().contains("Over after"), "{seen:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_parent_that_is_gone_gives_way_to_one_that_continues() {
    let slack = Channel::with_threads();
    let mut container = Container::over(Memory::default(), &slack);
    container.at(0, &logs(1, &[502])).await;
    slack.seen();
    slack.answers.borrow_mut().push(GONE);
    let ledger = container.at(30, &logs(2, &[404])).await.ledger;
    let seen = slack.seen();
    // Deferred with the message that found no parent, and released with the next.
    assert_eq!(fates(&ledger), [1, 0, 1, 1, 1, 0]);
    assert!(seen[0].starts_with("parent 3.0: Continued · "), "{seen:?}");
    assert!(seen[1].starts_with("reply to 3.0: New in this incident"), "{seen:?}");
    assert_eq!(seen.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn where_every_parent_is_gone_at_once_there_is_one_more_and_then_none() {
    let slack = Channel::with_threads();
    let mut container = Container::over(Memory::default(), &slack);
    container.at(0, &logs(1, &[502])).await;
    slack.seen();
    // A moderator deletes each parent before its reply.
    *slack.gone.borrow_mut() = true;
    let ledger = container.at(60, &logs(2, &[404])).await.ledger;
    assert_eq!(ledger.released, 1);
    container.at(120, &logs(3, &[403])).await;
    let seen = slack.seen();
    assert!(seen[0].starts_with("parent ") && seen[1].starts_with("channel: New"), "{seen:?}");
    assert!(seen[2].starts_with("channel: ") && seen.len() == 3, "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn a_parent_that_one_container_could_not_post_another_posts() {
    let slack = Channel::with_threads();
    let store = Memory::default();
    let mut trying = Container::over(store.clone(), &slack);
    let mut other = Container::over(store, &slack);
    slack.answers.borrow_mut().push(PostError::Refused { word: None });
    trying.at(0, &logs(1, &[502])).await;
    let ledger = other.at(1, &logs(2, &[502])).await.ledger;
    assert_eq!(ledger.posted, 2, "nobody tries any more");
    let seen = slack.seen();
    assert!(
        seen[0].starts_with("parent ") && seen[1].starts_with("reply to ") && seen.len() == 2,
        "{seen:?}"
    );
}

/// The bot token gives way to a webhook while an incident goes on.
#[tokio::test(start_paused = true)]
async fn without_threads_any_more_an_incident_goes_on_in_the_channel() {
    let (store, threads, webhook) = (Memory::default(), Channel::with_threads(), Channel::default());
    Container::over(store.clone(), &threads).at(0, &logs(1, &[502])).await;
    let mut container = Container::over(store, &webhook);
    let ledger = container.at(30, &logs(2, &[404])).await.ledger;
    assert_eq!((ledger.posted, ledger.pending, ledger.unavailable), (1, 0, 0));
    container.at(60, &logs(3, &[404])).await;
    container.at(500, &tick()).await;
    let headings = webhook.headings.borrow();
    assert!(headings[0].starts_with("New in this incident"), "{headings:?}");
    assert!(headings.last().unwrap().starts_with("Over · 3 errors"), "{headings:?}");
    assert_eq!(threads.seen().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn where_it_is_not_known_whether_a_parent_stands_there_none_is_posted_again() {
    let slack = Channel::with_threads();
    let rules = r#"{"rules":[{"name":"all","status":"400-599","action":"notify","mention":"<!here>"}]}"#;
    let mut container = Container::with_rules(rules, Memory::default(), &slack);
    slack.answers.borrow_mut().push(LOST);
    let ledger = container.at(0, &logs(1, &[502])).await.ledger;
    assert_eq!((ledger.posted, ledger.pending), (1, 0));
    container.at(70, &logs(2, &[404])).await;
    let seen = slack.seen();
    assert!(seen.iter().all(|message| message.starts_with("channel: ")) && seen.len() == 2, "{seen:?}");
    assert!(seen[0].starts_with("channel: <!here> 502"), "someone is to be woken: {seen:?}");
}

#[tokio::test(start_paused = true)]
async fn a_parent_that_slack_refuses_is_tried_again_and_nothing_is_lost() {
    let slack = Channel::with_threads();
    let mut container = Container::over(Memory::default(), &slack);
    slack.answers.borrow_mut().push(PostError::Refused { word: None });
    let ledger = container.at(0, &logs(1, &[502])).await.ledger;
    assert_eq!((ledger.posted, ledger.pending), (0, 1));
    let ledger = container.at(60, &tick()).await.ledger;
    assert_eq!((ledger.posted, ledger.released), (2, 1));
    let seen = slack.seen();
    assert!(
        seen[0].starts_with("parent ") && seen[1].starts_with("reply to ") && seen.len() == 2,
        "{seen:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn mentions_stand_in_the_parent_and_in_an_escalation_that_the_channel_shows() {
    let rules = r#"{"rules":[{"name":"all","status":"400-599","action":"notify","mention":"<!here>"}]}"#;
    let slack = Channel::with_threads();
    let mut container = Container::with_rules(rules, Memory::default(), &slack);
    container.at(0, &logs(1, &[404])).await;
    container.at(30, &logs(2, &[502])).await;
    let seen = slack.seen();
    assert!(seen[0].starts_with("parent 1.0: <!here> 404"), "{seen:?}");
    assert!(seen[1].starts_with("reply to 1.0: 404"), "{seen:?}");
    assert!(seen[2].starts_with("reply to 1.0 and channel: <!here> Now server errors"), "{seen:?}");
    assert!(seen[3].starts_with("update 1.0: 404"), "{seen:?}");
    assert_eq!(seen.len(), 4);
}

#[tokio::test(start_paused = true)]
async fn without_a_table_a_container_has_threads_of_its_own_and_a_failed_reply_keeps_the_parent() {
    let slack = Channel::with_threads();
    let notify = Notify::incidents(Bucket::new(RATE.burst, RATE.spacing_ms), Policy::default());
    let reader = Reader::new(Rules::built_in());
    let mut container =
        Container(Handler::new(reader, MessageStyle::default(), 1 << 20, notify, slack.clone()));
    *slack.refuses_reply.borrow_mut() = Some(PostError::Refused { word: None });
    let failed = container.at(0, &logs(1, &[502])).await;
    assert!(failed.answer.is_err() && failed.ledger.failed == 1);
    let ledger = container.at(60, &logs(1, &[502])).await.ledger;
    assert_eq!((ledger.shown, ledger.posted), (1, 1));
    container.at(120, &logs(2, &[404])).await;
    let seen = slack.seen();
    assert!(seen[0].starts_with("parent 1.0: 502"), "{seen:?}");
    assert!(seen[1].starts_with("reply to 1.0: 502"), "{seen:?}");
    assert!(seen[2].starts_with("update 1.0: 502"), "{seen:?}");
    assert!(seen[3].starts_with("reply to 1.0: New in this incident"), "{seen:?}");
    assert!(seen[4].starts_with("update 1.0: 502 GET /v1/items and 1 more"), "{seen:?}");
    assert_eq!(seen.len(), 5);
}

/// One function has the lines, another the alarms.
#[tokio::test(start_paused = true)]
async fn an_alarm_stands_in_the_thread_of_its_incident_and_in_the_channel() {
    let (store, slack) = (Memory::default(), Channel::with_threads());
    let style = Style { log_groups: "/aws/x".parse().unwrap(), ..Style::default() };
    let mut lines = Container::over(store.clone(), &slack);
    let mut alarms = Container::with_style(store, &slack, style.into());
    lines.at(0, &logs(0, &[502])).await.answer.unwrap();
    lines.at(20, &logs(10, &[504])).await.answer.unwrap();
    slack.seen();
    alarms.at(70, &alarm("ALARM", "OK", 70)).await.answer.unwrap();
    let seen = slack.seen();
    assert!(seen.last().unwrap().starts_with("reply to 1.0 and channel: ALARM · 5xx"), "{seen:?}");
    // The recovery is the end, too, and follows it.
    alarms.at(400, &alarm("OK", "ALARM", 400)).await.answer.unwrap();
    let seen = slack.seen();
    let [over, parent, recovery] = seen.as_slice() else { panic!("{seen:?}") };
    assert!(over.starts_with("reply to 1.0 and channel: Over · 2 errors"), "{over}");
    assert!(parent.starts_with("update 1.0: Over after"), "{parent}");
    assert!(recovery.starts_with("reply to 1.0 and channel: OK again · 5xx"), "{recovery}");
    // Where nothing fails any more it stands by itself.
    alarms.at(1_700, &alarm("ALARM", "OK", 1_700)).await.answer.unwrap();
    assert!(slack.seen()[0].starts_with("channel: ALARM · 5xx"));
}

#[tokio::test(start_paused = true)]
async fn an_alarm_whose_parent_is_gone_stands_in_the_channel() {
    let slack = Channel::with_threads();
    let bucket = Bucket::new(RATE.burst, RATE.spacing_ms);
    let notify = Notify::incidents(bucket, Policy::default());
    let style = Style { log_groups: "/aws/x".parse().unwrap(), ..Style::default() };
    let reader = Reader::new(Rules::built_in());
    let mut container = Container(Handler::new(reader, style.into(), 1 << 20, notify, slack.clone()));
    container.at(0, &logs(0, &[502])).await.answer.unwrap();
    slack.seen();
    *slack.refuses_reply.borrow_mut() = Some(GONE);
    container.at(30, &alarm("ALARM", "OK", 30)).await.answer.unwrap();
    assert!(slack.seen()[0].starts_with("channel: ALARM · 5xx"));
    container.at(60, &alarm("OK", "ALARM", 60)).await.answer.unwrap();
    assert!(slack.seen()[0].starts_with("reply to 1.0 and channel: OK again · 5xx"));
}
