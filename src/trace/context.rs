//! Where in a trace a request stands, as its headers say (W3C Trace Context).

use std::fmt::Write as _;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::{SpanId, TraceId, state};

/// Names the trace and the span that a request was sent by.
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// What those who trace have to say to each other beside that.
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");
/// Length of `traceparent` in version 0; later ones may only add to it.
const LENGTH: usize = 55;
/// Flag: whoever sent it has recorded it.
const SAMPLED: u8 = 1;

/// The place of a span in a trace.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Context {
    /// The trace.
    pub trace: TraceId,
    /// The span.
    pub span: SpanId,
    /// Whether it is recorded.
    pub sampled: bool,
}

// === impl Context ===

impl Context {
    /// What the headers of a request say. What is malformed is taken out of them: nobody is to go on with it.
    pub fn receive(headers: &mut HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(TRACEPARENT).iter();
        let context = match (values.next(), values.next()) {
            (Some(only), None) => Self::parse(only.as_bytes()),
            (None, _) => {
                // Without the other one it means nothing.
                if headers.contains_key(TRACESTATE) {
                    headers.remove(TRACESTATE);
                }
                return None;
            }
            (Some(_), Some(_)) => None,
        };
        if context.is_none() {
            headers.remove(TRACEPARENT);
            headers.remove(TRACESTATE);
        } else if headers.contains_key(TRACESTATE) && !state::is_valid(&headers.get_all(TRACESTATE)) {
            headers.remove(TRACESTATE);
        }
        context
    }

    /// Puts it into the headers of a request, in place of what they say.
    pub fn send(&self, headers: &mut HeaderMap) {
        let mut text = String::with_capacity(LENGTH);
        // Writing to a string does not fail.
        let _ = write!(text, "00-{}-{}-{:02x}", self.trace, self.span, u8::from(self.sampled));
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.insert(TRACEPARENT, value);
        }
    }

    /// What header `tracestate` of a request says, for the span that continues it.
    pub fn state(headers: &HeaderMap) -> Option<String> {
        let values: Vec<_> = headers.get_all(TRACESTATE).iter().filter_map(|value| value.to_str().ok()).collect();
        (!values.is_empty()).then(|| values.join(","))
    }

    fn parse(text: &[u8]) -> Option<Self> {
        let (known, further) = text.split_at_checked(LENGTH)?;
        let version = u8::try_from(hexadecimal(&known[..2])?).ok()?;
        // 255 is forbidden; version 0 has nothing further, and what others have there begins with a hyphen.
        let fits = match version {
            0 => further.is_empty(),
            255 => false,
            _ => further.first().is_none_or(|byte| *byte == b'-'),
        };
        if !fits || [2, 35, 52].iter().any(|at| known[*at] != b'-') {
            return None;
        }
        let trace = TraceId::new(hexadecimal(&known[3..35])?)?;
        let span = SpanId::new(u64::try_from(hexadecimal(&known[36..52])?).ok()?)?;
        let flags = u8::try_from(hexadecimal(&known[53..55])?).ok()?;
        Some(Self { trace, span, sampled: flags & SAMPLED != 0 })
    }
}

/// Reads digits, of which the letters must be small.
fn hexadecimal(digits: &[u8]) -> Option<u128> {
    digits.iter().try_fold(0, |number, digit| {
        let digit = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(number << 4 | u128::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "12345678901234567890123456789012";

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        lines.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().expect("a value"))).collect()
    }

    /// The cases of the test suite of W3C Trace Context.
    #[test]
    fn a_parent_is_taken_if_it_is_well_formed() {
        let parent = "1234567890123456";
        for (value, sampled) in [
            (format!("00-{TRACE}-{parent}-01"), Some(true)),
            (format!("00-{TRACE}-{parent}-00"), Some(false)),
            (format!("00-{TRACE}-{parent}-03"), Some(true)),
            (format!("00-{TRACE}-{parent}-fe"), Some(false)),
            (format!("cc-{TRACE}-{parent}-01"), Some(true)),
            (format!("cc-{TRACE}-{parent}-01-what-the-future-will-be-like"), Some(true)),
            (format!("cc-{TRACE}-{parent}-01.what-the-future-will-be-like"), None),
            (format!("cc-{TRACE}-{parent}-01what"), None),
            (format!("ff-{TRACE}-{parent}-01"), None),
            (format!("00-{TRACE}-{parent}-01-what"), None),
            (format!("00-{TRACE}-{parent}-01."), None),
            (format!("00-{TRACE}-{parent}"), None),
            (format!(".0-{TRACE}-{parent}-01"), None),
            (format!("0.-{TRACE}-{parent}-01"), None),
            (format!("000-{TRACE}-{parent}-01"), None),
            (format!("0-{TRACE}-{parent}-01"), None),
            ("00-00000000000000000000000000000000-1234567890123456-01".to_owned(), None),
            (format!("00-{TRACE}-0000000000000000-01"), None),
            (format!("00-.{}-{parent}-01", &TRACE[1..]), None),
            (format!("00-{}-{parent}-01", &TRACE[1..]), None),
            (format!("00-{TRACE}0-{parent}-01"), None),
            (format!("00-{TRACE}-.{}-01", &parent[1..]), None),
            (format!("00-{TRACE}-{}-01", &parent[1..]), None),
            (format!("00-{TRACE}-{parent}0-01"), None),
            (format!("00-{TRACE}-{parent}-.0"), None),
            (format!("00-{TRACE}-{parent}-0."), None),
            (format!("00-{TRACE}-{parent}-1"), None),
            (format!("00-{TRACE}-{parent}-001"), None),
            ("00-1234567890123456789012345678901F-1234567890123456-01".to_owned(), None),
            (String::new(), None),
        ] {
            let mut given = headers(&[("traceparent", &value), ("tracestate", "foo=1")]);
            let context = Context::receive(&mut given);
            assert_eq!(context.map(|context| context.sampled), sampled, "{value}");
            assert_eq!(given.len(), if sampled.is_some() { 2 } else { 0 }, "{value}");
            if let Some(context) = context {
                assert_eq!((context.trace.to_string().as_str(), context.span.to_string().as_str()), (TRACE, parent));
            }
        }
    }

    #[test]
    fn two_parents_are_none_and_a_state_needs_one() {
        let parent = format!("00-{TRACE}-1234567890123456-01");
        let mut twice = headers(&[("traceparent", &parent), ("traceparent", &parent), ("tracestate", "foo=1")]);
        assert_eq!((Context::receive(&mut twice), twice.len()), (None, 0));
        let mut alone = headers(&[("tracestate", "foo=1"), ("baggage", "a=b")]);
        assert_eq!((Context::receive(&mut alone), alone.len()), (None, 1));
        let mut broken = headers(&[("traceparent", &parent), ("tracestate", "foo 1")]);
        assert!(Context::receive(&mut broken).is_some_and(|context| context.sampled));
        assert!(!broken.contains_key(TRACESTATE));
    }

    #[test]
    fn what_is_sent_is_understood() {
        let context = Context { trace: TraceId::random(), span: SpanId::random(), sampled: true };
        let mut headers = headers(&[("traceparent", "x"), ("tracestate", "a=1"), ("tracestate", "b=2")]);
        context.send(&mut headers);
        assert_eq!(Context::receive(&mut headers), Some(context));
        assert_eq!(Context::state(&headers).as_deref(), Some("a=1,b=2"));
    }
}
