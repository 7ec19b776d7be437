//! Decimal numbers, exactly.

use std::fmt;

/// A decimal number as text: sign, digits, and all its decimal places, never
/// with an exponent. `DecimalField` keeps exactly its `decimal_places`.
///
/// PostgreSQL's `NaN` can be kept, too, since Django serves it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Decimal(Box<str>);

/// Why a text is not a decimal number that fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecimalError {
    /// It is not a number, or not a finite one.
    #[error("not a decimal number")]
    Invalid,
    /// It has more digits than its field takes.
    #[error("more digits than the field takes")]
    TooManyDigits,
}

/// The most digits that a number without limits of its own may have, on either
/// side of the point: as many as PostgreSQL's `numeric` has after it.
const MOST: i64 = 16_383;

/// A number taken apart: `0.digits × 10^point`.
struct Parts {
    negative: bool,
    /// The digits as ASCII, without zeros in front.
    digits: Vec<u8>,
    /// How many of the digits are before the point; may be outside of them.
    point: i64,
}

impl Decimal {
    /// Reads a number as it stands, with as many places as it has: `1.50`,
    /// `-7`, `1E+3`.
    ///
    /// # Errors
    ///
    /// For what is not a finite number, and for one of more than 16,383 digits
    /// before or after the point.
    pub fn parse(text: &str) -> Result<Self, DecimalError> {
        if is_plain(text) && text.len() < MOST as usize {
            return Ok(Self(text.into()));
        }
        let parts = Parts::read(text)?;
        let places = (parts.digits.len() as i64 - parts.point).max(0);
        if parts.point > MOST || places > MOST {
            return Err(DecimalError::TooManyDigits);
        }
        Ok(parts.write(places as usize))
    }

    /// Reads a number for a field: rounded to `decimal_places` (to the even
    /// neighbour where it lies between two, as Django does when it stores
    /// one), and refused if it has more than `max_digits` digits then. Zero has
    /// no sign: no database keeps it.
    ///
    /// # Errors
    ///
    /// For what is not a finite number, and for one with too many digits.
    pub fn fit(text: &str, max_digits: u32, decimal_places: u32) -> Result<Self, DecimalError> {
        let places = decimal_places as usize;
        if is_plain(text) {
            let digits = text.trim_start_matches('-');
            let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
            // Far the most usual: what Django wrote itself.
            if fraction.len() == places
                && (places > 0) == digits.contains('.')
                && significant(whole) + places <= max_digits as usize
                && !is_minus_zero(text)
            {
                return Ok(Self(text.into()));
            }
        }
        let mut parts = Parts::read(text)?;
        if parts.point > i64::from(max_digits) {
            return Err(DecimalError::TooManyDigits);
        }
        parts.round(i64::from(decimal_places));
        if parts.point + i64::from(decimal_places) > i64::from(max_digits) {
            return Err(DecimalError::TooManyDigits);
        }
        parts.negative &= parts.digits.iter().any(|digit| *digit != b'0');
        Ok(parts.write(places))
    }

    /// What Django reads from the `REAL` of a SQLite database: 15 significant
    /// digits, then this many places.
    ///
    /// # Errors
    ///
    /// For NaN and infinities.
    pub fn from_real(number: f64, decimal_places: u32) -> Result<Self, DecimalError> {
        if !number.is_finite() {
            return Err(DecimalError::Invalid);
        }
        let text = format!("{number:.14e}");
        Self::fit(&text, u32::MAX, decimal_places)
    }

    /// What PostgreSQL may store in a `numeric`, and no `DecimalField` takes.
    pub fn nan() -> Self {
        Self("NaN".into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// This number with so many places.
    ///
    /// # Errors
    ///
    /// For NaN.
    pub fn rescale(&self, decimal_places: u32) -> Result<Self, DecimalError> {
        Self::fit(&self.0, u32::MAX, decimal_places)
    }
}

/// Whether it is `-0.00`.
fn is_minus_zero(text: &str) -> bool {
    text.starts_with('-') && !text.bytes().any(|byte| (b'1'..=b'9').contains(&byte))
}

/// How many digits are left without the zeros in front.
fn significant(whole: &str) -> usize {
    whole.trim_start_matches('0').len()
}

/// `-12.50`: at least one digit on each side of the point, if there is one, no
/// superfluous zero in front, no exponent.
fn is_plain(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = match digits.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (digits, None),
    };
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    all_digits(whole)
        && (whole.len() == 1 || !whole.starts_with('0'))
        && fraction.is_none_or(all_digits)
}

impl Parts {
    fn read(text: &str) -> Result<Self, DecimalError> {
        let text = text.trim();
        let (negative, rest) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        let (mantissa, exponent) = match rest.find(['e', 'E']) {
            Some(at) => (&rest[..at], Some(&rest[at + 1..])),
            None => (rest, None),
        };
        let exponent: i64 = match exponent {
            // Numbers beyond any limit are told apart from what is none.
            Some(text) => {
                let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
                if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
                    return Err(DecimalError::Invalid);
                }
                match digits.parse::<i32>() {
                    Ok(size) if text.starts_with('-') => -i64::from(size),
                    Ok(size) => i64::from(size),
                    Err(_) => return Err(DecimalError::TooManyDigits),
                }
            }
            None => 0,
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        if whole.is_empty() && fraction.is_empty() {
            return Err(DecimalError::Invalid);
        }
        let mut digits = Vec::with_capacity(mantissa.len());
        for byte in whole.bytes().chain(fraction.bytes()) {
            if !byte.is_ascii_digit() {
                return Err(DecimalError::Invalid);
            }
            digits.push(byte);
        }
        let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
        let mut point = whole.len() as i64 - zeros as i64;
        digits.drain(..zeros);
        // Zero is zero, whatever its exponent.
        point = if digits.is_empty() {
            0
        } else {
            point + exponent
        };
        Ok(Self {
            negative,
            digits,
            point,
        })
    }

