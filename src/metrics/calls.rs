//! The methods of service `metrics`, with RoadRunner's names and shapes.

use std::{fmt, sync::Arc};

use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, Visitor},
};

use super::{Collector, Declaration, Error, Kind, Objective, Registry};
use crate::rpc::{Fault, Methods};

/// A value for a metric.
#[derive(Debug, Default, Deserialize)]
struct Change {
    #[serde(alias = "Name")]
    name: String,
    #[serde(alias = "Value", default)]
    value: f64,
    /// Values of its labels, in their order.
    #[serde(alias = "Labels", default)]
    labels: Option<Vec<String>>,
}

/// A metric to be, and its name.
#[derive(Debug, Default, Deserialize)]
struct Named {
    #[serde(alias = "Name")]
    name: String,
    #[serde(alias = "Collector", default)]
    collector: Described,
}

/// A metric to be.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Described {
    #[serde(alias = "Namespace")]
    namespace: Option<String>,
    #[serde(alias = "Subsystem")]
    subsystem: Option<String>,
    #[serde(rename = "type", alias = "Type")]
    kind: String,
    #[serde(alias = "Help")]
    help: Option<String>,
    #[serde(alias = "Labels")]
    labels: Option<Vec<String>>,
    #[serde(alias = "Buckets")]
    buckets: Option<Vec<f64>>,
    #[serde(alias = "Objectives")]
    objectives: Option<Objectives>,
}

/// Quantiles and their errors. Keys are numbers, in JSON as text; a list is what PHP makes of none.
#[derive(Debug, Default)]
struct Objectives(Vec<Objective>);

/// A number, maybe as text.
struct Number(f64);

// === the methods ===

/// Adds the methods by which others change the metrics of `registry`.
pub fn register(registry: &Arc<Registry>, methods: &mut Methods) {
    let change = |act: fn(&Collector, f64, &[&str]) -> Result<(), Error>| {
        let registry = Arc::clone(registry);
        move |Change { name, value, labels }: Change| {
            let labels = labels.unwrap_or_default();
            let labels: Vec<_> = labels.iter().map(String::as_str).collect();
            act(&*registry.find(&name).map_err(fault)?, value, &labels).map_err(fault)?;
            Ok(true)
        }
    };
    methods.register("metrics.Add", change(|metric, value, labels| metric.add(value, labels, None)));
    methods.register("metrics.Sub", change(Collector::sub));
    methods.register("metrics.Set", change(Collector::set));
    methods.register("metrics.Observe", change(|metric, value, labels| metric.observe(value, labels, None)));
    let declaring = Arc::clone(registry);
    methods.register("metrics.Declare", move |Named { name, collector }: Named| {
        let Described { namespace, subsystem, kind, help, labels, buckets, objectives } = collector;
        let objectives = objectives.unwrap_or_default().0;
        let kind = Kind::parse(&kind, buckets.unwrap_or_default(), objectives).map_err(fault)?;
        let (namespace, subsystem) = (namespace.unwrap_or_default(), subsystem.unwrap_or_default());
        let (help, labels) = (help.unwrap_or_default(), labels.unwrap_or_default());
        declaring.declare(Declaration { name, namespace, subsystem, help, kind, labels }).map_err(fault)?;
        Ok(true)
    });
    let forgetting = Arc::clone(registry);
    methods.register("metrics.Unregister", move |name: String| {
        if forgetting.unregister(&name) { Ok(true) } else { Err(fault(Error::Unknown(name))) }
    });
}

#[expect(clippy::needless_pass_by_value, reason = "it stands where errors are mapped")]
fn fault(error: Error) -> Fault {
    Fault::new(error.to_string())
}

// === impl Objectives ===

impl<'de> Deserialize<'de> for Objectives {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Objectives;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("quantiles with their errors")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Objectives, M::Error> {
                let mut objectives = Vec::new();
                while let Some((Number(quantile), Number(error))) = map.next_entry()? {
                    objectives.push(Objective { quantile, error });
                }
                Ok(Objectives(objectives))
            }

            fn visit_seq<S: de::SeqAccess<'de>>(self, mut items: S) -> Result<Objectives, S::Error> {
                match items.next_element::<de::IgnoredAny>()? {
                    None => Ok(Objectives::default()),
                    Some(_) => Err(de::Error::invalid_type(de::Unexpected::Seq, &self)),
                }
            }

            fn visit_unit<E>(self) -> Result<Objectives, E> {
                Ok(Objectives::default())
            }
        }
        deserializer.deserialize_any(Pairs)
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Digits;
        impl Visitor<'_> for Digits {
            type Value = Number;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a number")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Number, E> {
                text.parse().map(Number).map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))
            }

            fn visit_f64<E>(self, number: f64) -> Result<Number, E> {
                Ok(Number(number))
            }

            #[expect(clippy::cast_precision_loss, reason = "quantiles are from 0 to 1")]
            fn visit_i64<E>(self, number: i64) -> Result<Number, E> {
                Ok(Number(number as f64))
            }

            #[expect(clippy::cast_precision_loss, reason = "quantiles are from 0 to 1")]
            fn visit_u64<E>(self, number: u64) -> Result<Number, E> {
                Ok(Number(number as f64))
            }
        }
        deserializer.deserialize_any(Digits)
    }
}
