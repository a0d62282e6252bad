//! What metrics are at one moment.

use std::collections::HashMap;

use super::{Metric, exemplar::Exemplar};

/// All metrics at one moment.
#[derive(Debug, Default)]
pub struct Gathered {
    families: Vec<Family>,
    places: HashMap<String, usize>,
}

/// A metric at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Family {
    /// Its name.
    pub name: String,
    /// What it says, for people.
    pub help: String,
    /// Its type, as Prometheus has it.
    pub kind: &'static str,
    /// Its series.
    pub samples: Vec<Sample>,
}

/// A series at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Names and values.
    pub labels: Vec<(String, String)>,
    /// What it was.
    pub value: Value,
}

/// What a series was.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Of a counter or gauge, maybe with an example of what a counter has counted.
    Number(f64, Option<Box<Exemplar>>),
    /// Of a histogram.
    Histogram {
        /// Upper bounds.
        bounds: Vec<f64>,
        /// Observations that no bound before holds, and what is above the last one.
        counts: Vec<u64>,
        /// All together.
        sum: f64,
        /// An example for each count, or none at all.
        examples: Vec<Option<Exemplar>>,
    },
    /// Of a summary.
    Summary {
        /// Quantiles and their values; NaN where nothing was observed.
        quantiles: Vec<(f64, f64)>,
        /// All observations together.
        sum: f64,
        /// How many there were.
        count: u64,
    },
}

// === impl Gathered ===

impl Gathered {
    /// Adds a number to a metric of the server's own.
    #[expect(clippy::cast_precision_loss, reason = "it is shown as such a number")]
    pub fn count(&mut self, metric: &Metric, labels: &[(&str, &str)], value: u64) {
        self.number(metric, labels, value as f64);
    }

    /// Adds a number to a metric of the server's own.
    pub fn number(&mut self, metric: &Metric, labels: &[(&str, &str)], value: f64) {
        self.add(metric, labels, Value::Number(value, None));
    }

    /// Adds a value to a metric of the server's own.
    pub fn add(&mut self, metric: &Metric, labels: &[(&str, &str)], value: Value) {
        let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let place = match self.places.get(metric.name) {
            Some(place) => *place,
            None => self.push(Family {
                name: metric.name.to_owned(),
                help: metric.help.to_owned(),
                kind: metric.kind.as_str(),
                samples: Vec::new(),
            }),
        };
        self.families[place].samples.push(Sample { labels, value });
    }

    fn push(&mut self, family: Family) -> usize {
        self.places.insert(family.name.clone(), self.families.len());
        self.families.push(family);
        self.families.len() - 1
    }

    /// Takes them out, in the order in which they came.
    pub fn into_families(self) -> Vec<Family> {
        self.families
    }
}
