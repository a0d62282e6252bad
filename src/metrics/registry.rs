//! All metrics there are.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use parking_lot::RwLock;

use super::{Collector, Declaration, Error, Family, Gathered, Metric, Source, declaration::sample_names};

/// Values that were refused.
const REFUSED: Metric = Metric::counter(
    "rr_metrics_refused_total",
    "Values of the application that were refused because their metric has as many series as it may.",
);
/// Series of the application.
const SERIES: Metric = Metric::gauge("rr_metrics_series", "Series of the application's metrics.");

/// All metrics there are.
pub struct Registry {
    /// By the name that the application calls them by.
    collectors: RwLock<BTreeMap<String, Arc<Collector>>>,
    sources: RwLock<Vec<Arc<dyn Source>>>,
    /// Those of the server itself, whose names are taken.
    own: RwLock<Vec<&'static Metric>>,
    /// Series that a collector may have.
    max_series: usize,
    refused: Arc<AtomicU64>,
}

// === impl Registry ===

impl Registry {
    /// Names of the metrics that it has by itself.
    pub const OWN: &'static [&'static Metric] = &[&REFUSED, &SERIES];

    /// Nothing is declared yet. A collector may have `max_series`.
    pub fn new(max_series: usize) -> Arc<Self> {
        Arc::new(Self {
            collectors: RwLock::default(),
            sources: RwLock::default(),
            own: RwLock::new(Self::OWN.to_vec()),
            max_series,
            refused: Arc::default(),
        })
    }

    /// Declares a metric. One that is declared already in the same way is found; its help, namespace and subsystem stay as
    /// they were.
    ///
    /// # Errors
    ///
    /// When something is wrong with it, when it is declared already in another way, or when what is shown of it would
    /// have the name of something else.
    pub fn declare(&self, mut declared: Declaration) -> Result<Arc<Collector>, Error> {
        declared.check()?;
        if let Some(known) = self.collectors.read().get(&declared.name) {
            return same(known, &declared);
        }
        let mut collectors = self.collectors.write();
        if let Some(known) = collectors.get(&declared.name) {
            return same(known, &declared);
        }
        let names = declared.sample_names();
        let meets = |others: Vec<String>| others.iter().any(|other| names.contains(other));
        let own = self.own.read().iter().find(|own| meets(sample_names(own.name, own.kind.as_str()))).copied();
        let taken = match own {
            Some(own) => Some(format!("the server itself has {}", own.name)),
            None => collectors
                .values()
                .find(|other| meets(other.declared().sample_names()))
                .map(|other| format!("{} is shown under the same name", other.full_name())),
        };
        if let Some(taken) = taken {
            return Err(Error::Taken { name: declared.full_name(), wanted: declared.shape(), taken });
        }
        let name = declared.name.clone();
        let collector = Collector::new(declared, self.max_series, &self.refused);
        collectors.insert(name, Arc::clone(&collector));
        Ok(collector)
    }

    /// Finds what was declared under this name.
    ///
    /// # Errors
    ///
    /// When nothing was.
    pub fn find(&self, name: &str) -> Result<Arc<Collector>, Error> {
        self.collectors.read().get(name).cloned().ok_or_else(|| Error::Unknown(name.to_owned()))
    }

    /// Forgets a metric: it is shown no more, and whoever still has it is told so. Returns whether there was one.
    pub fn unregister(&self, name: &str) -> bool {
        let collector = self.collectors.write().remove(name);
        if let Some(collector) = &collector {
            collector.leave();
        }
        collector.is_some()
    }

    /// Keeps the names of the server's own metrics from the application's. To be said before that declares any.
    pub fn reserve(&self, own: &[&'static Metric]) {
        self.own.write().extend(own);
    }

    /// Adds somebody who has numbers.
    pub fn add_source(&self, source: Arc<dyn Source>) {
        self.sources.write().push(source);
    }

    /// Lets go of whoever has numbers: the server ends.
    pub fn forget_sources(&self) {
        self.sources.write().clear();
    }

    /// The metrics of the server itself, as they are now.
    pub fn own(&self) -> Vec<Family> {
        let mut gathered = Gathered::default();
        let sources = self.sources.read().clone();
        for source in sources {
            source.collect(&mut gathered);
        }
        gathered.count(&REFUSED, &[], self.refused.load(Ordering::Relaxed));
        let series = self.collectors().iter().map(|collector| collector.size()).sum::<usize>();
        gathered.count(&SERIES, &[], series as u64);
        gathered.into_families()
    }

    /// The metrics of the application.
    pub(super) fn collectors(&self) -> Vec<Arc<Collector>> {
        self.collectors.read().values().cloned().collect()
    }

    /// All metrics, as they are now: those of the server itself first.
    pub fn gather(&self) -> Vec<Family> {
        let mut families = self.own();
        families.extend(self.collectors().iter().map(|collector| collector.family()));
        families
    }
}

fn same(known: &Arc<Collector>, declared: &Declaration) -> Result<Arc<Collector>, Error> {
    if known.declared().is_as(declared) {
        return Ok(Arc::clone(known));
    }
    let taken = format!("it is {} already", known.declared().shape());
    Err(Error::Taken { name: declared.name.clone(), wanted: declared.shape(), taken })
}

impl fmt::Debug for Registry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.collectors.read().keys()).finish()
    }
}
