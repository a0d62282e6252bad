//! The configuration, read again at a reload: what of it can change while the server runs.

use std::fmt;

use tracing::{info, warn};

use crate::{
    config::Config,
    http,
    pool::{self, Pool},
};

/// Reads the configuration again.
pub struct Reread(Box<dyn Fn() -> Result<Config, String> + Send>);

/// The sections in which `after` differs from `before`, pools aside.
fn other_sections(before: &Config, after: &Config) -> Vec<&'static str> {
    let without_pools = |config: &Config| http::Config {
        pool: pool::Config::default(),
        further_pools: Vec::new(),
        files: None,
        ..config.http.clone()
    };
    let differs = [
        ("server", before.server != after.server),
        ("endure, shutdown", before.life != after.life),
        ("http", without_pools(before) != without_pools(after)),
        ("fileserver", before.http.files != after.http.files),
        ("service", before.services != after.services),
        ("rpc", before.rpc != after.rpc),
        ("logs", before.logs != after.logs),
        ("watch", before.watch != after.watch),
        ("otel", before.otel != after.otel),
        ("metrics", before.metrics != after.metrics),
        ("status", before.status != after.status),
        ("dashboard", before.dashboard != after.dashboard),
    ];
    differs.into_iter().filter_map(|(section, differs)| differs.then_some(section)).collect()
}

// === impl Reread ===

impl Reread {
    /// Reads by `read`, which says what is wrong if it cannot.
    pub fn new(read: impl Fn() -> Result<Config, String> + Send + 'static) -> Self {
        Self(Box::new(read))
    }

    /// Reads the configuration that is now in place of `config`, and gives each pool its part of it. What cannot be taken up
    /// is said, and stays.
    ///
    /// # Errors
    ///
    /// When it is not valid; nothing has changed then.
    pub(super) fn take_up<Q, A>(&self, config: &mut Config, pools: &mut [Pool<Q, A>]) -> Result<(), String>
    where
        Q: Send + 'static,
        A: Send + 'static,
    {
        let mut next = (self.0)()?;
        // Not part of the file.
        next.http.pool.thread_runs = config.http.pool.thread_runs;
        next.http.further_pools.iter_mut().for_each(|(_, pool)| pool.thread_runs = config.http.pool.thread_runs);
        next.http.uploads.php.clone_from(&config.http.uploads.php);
        let mut stays: Vec<String> = other_sections(config, &next).into_iter().map(str::to_owned).collect();
        let mut changed = false;
        for pool in pools {
            let part =
                |config: &Config| config.http.pools().find(|(name, _)| *name == pool.name()).map(|(_, it)| it.clone());
            match (part(config), part(&next)) {
                (_, None) => stays.push(format!("the end of pool {}", pool.name())),
                (Some(before), Some(after)) if before != after => {
                    changed = true;
                    stays.extend(
                        pool.reconfigure(&after).into_iter().map(|key| format!("{key} of pool {}", pool.name())),
                    );
                }
                _ => {}
            }
        }
        let known = |name: &str| config.http.pools().any(|(other, _)| other == name);
        stays
            .extend(next.http.pools().filter(|(name, _)| !known(name)).map(|(name, _)| format!("the new pool {name}")));
        if changed {
            info!("The configuration has changed: pools take it up");
        }
        if !stays.is_empty() {
            warn!("The configuration has changed, but only another generation can take up: {}", stays.join(", "));
        }
        config.http.pool = next.http.pool;
        for (name, pool) in &mut config.http.further_pools {
            if let Some((_, next)) = next.http.further_pools.iter().find(|(other, _)| other == name) {
                pool.clone_from(next);
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Reread {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Reread")
    }
}
