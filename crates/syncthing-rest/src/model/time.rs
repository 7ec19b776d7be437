//! Times, as Go writes them.

use std::cmp::Ordering;
use std::error::Error;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::wire::Wire;

/// An RFC 3339 time with the daemon's nanoseconds and offset.
///
/// It is printed as it was sent, digit for digit. Comparing looks at the moment
/// only: the same moment at two offsets is equal. 16 bytes and no allocation.
///
/// ```
/// use syncthing_rest::model::Time;
///
/// let time: Time = "2026-11-21T07:16:47.3991645+01:00".parse()?;
/// assert_eq!(time.to_string(), "2026-11-21T07:16:47.3991645+01:00");
/// assert_eq!(time, "2026-11-21T06:16:47.399164500Z".parse()?);
/// # Ok::<(), syncthing_rest::model::TimeError>(())
/// ```
#[derive(Clone, Copy)]
pub struct Time {
    /// Seconds since 1970 in UTC.
    seconds: i64,
    nanos: u32,
    /// Minutes east of UTC.
    offset: i16,
    /// Digits of the fraction as sent, 0 to 9.
    digits: Digits,
}

/// An enumeration, so that an `Option<Time>` is no larger than a `Time`.
#[derive(Clone, Copy)]
#[repr(u8)]
enum Digits {
    D0,
    D1,
    D2,
    D3,
    D4,
    D5,
    D6,
    D7,
    D8,
    D9,
}

impl Digits {
    const ALL: [Self; 10] = [
        Self::D0,
        Self::D1,
        Self::D2,
        Self::D3,
        Self::D4,
        Self::D5,
        Self::D6,
        Self::D7,
        Self::D8,
        Self::D9,
    ];
}

impl Time {
    /// Go's zero time, `0001-01-01T00:00:00Z`, which the daemon writes for
    /// "never". Read into an `Option` it is `None`.
    pub const ZERO: Self = Self {
        seconds: -62_135_596_800,
        nanos: 0,
        offset: 0,
        digits: Digits::D0,
    };

    /// Whether it stands for "never": [`ZERO`](Self::ZERO), or the start of
    /// 1970, which the daemon's statistics use.
    pub fn is_never(&self) -> bool {
        self.nanos == 0 && (self.seconds == 0 || self.seconds == Self::ZERO.seconds)
    }

    /// Whole seconds since 1970; negative before.
    pub const fn unix_seconds(&self) -> i64 {
        self.seconds
    }

    /// Nanoseconds after the whole second.
    pub const fn subsec_nanos(&self) -> u32 {
        self.nanos
    }

    /// Nanoseconds since 1970; negative before.
    pub const fn unix_nanos(&self) -> i128 {
        self.seconds as i128 * 1_000_000_000 + self.nanos as i128
    }

    /// The same moment as a `SystemTime`; `None` where the system's clock has
    /// no such moment.
    pub fn to_system_time(&self) -> Option<SystemTime> {
        let seconds = Duration::from_secs(self.seconds.unsigned_abs());
        let whole = if self.seconds < 0 {
            SystemTime::UNIX_EPOCH.checked_sub(seconds)
        } else {
            SystemTime::UNIX_EPOCH.checked_add(seconds)
        };
        whole?.checked_add(Duration::from_nanos(self.nanos.into()))
    }

    fn parse(text: &str) -> Option<Self> {
        let mut rest = text.as_bytes();
        let year = number(&mut rest, 4)?;
        skip(&mut rest, b"-")?;
        let month = number(&mut rest, 2)?;
        skip(&mut rest, b"-")?;
        let day = number(&mut rest, 2)?;
        skip(&mut rest, b"Tt ")?;
        let hour = number(&mut rest, 2)?;
        skip(&mut rest, b":")?;
        let minute = number(&mut rest, 2)?;
        skip(&mut rest, b":")?;
        let second = number(&mut rest, 2)?;
        let (nanos, digits) = fraction(&mut rest)?;
        let offset = offset(&mut rest)?;
        let valid = rest.is_empty()
            && (1..=12).contains(&month)
            && (1..=days_in(year, month)).contains(&day)
            && hour < 24
            && minute < 60
            && second < 60;
        valid.then(|| Self {
            seconds: days_since_1970(year.into(), month.into(), day.into()) * 86_400
                + i64::from(hour) * 3600
                + i64::from(minute) * 60
                + i64::from(second)
                - i64::from(offset) * 60,
            nanos,
            offset,
            digits,
        })
    }
}

