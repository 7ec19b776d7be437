//! Points in time: read leniently, held in UTC, written in one form.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

const NANOS_PER_SECOND: u32 = 1_000_000_000;
const SECONDS_PER_DAY: i64 = 86_400;
/// 0000-01-01T00:00:00Z and 9999-12-31T23:59:59Z: what RFC 3339 can write.
const FIRST_SECOND: i64 = -62_167_219_200;
const LAST_SECOND: i64 = 253_402_300_799;

/// A point in time, in UTC, to the nanosecond, within the years 0 to 9999.
///
/// ```
/// use ocss::time::Timestamp;
///
/// let since: Timestamp = "2009-11-01T13:30:00+01:00".parse().unwrap();
/// assert_eq!(since, Timestamp::from_civil(2009, 11, 1, 12, 30, 0).unwrap());
/// assert_eq!(since.to_string(), "2009-11-01T12:30:00Z");
/// assert_eq!(since.compact().to_string(), "2009-11-01T123000Z");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    seconds: i64,
    nanos: u32,
}

/// The text is not a date and time, or there is no such date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a date and time of RFC 3339")]
#[non_exhaustive]
pub struct InvalidTimestamp;

impl Timestamp {
    /// From seconds and nanoseconds since 1970-01-01T00:00:00Z. `None` outside
    /// the years 0 to 9999, and for 10⁹ nanoseconds or more.
    pub const fn from_unix(seconds: i64, nanos: u32) -> Option<Self> {
        if seconds < FIRST_SECOND || seconds > LAST_SECOND || nanos >= NANOS_PER_SECOND {
            return None;
        }
        Some(Self { seconds, nanos })
    }

    /// From a date and time of day in UTC. `None` when there is no such day or
    /// time. A second of 60 is the first of the next minute.
    pub const fn from_civil(
        year: u16,
        month: u8,
        day: u8,
        hour: u8,
        minute: u8,
        second: u8,
    ) -> Option<Self> {
        if year > 9999
            || month == 0
            || month > 12
            || day == 0
            || day > days_in_month(year, month)
            || hour > 23
            || minute > 59
            || second > 60
        {
            return None;
        }
        let days = days_from_civil(year, month, day);
        let time = hour as i64 * 3600 + minute as i64 * 60 + second as i64;
        Self::from_unix(days * SECONDS_PER_DAY + time, 0)
    }

    /// Reads a date and time of RFC 3339, and what servers write instead of
    /// it: small `t` and `z`, a space for the `T`, no zone (then it is UTC),
    /// no colons in the time (`2009-12-09T130500Z`) or zone, a second of 60,
    /// up to 9 digits of fraction (further ones are cut off). White space
    /// around it is ignored. `None` when it is not readable or there is no
    /// such day or time.
    pub fn parse(text: &str) -> Option<Self> {
        let mut cursor = Cursor(text.trim_matches([' ', '\t', '\r', '\n']).as_bytes());
        let year = cursor.number(4)?;
        cursor.eat(b"-")?;
        let month = cursor.number(2)?;
        cursor.eat(b"-")?;
        let day = cursor.number(2)?;
        cursor.eat(b"Tt ")?;
        let hour = cursor.number(2)?;
        let colons = cursor.eat(b":").is_some();
        let minute = cursor.number(2)?;
        let second = if colons {
            cursor.eat(b":")?;
            cursor.number(2)?
        } else {
            cursor.number(2)?
        };
        let nanos = match cursor.eat(b".,") {
            Some(_) => cursor.fraction()?,
            None => 0,
        };
        let offset = cursor.offset()?;
        if !cursor.0.is_empty() {
            return None;
        }
        let [month, day, hour, minute, second] =
            [month, day, hour, minute, second].map(|part| part as u8);
        let local = Self::from_civil(year, month, day, hour, minute, second)?;
        Self::from_unix(local.seconds - offset, nanos)
    }

    /// Whole seconds since 1970-01-01T00:00:00Z, rounded down.
    pub const fn unix_seconds(self) -> i64 {
        self.seconds
    }

    /// Nanoseconds after [`unix_seconds`](Self::unix_seconds), less than 10⁹.
    pub const fn subsec_nanos(self) -> u32 {
        self.nanos
    }

