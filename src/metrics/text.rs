//! Metrics as text: the format of Prometheus 0.0.4, and `OpenMetrics` 1.0.

use std::fmt::Write;

use super::{Family, Sample, Value, exemplar::Exemplar};

/// How metrics are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Prometheus 0.0.4.
    #[default]
    Text,
    /// `OpenMetrics` 1.0.
    OpenMetrics,
}

/// Writes these families, and the end of the text.
pub fn page(families: &[Family], format: Format) -> String {
    let mut text = String::with_capacity(64 * 1024);
    for family in families {
        format.write(family, &mut text);
    }
    format.finish(&mut text);
    text
}

/// Writes what text formats write; writing to a `String` never fails.
macro_rules! put {
    ($text:expr, $($part:tt)*) => { let _ = write!($text, $($part)*); };
}

// === impl Format ===

impl Format {
    /// As `Content-Type` has it.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    /// Ends a text.
    pub fn finish(self, text: &mut String) {
        if self == Self::OpenMetrics {
            text.push_str("# EOF\n");
        }
    }

    /// Writes one family.
    pub fn write(self, family: &Family, text: &mut String) {
        let Family { name, help, kind, samples } = family;
        let mut name = name.as_str();
        // OpenMetrics names a counter without the end that each of its samples has.
        let open = self == Self::OpenMetrics;
        if open && *kind == "counter" {
            name = name.strip_suffix("_total").unwrap_or(name);
        }
        let total = if open && *kind == "counter" { "_total" } else { "" };
        if !help.is_empty() {
            put!(text, "# HELP {name} ");
            escape(help, open, text);
            text.push('\n');
        }
        put!(text, "# TYPE {name} {kind}\n");
        for Sample { labels, value } in samples {
            match value {
                Value::Number(value, example) => {
                    head(text, name, total, labels, None);
                    number(text, *value);
                    self.end(text, example.as_deref());
                }
                Value::Histogram { bounds, counts, sum, examples } => {
                    let mut below = 0;
                    let bounds = bounds.iter().copied().chain([f64::INFINITY]);
                    for (place, (bound, count)) in bounds.zip(counts).enumerate() {
                        below += count;
                        head(text, name, "_bucket", labels, Some(("le", bound)));
                        put!(text, "{below}");
                        self.end(text, examples.get(place).and_then(Option::as_ref));
                    }
                    self.sum(text, name, labels, *sum, below);
                }
                Value::Summary { quantiles, sum, count } => {
                    for (quantile, value) in quantiles {
                        head(text, name, "", labels, Some(("quantile", *quantile)));
                        number(text, *value);
                        text.push('\n');
                    }
                    self.sum(text, name, labels, *sum, *count);
                }
            }
        }
    }

    fn sum(self, text: &mut String, name: &str, labels: &[(String, String)], sum: f64, count: u64) {
        head(text, name, "_sum", labels, None);
        number(text, sum);
        self.end(text, None);
        head(text, name, "_count", labels, None);
        put!(text, "{count}");
        self.end(text, None);
    }

    /// Ends a line.
    fn end(self, text: &mut String, example: Option<&Exemplar>) {
        if let (Self::OpenMetrics, Some(Exemplar { trace, value, at })) = (self, example) {
            text.push_str(" # {trace_id=\"");
            escape(trace, true, text);
            text.push_str("\"} ");
            number(text, *value);
            put!(text, " {at:.3}");
        }
        text.push('\n');
    }
}

/// The name of a sample and its labels, to one more of which belongs a number.
fn head(text: &mut String, name: &str, end: &str, labels: &[(String, String)], more: Option<(&str, f64)>) {
    text.push_str(name);
    text.push_str(end);
    let mut before = '{';
    for (label, value) in labels {
        put!(text, "{before}{label}=\"");
        escape(value, true, text);
        text.push('"');
        before = ',';
    }
    if let Some((label, value)) = more {
        put!(text, "{before}{label}=\"");
        number(text, value);
        text.push('"');
        before = ',';
    }
    text.push_str(if before == ',' { "} " } else { " " });
}

/// A number as both formats have it.
fn number(text: &mut String, value: f64) {
    if value.is_nan() {
        text.push_str("NaN");
    } else if value.is_infinite() {
        text.push_str(if value > 0.0 { "+Inf" } else { "-Inf" });
    } else if value.abs() >= 1e21 || (value != 0.0 && value.abs() < 1e-6) {
        put!(text, "{value:e}");
    } else {
        put!(text, "{value}");
    }
}

/// Text with backslashes and line ends escaped, and, within quotes, these.
fn escape(value: &str, quoted: bool, text: &mut String) {
    for character in value.chars() {
        match character {
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '"' if quoted => text.push_str("\\\""),
            other => text.push(other),
        }
    }
}
