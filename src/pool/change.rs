//! What of a pool's settings can change while it runs.

use super::{Config, pool::Pool, scaling::Scaling};

// === impl Pool ===

impl<Q: Send + 'static, A: Send + 'static> Pool<Q, A> {
    /// Takes up new settings, for the workers that are started from now on. Returns the keys of those that stay as they were:
    /// only another generation can take them up.
    pub fn reconfigure(&mut self, config: &Config) -> Vec<&'static str> {
        let before = &self.config;
        let mut fixed: Vec<_> = [
            ("command", config.command != before.command),
            ("env", config.env != before.env),
            ("debug", config.debug != before.debug),
            ("max_queue_size", config.max_queue_size != before.max_queue_size),
            ("slow_log", config.limits.slow != before.limits.slow),
            ("supervisor.exec_ttl", config.limits.exec_ttl != before.limits.exec_ttl),
        ]
        .into_iter()
        .filter_map(|(key, differs)| differs.then_some(key))
        .collect();
        let mut next = Config {
            command: before.command.clone(),
            env: before.env.clone(),
            debug: before.debug,
            max_queue_size: before.max_queue_size,
            thread_runs: before.thread_runs,
            ..config.clone()
        };
        next.limits.exec_ttl = before.limits.exec_ttl;
        next.limits.slow.clone_from(&before.limits.slow);
        let beyond = next.dynamic.as_ref().map_or(0, |dynamic| dynamic.max_workers);
        if next.num_workers.get() + beyond > self.most {
            fixed.push("num_workers");
            next.num_workers = before.num_workers;
            next.dynamic.clone_from(&before.dynamic);
        }
        if next.num_workers != before.num_workers {
            (self.base, self.size) = (next.num_workers.get(), next.num_workers.get());
        }
        if next.dynamic != before.dynamic {
            self.scaling = next.dynamic.as_ref().map(Scaling::new);
            self.size = self.size.min(self.base + beyond).max(self.base);
        }
        self.config = next;
        self.look_again();
        fixed
    }
}
