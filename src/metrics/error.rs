//! Why a metric cannot be declared, or a value not be taken.

/// Why a metric cannot be declared, or a value not be taken.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A name, help, label, bucket or objective that Prometheus does not have.
    #[error("{0}")]
    Invalid(String),
    /// Nothing of this name is declared.
    #[error("there is no metric {0:?}: declare it first")]
    Unknown(String),
    /// The name is taken by something else.
    #[error("metric {name:?} cannot be declared as {wanted}: {taken}")]
    Taken {
        /// What was to be declared.
        name: String,
        /// As what.
        wanted: String,
        /// Why that is not possible.
        taken: String,
    },
    /// The collector is no longer registered.
    #[error("metric {0:?} was unregistered")]
    Unregistered(String),
    /// The type of the metric does not have this operation.
    #[error("metric {name:?} is a {kind}: it has no operation {operation:?}")]
    Operation {
        /// The metric.
        name: String,
        /// Its type.
        kind: &'static str,
        /// What was asked for.
        operation: &'static str,
    },
    /// Not as many values as labels.
    #[error("metric {name:?} has {}; values given: {given}", .labels.as_ref().map_or_else(|| "no labels".to_owned(), |labels| format!("the labels {labels}")))]
    Labels {
        /// The metric.
        name: String,
        /// Its labels; `None`: it has none.
        labels: Option<String>,
        /// Values that were given.
        given: usize,
    },
    /// A value that would make the metric useless.
    #[error("metric {name:?} cannot take {value}: {reason}")]
    Value {
        /// The metric.
        name: String,
        /// The value, as text.
        value: String,
        /// What it must be.
        reason: &'static str,
    },
    /// There are as many series as there may be.
    #[error(
        "metric {name:?} has {most} series already, which is as many as it may (metrics.max_series): a label has too many values"
    )]
    TooMany {
        /// The metric.
        name: String,
        /// How many it may have.
        most: usize,
    },
}

// === impl Error ===

impl Error {
    /// Whether an argument is at fault, whatever else there is.
    pub fn is_of_argument(&self) -> bool {
        matches!(self, Self::Invalid(_) | Self::Labels { .. } | Self::Value { .. })
    }
}
