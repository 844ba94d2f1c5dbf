//! Whether Slack takes a body, and nothing in it is alive, as the fake Slack's oracle sees it.

use statuswatch::slack::message::Message;

use crate::fake_slack::oracle::Oracle;

/// What stands alone in a line around the lines of a message in plain text: the one markup that is ours.
const FENCE: &str = "```";

/// Checks both forms of a message.
///
/// # Panics
/// Where Slack would refuse one of them, or a stranger's text would come alive.
pub(crate) fn check_forms(oracle: &Oracle, message: &str, plain: &str) {
    check(oracle, message);
    let mut plain: Message = serde_json::from_str(plain).expect("a message that reads back");
    let (fences, lines): (Vec<_>, Vec<_>) = plain.text.split('\n').partition(|line| *line == FENCE);
    assert_eq!(fences.len() % 2, 0, "a fence is left open in {}", plain.text);
    assert!(lines.iter().all(|line| !line.contains(FENCE)), "a stranger's fence in {}", plain.text);
    plain.text = lines.join("\n");
    check(oracle, &serde_json::to_string(&plain).expect("a message is always JSON"));
}

fn check(oracle: &Oracle, body: &str) {
    let violations = oracle.check_bytes(body.as_bytes());
    assert!(violations.is_empty(), "{violations:#?}\n{body}");
}
