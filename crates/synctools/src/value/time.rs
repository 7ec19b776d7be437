//! Dates and times.
//!
//! They are read in all forms that Django reads (Python's `fromisoformat`
//! first, then Django's own patterns), and shown as the wire has them. Years go
//! from 1 to 9999, as Python's do.

use std::fmt;

pub(crate) const SECOND: i64 = 1_000_000;
pub(crate) const DAY: i64 = 86_400 * SECOND;

/// A text that is not a date or a time, or not one that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TimeError {
    /// The text has another form.
    #[error("not in a form that is known")]
    Form,
    /// The form is right, and there is no such date or time.
    #[error("no such date or time")]
    Range,
}

/// A date: days since 1970-01-01 of the Gregorian calendar, also before it was
/// introduced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Date(i32);

/// A time of day: microseconds since midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Time(i64);

/// A date with a time: what a clock on the wall showed, and, where it is aware
/// of its zone, how far that clock was ahead of UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DateTime {
    /// Microseconds since 1970-01-01T00:00:00 of that clock.
    wall: i64,
    /// Seconds.
    offset: Option<i32>,
}

const FIRST_DAY: i32 = -719_162;
const LAST_DAY: i32 = 2_932_896;

impl Date {
    /// The date so many days after 1970-01-01; none before the year 1 or after
    /// 9999.
    pub const fn from_days(days: i32) -> Option<Self> {
        if days < FIRST_DAY || days > LAST_DAY {
            return None;
        }
        Some(Self(days))
    }

    /// A date by its numbers, if there is one.
    pub fn from_ymd(year: i32, month: u32, day: u32) -> Option<Self> {
        if !(1..=9999).contains(&year) || !(1..=12).contains(&month) {
            return None;
        }
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let length = match month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        if !(1..=length).contains(&day) {
            return None;
        }
        // Years begin in March here, so that the odd day is at their end.
        let year = i64::from(if month <= 2 { year - 1 } else { year });
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let month = i64::from((month + 9) % 12);
        let day_of_year = (153 * month + 2) / 5 + i64::from(day) - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        i32::try_from(era * 146_097 + day_of_era - 719_468)
            .ok()
            .map(Self)
    }

    /// Days since 1970-01-01.
    pub const fn days(self) -> i32 {
        self.0
    }

    /// Year, month and day.
    pub fn ymd(self) -> (i32, u32, u32) {
        let days = i64::from(self.0) + 719_468;
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        let year = era * 400 + year_of_era + i64::from(month <= 2);
        (year as i32, month as u32, day as u32)
    }

    /// Reads a date: `1999-12-31`, `1999-1-1`, `19991231`. A date with a time
    /// is not one.
    ///
    /// # Errors
    ///
    /// Says whether the form or the date is wrong.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        let mut scan = Scan::line(text);
        let date = scan.date()?;
        scan.end()?;
        Ok(date)
    }

    pub(crate) fn write(self, out: &mut Vec<u8>) {
        let (year, month, day) = self.ymd();
        two(out, year as u32 / 100);
        two(out, year as u32 % 100);
        out.push(b'-');
        two(out, month);
        out.push(b'-');
        two(out, day);
    }
}

impl Time {
    /// The time so many microseconds after midnight, if the day is that long.
    pub const fn from_micros(micros: i64) -> Option<Self> {
        if micros < 0 || micros >= DAY {
            return None;
        }
        Some(Self(micros))
    }

    /// Microseconds since midnight.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Reads a time: `23:59:58.123`, `23:59`. An offset is read over, as
    /// Django does.
    ///
    /// # Errors
    ///
    /// Says whether the form or the time is wrong.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        let mut scan = Scan::line(text);
        scan.take(b'T');
        let time = scan.time()?;
        scan.offset()?;
        scan.end()?;
        Ok(time)
    }

    /// As the wire has it: the fraction cut to three digits, and absent if
    /// there are no microseconds at all.
    pub(crate) fn write_wire(self, out: &mut Vec<u8>) {
        self.write_seconds(out);
        let micros = self.0 % SECOND;
        if micros != 0 {
            out.push(b'.');
            three(out, (micros / 1000) as u32);
        }
    }

    /// With six digits of fraction, or none, as `str` of Python has it.
    pub(crate) fn write_full(self, out: &mut Vec<u8>) {
        self.write_seconds(out);
        let micros = (self.0 % SECOND) as u32;
        if micros != 0 {
            out.push(b'.');
            three(out, micros / 1000);
            three(out, micros % 1000);
        }
    }

    fn write_seconds(self, out: &mut Vec<u8>) {
        let seconds = (self.0 / SECOND) as u32;
        two(out, seconds / 3600);
        out.push(b':');
        two(out, seconds / 60 % 60);
        out.push(b':');
        two(out, seconds % 60);
    }
}

