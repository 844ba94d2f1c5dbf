//! Several destinations: each has its own incident, rate limit and failure, and none delays or repeats another's messages.

use super::*;

/// 500 goes to one channel, 501 to both, everything else to the default one.
const RULES: &str = r#"{"rules":[
    {"name":"orders","status":"500","action":"notify","to":"orders"},
    {"name":"both","status":"501","action":"notify","to":["orders","default"]}]}"#;
const DOWN: PostError = PostError::WebhookRefused { status: 404, word: None };

/// The lines that a channel's messages announce.
fn sum(slack: &Channel) -> u64 {
    slack.headings.borrow().iter().map(|heading| announced(heading)).sum()
}

#[tokio::test(start_paused = true)]
async fn a_line_goes_where_its_rule_says_and_each_destination_has_an_incident_of_its_own() {
    let (store, slack, orders) = (Memory::default(), Channel::default(), Channel::default());
    let mut one = Container::with_orders(RULES, store.clone(), &slack, &orders);
    let mut other = Container::with_orders(RULES, store, &slack, &orders);
    let outcome = one.at(0, &logs(0, &[500, 501, 502, 502, 200])).await;
    // The line with two destinations is shown twice and counts once.
    assert_eq!(fates(&outcome.ledger), [4, 0, 5, 0, 0, 0]);
    assert_eq!((outcome.ledger.copied, outcome.ledger.posted), (1, 2));
    assert_eq!((sum(&slack), sum(&orders)), (3, 2));
    // What is new to one destination is not to the other: there it waits for the follow-up.
    let outcome = other.at(5, &logs(10, &[500, 503])).await;
    assert_eq!(fates(&outcome.ledger), [2, 0, 1, 1, 0, 0]);
    assert_eq!(slack.headings.borrow().len(), 2);
    assert!(slack.headings.borrow()[1].starts_with("New in this incident: 503 "), "{slack:?}");
    assert_eq!(fates(&one.at(62, &tick()).await.ledger), [0, 0, 1, 0, 1, 0]);
    assert!(orders.headings.borrow()[1].contains(" 3 errors · +1 "), "{orders:?}");
    one.at(500, &tick()).await.answer.unwrap();
    assert!(slack.headings.borrow()[2].starts_with("Over · 4 errors "), "{slack:?}");
    assert!(orders.headings.borrow()[2].starts_with("Over · 3 errors "), "{orders:?}");
    assert_eq!((slack.headings.borrow().len(), orders.headings.borrow().len()), (3, 3));
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_comes_again_is_a_duplicate_in_every_destination() {
    let (store, slack, orders) = (Memory::default(), Channel::default(), Channel::default());
    let mut one = Container::with_orders(RULES, store.clone(), &slack, &orders);
    let mut other = Container::with_orders(RULES, store, &slack, &orders);
    one.at(0, &logs(0, &[500, 501, 404])).await.answer.unwrap();
    let again = other.at(1, &logs(0, &[500, 501, 404])).await;
    assert_eq!(fates(&again.ledger), [0, 3, 0, 0, 0, 0]);
    assert_eq!((again.ledger.copied, again.measures.client_errors, again.measures.server_errors), (0, 0, 0));
    assert_eq!((sum(&slack), sum(&orders)), (2, 2));
}

/// Ten minutes of lines to both, of which one refuses everything for eight.
#[tokio::test(start_paused = true)]
async fn one_that_refuses_neither_delays_nor_repeats_the_others_messages_and_loses_nothing() {
    let mut healthy = Vec::new();
    for refuses in [false, true] {
        let (store, slack, orders) = (Memory::default(), Channel::default(), Channel::default());
        let mut containers = [
            Container::with_orders(RULES, store.clone(), &slack, &orders),
            Container::with_orders(RULES, store, &slack, &orders),
        ];
        let (mut ledgers, mut stored) = (Ledger::default(), 0);
        for step in 0..60 {
            orders.answers.borrow_mut().clear();
            if refuses && step < 48 {
                *orders.answers.borrow_mut() = vec![DOWN; 10];
            }
            let event = if step % 6 == 5 { tick() } else { logs(step * 10, &[500, 501, 502, 404, 200]) };
            let before = Instant::now();
            let outcome = containers[usize::from(step % 2 == 1)].at(step * 10, &event).await;
            outcome.answer.unwrap();
            assert!(outcome.ledger.balances(outcome.ledger.released), "{:?}", outcome.ledger);
            assert_eq!(before.elapsed(), Duration::ZERO, "nobody waits");
            // Each refused post is one request: what failed is not tried again in the same invocation.
            assert!(orders.answers.borrow().len() >= 9 || !refuses || step >= 48);
            stored = stored + outcome.ledger.pending - outcome.ledger.released;
            ledgers.add(&outcome.ledger);
        }
        for seconds in [660, 1_300] {
            let ledger = containers[0].at(seconds, &tick()).await.ledger;
            stored -= ledger.released;
            ledgers.add(&ledger);
        }
        // 50 batches, each with one line for the one, one for both, and two for the other.
        assert_eq!((stored, ledgers.matched, ledgers.copied), (0, 200, 50));
        assert_eq!(ledgers.shown + ledgers.counted, 250);
        assert_eq!((sum(&slack), sum(&orders)), (150, 100), "{slack:?} {orders:?}");
        healthy.push(slack.headings.take());
    }
    assert_eq!(healthy[0], healthy[1], "the other's messages are the same");
}

#[tokio::test(start_paused = true)]
async fn one_that_does_not_answer_costs_the_others_five_seconds_once() {
    let (store, slack, orders) = (Memory::default(), Channel::default(), Channel::default());
    let mut container = Container::with_orders(RULES, store, &slack, &orders);
    *orders.hangs.borrow_mut() = true;
    for (number, status, seconds) in [(0, 502, 5), (1, 503, 0), (2, 504, 0)] {
        let before = Instant::now();
        let outcome = container.at(number * 60, &logs(number * 10, &[500, status])).await;
        outcome.answer.unwrap();
        let taken_at = *slack.taken_at.borrow().last().unwrap();
        assert_eq!(taken_at - before, Duration::from_secs(seconds), "message {number}");
    }
    assert_eq!((slack.headings.borrow().len(), sum(&slack)), (3, 3));
    // As soon as it answers it has all of them.
    *orders.hangs.borrow_mut() = false;
    container.at(200, &tick()).await.answer.unwrap();
    assert_eq!(sum(&orders), 3);
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_slack_asks_for_holds_its_destination_alone_in_all_containers() {
    let (store, slack, orders) = (Memory::default(), Channel::default(), Channel::default());
    let mut one = Container::with_orders(RULES, store.clone(), &slack, &orders);
    let mut other = Container::with_orders(RULES, store, &slack, &orders);
    let pause = PostError::RateLimited { retry_after: Duration::from_mins(1) };
    orders.answers.borrow_mut().push(pause);
    let outcome = one.at(0, &logs(0, &[500, 502])).await;
    assert_eq!((fates(&outcome.ledger), outcome.measures.rate_limited), ([2, 0, 1, 1, 0, 0], 1));
    let before = Instant::now();
    let outcome = other.at(10, &logs(10, &[500, 503])).await;
    assert_eq!((fates(&outcome.ledger), outcome.measures.rate_limited), ([2, 0, 1, 1, 0, 0], 0));
    assert_eq!(before.elapsed(), Duration::ZERO);
    assert_eq!((sum(&slack), sum(&orders)), (2, 0));
    one.at(130, &tick()).await.answer.unwrap();
    assert_eq!((sum(&slack), sum(&orders)), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn each_destination_has_a_burst_of_its_own() {
    let (store, slack, orders) = (Memory::default(), Channel::default(), Channel::default());
    let mut container = Container::with_orders(RULES, store, &slack, &orders);
    for number in 0..8 {
        let group = format!("/aws/{number}");
        let lines = gzip(&message(&group, number * 10, &[500, 502]));
        container.at(0, &json!({ "awslogs": { "data": lines } }).to_string()).await.answer.unwrap();
    }
    assert_eq!((slack.headings.borrow().len(), orders.headings.borrow().len()), (5, 5));
}

#[tokio::test(start_paused = true)]
async fn threads_are_where_the_destination_has_them() {
    let (store, slack, orders) = (Memory::default(), Channel::default(), Channel::with_threads());
    let mut container = Container::with_orders(RULES, store, &slack, &orders);
    container.at(0, &logs(0, &[500, 502])).await.answer.unwrap();
    container.at(5, &logs(10, &[500, 502])).await.answer.unwrap();
    for seconds in [62, 600] {
        container.at(seconds, &tick()).await.answer.unwrap();
    }
    assert_eq!(slack.headings.borrow().len(), 3, "{slack:?}");
    let seen = orders.seen();
    assert_eq!(
        seen.iter().map(|text| text.split(':').next().unwrap()).collect::<Vec<_>>(),
        [
            "parent 1.0",
            "reply to 1.0",
            "reply to 1.0",
            "update 1.0",
            "reply to 1.0 and channel",
            "update 1.0"
        ],
        "{seen:#?}"
    );
}

#[tokio::test(start_paused = true)]
async fn without_the_table_what_one_refuses_comes_again_and_the_other_is_not_told_twice() {
    let (fake, slack, orders) = (FakeTable::start().await, Channel::default(), Channel::default());
    let mut container = Container::with_orders(RULES, table(&fake.url(), "fake", 1), &slack, &orders);
    fake.set_faults(|_| Some(Fault::Refused(400, "AccessDeniedException")));
    let event = logs(0, &[500, 501, 502]);
    orders.answers.borrow_mut().push(DOWN);
    let outcome = container.at(0, &event).await;
    assert_eq!(fates(&outcome.ledger), [3, 0, 2, 0, 0, 2]);
    assert!(matches!(outcome.answer, Err(HandlerError::Post { error: DOWN, .. })), "{:?}", outcome.answer);
    assert_eq!((sum(&slack), sum(&orders)), (2, 0));
    // Lambda gives the batch again, while the table still fails.
    let outcome = container.at(60, &event).await;
    outcome.answer.unwrap();
    assert_eq!((sum(&slack), sum(&orders)), (2, 2), "{slack:?} {orders:?}");
    // And once more when it works: the table knows of both.
    fake.set_faults(|_| None);
    container.at(120, &logs(10, &[404])).await.answer.unwrap();
    let mut other = Container::with_orders(RULES, table(&fake.url(), "fake", 2), &slack, &orders);
    assert_eq!(fates(&other.at(130, &event).await.ledger), [0, 3, 0, 0, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn without_the_table_each_destination_is_mentioned_once() {
    let rules = r#"{"rules":[
        {"name":"both","status":"5xx","action":"notify","to":["orders","default"],"mention":"<!here>"}]}"#;
    let (fake, slack, orders) = (FakeTable::start().await, Channel::default(), Channel::default());
    let mut container = Container::with_orders(rules, table(&fake.url(), "fake", 1), &slack, &orders);
    fake.set_faults(|_| Some(Fault::Refused(400, "AccessDeniedException")));
    for second in [0, 60] {
        container.at(second, &logs(second, &[500])).await.answer.unwrap();
    }
    for channel in [&slack, &orders] {
        let mentions = |heading: &String| heading.contains("<!here>");
        let mentions: Vec<bool> = channel.headings.borrow().iter().map(mentions).collect();
        assert_eq!(mentions, [true, false], "{channel:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_a_destination_that_is_not_configured_any_more_goes_to_the_default_one() {
    let (store, slack, orders) = (Memory::default(), Channel::default(), Channel::default());
    orders.answers.borrow_mut().push(DOWN);
    let mut old = Container::with_orders(RULES, store.clone(), &slack, &orders);
    old.at(0, &logs(0, &[500])).await.answer.unwrap();
    let mut new = Container::over(store, &slack);
    assert_eq!(fates(&new.at(60, &tick()).await.ledger), [0, 0, 1, 0, 1, 0]);
    assert_eq!((sum(&slack), sum(&orders)), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn an_alarm_holds_back_the_end_in_each_destination_of_its_log_group() {
    let (store, slack, orders) = (Memory::default(), Channel::default(), Channel::default());
    let style = Style { log_groups: "/aws/x".parse().unwrap(), ..Style::default() };
    let rules = Rules::parse(RULES).unwrap();
    let Container(handler) = Container::with(rules, store, &slack, style.into());
    let mut container = Container(handler.with_destination("orders", orders.clone()));
    let over = |slack: &Channel| {
        slack.headings.borrow().iter().filter(|heading| heading.starts_with("Over ")).count()
    };
    container.at(0, &logs(0, &[500, 502])).await.answer.unwrap();
    container.at(10, &logs(10, &[500, 502])).await.answer.unwrap();
    container.at(20, &alarm("ALARM", "OK", 20)).await.answer.unwrap();
    for seconds in [80, 800] {
        container.at(seconds, &tick()).await.answer.unwrap();
    }
    assert_eq!((over(&slack), over(&orders)), (0, 0), "{slack:?} {orders:?}");
    container.at(900, &alarm("OK", "ALARM", 900)).await.answer.unwrap();
    assert_eq!((over(&slack), over(&orders)), (1, 1), "{slack:?} {orders:?}");
}

#[tokio::test(start_paused = true)]
async fn the_notice_of_an_alarm_goes_where_the_rules_have_its_log_group_and_into_the_thread_there() {
    let rules = r#"{"rules":[
        {"name":"orders","log_group":["/aws/x"],"action":"notify","to":["orders","default"]}]}"#;
    let store = Memory::default();
    let (slack, orders) = (Channel::with_threads(), Channel::with_threads());
    let style = Style { log_groups: "/aws/x".parse().unwrap(), ..Style::default() };
    let Container(handler) =
        Container::with(Rules::parse(rules).unwrap(), store, &slack, MessageStyle::from(style));
    let mut container = Container(handler.with_destination("orders", orders.clone()));
    let outcome = container.at(0, &alarm("ALARM", "OK", 0)).await;
    assert_eq!((outcome.ledger.alarms, slack.seen()), (1, Vec::<String>::new()));
    let parent = orders.seen();
    assert!(parent[0].starts_with("parent 1.0: ALARM · 5xx"), "{parent:?}");
    // Its errors join that thread; the copy for the other destination stands there by itself.
    container.at(5, &logs(0, &[502])).await.answer.unwrap();
    assert!(orders.seen().iter().all(|text| text.contains("1.0")));
    assert!(slack.seen()[0].starts_with("parent 1.0: 502 GET /v1/items"), "{slack:?}");
}

/// Its end is due there, too, and waits for nobody.
#[tokio::test(start_paused = true)]
async fn a_destination_that_does_not_answer_delays_no_notice_of_an_alarm_in_another() {
    let (store, slack, orders) = (Memory::default(), Channel::default(), Channel::default());
    let style = Style { log_groups: "/aws/x".parse().unwrap(), ..Style::default() };
    let rules =
        r#"{"rules":[{"name":"orders","log_group":["/aws/x"],"action":"notify","to":["orders","default"]}]}"#;
    let Container(handler) = Container::with(Rules::parse(rules).unwrap(), store, &slack, style.into());
    let mut container = Container(handler.with_destination("orders", orders.clone()));
    container.at(0, &logs(0, &[500])).await.answer.unwrap();
    container.at(10, &logs(10, &[502])).await.answer.unwrap();
    container.at(20, &alarm("ALARM", "OK", 20)).await.answer.unwrap();
    *slack.hangs.borrow_mut() = true;
    let before = Instant::now();
    container.at(900, &alarm("OK", "ALARM", 900)).await.answer.unwrap();
    assert!(orders.headings.borrow().last().unwrap().starts_with("OK again"), "{orders:?}");
    assert_eq!(*orders.taken_at.borrow().last().unwrap() - before, Duration::ZERO);
    // The other's end is due still.
    *slack.hangs.borrow_mut() = false;
    container.at(960, &tick()).await.answer.unwrap();
    assert!(slack.headings.borrow().last().unwrap().starts_with("Over "), "{slack:?}");
}
