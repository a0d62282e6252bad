//! The spans of one request, and what they must be to each other.

use std::collections::HashMap;

use data_encoding::HEXLOWER;
use opentelemetry_proto::tonic::{common::v1::any_value, trace::v1::Span};

use super::collector::Taken;

/// All spans of one request.
pub struct Tree {
    pub server: Span,
    pub children: HashMap<String, Span>,
}

/// The trees of everything that was taken, by path.
#[track_caller]
pub fn trees(taken: &[Taken]) -> HashMap<String, Tree> {
    let spans: Vec<&Span> = taken.iter().flat_map(Taken::spans).collect();
    let mut trees = HashMap::new();
    for server in spans.iter().filter(|span| span.kind == 2) {
        let own = |span: &&&Span| span.parent_span_id == server.span_id;
        let mut children = HashMap::new();
        for child in spans.iter().filter(own) {
            assert_eq!((child.trace_id.as_slice(), child.kind), (server.trace_id.as_slice(), 1), "{child:?}");
            assert!(child.start_time_unix_nano <= child.end_time_unix_nano, "{child:?}");
            assert!(child.end_time_unix_nano <= server.end_time_unix_nano, "{child:?} in {server:?}");
            let first = child.name == "connection";
            let edge = if first { child.end_time_unix_nano } else { child.start_time_unix_nano };
            assert!(server.start_time_unix_nano <= edge, "{child:?} in {server:?}");
            assert!(children.insert(child.name.clone(), (*child).clone()).is_none(), "two {}", child.name);
        }
        let path = text(server, "url.path").unwrap();
        assert!(trees.insert(path.clone(), Tree { server: (*server).clone(), children }).is_none(), "{path} twice");
    }
    let placed: usize = trees.values().map(|tree| 1 + tree.children.len()).sum();
    assert_eq!(placed, spans.len(), "spans without a place");
    trees
}

impl Tree {
    /// Its children but the one that only the first request of a connection has.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.children.keys().map(String::as_str).filter(|name| *name != "connection").collect();
        names.sort_unstable();
        names
    }

    pub fn status(&self) -> Option<i64> {
        number(&self.server, "http.response.status_code")
    }

    /// `error.type` of the server's span.
    pub fn error(&self) -> Option<String> {
        assert_eq!(text(&self.server, "error.type").is_some(), self.server.status.is_some());
        text(&self.server, "error.type")
    }
}

fn value<'a>(span: &'a Span, key: &str) -> Option<&'a any_value::Value> {
    span.attributes.iter().find(|pair| pair.key == key)?.value.as_ref()?.value.as_ref()
}

pub fn text(span: &Span, key: &str) -> Option<String> {
    match value(span, key)? {
        any_value::Value::StringValue(text) => Some(text.clone()),
        other => panic!("{key} is {other:?}"),
    }
}

pub fn number(span: &Span, key: &str) -> Option<i64> {
    match value(span, key)? {
        any_value::Value::IntValue(number) => Some(*number),
        other => panic!("{key} is {other:?}"),
    }
}

pub fn hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes)
}