/// Takes a number of this many digits.
fn number(rest: &mut &[u8], digits: usize) -> Option<u16> {
    let (taken, after) = rest.split_at_checked(digits)?;
    *rest = after;
    taken.iter().try_fold(0, |number, byte| {
        byte.is_ascii_digit()
            .then(|| number * 10 + u16::from(byte - b'0'))
    })
}

/// Takes one byte, which must be one of these.
fn skip(rest: &mut &[u8], one_of: &[u8]) -> Option<u8> {
    let (first, after) = rest.split_first()?;
    one_of.contains(first).then(|| {
        *rest = after;
        *first
    })
}

/// Takes the fraction of a second, if there is one: nanoseconds and digits.
fn fraction(rest: &mut &[u8]) -> Option<(u32, Digits)> {
    if skip(rest, b".").is_none() {
        return Some((0, Digits::D0));
    }
    let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (taken, after) = rest.split_at_checked(length).filter(|_| length > 0)?;
    *rest = after;
    let nanos = taken
        .iter()
        .chain([b'0'; 9].iter())
        .take(9)
        .fold(0, |nanos, byte| nanos * 10 + u32::from(byte - b'0'));
    Some((nanos, Digits::ALL[length.min(9)]))
}

/// Takes the offset, in minutes.
fn offset(rest: &mut &[u8]) -> Option<i16> {
    let sign = match skip(rest, b"Zz+-")? {
        b'+' => 1,
        b'-' => -1,
        _ => return Some(0),
    };
    let hours = number(rest, 2).filter(|hours| *hours < 24)?;
    skip(rest, b":")?;
    let minutes = number(rest, 2).filter(|minutes| *minutes < 60)?;
    i16::try_from(hours * 60 + minutes)
        .ok()
        .map(|minutes| sign * minutes)
}

fn is_leap(year: u16) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in(year: u16, month: u16) -> u16 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The day's number in the proleptic Gregorian calendar, 1970-01-01 being 0.
/// Years are counted from March, so that the leap day is a year's last.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let before = year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    before + (153 * month + 2) / 5 + day - 1 - 719_468
}

/// The reverse of [`days_since_1970`]: year, month, day.
fn date_of(days: i64) -> (i64, i64, i64) {
    /// Days of 400 years.
    const ERA: i64 = 146_097;
    let days = days + 719_468;
    let era = days.div_euclid(ERA);
    let day_of_era = days.rem_euclid(ERA);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (year_of_era * 365 + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let year = era * 400 + year_of_era;
    if month < 10 {
        (year, month + 3, day)
    } else {
        (year + 1, month - 9, day)
    }
}

impl FromStr for Time {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        Self::parse(text).ok_or(TimeError)
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let local = self.seconds + i64::from(self.offset) * 60;
        let (year, month, day) = date_of(local.div_euclid(86_400));
        let second = local.rem_euclid(86_400);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}",
            second / 3600,
            second / 60 % 60,
            second % 60,
        )?;
        match usize::from(self.digits as u8) {
            0 => {}
            digits => {
                let nanos = format!("{:09}", self.nanos);
                write!(f, ".{}", &nanos[..digits])?;
            }
        }
        match self.offset {
            0 => f.write_str("Z"),
            offset => {
                let sign = if offset < 0 { '-' } else { '+' };
                let minutes = offset.unsigned_abs();
                write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
            }
        }
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The same moment in UTC, with as many digits as needed.
impl From<SystemTime> for Time {
    fn from(time: SystemTime) -> Self {
        let nanos = match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => after.as_nanos() as i128,
            Err(before) => -(before.duration().as_nanos() as i128),
        };
        let subsec = nanos.rem_euclid(1_000_000_000) as u32;
        let mut digits = 9;
        while digits > 0 && subsec % 10_u32.pow(10 - digits) == 0 {
            digits -= 1;
        }
        Self {
            seconds: nanos.div_euclid(1_000_000_000) as i64,
            nanos: subsec,
            offset: 0,
            digits: Digits::ALL[digits as usize],
        }
    }
}

