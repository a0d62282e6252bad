//! A moment as a date and a time of day in UTC, and layouts of both by the rules of Go's `time.Layout`.

use std::{
    io::Write,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

const DAY: u64 = 24 * 60 * 60;
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// The words of a layout, each before those that it starts with. Fractions of a second are recognised apart.
const WORDS: [(&str, Part); 33] = [
    ("January", Part::Month(usize::MAX)),
    ("Jan", Part::Month(3)),
    ("Monday", Part::Weekday(usize::MAX)),
    ("Mon", Part::Weekday(3)),
    ("MST", Part::Fixed("UTC")),
    ("2006", Part::Year),
    ("__2", Part::YearDay(b' ')),
    ("_2", Part::Number(Unit::Day, Some(b' '))),
    ("002", Part::YearDay(b'0')),
    ("01", Part::Number(Unit::Month, Some(b'0'))),
    ("02", Part::Number(Unit::Day, Some(b'0'))),
    ("03", Part::Number(Unit::HourOfHalf, Some(b'0'))),
    ("04", Part::Number(Unit::Minute, Some(b'0'))),
    ("05", Part::Number(Unit::Second, Some(b'0'))),
    ("06", Part::Number(Unit::YearOfCentury, Some(b'0'))),
    ("15", Part::Number(Unit::Hour, Some(b'0'))),
    ("1", Part::Number(Unit::Month, None)),
    ("2", Part::Number(Unit::Day, None)),
    ("3", Part::Number(Unit::HourOfHalf, None)),
    ("4", Part::Number(Unit::Minute, None)),
    ("5", Part::Number(Unit::Second, None)),
    ("PM", Part::Half("AM", "PM")),
    ("pm", Part::Half("am", "pm")),
    ("-07:00:00", Part::Fixed("+00:00:00")),
    ("-070000", Part::Fixed("+000000")),
    ("-07:00", Part::Fixed("+00:00")),
    ("-0700", Part::Fixed("+0000")),
    ("-07", Part::Fixed("+00")),
    ("Z07:00:00", Part::Fixed("Z")),
    ("Z070000", Part::Fixed("Z")),
    ("Z07:00", Part::Fixed("Z")),
    ("Z0700", Part::Fixed("Z")),
    ("Z07", Part::Fixed("Z")),
];

/// A moment in UTC, by its parts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    since_epoch: Duration,
    year: u64,
    month: u64,
    day: u64,
    /// Of the year, from 1.
    year_day: u64,
    /// From Sunday, 0.
    weekday: usize,
    hour: u64,
    minute: u64,
    second: u64,
}

/// How a time is written.
#[derive(Clone, Debug)]
pub(crate) struct Layout(Vec<Part>);

#[derive(Clone, Debug)]
enum Part {
    Text(String),
    Fixed(&'static str),
    Year,
    /// Its name, up to so many letters.
    Month(usize),
    Weekday(usize),
    /// With three digits, filled up by this byte.
    YearDay(u8),
    /// With two digits, if filled up by a byte.
    Number(Unit, Option<u8>),
    /// Before and after noon.
    Half(&'static str, &'static str),
    Fraction {
        separator: char,
        digits: usize,
        /// Zeros at its end are left out.
        trim: bool,
    },
}

#[derive(Clone, Copy, Debug)]
enum Unit {
    YearOfCentury,
    Month,
    Day,
    Hour,
    HourOfHalf,
    Minute,
    Second,
}

// === impl Moment ===

impl Moment {
    pub(super) fn now() -> Self {
        Self::from(SystemTime::now())
    }

    /// The moment so many nanoseconds after 1970 began.
    pub(super) fn at(nanoseconds: u128) -> Self {
        const SECOND: u128 = 1_000_000_000;
        let seconds = u64::try_from(nanoseconds / SECOND).unwrap_or_default();
        let rest = u32::try_from(nanoseconds % SECOND).unwrap_or_default();
        Self::from(UNIX_EPOCH + Duration::new(seconds, rest))
    }

    /// Nanoseconds since 1970, up to the year 2554.
    pub(super) fn nanoseconds(&self) -> u64 {
        u64::try_from(self.since_epoch.as_nanos()).unwrap_or(u64::MAX)
    }

