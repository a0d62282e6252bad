//! Spans as lines of JSON, for those who look at them by eye: the form in which OpenTelemetry keeps its protocol in files.

use serde_json::{Value as Json, json};

use super::{Kind, Resource, Span, Value, span::nanoseconds};

/// One line with the spans of one request.
pub(super) fn line(resource: &Resource, spans: &[Span]) -> Vec<u8> {
    let of_resource: Vec<_> =
        resource.attributes().into_iter().map(|(key, value)| attribute(key, &Value::from(value))).collect();
    let spans: Vec<_> = spans.iter().map(span).collect();
    let all = json!({"resourceSpans": [{
        "resource": {"attributes": of_resource},
        "scopeSpans": [{
            "scope": {"name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION")},
            "spans": spans,
        }],
    }]});
    let mut line = all.to_string().into_bytes();
    line.push(b'\n');
    line
}

fn span(span: &Span) -> Json {
    let attributes: Vec<_> = span.attributes.iter().map(|(key, value)| attribute(key, value)).collect();
    // Numbers of 64 bits are texts.
    let mut json = json!({
        "traceId": span.trace.to_string(),
        "spanId": span.id.to_string(),
        "name": span.name,
        "kind": match span.kind { Kind::Internal => 1, Kind::Server => 2 },
        "startTimeUnixNano": nanoseconds(span.start).to_string(),
        "endTimeUnixNano": nanoseconds(span.end).to_string(),
        "attributes": attributes,
    });
    if let Some(parent) = span.parent {
        json["parentSpanId"] = parent.to_string().into();
    }
    if let Some(state) = &span.state {
        json["traceState"] = state.as_str().into();
    }
    if let Some(error) = &span.error {
        json["status"] = json!({"code": 2, "message": error});
    }
    json
}

fn attribute(key: &str, value: &Value) -> Json {
    let value = match value {
        Value::Text(text) => json!({"stringValue": text}),
        Value::Number(number) => json!({"intValue": number.to_string()}),
    };
    json!({"key": key, "value": value})
}
