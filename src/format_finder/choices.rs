//! Which way each condition of a template is taken, so that every branch is judged.
//!
//! In: conditions, as an evaluator meets them. Out: one answer for each, another combination each round.
//! Never more than [`ROUNDS`] rounds; one condition has one answer in a round.

use std::cell::RefCell;

/// How many combinations of answers are tried for one format.
pub(super) const ROUNDS: usize = 16;

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

/// Evaluates once for each combination of answers; each different result with the answers that led to it.
pub(super) fn alternatives<T: PartialEq>(mut evaluate: impl FnMut(&Choices) -> T) -> Vec<(T, String)> {
    let choices = Choices::default();
    let mut found: Vec<(T, String)> = Vec::new();
    for _ in 0..ROUNDS {
        let result = evaluate(&choices);
        if !found.iter().any(|(known, _)| *known == result) {
            found.push((result, choices.words()));
        }
        if !choices.advance() {
            break;
        }
    }
    // What does not depend on any condition is not said to.
    if let [(_, words)] = found.as_mut_slice() {
        words.clear();
    }
    found
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
        assert_eq!(
            found,
            [(1, words("where a and b")), (2, words("where a and not b")), (3, words("where not a"))]
        );
    }

    #[test]
    fn a_condition_has_one_answer_a_round_and_equal_results_are_one() {
        let found = alternatives(|choices| choices.holds("a") == choices.holds("a"));
        assert_eq!(found, [(true, String::new())]);
    }

    #[test]
    fn rounds_are_bounded() {
        let found =
            alternatives(|choices| (0..64).map(|n| choices.holds(&n.to_string())).collect::<Vec<_>>());
        assert_eq!(found.len(), ROUNDS);
    }
}
