//! When something happened, in the service's own words.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A point in time: the text as it was received, ordered by what it means.
///
/// The service writes `2020-12-05T15:43:05.355Z`; its documentation also has
/// texts such as `2017-11-23T00:00:000Z`, which are no RFC 3339. What can be
/// made out of a text is its instant: milliseconds, offset and even the time
/// of day may be missing, in which case they are zero and UTC. Two times are
/// equal when their instants are. A text without any date comes before all
/// with one, and is ordered by its letters among its own. That is a total
/// order.
///
/// ```
/// use contentstack_sync::model::EventTime;
///
/// let early = EventTime::from("2026-01-01T00:00:00Z");
/// assert_eq!(early, EventTime::from("2026-01-01T01:00:00.000+01:00"));
/// assert!(early < EventTime::from("2026-01-01T00:00:00.001Z"));
/// assert_eq!(early.as_str(), "2026-01-01T00:00:00Z");
/// ```
#[derive(Clone)]
pub struct EventTime {
    text: Box<str>,
    instant: Option<Instant>,
}

/// Seconds since 1970 and nanoseconds.
type Instant = (i64, u32);

impl EventTime {
    /// The text as it was received.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Milliseconds since 1970, if the text has a date.
    pub fn unix_millis(&self) -> Option<i64> {
        let (seconds, nanos) = self.instant?;
        Some(seconds * 1000 + i64::from(nanos / 1_000_000))
    }

    /// The time, if the text has a date that this machine can express.
    pub fn to_system_time(&self) -> Option<SystemTime> {
        let (seconds, nanos) = self.instant?;
        let whole = Duration::from_secs(seconds.unsigned_abs());
        let at = match seconds < 0 {
            true => SystemTime::UNIX_EPOCH.checked_sub(whole)?,
            false => SystemTime::UNIX_EPOCH.checked_add(whole)?,
        };
        at.checked_add(Duration::from_nanos(nanos.into()))
    }
}

impl From<&str> for EventTime {
    fn from(text: &str) -> Self {
        Self {
            instant: instant(text),
            text: text.into(),
        }
    }
}

impl From<String> for EventTime {
    fn from(text: String) -> Self {
        Self {
            instant: instant(&text),
            text: text.into(),
        }
    }
}

/// As the service writes it, with milliseconds.
impl From<SystemTime> for EventTime {
    fn from(at: SystemTime) -> Self {
        Self::from(format_utc(at))
    }
}

impl Ord for EventTime {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.instant, other.instant) {
            (None, None) => self.text.cmp(&other.text),
            (mine, theirs) => mine.cmp(&theirs),
        }
    }
}

impl PartialOrd for EventTime {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for EventTime {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for EventTime {}

impl Hash for EventTime {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.instant.hash(state);
        if self.instant.is_none() {
            self.text.hash(state);
        }
    }
}

impl fmt::Display for EventTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for EventTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.text, f)
    }
}

impl Serialize for EventTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for EventTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

/// What can be made out of a text: `YYYY-MM-DD`, and as much of
/// `Thh:mm:ss.fff` and an offset as there is.
fn instant(text: &str) -> Option<Instant> {
    let mut rest = Cursor(text.trim().as_bytes());
    let year = rest.number(4)?;
    rest.take(b"-").then_some(())?;
    let month = rest.number(2).filter(|month| (1..=12).contains(month))?;
    rest.take(b"-").then_some(())?;
    let day = rest.number(2)?;
    if day == 0 || day > days_in(year, month) {
        return None;
    }
    let mut seconds = days_from_civil(year, month, day) * 86_400;
    let mut nanos = 0;
    if rest.take(b"Tt ") {
        seconds += rest.number(2).filter(|hour| *hour < 24).unwrap_or(0) * 3600;
        if rest.take(b":") {
            seconds += rest.number(2).filter(|minute| *minute < 60).unwrap_or(0) * 60;
        }
        if rest.take(b":") {
            // 60 is a leap second.
            seconds += rest.number(2).filter(|second| *second <= 60).unwrap_or(0);
            // The documentation's `00:000Z` is a fraction without its point.
            let _ = rest.take(b".,");
            nanos = rest.fraction();
        }
        seconds -= rest.offset();
    }
    Some((seconds, nanos))
}

struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    fn take(&mut self, any_of: &[u8]) -> bool {
        match self.0.split_first() {
            Some((first, rest)) if any_of.contains(first) => {
                self.0 = rest;
                true
            }
            _ => false,
        }
    }

    fn number(&mut self, digits: usize) -> Option<i64> {
        let head = self.0.get(..digits)?;
        if !head.iter().all(u8::is_ascii_digit) {
            return None;
        }
        self.0 = &self.0[digits..];
        Some(
            head.iter()
                .fold(0, |number, digit| number * 10 + i64::from(digit - b'0')),
        )
    }

    /// Digits after the point, in nanoseconds. Further ones are dropped.
    fn fraction(&mut self) -> u32 {
        let mut nanos = 0;
        let mut scale = 100_000_000;
        while let Some((digit @ b'0'..=b'9', rest)) = self.0.split_first() {
            nanos += u32::from(digit - b'0') * scale;
            scale /= 10;
            self.0 = rest;
        }
        nanos
    }

    /// The offset from UTC in seconds: `+hh:mm`, `+hhmm` or `+hh`.
    fn offset(&mut self) -> i64 {
        let sign = match self.0.first() {
            Some(b'+') => 1,
            Some(b'-') => -1,
            _ => return 0,
        };
        self.0 = &self.0[1..];
        let hours = self.number(2).unwrap_or(0);
        let _ = self.take(b":");
        let minutes = self.number(2).unwrap_or(0);
        sign * (hours * 3600 + minutes * 60)
    }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    // Years that begin in March, so that the leap day is the last.
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// `2018-08-14T00:00:00.000Z`.
pub(crate) fn format_utc(at: SystemTime) -> String {
    let millis = match at.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
        Err(before) => -i64::try_from(before.duration().as_millis()).unwrap_or(i64::MAX),
    };
    let (seconds, millis) = (millis.div_euclid(1000), millis.rem_euclid(1000));
    let (days, of_day) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // The reverse of `days_from_civil`.
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{millis:03}Z",
        of_day / 3600,
        of_day / 60 % 60,
        of_day % 60,
    )
}
