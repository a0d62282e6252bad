//! What is said of a metric when it is declared.

use super::Error;

/// Upper bounds of a histogram that names none: those of Prometheus' clients, for seconds.
const BUCKETS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// Longest name of a metric or label, and longest help.
const LONGEST: (usize, usize) = (255, 4096);
/// Most labels, buckets and objectives of a metric.
const MOST: usize = 256;

/// What is said of a metric when it is declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declaration {
    /// What the application calls it by.
    pub name: String,
    /// Stands before the name where it is shown; may be empty.
    pub namespace: String,
    /// Stands between the two; may be empty.
    pub subsystem: String,
    /// What it says, for people.
    pub help: String,
    /// Its type.
    pub kind: Kind,
    /// Names of its labels.
    pub labels: Vec<String>,
}

/// The type of a metric.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts observations by the first of these upper bounds that they do not exceed. Empty: the usual ones.
    Histogram(Vec<f64>),
    /// Estimates these quantiles of the observations of the last ten minutes.
    Summary(Vec<Objective>),
}

/// A quantile that is wanted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Objective {
    /// From 0 to 1.
    pub quantile: f64,
    /// How far off the answer may be, as a share of all observations.
    pub error: f64,
}

// Bounds and objectives are checked to be numbers.
impl Eq for Kind {}

// === impl Kind ===

impl Kind {
    /// As Prometheus has it.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram(_) => "histogram",
            Self::Summary(_) => "summary",
        }
    }

    /// The type of that name. What it has beside the name is that of `buckets` or `objectives`.
    ///
    /// # Errors
    ///
    /// When there is no such type.
    pub fn parse(word: &str, buckets: Vec<f64>, objectives: Vec<Objective>) -> Result<Self, Error> {
        Ok(match word {
            "counter" => Self::Counter,
            "gauge" => Self::Gauge,
            "histogram" => Self::Histogram(buckets),
            "summary" => Self::Summary(objectives),
            _ => {
                let reason = format!("the type of a metric is counter, gauge, histogram or summary, not {word:?}");
                return Err(Error::Invalid(reason));
            }
        })
    }

    /// The label that it has by itself.
    fn own_label(&self) -> Option<&'static str> {
        match self {
            Self::Histogram(_) => Some("le"),
            Self::Summary(_) => Some("quantile"),
            Self::Counter | Self::Gauge => None,
        }
    }

    /// Checks it, and puts it into the form by which two of a kind are equal.
    fn check(&mut self) -> Result<(), Error> {
        match self {
            Self::Counter | Self::Gauge => Ok(()),
            Self::Histogram(bounds) => {
                if bounds.is_empty() {
                    *bounds = BUCKETS.to_vec();
                }
                // What is above the last one is counted anyway.
                if bounds.last() == Some(&f64::INFINITY) {
                    bounds.pop();
                }
                bounded(bounds.len(), "buckets")?;
                if bounds.iter().any(|bound| !bound.is_finite()) || !bounds.is_sorted_by(|one, next| one < next) {
                    return Err(Error::Invalid(format!("buckets must be numbers that grow, not {bounds:?}")));
                }
                Ok(())
            }
            Self::Summary(objectives) => {
                bounded(objectives.len(), "objectives")?;
                let share = |number: f64| (0.0..=1.0).contains(&number);
                if let Some(wrong) = objectives.iter().find(|one| !share(one.quantile) || !share(one.error)) {
                    let Objective { quantile, error } = wrong;
                    let reason =
                        format!("objectives are quantiles and their errors, each from 0 to 1, not {quantile}: {error}");
                    return Err(Error::Invalid(reason));
                }
                objectives.sort_by(|one, other| one.quantile.total_cmp(&other.quantile));
                objectives.dedup_by(|one, other| one.quantile.to_bits() == other.quantile.to_bits());
                Ok(())
            }
        }
    }
}

fn bounded(count: usize, what: &str) -> Result<(), Error> {
    if count > MOST {
        return Err(Error::Invalid(format!("a metric has at most {MOST} {what}, not {count}")));
    }
    Ok(())
}

