//! One series: the values of a metric for one set of labels.

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use parking_lot::Mutex;

use super::{
    Kind, Value,
    exemplar::Place,
    number::{Level, Total},
    summary::Summary,
};

/// One series.
#[derive(Debug)]
pub(super) struct Series {
    pub(super) labels: Box<[String]>,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Counter(Total, OnceLock<Place>),
    Gauge(Level),
    Histogram(Histogram),
    Summary(Mutex<Summary>),
}

/// Observations by size.
#[derive(Debug)]
struct Histogram {
    /// For each bound, and what is above all of them. Not cumulative.
    counts: Box<[AtomicU64]>,
    sum: Level,
    /// The last example of each, once there is one.
    examples: OnceLock<Box<[Place]>>,
}

// === impl Series ===

impl Series {
    pub(super) fn new(kind: &Kind, labels: Box<[String]>) -> Self {
        let content = match kind {
            Kind::Counter => Content::Counter(Total::default(), OnceLock::new()),
            Kind::Gauge => Content::Gauge(Level::default()),
            Kind::Histogram(bounds) => Content::Histogram(Histogram {
                counts: (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect(),
                sum: Level::default(),
                examples: OnceLock::new(),
            }),
            Kind::Summary(objectives) => Content::Summary(Mutex::new(Summary::new(objectives, Instant::now()))),
        };
        Self { labels, content }
    }

    /// Adds to a counter or gauge.
    pub(super) fn add(&self, value: f64, trace: Option<&str>) {
        match &self.content {
            Content::Counter(total, example) => {
                total.add(value);
                if let Some(trace) = trace {
                    example.get_or_init(Place::default).put(trace, value);
                }
            }
            Content::Gauge(level) => level.add(value),
            Content::Histogram(_) | Content::Summary(_) => {}
        }
    }

    /// Sets a gauge.
    pub(super) fn set(&self, value: f64) {
        if let Content::Gauge(level) = &self.content {
            level.set(value);
        }
    }

    /// Adds an observation to a histogram with these bounds, or to a summary.
    pub(super) fn observe(&self, kind: &Kind, value: f64, trace: Option<&str>) {
        match (&self.content, kind) {
            (Content::Histogram(histogram), Kind::Histogram(bounds)) => {
                let place = bounds.partition_point(|bound| *bound < value);
                histogram.sum.add(value);
                histogram.counts[place].fetch_add(1, Ordering::Relaxed);
                if let Some(trace) = trace {
                    let places = || (0..=bounds.len()).map(|_| Place::default()).collect();
                    histogram.examples.get_or_init(places)[place].put(trace, value);
                }
            }
            (Content::Summary(summary), _) => summary.lock().observe(value, Instant::now()),
            _ => {}
        }
    }

    /// What it is now.
    pub(super) fn value(&self, kind: &Kind) -> Value {
        match (&self.content, kind) {
            (Content::Counter(total, example), _) => {
                Value::Number(total.get(), example.get().and_then(Place::get).map(Box::new))
            }
            (Content::Gauge(level), _) => Value::Number(level.get(), None),
            (Content::Histogram(histogram), Kind::Histogram(bounds)) => {
                let examples = histogram.examples.get();
                let example = |place: usize| examples.and_then(|examples| examples[place].get());
                Value::Histogram {
                    bounds: bounds.clone(),
                    counts: histogram.counts.iter().map(|count| count.load(Ordering::Relaxed)).collect(),
                    sum: histogram.sum.get(),
                    examples: if examples.is_some() { (0..=bounds.len()).map(example).collect() } else { Vec::new() },
                }
            }
            (Content::Summary(summary), _) => summary.lock().value(Instant::now()),
            (Content::Histogram(_), _) => Value::Number(f64::NAN, None),
        }
    }
}
