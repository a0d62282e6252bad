//! Tables for a terminal, and how figures stand in them.

use std::{fmt::Write as _, time::Duration};

/// Writes a table with a line below the head, each column as wide as its widest cell.
pub(super) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = head.iter().map(|cell| cell.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let rule = |left: &str, middle: &str, right: &str| {
        let lines: Vec<_> = widths.iter().map(|width| "─".repeat(width + 2)).collect();
        format!("{left}{}{right}\n", lines.join(middle))
    };
    let line = |text: &mut String, cells: &[String]| {
        for (width, cell) in widths.iter().zip(cells) {
            let _ = write!(text, "│ {cell:<width$} ");
        }
        text.push_str("│\n");
    };
    let mut text = rule("┌", "┬", "┐");
    line(&mut text, &head.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>());
    text += &rule("├", "┼", "┤");
    for row in rows {
        line(&mut text, row);
    }
    text += &rule("└", "┴", "┘");
    text
}

/// Writes columns without lines between them, for a page that is read again and again. The last one is as wide as it is.
pub(super) fn columns(head: &[&str], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = head.iter().map(|cell| cell.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let head: Vec<_> = head.iter().map(|cell| (*cell).to_owned()).collect();
    let mut text = String::new();
    for row in std::iter::once(&head).chain(rows) {
        let mut line = String::new();
        for (width, cell) in widths.iter().zip(row) {
            let _ = write!(line, "{cell:<width$}  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Bytes, in steps of 1000 as RoadRunner counts them.
pub(super) fn bytes(count: u64) -> String {
    let mut unit = 0;
    let mut step = 1u64;
    while count / step >= 1000 && unit < UNITS.len() - 1 {
        step *= 1000;
        unit += 1;
    }
    let tenths = count / (step / 10).max(1);
    match (unit, tenths) {
        (0, _) => format!("{count} B"),
        (_, tenths) if tenths < 100 => format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit]),
        _ => format!("{} {}", count / step, UNITS[unit]),
    }
}

const UNITS: [&str; 7] = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];

/// A count, with a comma after each three digits.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A time, short: its largest unit.
pub(super) fn time(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0 => format!("{} ms", time.as_millis()),
        1..=59 => format!("{seconds} s"),
        60..=3599 => format!("{} min", seconds / 60),
        3600..=86_399 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// A short time in nanoseconds, in two digits.
pub(super) fn span(nanos: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "two digits of it are shown")]
    let nanos = nanos as f64;
    let (number, unit) = match nanos {
        _ if nanos < 1e6 => (nanos / 1e3, "µs"),
        _ if nanos < 1e9 => (nanos / 1e6, "ms"),
        _ => (nanos / 1e9, "s"),
    };
    if number < 9.95 { format!("{number:.1} {unit}") } else { format!("{number:.0} {unit}") }
}

/// A text without what would move the cursor, at most `most` letters long.
pub(super) fn short(text: &str, most: usize) -> String {
    let mut letters = text.chars().map(|letter| if letter.is_control() { '?' } else { letter });
    let short: String = letters.by_ref().take(most).collect();
    if letters.next().is_some() { format!("{}…", short.chars().take(most - 1).collect::<String>()) } else { short }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_short() {
        for (number, expected) in
            [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (1949, "1.9 kB"), (82_854_982, "82 MB"), (u64::MAX, "18 EB")]
        {
            assert_eq!(bytes(number), expected);
        }
        for (number, expected) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(count(number), expected);
        }
        for (seconds, expected) in
            [(0.25, "250 ms"), (1.9, "1 s"), (61.0, "1 min"), (7200.0, "2 h"), (200_000.0, "2 d")]
        {
            assert_eq!(time(Duration::from_secs_f64(seconds)), expected);
        }
        for (nanos, expected) in
            [(8192, "8.2 µs"), (999_000, "999 µs"), (1_250_000, "1.2 ms"), (2_000_000_000, "2.0 s")]
        {
            assert_eq!(span(nanos), expected);
        }
        assert_eq!(short("/a\n\u{1b}[2J", 20), "/a??[2J");
        assert_eq!(short("/abcdef", 5), "/abc…");
    }

    #[test]
    fn columns_are_as_wide_as_they_must_be() {
        let rows = [vec!["1".to_owned(), "ready".to_owned()], vec!["22".to_owned(), "ü".to_owned()]];
        let expected =
            "┌────┬───────┐\n│ A  │ B     │\n├────┼───────┤\n│ 1  │ ready │\n│ 22 │ ü     │\n└────┴───────┘\n";
        assert_eq!(table(&["A", "B"], &rows), expected);
    }
}
