//! Traces: what happened to a request, when, as spans that a collector of OpenTelemetry takes (section `otel`).
//!
//! Whoever serves requests asks a [`Tracer`] whether one is to be recorded, and leaves what it has recorded with it. The
//! thread `rr-traces` makes [`Span`]s of that and sends them, many at a time; it waits for the collector, tries again, and
//! gives up what it cannot deliver. Nobody waits for it: what finds its queue full is lost, and counted. This room knows
//! neither HTTP servers nor PHP.

mod collector;
mod config;
mod connect;
mod context;
mod exporter;
mod grpc;
mod id;
mod json;
mod otlp;
mod queue;
mod span;
mod state;

pub use config::{Client, Config, Endpoint, Exporter as Output, Resource};
pub use context::Context;
pub use exporter::{Error, Exporter};
pub use id::{SpanId, TraceId};
pub use queue::{Ended, Tracer};
pub use span::{Kind, Span, Value};
