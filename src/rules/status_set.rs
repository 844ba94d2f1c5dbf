//! Reads statuses, as a rule writes them, into a set of bits.
//!
//! It never holds a number outside 100 to 599.

/// A set of the numbers 100 to 599: bit `code - 100`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct StatusSet([u64; 8]);

const LOWEST: u16 = 100;
const HIGHEST: u16 = 599;

impl StatusSet {
    /// What a rule may write: `404`, `4xx` (`4XX`) or `500-503`, both ends included.
    /// `None` for anything else, numbers outside 100 to 599 and ranges that run backwards among it.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if let Some(class) = text.strip_suffix("xx").or_else(|| text.strip_suffix("XX")) {
            let class: u16 = one_of_digits(class, 1)?;
            return Self::range(class.checked_mul(100)?, class * 100 + 99);
        }
        if let Some((from, to)) = text.split_once('-') {
            return Self::range(one_of_digits(from, 3)?, one_of_digits(to, 3)?);
        }
        let code = one_of_digits(text, 3)?;
        Self::range(code, code)
    }

    /// `from` to `to`, both included; `None` where that is empty or leaves 100 to 599.
    pub(super) fn range(from: u16, to: u16) -> Option<Self> {
        if from > to || from < LOWEST || to > HIGHEST {
            return None;
        }
        let mut set = Self::default();
        for (first, word) in (LOWEST..).step_by(64).zip(&mut set.0) {
            let (low, high) = (from.max(first), to.min(first + 63));
            if low <= high {
                *word = u64::MAX >> (63 - (high - low)) << (low - first);
            }
        }
        Some(set)
    }

    /// 400 to 599, all that rules ever see.
    pub(super) fn errors() -> Self {
        Self::range(400, 599).unwrap_or_default()
    }

    pub(super) fn contains(self, code: u16) -> bool {
        position(code).is_some_and(|(at, bit)| self.0.get(at).is_some_and(|word| word & bit != 0))
    }

    pub(super) fn union(self, other: Self) -> Self {
        self.with(other, |a, b| a | b)
    }

    pub(super) fn intersection(self, other: Self) -> Self {
        self.with(other, |a, b| a & b)
    }

    pub(super) fn is_empty(self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// Of its numbers, one for each part that all the other sets hold, or do not hold, as a whole.
    pub(super) fn representatives(self, others: &[Self]) -> Vec<u16> {
        let mut found: Vec<u16> = Vec::new();
        for code in (LOWEST..=HIGHEST).filter(|code| self.contains(*code)) {
            let is_like = |other: u16| others.iter().all(|set| set.contains(code) == set.contains(other));
            if !found.iter().any(|earlier| is_like(*earlier)) {
                found.push(code);
            }
        }
        found
    }

    fn with(mut self, other: Self, join: impl Fn(u64, u64) -> u64) -> Self {
        for (word, theirs) in self.0.iter_mut().zip(other.0) {
            *word = join(*word, theirs);
        }
        self
    }
}

/// Which word, and which bit of it.
fn position(code: u16) -> Option<(usize, u64)> {
    let at = code.checked_sub(LOWEST).filter(|_| code <= HIGHEST)?;
    Some((usize::from(at / 64), 1 << (at % 64)))
}

/// Exactly `digits` ASCII digits as a number, so that `+4`, `04xx` and ` 403` are not taken.
fn one_of_digits(text: &str, digits: usize) -> Option<u16> {
    if text.len() != digits || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(text: &str) -> Option<Vec<u16>> {
        let set = StatusSet::parse(text)?;
        Some((0..=u16::MAX).filter(|code| set.contains(*code)).collect())
    }

    #[test]
    fn a_code_a_class_and_a_range_hold_exactly_their_numbers() {
        assert_eq!(codes("403"), Some(vec![403]));
        assert_eq!(codes("4xx"), Some((400..=499).collect()));
        assert_eq!(codes("5XX"), Some((500..=599).collect()));
        assert_eq!(codes("100-599"), Some((100..=599).collect()));
        assert_eq!(codes("503-503"), Some(vec![503]));
    }

    #[test]
    fn what_is_no_status_is_refused() {
        for text in [
            "",
            "4",
            "40",
            "4xX",
            "xx",
            "0xx",
            "6xx",
            "44xx",
            "600",
            "099",
            "1000",
            "+40",
            " 403",
            "403 ",
            "503-500",
            "500-",
            "-500",
            "500-5xx",
            "400-600",
            "500 - 503",
            "*",
            "٤٠٣",
        ] {
            assert_eq!(codes(text), None, "{text:?}");
        }
    }

    #[test]
    fn sets_are_joined_and_cut() {
        let class = StatusSet::parse("4xx").unwrap();
        let one = StatusSet::parse("404").unwrap();
        assert_eq!(class.union(one), class);
        assert_eq!(class.intersection(one), one);
        assert_eq!(class.representatives(&[]), [400]);
        assert_eq!(class.representatives(&[one, StatusSet::errors()]), [400, 404]);
        assert_eq!(StatusSet::errors(), class.union(StatusSet::parse("5xx").unwrap()));
    }
}