    /// Rounds to so many places, half to even.
    fn round(&mut self, places: i64) {
        let keep = self.point + places;
        if keep >= self.digits.len() as i64 {
            return;
        }
        if keep < 0 {
            self.digits.clear();
            return;
        }
        let keep = keep as usize;
        let rest = &self.digits[keep..];
        let half = rest[0] == b'5' && rest[1..].iter().all(|digit| *digit == b'0');
        let odd = keep > 0 && (self.digits[keep - 1] - b'0') % 2 == 1;
        let up = if half { odd } else { rest[0] >= b'5' };
        self.digits.truncate(keep);
        if !up {
            return;
        }
        for digit in self.digits.iter_mut().rev() {
            if *digit != b'9' {
                *digit += 1;
                return;
            }
            *digit = b'0';
        }
        self.digits.insert(0, b'1');
        self.point += 1;
    }

    /// The number with so many places, which are enough for all its digits.
    fn write(&self, places: usize) -> Decimal {
        let digit = |at: i64| {
            usize::try_from(at)
                .ok()
                .and_then(|at| self.digits.get(at))
                .map_or('0', |digit| char::from(*digit))
        };
        let mut text = String::new();
        if self.negative {
            text.push('-');
        }
        if self.digits.is_empty() || self.point <= 0 {
            text.push('0');
        } else {
            text.extend((0..self.point).map(digit));
        }
        if places > 0 {
            text.push('.');
            if self.digits.is_empty() {
                text.extend(std::iter::repeat_n('0', places));
            } else {
                text.extend((0..places as i64).map(|i| digit(self.point + i)));
            }
        }
        Decimal(text.into())
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Decimal({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(text: &str) -> Result<String, DecimalError> {
        Decimal::fit(text, 8, 2).map(|number| number.to_string())
    }

    #[test]
    fn a_number_gets_the_places_of_its_field() {
        for (text, expected) in [
            ("1.50", "1.50"),
            ("1.5", "1.50"),
            ("7", "7.00"),
            ("-7", "-7.00"),
            ("+007.5", "7.50"),
            ("1E+3", "1000.00"),
            ("1e-1", "0.10"),
            (".5", "0.50"),
            ("5.", "5.00"),
            ("0", "0.00"),
            ("0E+9", "0.00"),
            (" 12.25 ", "12.25"),
            ("999999.99", "999999.99"),
            ("1e-99", "0.00"),
            ("-0", "0.00"),
            ("-0.00", "0.00"),
            ("-0.001", "0.00"),
        ] {
            assert_eq!(fit(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn between_two_numbers_the_even_one_is_taken() {
        for (text, expected) in [
            ("0.125", "0.12"),
            ("0.135", "0.14"),
            ("0.1251", "0.13"),
            ("-0.125", "-0.12"),
            ("0.005", "0.00"),
            ("0.015", "0.02"),
            ("9.995", "10.00"),
            ("0.999", "1.00"),
            ("0.006", "0.01"),
        ] {
            assert_eq!(fit(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for text in [
            "1000000",
            "1e6",
            "999999.995",
            "1e999999999",
            "1e99999999999",
        ] {
            assert_eq!(fit(text), Err(DecimalError::TooManyDigits), "{text}");
        }
        for text in [
            "", "x", "NaN", "Infinity", "1.2.3", "--1", "1e", "e5", ".", "1e+-5",
        ] {
            assert_eq!(fit(text), Err(DecimalError::Invalid), "{text}");
        }
    }

    #[test]
    fn a_real_of_sqlite_is_good_for_fifteen_digits() {
        let read = |number| Decimal::from_real(number, 6).unwrap().to_string();
        assert_eq!(read(12_345_678_901_234.568), "12345678901234.600000");
        assert_eq!(read(-0.000_001), "-0.000001");
        assert_eq!(read(0.1), "0.100000");
        assert_eq!(read(1000.0), "1000.000000");
    }

    #[test]
    fn without_a_field_all_places_are_kept() {
        let read = |text| Decimal::parse(text).map(|number| number.to_string());
        assert_eq!(read("1.500").as_deref(), Ok("1.500"));
        assert_eq!(read("15E-1").as_deref(), Ok("1.5"));
        assert_eq!(read("1e99999"), Err(DecimalError::TooManyDigits));
        assert_eq!(read("1e-99999"), Err(DecimalError::TooManyDigits));
    }
}
