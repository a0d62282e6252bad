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

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use opentelemetry_proto::tonic::{
        collector::trace::v1::{ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse},
        common::v1::{KeyValue, any_value},
    };
    use prost::Message as _;

    use super::*;
    use crate::trace::{SpanId, TraceId};

    fn find<'a>(attributes: &'a [KeyValue], key: &str) -> Option<&'a any_value::Value> {
        attributes.iter().find(|pair| pair.key == key)?.value.as_ref()?.value.as_ref()
    }

    #[test]
    fn the_official_reader_finds_what_was_written() {
        let start = SystemTime::UNIX_EPOCH + Duration::from_nanos(1_700_000_000_123_456_789);
        let span = Span {
            trace: TraceId::random(),
            id: SpanId::random(),
            parent: Some(SpanId::random()),
            is_remote: true,
            state: Some("a=1".to_owned()),
            name: "GET".into(),
            kind: Kind::Server,
            start,
            end: start + Duration::from_millis(300),
            attributes: vec![
                ("text", "é".repeat(200).into()),
                ("number", u16::MAX.into()),
                ("below", Value::Number(-1)),
            ],
            error: Some("worker_lost".into()),
        };
        let bare =
            Span { parent: None, is_remote: false, state: None, kind: Kind::Internal, error: None, ..span.clone() };
        let mut spans = Message::default();
        spans.span(&span);
        spans.span(&bare);
        let resource = Resource { service_name: "shop".to_owned(), ..Resource::default() };
        let read = ExportTraceServiceRequest::decode(request(&resource, &spans).as_slice()).unwrap();
        let [of_resource] = read.resource_spans.as_slice() else { panic!("{read:?}") };
        let attributes = &of_resource.resource.as_ref().unwrap().attributes;
        assert_eq!(find(attributes, "service.name"), Some(&any_value::Value::StringValue("shop".to_owned())));
        let [scope] = of_resource.scope_spans.as_slice() else { panic!("{read:?}") };
        assert_eq!(scope.scope.as_ref().unwrap().name, env!("CARGO_PKG_NAME"));
        let [one, other] = scope.spans.as_slice() else { panic!("{read:?}") };
        assert_eq!((one.trace_id.as_slice(), one.span_id.as_slice()), (&span.trace.bytes()[..], &span.id.bytes()[..]));
        assert_eq!(one.parent_span_id, span.parent.unwrap().bytes());
        assert_eq!((one.name.as_str(), one.trace_state.as_str(), one.kind), ("GET", "a=1", 2));
        assert_eq!(one.start_time_unix_nano, 1_700_000_000_123_456_789);
        assert_eq!(one.end_time_unix_nano - one.start_time_unix_nano, 300_000_000);
        assert_eq!(find(&one.attributes, "text"), Some(&any_value::Value::StringValue("é".repeat(200))));
        assert_eq!(find(&one.attributes, "number"), Some(&any_value::Value::IntValue(65_535)));
        assert_eq!(find(&one.attributes, "below"), Some(&any_value::Value::IntValue(-1)));
        assert_eq!(one.flags, 0x301);
        let status = one.status.as_ref().unwrap();
        assert_eq!((status.code, status.message.as_str()), (2, "worker_lost"));
        assert_eq!((other.kind, other.flags, other.parent_span_id.len()), (1, 0x101, 0));
        assert_eq!((other.trace_state.as_str(), &other.status), ("", &None));
    }

    #[test]
    fn what_is_rejected_is_read() {
        let response = |rejected_spans, error_message: &str| {
            let partial = ExportTracePartialSuccess { rejected_spans, error_message: error_message.to_owned() };
            ExportTraceServiceResponse { partial_success: Some(partial) }.encode_to_vec()
        };
        assert_eq!(rejected(&response(300, "too old")), Some((300, "too old".to_owned())));
        assert_eq!(rejected(&response(0, "")), None);
        assert_eq!(rejected(b""), None);
        assert_eq!(rejected(b"not a message"), None);
        assert_eq!(rejected(&response(300, "too old")[..8]), None, "cut off");
    }
}
