//! What a server is busy with, at one moment; as other processes are told.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{handoff::Times, rpc::Worker};

/// What a server is busy with. Times are in nanoseconds, memory in bytes; counters begin with the process, and are never
/// set back.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Load {
    /// The number of its process.
    pub process: u32,
    /// The version of the extension.
    pub version: String,
    /// How far its life is, see [`super::Stage`].
    pub stage: String,
    /// Age of the server.
    pub uptime: u64,
    /// Memory of the process that is in use.
    pub memory: u64,
    /// Processor time of the process.
    pub cpu_time: u64,
    /// Its pools.
    pub pools: Vec<Pool>,
}

/// A pool of workers.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Pool {
    /// Its name.
    pub name: String,
    /// By number.
    pub workers: Vec<Worker>,
    /// Requests that wait for a worker.
    pub waiting: u64,
    /// How many may.
    pub room: u64,
    /// Requests that workers have taken.
    pub requests: u64,
    /// Requests refused because too many waited.
    pub refused: u64,
    /// Requests refused because they waited for too long.
    pub overdue: u64,
    /// Requests whose client had gone before a worker took them.
    pub abandoned: u64,
    /// Runs of the script that are over, by reason; those that did not come to their first wait are not counted.
    pub recycled: BTreeMap<String, u64>,
    /// Why the code in place does not boot; empty: it does.
    pub broken: String,
    /// How long requests took from the inbox to the end of their worker's work; absent: they are not measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency: Option<Vec<Bucket>>,
}

/// How many requests took less than a time, and not less than the one before it.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(default)]
pub struct Bucket {
    /// The time; 0: there is no bound.
    pub below: u64,
    /// How many.
    pub count: u64,
}

// === impl Bucket ===

impl Bucket {
    /// Those that have counted something.
    pub fn all(times: &Times) -> Vec<Self> {
        let below = |place| Times::bound(place).map_or(0, |bound| u64::try_from(bound.as_nanos()).unwrap_or(0));
        let counts = times.counts.iter().enumerate().filter(|(_, count)| **count > 0);
        counts.map(|(place, count)| Self { below: below(place), count: *count }).collect()
    }

    /// What has come to `before` since.
    pub fn since(before: &[Self], now: &[Self]) -> Vec<Self> {
        let was = |below| before.iter().find(|bucket| bucket.below == below).map_or(0, |bucket| bucket.count);
        let more = |bucket: &Self| Self { count: bucket.count.saturating_sub(was(bucket.below)), ..*bucket };
        now.iter().map(more).filter(|bucket| bucket.count > 0).collect()
    }

    /// The time that this part of all requests did not reach; `None` if there were none, or the bound is not known.
    pub fn quantile(all: &[Self], part: f64) -> Option<u64> {
        let total: u64 = all.iter().map(|bucket| bucket.count).sum();
        #[expect(clippy::cast_precision_loss, reason = "a count of a second")]
        let wanted = total as f64 * part;
        let mut seen = 0;
        let found = all.iter().find(|bucket| {
            seen += bucket.count;
            #[expect(clippy::cast_precision_loss, reason = "a count of a second")]
            let reached = seen as f64 >= wanted;
            reached
        });
        found.map(|bucket| bucket.below).filter(|below| *below > 0)
    }
}
