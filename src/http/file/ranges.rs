//! The parts of a file that a client asks for: header `Range` (RFC 9110 section 14.2).

use std::ops::Range;

/// Most parts of one answer. A request for more gets the whole file: each part costs a read and a head of its own.
const MOST: usize = 100;

/// What of a file is to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ranges {
    /// All of it: no parts are asked for, or in no way that is worth it.
    All,
    /// These parts, in the order in which they are asked for. Never empty, and none of them is.
    Some(Vec<Range<u64>>),
    /// The file has none of what is asked for, or it cannot be read (416).
    Nothing,
}

/// Reads the value of a `Range` header for a file of `length` bytes.
///
/// Units other than bytes are ignored, as the RFC wants it. So is a request for more than 100 parts, for more bytes than
/// the file has (parts that overlap), and for parts of an empty file, which has none that could be named. What cannot be read
/// is [`Ranges::Nothing`]; a part that is the wrong way round is one that the file does not have.
pub fn ranges(value: &[u8], length: u64) -> Ranges {
    const UNIT: &[u8] = b"bytes=";
    let Some((unit, set)) = value.split_at_checked(UNIT.len()) else { return Ranges::All };
    if !unit.eq_ignore_ascii_case(UNIT) || length == 0 {
        return Ranges::All;
    }
    let (mut parts, mut asked, mut sum) = (Vec::new(), 0, 0_u64);
    for text in set.split(|byte| *byte == b',').map(trimmed).filter(|text| !text.is_empty()) {
        asked += 1;
        if asked > MOST {
            return Ranges::All;
        }
        match part(text, length) {
            None => return Ranges::Nothing,
            Some(part) if part.is_empty() => {}
            Some(part) => {
                sum = sum.saturating_add(part.end - part.start);
                parts.push(part);
            }
        }
    }
    match parts.is_empty() {
        true => Ranges::Nothing,
        false if sum > length => Ranges::All,
        false => Ranges::Some(parts),
    }
}

/// One part: `first-last`, `first-` or `-count`. An empty one if the file has nothing of it; `None`: it cannot be read.
fn part(text: &[u8], length: u64) -> Option<Range<u64>> {
    let dash = text.iter().position(|byte| *byte == b'-')?;
    let (first, last) = (&text[..dash], &text[dash + 1..]);
    if first.is_empty() {
        return Some(length - number(last)?.min(length)..length);
    }
    let first = number(first)?;
    let end = if last.is_empty() { length } else { number(last)?.saturating_add(1).min(length) };
    Some(first.min(end)..end)
}

/// A number; of one that is too large, the largest.
fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let add = |sum: u64, digit: &u8| sum.saturating_mul(10).saturating_add(u64::from(digit - b'0'));
    Some(digits.iter().fold(0, add))
}

/// Without the spaces that may be around an item of a list.
fn trimmed(text: &[u8]) -> &[u8] {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let start = text.iter().position(|byte| !blank(byte)).unwrap_or(text.len());
    let end = text.iter().rposition(|byte| !blank(byte)).map_or(start, |at| at + 1);
    &text[start..end]
}

#[cfg(test)]
#[expect(clippy::single_range_in_vec_init, reason = "a list of one range is meant")]
mod tests {
    use std::hash::{BuildHasher, Hasher, RandomState};

    use super::*;

    #[test]
    fn parts_are_read_as_the_rfc_has_them() {
        let some = |parts: &[Range<u64>]| Ranges::Some(parts.to_vec());
        for (value, expected) in [
            ("bytes=0-0", some(&[0..1])),
            ("bytes=0-9", some(&[0..10])),
            ("BYTES=0-9", some(&[0..10])),
            ("bytes=5-", some(&[5..10])),
            ("bytes=9-", some(&[9..10])),
            ("bytes=5-100", some(&[5..10])),
            ("bytes=-3", some(&[7..10])),
            ("bytes=-10", some(&[0..10])),
            ("bytes=-11", some(&[0..10])),
            ("bytes=0-99999999999999999999999", some(&[0..10])),
            ("bytes=0-1,4-5", some(&[0..2, 4..6])),
            ("bytes=4-5,0-1", some(&[4..6, 0..2])),
            ("bytes= 0-1 ,\t4-5", some(&[0..2, 4..6])),
            ("bytes=0-1,,4-5,", some(&[0..2, 4..6])),
            ("bytes=0-1,10-12", some(&[0..2])),
            ("bytes=0-1,5-3", some(&[0..2])),
            ("bytes=0-4,0-4", some(&[0..5, 0..5])),
            ("bytes=0-9,0-0", Ranges::All),
            ("bytes=0-6,4-9", Ranges::All),
            ("bytes=10-", Ranges::Nothing),
            ("bytes=10-12", Ranges::Nothing),
            ("bytes=99999999999999999999999-", Ranges::Nothing),
            ("bytes=5-3", Ranges::Nothing),
            ("bytes=-0", Ranges::Nothing),
            ("bytes=", Ranges::Nothing),
            ("bytes=,", Ranges::Nothing),
            ("bytes=-", Ranges::Nothing),
            ("bytes=a-b", Ranges::Nothing),
            ("bytes=1", Ranges::Nothing),
            ("bytes=1-2-3", Ranges::Nothing),
            ("bytes=--1", Ranges::Nothing),
            ("bytes=+1-2", Ranges::Nothing),
            ("bytes=0-1,x", Ranges::Nothing),
            ("bytes", Ranges::All),
            ("", Ranges::All),
            ("lines=0-1", Ranges::All),
            ("bytes 0-1", Ranges::All),
        ] {
            assert_eq!(ranges(value.as_bytes(), 10), expected, "{value}");
        }
        assert_eq!(ranges(b"bytes=0-0", 0), Ranges::All);
        assert_eq!(ranges(b"bytes=0-", u64::MAX), some(&[0..u64::MAX]));
    }

    #[test]
    fn so_many_parts_and_no_more() {
        let asked = |count: usize| format!("bytes={}", vec!["0-0"; count].join(","));
        assert_eq!(ranges(asked(MOST).as_bytes(), 1000), Ranges::Some(vec![0..1; MOST]));
        assert_eq!(ranges(asked(MOST + 1).as_bytes(), 1000), Ranges::All);
    }

    #[test]
    fn whatever_is_asked_for_parts_lie_in_the_file() {
        let random = RandomState::new();
        let mut number = 0_u64;
        let mut next = || {
            number += 1;
            let mut hasher = random.build_hasher();
            hasher.write_u64(number);
            hasher.finish()
        };
        let alphabet = b"0123456789-, \tb=\xff";
        for _ in 0..100_000 {
            let mut value = if next().is_multiple_of(8) { Vec::new() } else { b"bytes=".to_vec() };
            for _ in 0..next() % 24 {
                let choice = usize::try_from(next() % alphabet.len() as u64).unwrap();
                value.push(alphabet[choice]);
            }
            let length = next() >> (next() % 64);
            if let Ranges::Some(parts) = ranges(&value, length) {
                assert!(!parts.is_empty() && parts.len() <= MOST);
                assert!(parts.iter().all(|part| part.start < part.end && part.end <= length), "{value:?} of {length}");
                let sum: u128 = parts.iter().map(|part| u128::from(part.end - part.start)).sum();
                assert!(sum <= u128::from(length), "{value:?} of {length}");
            }
        }
    }
}