    /// The form `2009-12-09T130500Z`, which the service's own documentation
    /// uses for filters: no colons, and the fraction cut off (asking from a
    /// little earlier loses nothing).
    pub fn compact(self) -> impl fmt::Display {
        Compact(self)
    }

    fn civil(self) -> (i64, u8, u8, i64) {
        let days = self.seconds.div_euclid(SECONDS_PER_DAY);
        let (year, month, day) = civil_from_days(days);
        (year, month, day, self.seconds.rem_euclid(SECONDS_PER_DAY))
    }
}

/// `YYYY-MM-DDTHH:MM:SS[.fraction]Z`, without trailing zeros in the fraction.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day, time) = self.civil();
        let (hour, minute, second) = (time / 3600, time / 60 % 60, time % 60);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"
        )?;
        if self.nanos > 0 {
            let (mut fraction, mut width) = (self.nanos, 9);
            while fraction % 10 == 0 {
                fraction /= 10;
                width -= 1;
            }
            write!(f, ".{fraction:0width$}")?;
        }
        f.write_str("Z")
    }
}

struct Compact(Timestamp);

impl fmt::Display for Compact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day, time) = self.0.civil();
        let (hour, minute, second) = (time / 3600, time / 60 % 60, time % 60);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}{minute:02}{second:02}Z"
        )
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, InvalidTimestamp> {
        Self::parse(text).ok_or(InvalidTimestamp)
    }
}

/// Times outside the years 0 to 9999 become the nearest one within.
impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let (seconds, nanos) = match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => (
                i64::try_from(after.as_secs()).unwrap_or(LAST_SECOND),
                after.subsec_nanos(),
            ),
            Err(error) => {
                let before = error.duration();
                let seconds = i64::try_from(before.as_secs()).map_or(FIRST_SECOND, |s| -s);
                match before.subsec_nanos() {
                    0 => (seconds, 0),
                    nanos => (seconds - 1, NANOS_PER_SECOND - nanos),
                }
            }
        };
        Self {
            seconds: seconds.clamp(FIRST_SECOND, LAST_SECOND),
            nanos,
        }
    }
}

/// Times that the system cannot hold become the Unix epoch; there are none on
/// the common systems.
impl From<Timestamp> for SystemTime {
    fn from(time: Timestamp) -> Self {
        let whole = Duration::from_secs(time.seconds.unsigned_abs());
        let second = if time.seconds < 0 {
            Self::UNIX_EPOCH.checked_sub(whole)
        } else {
            Self::UNIX_EPOCH.checked_add(whole)
        };
        second
            .and_then(|second| second.checked_add(Duration::from_nanos(time.nanos.into())))
            .unwrap_or(Self::UNIX_EPOCH)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// What is left to read.
struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    fn number(&mut self, digits: usize) -> Option<u16> {
        let (number, rest) = self.0.split_at_checked(digits)?;
        let mut value = 0;
        for byte in number {
            if !byte.is_ascii_digit() {
                return None;
            }
            value = value * 10 + u16::from(byte - b'0');
        }
        self.0 = rest;
        Some(value)
    }

    fn eat(&mut self, any_of: &[u8]) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        if !any_of.contains(&first) {
            return None;
        }
        self.0 = rest;
        Some(first)
    }

    /// Nanoseconds.
    fn fraction(&mut self) -> Option<u32> {
        let digits = self
            .0
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        if digits == 0 {
            return None;
        }
        let mut nanos = 0;
        for place in 0..9 {
            let digit = if place < digits {
                self.0[place] - b'0'
            } else {
                0
            };
            nanos = nanos * 10 + u32::from(digit);
        }
        self.0 = &self.0[digits..];
        Some(nanos)
    }

    /// Seconds east of UTC.
    fn offset(&mut self) -> Option<i64> {
        let Some(first) = self.eat(b"Zz+-") else {
            return Some(0);
        };
        if first.eq_ignore_ascii_case(&b'z') {
            return Some(0);
        }
        let hours = self.number(2)?;
        let _ = self.eat(b":");
        let minutes = self.number(2)?;
        if hours > 23 || minutes > 59 {
            return None;
        }
        let seconds = i64::from(hours) * 3600 + i64::from(minutes) * 60;
        Some(if first == b'-' { -seconds } else { seconds })
    }
}

const fn is_leap(year: u16) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

