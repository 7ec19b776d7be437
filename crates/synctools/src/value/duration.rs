//! Lengths of time.

use std::fmt;

/// A length of time of either sign, in microseconds, as `DurationField` keeps
/// it. It reaches 292,000 years, which is what Django can store in SQLite.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Duration(i64);

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

impl Duration {
    /// This many microseconds.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// How many microseconds it is.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// What it says, if it is a duration: Django's own form
    /// (`-1 02:00:03.000004`), ISO 8601 (`P3DT4H`), or what PostgreSQL shows
    /// (`3 days 04:00:00`).
    pub fn parse(text: &str) -> Option<Self> {
        // The patterns of Django end before a line break.
        let text = text.strip_suffix('\n').unwrap_or(text);
        if text.is_empty() {
            return Some(Self(0));
        }
        if text.trim_start_matches(['+', '-']).starts_with('P') {
            parse_iso(text).map(Self)
        } else {
            parse_clock(text).map(Self)
        }
    }
}

/// Django's form: `[-]D HH:MM:SS[.ffffff]`, the days only if there are any.
/// As in Python only the days have a sign, and the rest is counted up from them.
impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, rest) = (self.0.div_euclid(DAY), self.0.rem_euclid(DAY));
        let (seconds, micros) = (rest / SECOND, rest % SECOND);
        if days != 0 {
            write!(f, "{days} ")?;
        }
        write!(
            f,
            "{:02}:{:02}:{:02}",
            seconds / 3600,
            seconds / 60 % 60,
            seconds % 60
        )?;
        if micros != 0 {
            write!(f, ".{micros:06}")?;
        }
        Ok(())
    }
}

/// What is left of a text that is read from the front.
struct Scan<'a>(&'a str);

impl<'a> Scan<'a> {
    fn take(&mut self, prefix: &str) -> bool {
        match self.0.strip_prefix(prefix) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }

    fn digits(&mut self) -> Option<&'a str> {
        let end = self
            .0
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(self.0.len());
        let (digits, rest) = self.0.split_at(end);
        self.0 = rest;
        (!digits.is_empty()).then_some(digits)
    }

    /// Microseconds of `.5`, of which six digits count; nothing without one.
    fn fraction(&mut self) -> Option<i64> {
        if !self.take(".") && !self.take(",") {
            return Some(0);
        }
        let digits = self.digits()?;
        (digits.len() <= 12).then(|| micros(digits))
    }
}

/// The first six digits after a point.
fn micros(digits: &str) -> i64 {
    digits
        .bytes()
        .chain(std::iter::repeat(b'0'))
        .take(6)
        .fold(0, |number, digit| number * 10 + i64::from(digit - b'0'))
}

/// `[days ][-][[hours:]minutes:]seconds[.fraction]`, `days` also as `3 days,`
/// and `3 days` alone.
fn parse_clock(text: &str) -> Option<i64> {
    let mut total: i128 = 0;
    let mut scan = Scan(text);
    if let Some((days, rest)) = text.split_once(' ') {
        total = i128::from(days.parse::<i64>().ok()?) * i128::from(DAY);
        if days.starts_with('+') {
            return None;
        }
        scan.0 = rest;
        if scan.take("days") || scan.take("day") {
            scan.take(",");
            scan.take(" ");
            if scan.0.is_empty() {
                return i64::try_from(total).ok();
            }
        }
    }
    let negative = scan.take("-");
    // Only PostgreSQL writes it, and always with minutes and seconds.
    let positive = !negative && scan.take("+");
    let mut seconds: i64 = scan.digits()?.parse().ok()?;
    if positive && scan.0.matches(':').count() != 2 {
        return None;
    }
    for _ in 0..2 {
        if !scan.take(":") {
            break;
        }
        let next: i64 = scan.digits()?.parse().ok()?;
        seconds = seconds.checked_mul(60)?.checked_add(next)?;
    }
    let rest = seconds.checked_mul(SECOND)?.checked_add(scan.fraction()?)?;
    if !scan.0.is_empty() {
        return None;
    }
    let rest = i128::from(rest);
    i64::try_from(total + if negative { -rest } else { rest }).ok()
}