// === impl Declaration ===

impl Declaration {
    /// A metric of this type without labels, shown by its own name.
    pub fn new(name: &str, help: &str, kind: Kind) -> Self {
        let (namespace, subsystem) = (String::new(), String::new());
        Self { name: name.to_owned(), namespace, subsystem, help: help.to_owned(), kind, labels: Vec::new() }
    }

    /// The same with these labels.
    #[must_use]
    pub fn with_labels(mut self, labels: &[&str]) -> Self {
        self.labels = labels.iter().map(ToString::to_string).collect();
        self
    }

    /// The name that is shown.
    pub fn full_name(&self) -> String {
        let parts = [&self.namespace, &self.subsystem, &self.name];
        let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).map(String::as_str).collect();
        parts.join("_")
    }

    /// Whether it is the same metric: same type, and same labels in the same order.
    pub fn is_as(&self, other: &Self) -> bool {
        self.kind == other.kind && self.labels == other.labels
    }

    /// For people.
    pub(super) fn shape(&self) -> String {
        let kind = match &self.kind {
            Kind::Histogram(bounds) => format!("a histogram with buckets {bounds:?}"),
            Kind::Summary(objectives) => {
                let wanted: Vec<_> = objectives.iter().map(|one| format!("{}: {}", one.quantile, one.error)).collect();
                format!("a summary with objectives {{{}}}", wanted.join(", "))
            }
            other => format!("a {}", other.as_str()),
        };
        if self.labels.is_empty() { kind } else { format!("{kind} by {}", self.labels.join(", ")) }
    }

    /// Checks it by the rules of Prometheus.
    ///
    /// # Errors
    ///
    /// What is wrong first.
    pub(super) fn check(&mut self) -> Result<(), Error> {
        let full = self.full_name();
        if self.name.is_empty() || !is_name(&full, |byte| byte == b'_' || byte == b':') {
            return Err(Error::Invalid(format!(
                "{full:?} is not the name of a metric: it must have letters, digits, _ and : only, and begin with no digit"
            )));
        }
        if self.help.len() > LONGEST.1 || self.help.contains('\0') {
            return Err(Error::Invalid(format!(
                "the help of metric {full:?} must have at most {} bytes, no NUL",
                LONGEST.1
            )));
        }
        bounded(self.labels.len(), "labels")?;
        for (place, label) in self.labels.iter().enumerate() {
            let wrong = if !is_name(label, |byte| byte == b'_') {
                "it must have letters, digits and _ only, and begin with no digit"
            } else if label.starts_with("__") {
                "those that begin with __ are Prometheus' own"
            } else if self.kind.own_label() == Some(label) {
                "the type of this metric has it by itself"
            } else if self.labels[..place].contains(label) {
                "it is named twice"
            } else {
                continue;
            };
            return Err(Error::Invalid(format!("metric {full:?} cannot have the label {label:?}: {wrong}")));
        }
        self.kind.check()
    }

    /// Names of what is shown of it.
    pub(super) fn sample_names(&self) -> Vec<String> {
        sample_names(&self.full_name(), self.kind.as_str())
    }
}

/// Names of what is shown of a metric of this name and type.
pub(super) fn sample_names(full: &str, kind: &str) -> Vec<String> {
    let with = |ends: &[&str]| ends.iter().map(|end| format!("{full}{end}")).collect();
    match kind {
        "histogram" => with(&["", "_bucket", "_sum", "_count"]),
        "summary" => with(&["", "_sum", "_count"]),
        // OpenMetrics shows a counter with this end.
        "counter" if !full.ends_with("_total") => with(&["", "_total"]),
        "counter" => vec![full.to_owned(), full.trim_end_matches("_total").to_owned()],
        _ => vec![full.to_owned()],
    }
}

fn is_name(name: &str, others: impl Fn(u8) -> bool) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || others(byte);
    !name.is_empty() && name.len() <= LONGEST.0 && name.bytes().all(fits) && !name.as_bytes()[0].is_ascii_digit()
}