    /// Writes `2026-01-31T15:04:05.000Z`.
    pub(super) fn write(&self, to: &mut Vec<u8>) {
        let Self { year, month, day, hour, minute, second, .. } = self;
        let millis = self.since_epoch.subsec_millis();
        let _ = write!(to, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z");
    }

    /// Writes the time as a part of the name of a rotated file: `2026-01-31T15-04-05.000`.
    pub(super) fn file_name(&self) -> String {
        let Self { year, month, day, hour, minute, second, .. } = self;
        let millis = self.since_epoch.subsec_millis();
        format!("{year:04}-{month:02}-{day:02}T{hour:02}-{minute:02}-{second:02}.{millis:03}")
    }

    fn get(&self, unit: Unit) -> u64 {
        match unit {
            Unit::YearOfCentury => self.year % 100,
            Unit::Month => self.month,
            Unit::Day => self.day,
            Unit::Hour => self.hour,
            Unit::HourOfHalf => (self.hour + 11) % 12 + 1,
            Unit::Minute => self.minute,
            Unit::Second => self.second,
        }
    }
}

impl From<SystemTime> for Moment {
    /// A clock before 1970 is read as 1970.
    fn from(time: SystemTime) -> Self {
        let since_epoch = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        let seconds = since_epoch.as_secs();
        let (days, second) = (seconds / DAY, seconds % DAY);
        // Years are counted from the first of March, so that a leap day is the last one: the Gregorian calendar repeats
        // itself after 400 years of 146 097 days.
        let shifted = days + 719_468;
        let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let march_month = (5 * day_of_year + 2) / 153;
        let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
        let year = era * 400 + year_of_era + u64::from(month <= 2);
        let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let year_day = if month > 2 { day_of_year + 60 + u64::from(leap) } else { day_of_year - 305 };
        Self {
            since_epoch,
            year,
            month,
            day: day_of_year - (153 * march_month + 2) / 5 + 1,
            year_day,
            weekday: usize::try_from((days + 4) % 7).unwrap_or_default(),
            hour: second / 3600,
            minute: second / 60 % 60,
            second: second % 60,
        }
    }
}

// === impl Layout ===

impl Layout {
    pub(crate) fn parse(layout: &str) -> Self {
        let mut parts = Vec::new();
        let mut rest = layout;
        while let Some(first) = rest.chars().next() {
            let (length, part) = word(rest).or_else(|| fraction(rest)).unwrap_or((first.len_utf8(), Part::Fixed("")));
            match (part, parts.last_mut()) {
                (Part::Fixed(""), Some(Part::Text(text))) => text.push(first),
                (Part::Fixed(""), _) => parts.push(Part::Text(first.to_string())),
                (part, _) => parts.push(part),
            }
            rest = &rest[length..];
        }
        Self(parts)
    }