impl DateTime {
    /// What a clock showed, in microseconds since 1970-01-01T00:00:00, and how
    /// many seconds it was ahead of UTC, if that is known.
    ///
    /// None before the year 1 or after 9999, nor with an offset of a day or
    /// more.
    pub const fn from_wall(micros: i64, offset: Option<i32>) -> Option<Self> {
        let days = micros.div_euclid(DAY);
        if days < FIRST_DAY as i64 || days > LAST_DAY as i64 {
            return None;
        }
        if let Some(offset) = offset {
            if offset <= -86_400 || offset >= 86_400 {
                return None;
            }
        }
        Some(Self {
            wall: micros,
            offset,
        })
    }

    /// The moment so many microseconds after 1970-01-01T00:00:00Z, as UTC.
    pub const fn from_utc(micros: i64) -> Option<Self> {
        Self::from_wall(micros, Some(0))
    }

    /// A date with a time, without a zone.
    pub const fn new(date: Date, time: Time) -> Self {
        Self {
            wall: date.0 as i64 * DAY + time.0,
            offset: None,
        }
    }

    /// What the clock showed, in microseconds since 1970-01-01T00:00:00.
    pub const fn wall_micros(self) -> i64 {
        self.wall
    }

    /// How many seconds the clock was ahead of UTC; nothing if it is naive.
    pub const fn offset(self) -> Option<i32> {
        self.offset
    }

    /// Microseconds since 1970-01-01T00:00:00Z; nothing if it is naive.
    pub const fn utc_micros(self) -> Option<i64> {
        match self.offset {
            Some(offset) => Some(self.wall - offset as i64 * SECOND),
            None => None,
        }
    }

    /// The same moment as UTC, if it is aware and its year is not left.
    pub const fn to_utc(self) -> Option<Self> {
        match self.utc_micros() {
            Some(micros) => Self::from_utc(micros),
            None => None,
        }
    }

    /// The same reading of a clock that is so many seconds ahead of UTC.
    pub const fn with_offset(self, offset: i32) -> Option<Self> {
        Self::from_wall(self.wall, Some(offset))
    }

    /// The date.
    pub const fn date(self) -> Date {
        Date(self.wall.div_euclid(DAY) as i32)
    }

    /// The time of day.
    pub const fn time(self) -> Time {
        Time(self.wall.rem_euclid(DAY))
    }

    /// Reads a date with a time: `2020-01-02T03:04:05.678Z`, also with a space,
    /// a comma, an offset, without seconds, or a date alone.
    ///
    /// # Errors
    ///
    /// Says whether the form or the date is wrong.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        let mut scan = Scan::line(text);
        let date = scan.date()?;
        if scan.0.is_empty() {
            return Ok(Self::new(date, Time(0)));
        }
        // Python takes any character between them.
        match scan.0.split_first() {
            Some((first, rest)) if first.is_ascii() && !first.is_ascii_digit() => scan.0 = rest,
            _ => return Err(TimeError::Form),
        }
        let time = scan.time()?;
        let offset = scan.offset()?;
        scan.end()?;
        Ok(Self {
            offset,
            ..Self::new(date, time)
        })
    }

    /// As the wire has it: milliseconds cut, `Z` for UTC, nothing for naive.
    pub(crate) fn write_wire(self, out: &mut Vec<u8>) {
        self.date().write(out);
        out.push(b'T');
        self.time().write_wire(out);
        match self.offset {
            None => {}
            Some(0) => out.push(b'Z'),
            Some(offset) => write_offset(offset, out),
        }
    }

    /// As Django stores it in SQLite: `2020-01-02 03:04:05.678000`, the clock
    /// as it stands. Aware ones are brought [to UTC](DateTime::to_utc) before.
    pub fn to_sqlite(self) -> String {
        let mut out = Vec::with_capacity(26);
        self.date().write(&mut out);
        out.push(b' ');
        self.time().write_full(&mut out);
        into_string(out)
    }
}