const fn days_in_month(year: u16, month: u8) -> u8 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 in the Gregorian calendar. The year is taken to begin
/// in March, so that the leap day is its last.
const fn days_from_civil(year: u16, month: u8, day: u8) -> i64 {
    let year = year as i64 - (month <= 2) as i64;
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month = (month as i64 + 9) % 12;
    let day_of_year = (153 * month + 2) / 5 + day as i64 - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The inverse of [`days_from_civil`].
const fn civil_from_days(days: i64) -> (i64, u8, u8) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * month + 2) / 5 + 1) as u8;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (
        era * 400 + year_of_era + (month <= 2) as i64,
        month as u8,
        day,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(year: u16, month: u8, day: u8, hour: u8, minute: u8, second: u8) -> Timestamp {
        Timestamp::from_civil(year, month, day, hour, minute, second).unwrap()
    }

    #[test]
    fn the_forms_that_servers_write_are_read() {
        let half_past_twelve = at(2009, 11, 1, 12, 30, 0);
        for text in [
            "2009-11-01T12:30:00Z",
            "2009-11-01t12:30:00z",
            " \n2009-11-01T12:30:00Z\t",
            "2009-11-01 12:30:00Z",
            "2009-11-01T12:30:00",
            "2009-11-01T123000Z",
            "2009-11-01T123000",
            "2009-11-01T13:30:00+01:00",
            "2009-11-01T13:30:00+0100",
            "2009-11-01T18:00:00+05:30",
            "2009-11-01T12:30:00-00:00",
            "2009-11-01T12:30:00.000Z",
            "2009-11-01T12:29:60Z",
        ] {
            assert_eq!(Timestamp::parse(text), Some(half_past_twelve), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_absent() {
        for text in [
            "",
            "yesterday",
            "2009-02-30T00:00:00Z",
            "2009-02-29T00:00:00Z",
            "2009-13-01T00:00:00Z",
            "2009-00-01T00:00:00Z",
            "2009-01-00T00:00:00Z",
            "2009-01-01T24:00:00Z",
            "2009-01-01T00:60:00Z",
            "2009-01-01T00:00:61Z",
            "2009-01-01T00:00:00.Z",
            "2009-01-01T00:00:00+24:00",
            "2009-01-01T00:00:00Z!",
            "2009-01-01",
            "0000-01-01T00:00:00+01:00",
            "9999-12-31T23:59:59-01:00",
        ] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
    }

    #[test]
    fn fractions_are_kept_to_nine_digits_and_cut_off_for_filters() {
        let time = Timestamp::parse("2009-11-01T12:30:00.2509876549Z").unwrap();
        assert_eq!(time.subsec_nanos(), 250_987_654);
        assert_eq!(time.to_string(), "2009-11-01T12:30:00.250987654Z");
        assert_eq!(time.compact().to_string(), "2009-11-01T123000Z");
        let quarter = Timestamp::parse("2009-11-01T12:30:00.250Z").unwrap();
        assert_eq!(quarter.to_string(), "2009-11-01T12:30:00.25Z");
    }

    #[test]
    fn every_day_of_four_centuries_is_written_and_read_alike() {
        let first = at(1800, 1, 1, 0, 0, 0).unix_seconds();
        for day in 0..146_097 {
            let time = Timestamp::from_unix(first + day * SECONDS_PER_DAY, 0).unwrap();
            assert_eq!(Timestamp::parse(&time.to_string()), Some(time));
        }
        assert_eq!(at(1970, 1, 1, 0, 0, 0).unix_seconds(), 0);
        assert_eq!(at(2000, 2, 29, 0, 0, 0).unix_seconds(), 951_782_400);
        assert_eq!(at(0, 1, 1, 0, 0, 0).unix_seconds(), FIRST_SECOND);
        assert_eq!(at(9999, 12, 31, 23, 59, 59).unix_seconds(), LAST_SECOND);
    }

    #[test]
    fn system_times_convert_both_ways() {
        for (seconds, nanos) in [(0, 0), (1, 5), (-1, 0), (-1, 999_999_999), (951_782_400, 7)] {
            let time = Timestamp::from_unix(seconds, nanos).unwrap();
            assert_eq!(Timestamp::from(SystemTime::from(time)), time);
        }
        let far = SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 60);
        assert_eq!(Timestamp::from(far).unix_seconds(), LAST_SECOND);
    }
}
