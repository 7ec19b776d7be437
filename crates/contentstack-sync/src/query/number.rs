//! Numbers compared by their decimal text: no rounding, of whatever size.

use std::cmp::Ordering;

/// Compares two JSON numbers by value: `1.0`, `1` and `10e-1` are equal, and
/// `9007199254740993` is more than `9007199254740992`.
pub(crate) fn compare(a: &str, b: &str) -> Ordering {
    let (a, b) = (Decimal::read(a), Decimal::read(b));
    match (a.sign(), b.sign()) {
        (0, 0) => Ordering::Equal,
        (x, y) if x != y => x.cmp(&y),
        (1, _) => a.magnitude(&b),
        _ => b.magnitude(&a),
    }
}

/// `0.d₁d₂d₃… × 10^exponent` with d₁ not 0, or nothing at all for zero.
struct Decimal<'t> {
    negative: bool,
    /// Digits, perhaps with a dot among them that has been accounted for.
    digits: &'t str,
    exponent: i64,
}

impl<'t> Decimal<'t> {
    fn read(text: &'t str) -> Self {
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, read_exponent(exponent)),
            None => (text, 0),
        };
        let whole = mantissa.find('.').unwrap_or(mantissa.len());
        let skipped = mantissa
            .bytes()
            .take_while(|byte| matches!(byte, b'0' | b'.'))
            .count();
        let digits = mantissa[skipped..].trim_end_matches(['0', '.']);
        // Zeros at the end of a whole number are digits only of its size.
        let shift = if skipped <= whole {
            count(whole) - count(skipped)
        } else {
            // One of the skipped is the dot.
            count(whole) + 1 - count(skipped)
        };
        Self {
            negative,
            digits,
            exponent: exponent.saturating_add(shift),
        }
    }

    fn sign(&self) -> i8 {
        match (self.digits.is_empty(), self.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        }
    }

    fn digits(&self) -> impl Iterator<Item = u8> {
        self.digits.bytes().filter(|byte| *byte != b'.')
    }

    fn magnitude(&self, other: &Self) -> Ordering {
        self.exponent
            .cmp(&other.exponent)
            .then_with(|| self.digits().cmp(other.digits()))
    }
}

fn count(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

/// An exponent too large for 64 bits is as good as the largest: no text is
/// long enough to make up for it.
fn read_exponent(text: &str) -> i64 {
    let digits = text.strip_prefix('+').unwrap_or(text);
    digits.parse().unwrap_or(if digits.starts_with('-') {
        i64::MIN
    } else {
        i64::MAX
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_compared_by_value_not_by_text() {
        for same in [
            ["1", "1.0"],
            ["1", "10e-1"],
            ["100", "1E+2"],
            ["0.001", "1e-3"],
            ["0", "-0.0"],
            ["0e99", "0"],
            ["120", "12e1"],
            ["1.50", "1.5"],
            ["10.0", "10"],
            ["0.10", "1e-1"],
        ] {
            assert_eq!(compare(same[0], same[1]), Ordering::Equal, "{same:?}");
        }
        let ordered = [
            "-1e99999999999999999999",
            "-10",
            "-9.5",
            "-1e-3",
            "0",
            "1e-99999999999999999999",
            "0.0000001",
            "0.1",
            "0.10000000000000000000001",
            "0.9",
            "1",
            "9",
            "10",
            "10.5",
            "9007199254740992",
            "9007199254740993",
            "1e400",
            "1e99999999999999999999",
        ];
        for (i, a) in ordered.iter().enumerate() {
            for (j, b) in ordered.iter().enumerate() {
                assert_eq!(compare(a, b), i.cmp(&j), "{a} {b}");
            }
        }
    }

    proptest! {
        #[test]
        fn integers_compare_as_integers(a: i64, b: i64, zeros in 0_usize..4) {
            let (left, right) = (format!("{a}.{}", "0".repeat(zeros + 1)), b.to_string());
            prop_assert_eq!(compare(&left, &right), a.cmp(&b));
            let shifted = format!("{a}{}e-{zeros}", "0".repeat(zeros));
            prop_assert_eq!(compare(&shifted, &right), a.cmp(&b));
        }

        #[test]
        fn floats_compare_as_floats(a in -1e12_f64..1e12, b in -1e12_f64..1e12) {
            let expected = a.partial_cmp(&b).unwrap();
            prop_assert_eq!(compare(&format!("{a:e}"), &format!("{b}")), expected);
            prop_assert_eq!(compare(&format!("{a}"), &format!("{b:e}")), expected);
        }
    }
}