fn write_offset(offset: i32, out: &mut Vec<u8>) {
    out.push(if offset < 0 { b'-' } else { b'+' });
    let size = offset.unsigned_abs();
    two(out, size / 3600);
    out.push(b':');
    two(out, size / 60 % 60);
    if size % 60 != 0 {
        out.push(b':');
        two(out, size % 60);
    }
}

fn two(out: &mut Vec<u8>, number: u32) {
    out.push(b'0' + (number / 10 % 10) as u8);
    out.push(b'0' + (number % 10) as u8);
}

fn three(out: &mut Vec<u8>, number: u32) {
    out.push(b'0' + (number / 100 % 10) as u8);
    two(out, number % 100);
}

/// Only ASCII is ever written.
fn into_string(out: Vec<u8>) -> String {
    String::from_utf8(out).unwrap_or_default()
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = Vec::with_capacity(10);
        self.write(&mut out);
        f.pad(&into_string(out))
    }
}

/// With six digits of fraction, or none: what SQLite and PostgreSQL are given.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = Vec::with_capacity(15);
        self.write_full(&mut out);
        f.pad(&into_string(out))
    }
}

/// ISO 8601 with six digits of fraction, or none.
impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = Vec::with_capacity(32);
        self.date().write(&mut out);
        out.push(b'T');
        self.time().write_full(&mut out);
        match self.offset {
            None => {}
            Some(0) => out.push(b'Z'),
            Some(offset) => write_offset(offset, &mut out),
        }
        f.pad(&into_string(out))
    }
}

/// What is left of a text that is read from the front.
pub(crate) struct Scan<'a>(pub(crate) &'a [u8]);

impl<'a> Scan<'a> {
    /// A text, without the line break that the patterns of Django end before.
    fn line(text: &'a str) -> Self {
        Self(text.strip_suffix('\n').unwrap_or(text).as_bytes())
    }

    pub(crate) fn take(&mut self, byte: u8) -> bool {
        match self.0.split_first() {
            Some((first, rest)) if *first == byte => {
                self.0 = rest;
                true
            }
            _ => false,
        }
    }

