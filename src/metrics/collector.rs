//! A metric of the application: its series, by the values of its labels.

use std::{
    cell::RefCell,
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
};

use parking_lot::RwLock;
use tracing::warn;

use super::{Declaration, Error, Family, Kind, Sample, exemplar, series::Series};

/// Parts of the table of series, each with a lock of its own.
const PARTS: usize = 16;
/// Stands between the values of labels in a key: no UTF-8 has such a byte.
const BETWEEN: u8 = 0xff;
/// Longest value of a label in bytes.
const LONGEST: usize = 1024;

thread_local! {
    /// Where keys are put together, for its memory.
    static KEY: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// A metric of the application.
#[derive(Debug)]
pub struct Collector {
    declared: Declaration,
    full_name: String,
    series: Table,
    /// How many series it may have.
    most: usize,
    /// Whether it is registered no longer.
    gone: AtomicBool,
    /// It was said that there are too many.
    said: AtomicBool,
    /// Values that were refused because there were too many series. Of all collectors.
    refused: Arc<AtomicU64>,
}

#[derive(Debug)]
enum Table {
    /// It has no labels.
    One(Series),
    Many {
        parts: Box<[Part]>,
        hasher: RandomState,
        count: AtomicUsize,
    },
}

/// Series by the values of their labels.
type Part = RwLock<HashMap<Box<[u8]>, Arc<Series>>>;

// === impl Collector ===

impl Collector {
    /// `declared` is checked; `most` bounds its series.
    pub(super) fn new(declared: Declaration, most: usize, refused: &Arc<AtomicU64>) -> Arc<Self> {
        let series = if declared.labels.is_empty() {
            Table::One(Series::new(&declared.kind, Box::default()))
        } else {
            let parts = (0..PARTS).map(|_| Part::default()).collect();
            Table::Many { parts, hasher: RandomState::new(), count: AtomicUsize::new(0) }
        };
        Arc::new(Self {
            full_name: declared.full_name(),
            declared,
            series,
            most,
            gone: AtomicBool::new(false),
            said: AtomicBool::new(false),
            refused: Arc::clone(refused),
        })
    }

    /// What it was declared as.
    pub fn declared(&self) -> &Declaration {
        &self.declared
    }

    /// The name that is shown.
    pub fn full_name(&self) -> &str {
        &self.full_name
    }

    /// Adds to a counter or gauge; `trace`: an example to remember.
    ///
    /// # Errors
    ///
    /// When it is neither, or as those of all values: the labels do not fit, or are too many.
    pub fn add(&self, value: f64, labels: &[&str], trace: Option<&str>) -> Result<(), Error> {
        match self.declared.kind {
            Kind::Counter if !(value.is_finite() && value >= 0.0) => {
                return Err(self.value(value, "a counter grows by a number, not less than 0"));
            }
            Kind::Gauge if !value.is_finite() => return Err(self.value(value, "a gauge changes by a number")),
            Kind::Counter | Kind::Gauge => {}
            _ => return Err(self.operation("add")),
        }
        self.check_trace(trace)?;
        self.with(labels, |series| series.add(value, trace))
    }

    /// Subtracts from a gauge.
    ///
    /// # Errors
    ///
    /// As those of [`Collector::add`].
    pub fn sub(&self, value: f64, labels: &[&str]) -> Result<(), Error> {
        if self.declared.kind != Kind::Gauge {
            return Err(self.operation("sub"));
        }
        self.add(-value, labels, None)
    }

    /// Sets a gauge, to any number that there is.
    ///
    /// # Errors
    ///
    /// As those of [`Collector::add`].
    pub fn set(&self, value: f64, labels: &[&str]) -> Result<(), Error> {
        if self.declared.kind != Kind::Gauge {
            return Err(self.operation("set"));
        }
        self.with(labels, |series| series.set(value))
    }

    /// Adds an observation to a histogram or summary; `trace`: an example for a histogram to remember.
    ///
    /// # Errors
    ///
    /// As those of [`Collector::add`].
    pub fn observe(&self, value: f64, labels: &[&str], trace: Option<&str>) -> Result<(), Error> {
        if !matches!(self.declared.kind, Kind::Histogram(_) | Kind::Summary(_)) {
            return Err(self.operation("observe"));
        }
        if !value.is_finite() {
            return Err(self.value(value, "what is observed is a number"));
        }
        self.check_trace(trace)?;
        self.with(labels, |series| series.observe(&self.declared.kind, value, trace))
    }

    fn operation(&self, operation: &'static str) -> Error {
        Error::Operation { name: self.full_name.clone(), kind: self.declared.kind.as_str(), operation }
    }

    fn value(&self, value: f64, reason: &'static str) -> Error {
        Error::Value { name: self.full_name.clone(), value: value.to_string(), reason }
    }

    fn check_trace(&self, trace: Option<&str>) -> Result<(), Error> {
        match trace {
            Some(trace) if trace.is_empty() || trace.chars().count() > exemplar::LONGEST => {
                let (name, most) = (&self.full_name, exemplar::LONGEST);
                Err(Error::Invalid(format!(
                    "the trace of an example for metric {name:?} must have 1 to {most} characters"
                )))
            }
            _ => Ok(()),
        }
    }

    /// Calls `act` with the series of these values, which is made if need be.
    fn with(&self, labels: &[&str], act: impl FnOnce(&Series)) -> Result<(), Error> {
        if self.gone.load(Ordering::Relaxed) {
            return Err(Error::Unregistered(self.full_name.clone()));
        }
        let names = &self.declared.labels;
        if labels.len() != names.len() {
            let names = (!names.is_empty()).then(|| names.join(", "));
            return Err(Error::Labels { name: self.full_name.clone(), labels: names, given: labels.len() });
        }
        let Table::Many { parts, hasher, count } = &self.series else {
            if let Table::One(series) = &self.series {
                act(series);
            }
            return Ok(());
        };
        if let Some(place) = labels.iter().position(|label| label.len() > LONGEST) {
            let (name, label, length) = (&self.full_name, &names[place], labels[place].len());
            let reason = format!(
                "a value of label {label:?} of metric {name:?} has {length} bytes, but at most {LONGEST} may be"
            );
            return Err(Error::Invalid(reason));
        }
        KEY.with_borrow_mut(|key| {
            key.clear();
            for label in labels {
                key.extend_from_slice(label.as_bytes());
                key.push(BETWEEN);
            }
            // The low bits of the hash are the table's.
            let part = usize::try_from(hasher.hash_one(&**key) >> 48).unwrap_or_default() % PARTS;
            let part = &parts[part];
            if let Some(series) = part.read().get(&**key) {
                act(series);
                return Ok(());
            }
            let mut part = part.write();
            if let Some(series) = part.get(&**key) {
                act(series);
                return Ok(());
            }
            if count.fetch_add(1, Ordering::Relaxed) >= self.most {
                count.fetch_sub(1, Ordering::Relaxed);
                return Err(self.too_many());
            }
            let series = Series::new(&self.declared.kind, labels.iter().map(ToString::to_string).collect());
            act(&series);
            part.insert(key.as_slice().into(), Arc::new(series));
            Ok(())
        })
    }

    #[cold]
    fn too_many(&self) -> Error {
        self.refused.fetch_add(1, Ordering::Relaxed);
        let error = Error::TooMany { name: self.full_name.clone(), most: self.most };
        if !self.said.swap(true, Ordering::Relaxed) {
            warn!(metric = %self.full_name, most = self.most, "A metric has as many series as it may: further ones are refused");
        }
        error
    }

    /// It is registered no longer: values are refused.
    pub(super) fn leave(&self) {
        self.gone.store(true, Ordering::Relaxed);
    }

    /// How many series it has.
    pub(super) fn size(&self) -> usize {
        match &self.series {
            Table::One(_) => 1,
            Table::Many { count, .. } => count.load(Ordering::Relaxed),
        }
    }

    /// What it is now.
    pub(super) fn family(&self) -> Family {
        let Declaration { help, kind, labels: names, .. } = &self.declared;
        let sample = |series: &Series| Sample {
            labels: names.iter().cloned().zip(series.labels.iter().cloned()).collect(),
            value: series.value(kind),
        };
        let samples = match &self.series {
            Table::One(series) => vec![sample(series)],
            Table::Many { parts, .. } => {
                let all: Vec<Arc<Series>> =
                    parts.iter().flat_map(|part| part.read().values().cloned().collect::<Vec<_>>()).collect();
                let mut all: Vec<_> = all.iter().map(|series| sample(series)).collect();
                all.sort_by(|one, other| one.labels.cmp(&other.labels));
                all
            }
        };
        Family { name: self.full_name.clone(), help: help.clone(), kind: kind.as_str(), samples }
    }
}
