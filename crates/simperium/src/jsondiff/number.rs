//! Numbers by value, whatever their text.

use serde_json::Number;

/// Whether two numbers are the same. No digit is rounded away.
pub(crate) fn same(a: &Number, b: &Number) -> bool {
    if let (Some(a), Some(b)) = (a.as_i64(), b.as_i64()) {
        return a == b;
    }
    let (a, b) = (a.to_string(), b.to_string());
    a == b || matches!((Decimal::parse(&a), Decimal::parse(&b)), (Some(a), Some(b)) if a == b)
}

/// A number as its digits, without zeros at either end, and the power of ten
/// of the last.
#[derive(PartialEq, Eq)]
struct Decimal {
    negative: bool,
    digits: Vec<u8>,
    exponent: i64,
}

impl Decimal {
    fn parse(text: &str) -> Option<Self> {
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let mut exponent = exponent.parse::<i64>().ok()?;
        exponent = exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?;
        let mut digits: Vec<u8> = whole
            .bytes()
            .chain(fraction.bytes())
            .skip_while(|digit| *digit == b'0')
            .collect();
        while digits.last() == Some(&b'0') {
            digits.pop();
            exponent = exponent.checked_add(1)?;
        }
        if digits.is_empty() {
            return Some(Self {
                negative: false,
                digits,
                exponent: 0,
            });
        }
        Some(Self {
            negative,
            digits,
            exponent,
        })
    }
}

/// The sum: exact if both are integers, as the server's is, and of doubles if
/// not. `None` beyond 38 digits, or beyond what a number can hold.
pub(crate) fn add(a: &Number, b: &Number) -> Option<Number> {
    combine(a, b, i128::checked_add, |a, b| a + b)
}

/// What has to be added to `a` to get `b`.
pub(crate) fn difference(a: &Number, b: &Number) -> Option<Number> {
    combine(b, a, i128::checked_sub, |b, a| b - a)
}

/// Whether a number is written as an integer.
pub(crate) fn is_integer(number: &Number) -> bool {
    !number.to_string().contains(['.', 'e', 'E'])
}

fn combine(
    a: &Number,
    b: &Number,
    integers: fn(i128, i128) -> Option<i128>,
    doubles: fn(f64, f64) -> f64,
) -> Option<Number> {
    if is_integer(a) && is_integer(b) {
        let (a, b) = (a.to_string(), b.to_string());
        let sum = integers(a.parse().ok()?, b.parse().ok()?)?;
        return Number::from_i128(sum);
    }
    Number::from_f64(doubles(a.as_f64()?, b.as_f64()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Number {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn numbers_are_compared_by_value() {
        for (a, b) in [
            ("1", "1.0"),
            ("100", "1e2"),
            ("0", "-0.0"),
            ("1.50", "15e-1"),
            ("1e21", "1000000000000000000000"),
        ] {
            assert!(same(&number(a), &number(b)), "{a} {b}");
        }
        for (a, b) in [
            ("1", "-1"),
            ("9007199254740993", "9007199254740992"),
            ("0.1", "0.01"),
            ("1", "10"),
        ] {
            assert!(!same(&number(a), &number(b)), "{a} {b}");
        }
    }

    #[cfg(feature = "exact-numbers")]
    #[test]
    fn exact_numbers_differ_in_their_last_digit() {
        assert!(!same(
            &number("123456789012345678901234567890"),
            &number("123456789012345678901234567891")
        ));
        assert!(same(&number("1e400"), &number("10e399")));
        let sum = add(&number("123456789012345678901234567890"), &number("1"));
        assert_eq!(sum.unwrap().to_string(), "123456789012345678901234567891");
    }

    #[test]
    fn integers_add_exactly() {
        assert_eq!(
            add(&number("9007199254740993"), &number("1")),
            Some(number("9007199254740994"))
        );
        assert_eq!(add(&number("0.5"), &number("0.25")), Some(number("0.75")));
        assert_eq!(add(&number("1e308"), &number("1e308")), None);
        assert_eq!(difference(&number("3"), &number("2")), Some(number("-1")));
    }
}
