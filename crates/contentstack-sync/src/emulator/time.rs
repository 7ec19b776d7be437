//! Times as the service writes them, and as clients may send them.

use std::fmt;

const DAY: i64 = 86_400_000;

/// Milliseconds since 1970, shown as `2026-01-01T08:15:00.300Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Instant(pub(super) i64);

impl Instant {
    /// 2026-01-01T08:00:00.000Z, when the emulator's time begins.
    pub(super) const BEGINNING: Self = Self(1_767_254_400_000);

    /// Reads `2018-08-14`, `2018-08-14T00:00:00Z` and `…:00.000Z`; UTC only.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (date, time) = match text.split_once(['T', ' ']) {
            Some((date, time)) => (date, time.strip_suffix('Z').unwrap_or(time)),
            None => (text, "00:00:00"),
        };
        let mut date = date.splitn(3, '-').map(str::parse::<i64>);
        let (year, month, day) = (date.next()?.ok()?, date.next()?.ok()?, date.next()?.ok()?);
        let (clock, fraction) = time.split_once('.').unwrap_or((time, "0"));
        let mut clock = clock.splitn(3, ':').map(str::parse::<i64>);
        let (hour, minute, second) = (
            clock.next()?.ok()?,
            clock.next()?.ok()?,
            clock.next().unwrap_or(Ok(0)).ok()?,
        );
        let in_range = (1..=12).contains(&month)
            && (1..=31).contains(&day)
            && (0..24).contains(&hour)
            && (0..60).contains(&minute)
            && (0..=60).contains(&second)
            && (0..10_000).contains(&year)
            && fraction.bytes().all(|byte| byte.is_ascii_digit());
        if !in_range {
            return None;
        }
        let digits: String = fraction.chars().chain("00".chars()).take(3).collect();
        let millis: i64 = digits.parse().ok()?;
        let seconds = (hour * 60 + minute) * 60 + second;
        Some(Self(days(year, month, day) * DAY + seconds * 1000 + millis))
    }
}

/// Days from 1970-01-01 to a date of the Gregorian calendar, counted in years
/// that begin in March and in eras of 400 years.
const fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The other way round: year, month and day.
const fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = era * 400 + year_of_era + if month <= 2 { 1 } else { 0 };
    (year, month, day)
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = date(self.0.div_euclid(DAY));
        let millis = self.0.rem_euclid(DAY);
        let (seconds, millis) = (millis / 1000, millis % 1000);
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_can_be_read() {
        assert_eq!(Instant::BEGINNING.to_string(), "2026-01-01T08:00:00.000Z");
        for millis in [0, 951_782_399_999, 951_782_400_000, 4_107_542_399_123] {
            let text = Instant(millis).to_string();
            assert_eq!(Instant::parse(&text), Some(Instant(millis)), "{text}");
        }
    }

    #[test]
    fn clients_write_times_in_several_ways() {
        let expected = Instant::parse("2018-08-14T00:00:00.000Z");
        assert_eq!(expected, Some(Instant(1_534_204_800_000)));
        assert_eq!(Instant::parse("2018-08-14"), expected);
        assert_eq!(Instant::parse("2018-08-14T00:00:00Z"), expected);
        for wrong in ["", "yesterday", "2018-13-01", "2018-08-14T25:00:00Z"] {
            assert_eq!(Instant::parse(wrong), None, "{wrong}");
        }
    }
}