    fn end(&self) -> Result<(), TimeError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(TimeError::Form)
        }
    }

    /// A number of `least` to `most` digits.
    fn number(&mut self, least: usize, most: usize) -> Result<u32, TimeError> {
        let count = self
            .0
            .iter()
            .take(most)
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        if count < least {
            return Err(TimeError::Form);
        }
        let (digits, rest) = self.0.split_at(count);
        self.0 = rest;
        Ok(digits
            .iter()
            .fold(0, |number, digit| number * 10 + u32::from(digit - b'0')))
    }

    fn date(&mut self) -> Result<Date, TimeError> {
        let year = self.number(4, 4)?;
        let (month, day) = if self.take(b'-') {
            let month = self.number(1, 2)?;
            if !self.take(b'-') {
                return Err(TimeError::Form);
            }
            (month, self.number(1, 2)?)
        } else {
            (self.number(2, 2)?, self.number(2, 2)?)
        };
        Date::from_ymd(year as i32, month, day).ok_or(TimeError::Range)
    }

    fn time(&mut self) -> Result<Time, TimeError> {
        let before = self.0.len();
        let hour = self.number(1, 2)?;
        let (mut minute, mut second, mut micros) = (0, 0, 0);
        if self.take(b':') {
            minute = self.number(1, 2)?;
            if self.take(b':') {
                second = self.number(1, 2)?;
                micros = self.fraction()?;
            }
        } else if before - self.0.len() != 2
            || !matches!(self.0.first(), None | Some(b'Z' | b'+' | b'-'))
        {
            // An hour of two digits may be all there is.
            return Err(TimeError::Form);
        }
        if hour > 23 || minute > 59 || second > 59 {
            return Err(TimeError::Range);
        }
        let seconds = i64::from(hour * 3600 + minute * 60 + second);
        Ok(Time(seconds * SECOND + micros))
    }

    /// `.678`: up to twelve digits, of which six count.
    pub(crate) fn fraction(&mut self) -> Result<i64, TimeError> {
        if !self.take(b'.') && !self.take(b',') {
            return Ok(0);
        }
        let before = self.0.len();
        let mut micros = i64::from(self.number(1, 6)?);
        for _ in (before - self.0.len())..6 {
            micros *= 10;
        }
        self.number(0, 6)?;
        Ok(micros)
    }

    fn offset(&mut self) -> Result<Option<i32>, TimeError> {
        while self.take(b' ') {}
        if self.take(b'Z') {
            return Ok(Some(0));
        }
        let sign = if self.take(b'+') {
            1
        } else if self.take(b'-') {
            -1
        } else {
            return Ok(None);
        };
        let hours = self.number(2, 2)?;
        let (mut minutes, mut seconds) = (0, 0);
        let colon = self.take(b':');
        if colon || !self.0.is_empty() {
            minutes = self.number(2, 2)?;
            if self.take(b':') {
                seconds = self.number(2, 2)?;
            }
        }
        // Django takes more than 59 minutes, as long as it is not a day.
        let ahead = hours * 3600 + minutes * 60 + seconds;
        if hours > 23 || seconds > 59 || ahead >= 86_400 {
            return Err(TimeError::Range);
        }
        Ok(Some(sign * ahead as i32))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_has_its_date() {
        let mut before = None;
        for days in (FIRST_DAY..=LAST_DAY).step_by(13) {
            let date = Date::from_days(days).unwrap();
            let (year, month, day) = date.ymd();
            assert_eq!(Date::from_ymd(year, month, day), Some(date));
            assert!(before < Some((year, month, day)));
            before = Some((year, month, day));
        }
        assert_eq!(Date(FIRST_DAY).to_string(), "0001-01-01");
        assert_eq!(Date(LAST_DAY).to_string(), "9999-12-31");
        assert_eq!(Date(0).to_string(), "1970-01-01");
        assert_eq!(Date::from_days(LAST_DAY + 1), None);
    }

    #[test]
    fn dates_and_times_are_read_in_the_forms_of_django() {
        for (text, expected) in [
            ("2020-01-02T03:04:05.678Z", "2020-01-02T03:04:05.678000Z"),
            ("2020-01-02 03:04:05", "2020-01-02T03:04:05"),
            ("2020-1-2 3:4", "2020-01-02T03:04:00"),
            (
                "2020-01-02T03:04:05,5+02:00",
                "2020-01-02T03:04:05.500000+02:00",
            ),
            ("2020-01-02T03:04:05-0330", "2020-01-02T03:04:05-03:30"),
            ("2020-01-02T03:04:05 +01", "2020-01-02T03:04:05+01:00"),
            ("2020-02-29", "2020-02-29T00:00:00"),
            (
                "2020-01-02T03:04:05.123456789Z",
                "2020-01-02T03:04:05.123456Z",
            ),
        ] {
            let read = DateTime::parse(text).map(|value| value.to_string());
            assert_eq!(read.as_deref(), Ok(expected), "{text}");
        }
        for (text, error) in [
            ("", TimeError::Form),
            ("yesterday", TimeError::Form),
            ("2020-01-02T", TimeError::Form),
            ("2020-01-02T03:04:05.678ZZ", TimeError::Form),
            ("2021-02-29T00:00:00", TimeError::Range),
            ("2020-01-02T24:00:00", TimeError::Range),
            ("0000-01-01", TimeError::Range),
            ("2020-01-02T03:04:05+24:00", TimeError::Range),
        ] {
            assert_eq!(DateTime::parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn a_date_with_a_time_is_not_a_date() {
        assert!(Date::parse("2020-01-02").is_ok());
        assert_eq!(Date::parse("2020-01-02T00:00:00"), Err(TimeError::Form));
    }

    #[test]
    fn the_wire_has_milliseconds_that_are_cut() {
        for (text, expected) in [
            ("2020-01-02T03:04:05.678999Z", "2020-01-02T03:04:05.678Z"),
            ("2020-01-02T03:04:05.000001Z", "2020-01-02T03:04:05.000Z"),
            ("2020-01-02T03:04:05Z", "2020-01-02T03:04:05Z"),
            ("2020-01-02T03:04:05+02:00", "2020-01-02T03:04:05+02:00"),
            ("2020-01-02T03:04:05", "2020-01-02T03:04:05"),
        ] {
            let mut out = Vec::new();
            DateTime::parse(text).unwrap().write_wire(&mut out);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }

    #[test]
    fn offsets_lead_to_utc() {
        let there = DateTime::parse("2020-01-02T01:00:00.5+02:00").unwrap();
        let utc = there.to_utc().unwrap();
        assert_eq!(utc.to_string(), "2020-01-01T23:00:00.500000Z");
        assert_eq!(utc.to_sqlite(), "2020-01-01 23:00:00.500000");
        let edge = DateTime::parse("0001-01-01T00:00:00+01:00").unwrap();
        assert_eq!(edge.to_utc(), None);
    }
}
