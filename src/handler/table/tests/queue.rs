//! Failed deliveries that come again as a queue's messages: none of their lines is lost, and none counted twice.

use super::*;
use crate::handler::Answer;

/// The event of a queue with Lambda's records of these events.
fn queue(of: &[String]) -> String {
    let message = |(id, event): (u32, &String)| {
        let event: Value = serde_json::from_str(event).unwrap();
        let body = json!({ "requestPayload": event }).to_string();
        json!({ "messageId": format!("id-{id}"), "body": body, "eventSource": "aws:sqs" })
    };
    json!({ "Records": (0..).zip(of).map(message).collect::<Vec<_>>() }).to_string()
}

/// The messages that come again.
fn again(outcome: &Outcome) -> Vec<String> {
    let Ok(Answer::Again(answer)) = &outcome.answer else { panic!("no answer to a queue: {outcome:?}") };
    answer.batch_item_failures.iter().filter_map(|failure| failure.item_identifier.clone()).collect()
}

#[tokio::test(start_paused = true)]
async fn what_a_failed_delivery_had_written_is_not_counted_again_when_it_is_redriven() {
    let (store, slack) = (Memory::default(), Channel::default());
    let mut one = Container::over(store.clone(), &slack);
    let mut other = Container::over(store.clone(), &slack);
    // The container ends after it wrote the lines: Lambda gives the delivery up all the same.
    one.at(0, &logs(0, &[502, 502])).await.answer.unwrap();
    let events = [logs(0, &[502, 502]), logs(10, &[504]), logs(10, &[504])];
    let redriven = other.at(600, &queue(&events)).await;
    assert_eq!((again(&redriven), fates(&redriven.ledger)), (vec![], [1, 3, 1, 0, 0, 0]));
    assert_eq!(redriven.measures.server_errors, 1);
    let posted: u64 = slack.headings.borrow().iter().map(|heading| announced(heading)).sum();
    assert_eq!(posted, 3);
}

/// One destination has its part of the delivery, the other has not: only that one is notified, when it comes again.
#[tokio::test(start_paused = true)]
async fn a_part_that_was_posted_for_one_destination_is_not_posted_again_for_the_others_sake() {
    const RULES: &str =
        r#"{"rules":[{"name":"5xx","status":"5xx","action":"notify","to":["default","orders"]}]}"#;
    let http = HttpClient::new().unwrap();
    let fake = FakeTable::start().await;
    let (slack, orders) = (Channel::default(), Channel::default());
    let store = table_over(http, &fake.url(), "fake", 1);
    let mut container = Container::with_orders(RULES, store, &slack, &orders);
    // No table, and only one of two destinations takes its message.
    fake.set_faults(|_| Some(Fault::Refused(400, "AccessDeniedException")));
    orders.answers.borrow_mut().push(PostError::Unavailable { status: 503, word: None });
    let events = [logs(0, &[502])];
    let first = container.at(0, &queue(&events)).await;
    assert_eq!((again(&first), first.ledger.failed), (vec!["id-0".to_owned()], 1));
    fake.set_faults(|_| None);
    let second = container.at(900, &queue(&events)).await;
    assert_eq!(again(&second), Vec::<String>::new());
    assert_eq!((slack.headings.borrow().len(), orders.headings.borrow().len()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_message_is_acknowledged_once_the_table_has_its_lines() {
    let (store, slack) = (Memory::default(), Channel::default());
    let mut container = Container::over(store.clone(), &slack);
    slack.answers.borrow_mut().push(PostError::Unavailable { status: 503, word: None });
    let kept = container.at(0, &queue(&[logs(0, &[502])])).await;
    assert_eq!((again(&kept), fates(&kept.ledger)), (vec![], [1, 0, 0, 1, 0, 0]));
    let posted = Container::over(store, &slack).at(60, &tick()).await;
    assert_eq!(fates(&posted.ledger), [0, 0, 1, 0, 1, 0]);
}
