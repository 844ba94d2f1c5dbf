//! An incident in one thread: one parent, everything else under it, whichever container posts.

use std::pin::Pin;

use super::*;
use crate::rate_limit::Bucket;
use crate::slack::post::{ErrorWord, Unconfirmed};
use crate::store::Snapshot;

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
    *slack.refuses_reply.borrow_mut() = Some(PostError::Rejected { status: 200, word: None });
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

fn refused(word: &str) -> PostError {
    PostError::Refused { word: ErrorWord::all().find(|known| known.as_str() == word) }
}

fn is_reply(target: Target<'_>) -> bool {
    matches!(target, Target::Reply { .. })
}

fn is_shown_reply(target: Target<'_>) -> bool {
    matches!(target, Target::Reply { in_channel: true, .. })
}

/// A channel without threads, and words that may mean as much.
#[tokio::test(start_paused = true)]
async fn where_a_channel_takes_no_replies_an_incident_goes_on_in_it_and_its_parent_has_the_sums() {
    for word in ["restricted_action_non_threadable_channel", "restricted_action", "a_word_of_next_year"] {
        let slack = Channel { never: Some((is_reply, refused(word))), ..Channel::with_threads() };
        let mut container = Container::over(Memory::default(), &slack);
        let ledger = container.at(0, &logs(1, &[502])).await.ledger;
        assert_eq!((fates(&ledger), ledger.refused), ([1, 0, 1, 0, 0, 0], 0), "{word}");
        let ledger = container.at(30, &logs(2, &[404])).await.ledger;
        assert_eq!((fates(&ledger), ledger.refused), ([1, 0, 1, 0, 0, 0], 0), "{word}");
        container.at(500, &tick()).await;
        let seen = slack.seen();
        assert!(seen[0].starts_with("parent 1.0: 502"), "{word}: {seen:?}");
        assert!(
            seen[0].starts_with("parent 1.0: 502") && seen[1].starts_with("channel: 502"),
            "{word}: {seen:?}"
        );
        assert!(seen[2].starts_with("channel: New in this incident"), "{word}: {seen:?}");
        assert!(
            seen[3].starts_with("update 1.0: ") && seen[4].starts_with("channel: Over · 2"),
            "{word}: {seen:?}"
        );
        assert!(seen[5].starts_with("update 1.0: Over after") && seen.len() == 6, "{word}: {seen:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_the_channel_cannot_show_stands_in_it_by_itself_and_all_others_in_the_thread() {
    let never = Some((is_shown_reply as IsMeant, refused("cant_broadcast_message")));
    let slack = Channel { never, ..Channel::with_threads() };
    let mut container = Container::over(Memory::default(), &slack);
    container.at(0, &logs(1, &[404])).await;
    let ledger = container.at(30, &logs(2, &[502])).await.ledger;
    assert_eq!((fates(&ledger), ledger.refused), ([1, 0, 1, 0, 0, 0], 0));
    container.at(40, &logs(3, &[403])).await;
    container.at(500, &tick()).await;
    let seen = slack.seen();
    assert!(seen[2].starts_with("channel: Now server errors"), "{seen:?}");
    let replies = |text| seen.iter().filter(|message| message.starts_with(text)).count();
    assert_eq!((replies("parent "), replies("reply to 1.0: "), replies("channel: ")), (1, 2, 2), "{seen:?}");
    assert!(seen.last().unwrap().starts_with("update 1.0: Over after"), "{seen:?}");
}

/// Where the channel takes the message neither way, the thread is not to blame.
#[tokio::test(start_paused = true)]
async fn a_reply_that_is_refused_in_the_channel_as_well_is_tried_in_the_thread_again() {
    let is_no_parent = |target: Target<'_>| !matches!(target, Target::Parent | Target::Update(_));
    let slack =
        Channel { never: Some((is_no_parent, refused("restricted_action"))), ..Channel::with_threads() };
    let store = Memory::default();
    let ledger = Container::over(store.clone(), &slack).at(0, &logs(1, &[502])).await.ledger;
    assert_eq!((ledger.posted, ledger.refused, ledger.pending), (1, 1, 1));
    let slack = Channel { never: None, ..slack };
    Container::over(store, &slack).at(60, &tick()).await;
    assert!(slack.seen()[1].starts_with("reply to 1.0: 502"));
}

#[tokio::test(start_paused = true)]
async fn an_alarm_that_its_thread_does_not_take_stands_in_the_channel() {
    let never = Some((is_reply as IsMeant, refused("restricted_action_non_threadable_channel")));
    let slack = Channel { never, ..Channel::with_threads() };
    let style = Style { log_groups: "/aws/x".parse().unwrap(), ..Style::default() };
    let mut container = Container::with_style(Memory::default(), &slack, style.into());
    container.at(0, &logs(0, &[502])).await.answer.unwrap();
    let ledger = container.at(30, &alarm("ALARM", "OK", 30)).await.ledger;
    assert_eq!((ledger.alarms, ledger.refused), (1, 0));
    assert!(slack.seen().iter().any(|message| message.starts_with("channel: ALARM · 5xx")));
}

/// A container that keeps its incidents in its memory.
fn without_table(rate: Rate, slack: &Channel) -> Container<crate::store::DynamoDb> {
    let notify = Notify::incidents(Bucket::new(rate.burst, rate.spacing_ms), Policy::default());
    let reader = Reader::new(Rules::built_in());
    Container(Handler::new(reader, MessageStyle::default(), 1 << 20, notify, slack.clone()))
}

/// A burst of one: the opening does not wait until the parent's token is back.
#[tokio::test(start_paused = true)]
async fn an_opening_follows_its_parent_without_a_token_and_the_next_message_waits_a_second_longer() {
    async fn check<T: Store>(mut container: Container<T>) {
        let ledger = container.at(0, &logs(1, &[502])).await.ledger;
        assert_eq!((ledger.posted, ledger.shown, ledger.pending), (2, 1, 0));
        let ledger = container.at(5, &logs(2, &[404])).await.ledger;
        assert_eq!((ledger.posted, ledger.pending), (0, 1));
        let ledger = container.at(6, &logs(3, &[404])).await.ledger;
        assert_eq!((ledger.posted, ledger.pending), (1, 0));
    }
    let rate = Rate { burst: 1, spacing_ms: 5_000 };
    let (slack, style) = (Channel::with_threads(), MessageStyle::default());
    check(Container::with_rate(rate, Rules::built_in(), Memory::default(), &slack, style)).await;
    check(without_table(rate, &slack)).await;
}

/// Nobody looked at it between its end and the beginning of the next.
#[tokio::test(start_paused = true)]
async fn the_parent_of_an_incident_that_ended_in_silence_turns_green_before_another_begins() {
    async fn check<T: Store>(mut container: Container<T>, slack: &Channel) {
        container.at(0, &logs(1, &[502])).await;
        let first = slack.seen()[0].split(": ").next().unwrap().replace("parent", "update");
        let ledger = container.at(2_000, &logs(2, &[404])).await.ledger;
        assert_eq!((ledger.posted, ledger.shown), (2, 1));
        let seen = slack.seen();
        let closed = format!("{first}: Over after under 1 s · 1 error · 502");
        assert!(seen[0].starts_with(&closed) && seen[1].starts_with("parent "), "{seen:?}");
        assert!(seen[2].starts_with("reply to ") && seen.len() == 3, "{seen:?}");
        let bodies = slack.bodies.borrow();
        assert!(bodies[bodies.len() - 3].contains(r#""color":"good""#), "{bodies:?}");
    }
    let slack = Channel::with_threads();
    check(Container::over(Memory::default(), &slack), &slack).await;
    check(without_table(RATE, &slack), &slack).await;
}

/// Slack asks for a pause just when the last figures are due.
#[tokio::test(start_paused = true)]
async fn the_last_figures_of_a_parent_are_tried_again_after_a_short_pause() {
    let slack = Channel::with_threads();
    let mut container = Container::over(Memory::default(), &slack);
    container.at(0, &logs(1, &[502])).await;
    slack.seen();
    slack.answers.borrow_mut().push(PostError::RateLimited { retry_after: Duration::from_secs(5) });
    let before = Instant::now();
    container.at(2_000, &logs(2, &[404])).await.answer.unwrap();
    let seen = slack.seen();
    assert!(seen[0].starts_with("update 1.0: Over after"), "{seen:?}");
    assert!(
        seen[1].starts_with("parent ") && seen[2].starts_with("reply to ") && seen.len() == 3,
        "{seen:?}"
    );
    assert_eq!(before.elapsed(), Duration::from_secs(5));
}

/// Slack does not take the last figures: the next incident does not wait for that.
#[tokio::test(start_paused = true)]
async fn a_parent_that_cannot_be_closed_keeps_nobody_waiting() {
    let is_update = |target: Target<'_>| matches!(target, Target::Update(_));
    let failing = Channel { never: Some((is_update, refused("fatal_error"))), ..Channel::with_threads() };
    let webhook = Channel::default();
    for slack in [failing, webhook] {
        let store = Memory::default();
        Container::over(store.clone(), &Channel::with_threads()).at(0, &logs(1, &[502])).await;
        let ledger = Container::over(store, &slack).at(2_000, &logs(2, &[404])).await.ledger;
        assert_eq!((ledger.shown, ledger.pending), (1, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn an_escalation_whose_parent_is_gone_mentions_once() {
    let rules = r#"{"rules":[{"name":"all","status":"400-599","action":"notify","mention":"<!here>"}]}"#;
    let slack = Channel::with_threads();
    let mut container = Container::with_rules(rules, Memory::default(), &slack);
    container.at(0, &logs(1, &[404])).await;
    slack.seen();
    *slack.refuses_reply.borrow_mut() = Some(GONE);
    container.at(30, &logs(2, &[502])).await;
    let seen = slack.seen();
    assert!(seen[0].starts_with("parent 3.0: <!here> Continued · "), "{seen:?}");
    assert!(seen[1].starts_with("reply to 3.0 and channel: Now server errors"), "{seen:?}");
    assert!(seen.iter().filter(|message| message.contains("<!here>")).count() == 1, "{seen:?}");
}

/// A bystander comes when the head says that the parent is tried, and nobody has the lease.
#[tokio::test(start_paused = true)]
async fn who_comes_between_the_two_goes_of_a_parent_posts_none_and_its_lines_are_in_the_sums() {
    let (store, slack) = (Memory::default(), Channel::with_threads());
    let (memory, channel) = (store.clone(), slack.clone());
    let bystander = Box::pin(async move {
        let ledger = Container::over(memory, &channel).at(1, &logs(2, &[502])).await.ledger;
        assert_eq!((ledger.posted, ledger.pending), (0, 1));
        assert_eq!(channel.seen(), Vec::<String>::new());
    });
    let mut poster = Container::over(Interrupted { store, after_release: Some((1, bystander)) }, &slack);
    let ledger = poster.at(0, &logs(1, &[502])).await.ledger;
    assert_eq!((ledger.posted, ledger.released), (2, 1), "what the bystander left is told with the opening");
    let seen = slack.seen();
    assert!(seen[0].starts_with("parent 1.0: 502 GET /v1/items · 2 errors"), "{seen:?}");
    assert!(seen[1].starts_with("reply to 1.0: 2 errors") && seen.len() == 2, "{seen:?}");
}

/// What comes between a parent and its opening needs the mention and the channel that the parent does not have.
#[tokio::test(start_paused = true)]
async fn what_a_parent_lacks_its_opening_says_in_the_channel() {
    const HERE: &str = r#"{"name":"5xx","status":"5xx","action":"notify","mention":"<!here>"}"#;
    let quiet = r#"{"name":"4xx","status":"4xx","action":"notify"}"#;
    let team = r#"{"name":"4xx","status":"4xx","action":"notify","mention":"<!subteam^S1>"}"#;
    let few = r#"{"name":"4xx","status":"4xx","action":"notify","mention":"<!subteam^S1>",
        "at_least":{"count":2,"within":"1h"}}"#;
    let loud = "reply to 1.0 and channel: ";
    for (client_errors, server_errors, first, parent, then, opening) in [
        (quiet, HERE, 404, "", 502, format!("{loud}<!here> 2 errors")),
        (team, HERE, 404, "<!subteam^S1> ", 502, format!("{loud}<!here> 2 errors")),
        (team, HERE, 502, "<!here> ", 404, format!("{loud}<!subteam^S1> 2 errors")),
        (quiet, &HERE.replace(r#","mention":"<!here>""#, ""), 404, "", 502, format!("{loud}2 errors")),
        (few, HERE, 502, "<!here> ", 502, "reply to 1.0: 2 errors".to_owned()),
        (quiet, HERE, 502, "<!here> ", 404, "reply to 1.0: 2 errors".to_owned()),
    ] {
        let rules = format!(r#"{{"rules":[{client_errors},{server_errors}]}}"#);
        let (store, slack) = (Memory::default(), Channel::with_threads());
        let (memory, channel) = (store.clone(), slack.clone());
        let mut other = Container::with_rules(&rules, memory, &channel);
        let bystander = Box::pin(async move { drop(other.at(1, &logs(2, &[then])).await) });
        let store = Interrupted { store, after_release: Some((2, bystander)) };
        Container::with_rules(&rules, store, &slack).at(0, &logs(1, &[first])).await.answer.unwrap();
        let seen = slack.seen();
        assert!(seen[0].starts_with(&format!("parent 1.0: {parent}{first} ")), "{rules}: {seen:?}");
        assert!(seen[1].starts_with(&opening), "{rules}: {seen:?}");
        assert_eq!(seen.len(), 2, "{seen:?}");
    }
}

/// Slack takes the parent and not the opening: what comes meanwhile is not to be lost in the thread.
#[tokio::test(start_paused = true)]
async fn an_opening_that_failed_after_its_parent_mentions_whom_the_parent_did_not() {
    async fn check<T: Store>(mut container: Container<T>, slack: &Channel) {
        *slack.refuses_reply.borrow_mut() = Some(PostError::Rejected { status: 200, word: None });
        let _ = container.at(0, &logs(1, &[404])).await;
        container.at(30, &logs(2, &[502])).await.answer.unwrap();
        let seen = slack.seen();
        assert!(seen[0].starts_with("parent 1.0: 404"), "{seen:?}");
        assert!(seen[1].starts_with("reply to 1.0 and channel: <!here> "), "{seen:?}");
    }
    let rules = r#"{"rules":[{"name":"5xx","status":"5xx","action":"notify","mention":"<!here>"},
        {"name":"4xx","status":"4xx","action":"notify"}]}"#;
    let slack = Channel::with_threads();
    check(Container::with_rules(rules, Memory::default(), &slack), &slack).await;
    let slack = Channel::with_threads();
    let notify = Notify::incidents(Bucket::new(RATE.burst, RATE.spacing_ms), Policy::default());
    let reader = Reader::new(Rules::parse(rules).unwrap());
    let handler = Handler::new(reader, MessageStyle::default(), 1 << 20, notify, slack.clone());
    check(Container::<crate::store::DynamoDb>(handler), &slack).await;
}

pub(super) type Interruption = Pin<Box<dyn Future<Output = ()>>>;

/// A store after whose release of this number, from 1, something else happens.
pub(super) struct Interrupted {
    pub(super) store: Memory,
    pub(super) after_release: Option<(usize, Interruption)>,
}

impl Store for Interrupted {
    async fn put(
        &mut self,
        key: &IncidentKey,
        batch: BatchId,
        body: &[u8],
        when: When,
    ) -> Result<Put, StoreError> {
        self.store.put(key, batch, body, when).await
    }

    async fn revoke(&mut self, key: &IncidentKey, batch: BatchId, when: When) -> Result<(), StoreError> {
        self.store.revoke(key, batch, when).await
    }

    async fn incidents(&mut self, when: When) -> Result<Vec<IncidentKey>, StoreError> {
        self.store.incidents(when).await
    }

    async fn keep_listed(&mut self, key: &IncidentKey, when: When) -> Result<(), StoreError> {
        self.store.keep_listed(key, when).await
    }

    async fn read(&mut self, key: &IncidentKey, when: When) -> Result<Snapshot, StoreError> {
        self.store.read(key, when).await
    }

    async fn lease(
        &mut self,
        key: &IncidentKey,
        snapshot: &Snapshot,
        until_ms: i64,
        when: When,
    ) -> Result<Option<Lease>, StoreError> {
        self.store.lease(key, snapshot, until_ms, when).await
    }

    async fn release(
        &mut self,
        key: &IncidentKey,
        lease: Lease,
        head: &[u8],
        summed: &[EntryKey],
        when: When,
    ) -> Result<Released, StoreError> {
        let released = self.store.release(key, lease, head, summed, when).await;
        if let Some((left, interruption)) = &mut self.after_release {
            *left -= 1;
            if *left == 0 {
                interruption.await;
                self.after_release = None;
            }
        }
        released
    }

    async fn take_token(&mut self, destination: &str, rate: Rate, when: When) -> Result<Token, StoreError> {
        self.store.take_token(destination, rate, when).await
    }

    async fn pause(
        &mut self,
        destination: &str,
        rate: Rate,
        until_ms: i64,
        when: When,
    ) -> Result<(), StoreError> {
        self.store.pause(destination, rate, until_ms, when).await
    }
}
