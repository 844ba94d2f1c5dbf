//! Which way each condition of a template is taken, so that every branch is judged.
//!
//! In: conditions, as an evaluator meets them. Out: one answer for each, another combination each round.
//! Never more than [`ROUNDS`] rounds, and never silent about those left out; one condition has one answer in a round.

use std::cell::RefCell;

/// How many combinations of answers are tried for one format.
pub const ROUNDS: usize = 16;

/// What an evaluation comes to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Alternatives<T> {
    /// Each different result with the answers that led to it.
    pub(super) found: Vec<(T, String)>,
    /// Whether there are more combinations than were tried.
    pub(super) has_more: bool,
}

/// The answers of the present round.
#[derive(Debug, Default)]
pub(super) struct Choices {
    made: RefCell<Vec<(String, bool)>>,
}

impl Choices {
    /// Whether `condition` holds in this round: true at first.
    pub(super) fn holds(&self, condition: &str) -> bool {
        let mut made = self.made.borrow_mut();
        if let Some((_, answer)) = made.iter().find(|(known, _)| known == condition) {
            return *answer;
        }
        made.push((condition.to_owned(), true));
        true
    }

    /// The answers in words, such as `where var.short`; empty where there was no condition.
    pub(super) fn words(&self) -> String {
        let made = self.made.borrow();
        let each: Vec<String> = made
            .iter()
            .map(|(condition, answer)| if *answer { condition.clone() } else { format!("not {condition}") })
            .collect();
        if each.is_empty() { String::new() } else { format!("where {}", each.join(" and ")) }
    }

    /// Goes on to the next round; whether there is one.
    fn advance(&self) -> bool {
        let mut made = self.made.borrow_mut();
        while made.last().is_some_and(|(_, answer)| !answer) {
            made.pop();
        }
        made.last_mut().map(|(_, answer)| *answer = false).is_some()
    }
}

/// Evaluates once for each combination of answers.
pub(super) fn alternatives<T: PartialEq>(mut evaluate: impl FnMut(&Choices) -> T) -> Alternatives<T> {
    let choices = Choices::default();
    let mut found: Vec<(T, String)> = Vec::new();
    let mut has_more = true;
    for _ in 0..ROUNDS {
        let result = evaluate(&choices);
        if !found.iter().any(|(known, _)| *known == result) {
            found.push((result, choices.words()));
        }
        if !choices.advance() {
            has_more = false;
            break;
        }
    }
    // What does not depend on any condition is not said to.
    if let [(_, words)] = found.as_mut_slice() {
        words.clear();
    }
    Alternatives { found, has_more }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_combination_is_tried_once() {
        let found = alternatives(
            |choices| {
                if choices.holds("a") { if choices.holds("b") { 1 } else { 2 } } else { 3 }
            },
        );
        let words = |text: &str| text.to_owned();
        assert!(!found.has_more);
        assert_eq!(
            found.found,
            [(1, words("where a and b")), (2, words("where a and not b")), (3, words("where not a"))]
        );
    }

    #[test]
    fn a_condition_has_one_answer_a_round_and_equal_results_are_one() {
        let found = alternatives(|choices| choices.holds("a") == choices.holds("a"));
        assert_eq!(found, Alternatives { found: vec![(true, String::new())], has_more: false });
    }

    #[test]
    fn rounds_are_bounded() {
        for (conditions, results, has_more) in [(3, 8, false), (4, ROUNDS, false), (5, ROUNDS, true)] {
            let found = alternatives(|choices| {
                (0..conditions).map(|n| choices.holds(&n.to_string())).collect::<Vec<_>>()
            });
            assert_eq!((found.found.len(), found.has_more), (results, has_more), "{conditions}");
        }
    }
}