    pub(crate) fn write(&self, moment: &Moment, to: &mut Vec<u8>) {
        for part in &self.0 {
            let _ = match part {
                Part::Text(text) => to.write_all(text.as_bytes()),
                Part::Fixed(text) => to.write_all(text.as_bytes()),
                Part::Year => write!(to, "{:04}", moment.year),
                Part::Month(letters) => {
                    let name = usize::try_from(moment.month).ok().and_then(|month| MONTHS.get(month - 1));
                    to.write_all(beginning(name.unwrap_or(&""), *letters))
                }
                Part::Weekday(letters) => to.write_all(beginning(WEEKDAYS[moment.weekday], *letters)),
                Part::YearDay(b' ') => write!(to, "{:3}", moment.year_day),
                Part::YearDay(_) => write!(to, "{:03}", moment.year_day),
                Part::Number(unit, None) => write!(to, "{}", moment.get(*unit)),
                Part::Number(unit, Some(fill)) => {
                    // All of them are less than a hundred.
                    let [tens, ones] = [moment.get(*unit) / 10, moment.get(*unit) % 10];
                    to.push(if tens == 0 { *fill } else { b'0' + u8::try_from(tens).unwrap_or_default() });
                    to.push(b'0' + u8::try_from(ones).unwrap_or_default());
                    Ok(())
                }
                Part::Half(before, after) => to.write_all(if moment.hour < 12 { before } else { after }.as_bytes()),
                Part::Fraction { separator, digits, trim } => {
                    let digits = format!("{:09}", moment.since_epoch.subsec_nanos())[..*digits].to_owned();
                    let digits = if *trim { digits.trim_end_matches('0') } else { digits.as_str() };
                    if digits.is_empty() { Ok(()) } else { write!(to, "{separator}{digits}") }
                }
            };
        }
    }
}

fn beginning(name: &str, letters: usize) -> &[u8] {
    &name.as_bytes()[..letters.min(name.len())]
}

/// The word that `text` starts with, and its length.
fn word(text: &str) -> Option<(usize, Part)> {
    if text.starts_with("_2006") {
        return None;
    }
    let (word, part) = WORDS.iter().find(|(word, _)| text.starts_with(word))?;
    // `Month` is no Monday.
    let goes_on = text[word.len()..].starts_with(|next: char| next.is_ascii_lowercase());
    (!matches!(part, Part::Month(3) | Part::Weekday(3)) || !goes_on).then(|| (word.len(), part.clone()))
}

/// The fraction of a second that `text` starts with, such as `.000` or `,999`.
fn fraction(text: &str) -> Option<(usize, Part)> {
    let separator = text.chars().next().filter(|first| matches!(first, '.' | ','))?;
    let rest = &text[1..];
    let digit = rest.chars().next().filter(|digit| matches!(digit, '0' | '9'))?;
    let digits = rest.len() - rest.trim_start_matches(digit).len();
    let goes_on = rest[digits..].starts_with(|next: char| next.is_ascii_digit());
    (digits <= 9 && !goes_on).then_some((1 + digits, Part::Fraction { separator, digits, trim: digit == '9' }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64, nanoseconds: u32) -> Moment {
        Moment::from(UNIX_EPOCH + Duration::new(seconds, nanoseconds))
    }

    fn written(moment: &Moment) -> String {
        let mut bytes = Vec::new();
        moment.write(&mut bytes);
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        // Each with what `date -u -d @…` says.
        for (seconds, date) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400, "2000-02-29T00:00:00.000Z"),
            (951_868_800, "2000-03-01T00:00:00.000Z"),
            (1_709_210_096, "2024-02-29T12:34:56.000Z"),
            (1_735_689_599, "2024-12-31T23:59:59.000Z"),
            (4_107_542_400, "2100-03-01T00:00:00.000Z"),
        ] {
            assert_eq!(written(&at(seconds, 0)), date);
        }
        assert_eq!(written(&at(0, 7_999_999)), "1970-01-01T00:00:00.007Z");
        assert_eq!(written(&Moment::from(UNIX_EPOCH - Duration::from_secs(1))), "1970-01-01T00:00:00.000Z");
    }

    #[test]
    fn layouts_are_read_as_go_reads_them() {
        let moment = at(1_709_210_096, 120_000_000);
        for (layout, expected) in [
            ("2006-01-02T15:04:05Z07:00", "2024-02-29T12:34:56Z"),
            ("2006-01-02T15:04:05-0700", "2024-02-29T12:34:56+0000"),
            ("2006-01-02 15:04:05.000", "2024-02-29 12:34:56.120"),
            ("05,999", "56,12"),
            ("05.999999999", "56.12"),
            ("05.0001", "56.0002"),
            ("Mon Jan _2 15:04:05 MST 2006", "Thu Feb 29 12:34:56 UTC 2024"),
            ("Monday, January 2 at 3:04PM", "Thursday, February 29 at 12:34PM"),
            ("Month Janus Mon", "Month Janus Thu"),
            ("06/1/2 03 pm", "24/2/29 12 pm"),
            ("002 __2 _2006", "060  60 _2024"),
            ("día 2 ", "día 29 "),
        ] {
            let mut bytes = Vec::new();
            Layout::parse(layout).write(&moment, &mut bytes);
            assert_eq!(String::from_utf8(bytes).unwrap(), expected, "{layout}");
        }
    }

    #[test]
    fn days_of_the_year_know_leap_years() {
        for (seconds, day) in [(1_704_067_200, "001"), (1_735_603_200, "366"), (1_767_139_200, "365")] {
            let mut bytes = Vec::new();
            Layout::parse("002").write(&at(seconds, 0), &mut bytes);
            assert_eq!(String::from_utf8(bytes).unwrap(), day);
        }
    }
}