/// `[+-]P[nD][T[nH][nM][nS]]`, each number with a fraction.
fn parse_iso(text: &str) -> Option<i64> {
    let mut scan = Scan(text);
    let negative = scan.take("-");
    if !negative {
        scan.take("+");
    }
    if !scan.take("P") {
        return None;
    }
    let mut total: i64 = 0;
    let mut units: &[(&str, i64)] = &[("D", DAY)];
    let clock: &[(&str, i64)] = &[("H", 3600 * SECOND), ("M", 60 * SECOND), ("S", SECOND)];
    let mut in_clock = false;
    while !scan.0.is_empty() {
        if !in_clock && scan.take("T") {
            in_clock = true;
            units = clock;
            continue;
        }
        let whole: i64 = scan.digits()?.parse().ok()?;
        let fraction = if scan.take(".") || scan.take(",") {
            scan.digits()?
        } else {
            ""
        };
        let at = units.iter().position(|(name, _)| scan.take(name))?;
        let unit = units[at].1;
        units = &units[at + 1..];
        // Fifteen digits of a day are less than a microsecond.
        let digits = &fraction[..fraction.len().min(15)];
        let part = match digits.parse::<i128>() {
            Ok(number) => {
                let scale = 10_i128.pow(u32::try_from(digits.len()).ok()?);
                i64::try_from((number * i128::from(unit) + scale / 2) / scale).ok()?
            }
            Err(_) => 0,
        };
        total = total.checked_add(whole.checked_mul(unit)?.checked_add(part)?)?;
    }
    Some(if negative { -total } else { total })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_shown_as_django_has_them() {
        for (micros, expected) in [
            (-79_196_999_996, "-1 02:00:03.000004"),
            (400 * DAY + 59 * SECOND, "400 00:00:59"),
            (0, "00:00:00"),
            (3_600_500_000, "01:00:00.500000"),
            (-1, "-1 23:59:59.999999"),
        ] {
            let duration = Duration::from_micros(micros);
            assert_eq!(duration.to_string(), expected);
            assert_eq!(Duration::parse(expected), Some(duration));
        }
    }

    #[test]
    fn other_forms_are_read_too() {
        for (text, micros) in [
            ("P3DT4H", 3 * DAY + 4 * 3600 * SECOND),
            ("-P1DT0.5S", -DAY - SECOND / 2),
            ("PT1,5M", 90 * SECOND),
            ("P", 0),
            ("3 days 04:00:00", 3 * DAY + 4 * 3600 * SECOND),
            (
                "3 days, 4:00:00.5",
                3 * DAY + 4 * 3600 * SECOND + SECOND / 2,
            ),
            ("1 day", DAY),
            ("15:30", 930 * SECOND),
            ("30", 30 * SECOND),
            ("-1 -02:00:00", -DAY - 2 * 3600 * SECOND),
            ("-00:00:01.1234567", -SECOND - 123_456),
        ] {
            assert_eq!(Duration::parse(text), Some(Duration(micros)), "{text}");
        }
    }

    #[test]
    fn what_only_djangos_patterns_know_is_read() {
        for (text, micros) in [
            ("", 0),
            ("1.5\n", 1_500_000),
            ("+01:00:00", 3_600_000_000),
            ("-106751992 19:59:05.224192", i64::MIN),
            ("106751991 04:00:54.775807", i64::MAX),
        ] {
            let read = Duration::parse(text).map(Duration::as_micros);
            assert_eq!(read, Some(micros), "{text:?}");
        }
        assert_eq!(Duration::parse("106751991 04:00:54.775808"), None);
    }

    #[test]
    fn what_is_not_a_duration_is_refused() {
        for text in [
            "x",
            "+30",
            "+1:30",
            "1:2:3:4",
            "1 2 3",
            "P1H",
            "PT1D",
            "PT5",
            "T5S",
            "1.",
            "+1 02:00:00",
            "99999999999999999999",
            "P1DT1S1H",
        ] {
            assert_eq!(Duration::parse(text), None, "{text}");
        }
    }
}
