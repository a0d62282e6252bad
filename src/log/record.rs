//! Message and fields of an event, ready to stand in an entry.

use std::{
    error::Error,
    fmt::{self, Write as _},
    io::Write as _,
};

use tracing::field::{Field, Visit};

use super::{
    Attributes,
    clock::{Layout, Moment},
    escape::{Escaped, Place},
};

/// Bytes of each buffer that are kept for the next entry.
const KEEP: usize = 64 * 1024;

/// Buffers for one entry, kept for the next one.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    /// The finished entry.
    pub(super) entry: Vec<u8>,
    pub(super) message: Vec<u8>,
    pub(super) fields: Vec<u8>,
    /// One value, while it is not known whether it needs quotes.
    value: String,
}

/// Takes message and fields of an event.
pub(super) struct Recorder<'a> {
    scratch: &'a mut Scratch,
    /// Where the message lands.
    place: Place,
    /// How times are written; `None`: as the form has it.
    time: Option<&'a Layout>,
}

/// Writes `text` as a JSON string.
pub(super) fn json_string(text: &str, to: &mut Vec<u8>) {
    to.push(b'"');
    let _ = Escaped { to, place: Place::Json }.write_str(text);
    to.push(b'"');
}

/// Writes a number, without the ado of a formatter.
pub(super) fn decimal(mut value: u64, to: &mut Vec<u8>) {
    let mut digits = [0; 20];
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b'0' + u8::try_from(value % 10).unwrap_or_default();
        value /= 10;
        if value == 0 {
            return to.extend_from_slice(&digits[start..]);
        }
    }
}

/// Whether a value on a line can be told from what follows without quotes.
fn is_plain(value: &str) -> bool {
    !value.is_empty() && !value.chars().any(|character| character.is_whitespace() || "\"=\\".contains(character))
}

// === impl Scratch ===

impl Scratch {
    /// Gives the memory of a long entry back.
    pub(super) fn trim(&mut self) {
        for buffer in [&mut self.entry, &mut self.message, &mut self.fields] {
            buffer.clear();
            buffer.shrink_to(KEEP);
        }
        self.value.clear();
        self.value.shrink_to(KEEP);
    }
}

// === impl Recorder ===

impl<'a> Recorder<'a> {
    /// Starts an entry in `scratch`, whose message lands at `place`.
    pub(super) fn new(place: Place, time: Option<&'a Layout>, scratch: &'a mut Scratch) -> Self {
        scratch.entry.clear();
        scratch.message.clear();
        scratch.fields.clear();
        Self { scratch, place, time }
    }

    fn name(&mut self, name: &str) {
        let fields = &mut self.scratch.fields;
        if self.place == Place::Json {
            fields.push(b',');
            json_string(name, fields);
            fields.push(b':');
        } else {
            fields.push(b' ');
            fields.extend_from_slice(name.as_bytes());
            fields.push(b'=');
        }
    }

    /// Takes a value that needs no quotes anywhere.
    fn number(&mut self, name: &str, value: impl fmt::Display) {
        self.name(name);
        let _ = write!(self.scratch.fields, "{value}");
    }

    /// Takes text.
    pub(super) fn take(&mut self, name: &str, value: &str) {
        if name == "message" {
            let _ = Escaped { to: &mut self.scratch.message, place: self.place }.write_str(value);
            return;
        }
        self.name(name);
        let fields = &mut self.scratch.fields;
        if self.place == Place::Json {
            json_string(value, fields);
        } else if is_plain(value) {
            let _ = Escaped { to: fields, place: Place::Quotes }.write_str(value);
        } else {
            fields.push(b'"');
            let _ = Escaped { to: fields, place: Place::Quotes }.write_str(value);
            fields.push(b'"');
        }
    }

    fn take_formatted(&mut self, name: &str, value: fmt::Arguments<'_>) {
        if name == "message" {
            let _ = Escaped { to: &mut self.scratch.message, place: self.place }.write_fmt(value);
            return;
        }
        let mut text = std::mem::take(&mut self.scratch.value);
        text.clear();
        let _ = text.write_fmt(value);
        self.take(name, &text);
        self.scratch.value = text;
    }
}

impl Visit for Recorder<'_> {
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.name(field.name());
        if value < 0 {
            self.scratch.fields.push(b'-');
        }
        decimal(value.unsigned_abs(), &mut self.scratch.fields);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.name(field.name());
        decimal(value, &mut self.scratch.fields);
    }

    /// A moment: nanoseconds since 1970, written as the time of the entry is.
    fn record_u128(&mut self, field: &Field, value: u128) {
        if self.time.is_none() && self.place == Place::Json {
            return self.record_u64(field, u64::try_from(value).unwrap_or(u64::MAX));
        }
        let mut text = Vec::new();
        match self.time {
            Some(layout) => layout.write(&Moment::at(value), &mut text),
            None => Moment::at(value).write(&mut text),
        }
        self.take(field.name(), &String::from_utf8_lossy(&text));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.number(field.name(), value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        if value.is_finite() {
            self.number(field.name(), value);
        } else {
            // JSON has no number for it.
            self.take_formatted(field.name(), format_args!("{value}"));
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.take(field.name(), value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        if let Some(attributes) = value.downcast_ref::<Attributes>() {
            return attributes.pairs().for_each(|(name, value)| self.take(name, value));
        }
        self.take_formatted(field.name(), format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.take_formatted(field.name(), format_args!("{value:?}"));
    }
}
