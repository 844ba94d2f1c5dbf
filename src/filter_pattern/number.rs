//! Numbers as patterns and events write them.
//!
//! In: text. Out: a number that compares exactly where both sides are integers. Never infinite, never NaN.

use std::cmp::Ordering;

/// An integer or a decimal number, with optional sign and exponent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Number {
    /// Set for integers written without an exponent: ids of 18 digits differ where floats agree.
    exact: Option<i128>,
    value: f64,
}

impl Number {
    /// Reads `text` if all of it is a number: `403`, `-1`, `+2`, `1.5`, `1e-3`, `1E+3`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
        let (mantissa, exponent) = unsigned
            .split_once(['e', 'E'])
            .map_or((unsigned, None), |(mantissa, exponent)| (mantissa, Some(exponent)));
        let (whole, fraction) =
            mantissa.split_once('.').map_or((mantissa, None), |(whole, fraction)| (whole, Some(fraction)));
        let exponent_fits = exponent.is_none_or(|e| is_digits(e.strip_prefix(['+', '-']).unwrap_or(e)));
        if !is_digits(whole) || !fraction.is_none_or(is_digits) || !exponent_fits {
            return None;
        }
        let value = text.parse::<f64>().ok().filter(|value| value.is_finite())?;
        Some(Self { exact: text.parse().ok(), value })
    }

    pub(super) fn compare(self, other: Self) -> Option<Ordering> {
        match (self.exact, other.exact) {
            (Some(left), Some(right)) => Some(left.cmp(&right)),
            _ => self.value.partial_cmp(&other.value),
        }
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_whole_or_not_at_all() {
        for text in ["0", "403", "-1", "+2", "1.5", "1e-3", "1E+3", "1e3", "007"] {
            assert!(Number::parse(text).is_some(), "{text}");
        }
        for text in
            ["", "-", "4*", "1.", ".5", "1e", "1e+", "0x10", "inf", "nan", "1e999", "1 ", "1,000", "--1"]
        {
            assert!(Number::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn integers_compare_exactly_and_the_rest_by_value() {
        let compare = |a: &str, b: &str| Number::parse(a).unwrap().compare(Number::parse(b).unwrap());
        assert_eq!(compare("123456789012345678", "123456789012345679"), Some(Ordering::Less));
        assert_eq!(compare("1", "1.0"), Some(Ordering::Equal));
        assert_eq!(compare("1000", "1e+3"), Some(Ordering::Equal));
        assert_eq!(compare("0.001", "1e-3"), Some(Ordering::Equal));
        assert_eq!(compare("-5", "3"), Some(Ordering::Less));
    }
}
