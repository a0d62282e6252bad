//! Settings of metrics (section `metrics`).

use super::{Declaration, Kind, Objective, Registry};
use crate::{
    config::{Problems, Section},
    net::Address,
};

/// Settings of metrics (section `metrics`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// `metrics.address`: where they are served, `host:port` or `unix:/path`. A name may have several addresses.
    ///
    /// Default: `127.0.0.1:2112`.
    pub addresses: Vec<Address>,

    /// `metrics.max_series`: series that each metric of the application may have; values for further ones are refused.
    ///
    /// Default: 10000.
    pub max_series: usize,

    /// `metrics.collect`: metrics of the application that are there from the start, by name.
    ///
    /// Default: none.
    pub collect: Vec<Declaration>,
}

// === impl Config ===

impl Default for Config {
    fn default() -> Self {
        Self { addresses: vec![Address::Tcp(([127, 0, 0, 1], 2112).into())], max_series: 10_000, collect: Vec::new() }
    }
}

impl Config {
    /// Reads the section; what is wrong is added to `problems` and read as the default.
    pub fn read(mut section: Section<'_>, problems: &mut Problems) -> Self {
        let mut config = Self::default();
        if let Some(addresses) = section.address("address", problems) {
            config.addresses = addresses;
        }
        if let Some(most) = section.integer("max_series", 1..=10_000_000, problems) {
            config.max_series = usize::try_from(most).unwrap_or(usize::MAX);
        }
        // What can be declared there can be here.
        let trial = Registry::new(config.max_series);
        for (name, mut inner) in section.sections("collect", problems) {
            let Some(declared) = declaration(&name, &mut inner, problems) else { continue };
            match trial.declare(declared.clone()) {
                Ok(_) => config.collect.push(declared),
                Err(error) => inner.report("type", &error.to_string(), problems),
            }
            inner.finish(problems);
        }
        section.finish(problems);
        config
    }
}

/// Reads what is said of one metric.
fn declaration(name: &str, section: &mut Section<'_>, problems: &mut Problems) -> Option<Declaration> {
    let mut text = |key| section.text(key, problems).map(|(text, _)| text);
    let (kind, help) = (text("type"), text("help").unwrap_or_default());
    let (namespace, subsystem) = (text("namespace").unwrap_or_default(), text("subsystem").unwrap_or_default());
    let labels = section.texts("labels", problems).unwrap_or_default();
    let labels = labels.into_iter().filter(|label| !label.is_empty()).collect();
    let number = |text: &str| text.parse::<f64>().ok();
    let buckets = section.parsed("buckets", "a number", problems, number).unwrap_or_default();
    let mut objectives = Vec::new();
    for (quantile, error) in section.pairs("objectives", problems).unwrap_or_default() {
        match (number(&quantile), number(&error)) {
            (Some(quantile), Some(error)) => objectives.push(Objective { quantile, error }),
            _ => section.report("objectives", &format!("has {quantile}: {error}, which are not two numbers"), problems),
        }
    }
    let Some(kind) = kind else {
        section.missing("type", problems);
        return None;
    };
    match Kind::parse(&kind, buckets, objectives) {
        Ok(kind) => Some(Declaration { name: name.to_owned(), namespace, subsystem, help, kind, labels }),
        Err(error) => {
            section.report("type", &error.to_string(), problems);
            None
        }
    }
}
