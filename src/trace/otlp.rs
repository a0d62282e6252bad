//! Spans as the protocol of OpenTelemetry has them: messages of Protocol Buffers (`opentelemetry/proto/trace/v1`).

use super::{Kind, Resource, Span, Value, span::nanoseconds};

/// Wire types.
const VARINT: u32 = 0;
const FIXED_64: u32 = 1;
const BYTES: u32 = 2;
const FIXED_32: u32 = 5;
/// Bits of a span's flags: whether the parent is of another process is known, and whether it is.
const HAS_IS_REMOTE: u32 = 0x100;
const IS_REMOTE: u32 = 0x200;
/// The lowest eight are those of `traceparent`.
const SAMPLED: u32 = 1;
/// `Status.StatusCode`.
const ERROR: u64 = 2;

/// A message that grows.
#[derive(Debug, Default)]
pub(super) struct Message(Vec<u8>);

/// The body of a request for export: `spans`, each of them written by [`Message::span`], of one resource.
pub(super) fn request(resource: &Resource, spans: &Message) -> Vec<u8> {
    let mut of_resource = Message::default();
    for (key, value) in resource.attributes() {
        of_resource.attribute(1, key, &Value::from(value));
    }
    let mut scope = Message::default();
    scope.text(1, env!("CARGO_PKG_NAME"));
    scope.text(2, env!("CARGO_PKG_VERSION"));
    let mut of_scope = Message::default();
    of_scope.bytes(1, &scope.0);
    of_scope.0.extend_from_slice(&spans.0);
    let mut all = Message::default();
    all.bytes(1, &of_resource.0);
    all.bytes(2, &of_scope.0);
    let mut request = Message::default();
    request.bytes(1, &all.0);
    request.0
}

/// What a collector says of a request that it has taken: spans that it has rejected, and why.
pub(super) fn rejected(response: &[u8]) -> Option<(u64, String)> {
    let Field::Bytes(partial) = fields(response).find(|(number, _)| *number == 1)?.1 else { return None };
    let (mut spans, mut why) = (0, String::new());
    for field in fields(partial) {
        match field {
            (1, Field::Number(number)) => spans = number,
            (2, Field::Bytes(text)) => why = String::from_utf8_lossy(text).into_owned(),
            _ => {}
        }
    }
    (spans > 0 || !why.is_empty()).then_some((spans, why))
}

// === impl Message ===

impl Message {
    /// Adds a span to a list of them.
    pub(super) fn span(&mut self, span: &Span) {
        let mut message = Self::default();
        message.bytes(1, &span.trace.bytes());
        message.bytes(2, &span.id.bytes());
        if let Some(state) = &span.state {
            message.text(3, state);
        }
        let mut flags = SAMPLED | HAS_IS_REMOTE;
        if let Some(parent) = span.parent {
            message.bytes(4, &parent.bytes());
            flags |= if span.is_remote { IS_REMOTE } else { 0 };
        }
        message.text(5, &span.name);
        message.number(
            6,
            match span.kind {
                Kind::Internal => 1,
                Kind::Server => 2,
            },
        );
        message.fixed_64(7, nanoseconds(span.start));
        message.fixed_64(8, nanoseconds(span.end));
        for (key, value) in &span.attributes {
            message.attribute(9, key, value);
        }
        if let Some(error) = &span.error {
            let mut status = Self::default();
            status.text(2, error);
            status.number(3, ERROR);
            message.bytes(15, &status.0);
        }
        message.tag(16, FIXED_32);
        message.0.extend_from_slice(&flags.to_le_bytes());
        self.bytes(2, &message.0);
    }

    /// Bytes so far.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    fn attribute(&mut self, field: u32, key: &str, value: &Value) {
        let mut of_value = Self::default();
        match value {
            Value::Text(text) => of_value.text(1, text),
            Value::Number(number) => of_value.number(3, number.cast_unsigned()),
        }
        let mut pair = Self::default();
        pair.text(1, key);
        pair.bytes(2, &of_value.0);
        self.bytes(field, &pair.0);
    }

    fn text(&mut self, field: u32, text: &str) {
        self.bytes(field, text.as_bytes());
    }

    fn bytes(&mut self, field: u32, bytes: &[u8]) {
        self.tag(field, BYTES);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    fn number(&mut self, field: u32, number: u64) {
        self.tag(field, VARINT);
        self.varint(number);
    }

    fn fixed_64(&mut self, field: u32, number: u64) {
        self.tag(field, FIXED_64);
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    fn tag(&mut self, field: u32, wire_type: u32) {
        self.varint(u64::from(field << 3 | wire_type));
    }

    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number.to_le_bytes()[0] | 0x80);
            number >>= 7;
        }
        self.0.push(number.to_le_bytes()[0]);
    }
}

// === reading ===

/// What a field holds.
enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    Other,
}

/// The fields of a message, up to the first that is malformed.
fn fields(mut message: &[u8]) -> impl Iterator<Item = (u64, Field<'_>)> {
    std::iter::from_fn(move || {
        let tag = varint(&mut message)?;
        let skipped = |message: &mut &[u8], length| message.split_off(..length).map(|_| Field::Other);
        let field = match u32::try_from(tag & 7).ok()? {
            VARINT => Field::Number(varint(&mut message)?),
            BYTES => {
                let length = usize::try_from(varint(&mut message)?).ok()?;
                Field::Bytes(message.split_off(..length)?)
            }
            FIXED_64 => skipped(&mut message, 8)?,
            FIXED_32 => skipped(&mut message, 4)?,
            _ => return None,
        };
        Some((tag >> 3, field))
    })
}

fn varint(message: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = *message.split_off_first()?;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}