impl PartialEq for Time {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Time {}

impl PartialOrd for Time {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Time {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.seconds, self.nanos).cmp(&(other.seconds, other.nanos))
    }
}

impl Hash for Time {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.seconds, self.nanos).hash(state);
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl serde::de::Visitor<'_> for Text {
            type Value = Time;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an RFC 3339 time")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Time, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Text)
    }
}

impl Wire for Time {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(deserializer)
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.serialize(serializer)
    }

    fn means_none(&self) -> bool {
        *self == Self::ZERO
    }
}

/// A text is no RFC 3339 time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TimeError;

impl fmt::Display for TimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a time in RFC 3339 form")
    }
}

impl Error for TimeError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Time {
        text.parse().unwrap()
    }

    #[test]
    fn a_time_is_printed_as_it_was_sent() {
        for text in [
            "0001-01-01T00:00:00Z",
            "1969-12-31T23:59:59.9Z",
            "2000-02-29T12:00:00+05:30",
            "2024-02-29T00:00:00.10-09:30",
            "2026-11-21T06:16:48.605508592Z",
            "2026-11-21T06:16:48.000000001+13:45",
            "9999-12-31T23:59:59Z",
        ] {
            assert_eq!(time(text).to_string(), text);
        }
    }

    #[test]
    fn every_day_of_four_centuries_comes_back() {
        let first = days_since_1970(1900, 1, 1);
        assert_eq!(days_since_1970(1970, 1, 1), 0);
        assert_eq!(days_since_1970(2000, 3, 1), 11_017);
        let mut days = first;
        for year in 1900..2300_u16 {
            for month in 1..=12 {
                for day in 1..=days_in(year, month) {
                    let date = (year.into(), month.into(), day.into());
                    assert_eq!(days_since_1970(date.0, date.1, date.2), days);
                    assert_eq!(date_of(days), date);
                    days += 1;
                }
            }
        }
        assert_eq!(days - first, 146_097);
    }

    #[test]
    fn the_moment_decides_not_the_offset() {
        let utc = time("2026-11-21T06:16:48.5Z");
        assert_eq!(utc, time("2026-11-21T07:16:48.500+01:00"));
        assert!(utc < time("2026-11-21T06:16:48.500000001Z"));
        assert_eq!(utc.unix_nanos(), 1_795_241_808_500_000_000);
        assert_eq!(Time::ZERO, time("0001-01-01T00:00:00Z"));
    }

    #[test]
    fn system_time_there_and_back() {
        for text in [
            "1960-06-01T00:00:00.25Z",
            "2026-11-21T06:16:48.605508592Z",
            "1970-01-01T00:00:00Z",
        ] {
            let system = time(text).to_system_time().unwrap();
            assert_eq!(Time::from(system).to_string(), text);
        }
    }

    #[test]
    fn never_has_two_forms() {
        assert!(Time::ZERO.is_never() && time("1970-01-01T00:00:00Z").is_never());
        assert!(!time("1970-01-01T00:00:00.1Z").is_never());
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "2026-11-21",
            "2026-11-21T06:16:48",
            "2026-11-21T06:16:48.Z",
            "2026-02-29T00:00:00Z",
            "1900-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-11-21T24:00:00Z",
            "2026-11-21T06:16:48+1:00",
            "2026-11-21T06:16:48Zjunk",
            "2026-11-2\u{661}T06:16:48Z",
        ] {
            assert_eq!(text.parse::<Time>(), Err(TimeError), "{text}");
        }
    }

    #[test]
    fn an_optional_time_is_no_larger() {
        assert_eq!(size_of::<Time>(), 16);
        assert_eq!(size_of::<Option<Time>>(), 16);
    }
}
