//! The names of the server's metrics. Those that RoadRunner has are as there.

use crate::metrics::Metric;

macro_rules! metrics {
    ($($id:ident = $kind:ident $name:literal $help:literal;)*) => {
        $(pub(super) const $id: Metric = Metric::$kind($name, $help);)*
        /// All of them.
        pub(super) const ALL: &[&Metric] = &[$(&$id),*];
    };
}

metrics! {
    // Workers.
    TOTAL_WORKERS = gauge "rr_http_total_workers" "Workers that there are.";
    WORKERS_READY = gauge "rr_http_workers_ready" "Workers that wait for a request.";
    WORKERS_WORKING = gauge "rr_http_workers_working" "Workers that have a request.";
    WORKERS_INVALID = gauge "rr_http_workers_invalid" "Workers that boot, leave, or are stuck.";
    WORKERS_STUCK = gauge "rr_http_workers_stuck" "Workers that cannot be made to end their request.";
    WORKERS_MEMORY = gauge "rr_http_workers_memory_bytes" "Memory of all workers' scripts, in bytes, each at its last wait.";
    WORKER_STATE = gauge "rr_http_worker_state" "1 for each worker and the state that it is in; pid is the number of its thread.";
    WORKER_MEMORY = gauge "rr_http_worker_memory_bytes" "Memory of a worker's script, in bytes, at its last wait.";
    BUSY_SHARE = gauge "rr_http_workers_busy_ratio" "Share of the workers that serve and have a request, 0 to 1.";
    BUSY = counter "rr_http_workers_busy_seconds_total" "Time for which workers have had requests that are over, in seconds.";
    TAKEN = counter "rr_http_worker_requests_total" "Requests that workers have taken.";
    RECYCLES = counter "rr_http_worker_recycles_total" "Runs of the worker script that are over, by the reason.";
    BOOTS_FAILED = counter "rr_http_worker_boot_failures_total" "Scripts that did not come to their first wait.";
    STUCK = counter "rr_http_worker_stuck_total" "Workers that could not be made to end their request.";
    RELOADS = counter "rr_http_reloads_total" "Reloads, by how they have ended.";
    // Requests.
    WAITING = gauge "rr_http_requests_waiting" "Requests that wait for a worker.";
    QUEUE_WAIT = histogram "rr_http_queue_wait_seconds" "How long requests have waited for a worker, in seconds.";
    REFUSED = counter "rr_http_requests_refused_total" "Requests refused because the queue was full.";
    OVERDUE = counter "rr_http_requests_overdue_total" "Requests refused because no worker took them in time.";
    ABANDONED = counter "rr_http_requests_abandoned_total" "Requests whose clients left before a worker took them.";
    TIMED_OUT = counter "rr_http_requests_timed_out_total" "Requests that took longer than supervisor.exec_ttl.";
    NO_FREE_WORKERS = counter "rr_http_no_free_workers_total" "Requests refused for want of a free worker: refused and overdue ones.";
    // Middleware http_metrics.
    REQUESTS = counter "rr_http_request_total" "Requests that went through middleware http_metrics, by the status of their answers.";
    DURATION = histogram "rr_http_request_duration_seconds" "How long requests took to the end of their answers, in seconds.";
    UNDER_WAY = gauge "rr_http_requests_queue" "Requests that wait for a worker or are answered.";
    UPTIME = gauge "rr_http_uptime_seconds" "Time since the server began to serve, in seconds.";
    // The hand-off.
    HANDOFF_REQUESTS = counter "rr_handoff_requests_total" "Requests handed over to workers, of all pools.";
    HANDOFF_PASSES = counter "rr_handoff_passes_total" "Times that a reactor had nothing more to do, or that a worker began to drive it.";
    HANDOFF_WAKES = counter "rr_handoff_wakes_total" "Worker threads woken.";
    HANDOFF_KICKS = counter "rr_handoff_kicks_total" "Reactors woken by workers.";
    HANDOFF_LOOKS = counter "rr_handoff_looks_total" "Looks of the monitor.";
    HANDOFF_FINDS = counter "rr_handoff_finds_total" "Looks of the monitor that found something to mend.";
    HANDOFF_GIVES = counter "rr_handoff_gives_total" "Times that a worker was given a reactor to drive.";
    HANDOFF_STEALS = counter "rr_handoff_steals_total" "Times that a reactor was taken from a worker that did not come back soon.";
    HANDOFF_RETIRES = counter "rr_handoff_retires_total" "Times that a worker gave the reactor back by itself.";
    ANSWER_WAIT = histogram "rr_handoff_answer_wait_seconds" "How long answers have waited for the thread of their connection, in seconds.";
    // Connections.
    CONNECTIONS = gauge "rr_http_connections" "Connections that are open.";
    CONNECTIONS_REFUSED = counter "rr_http_connections_refused_total" "Connections refused, by the reason.";
    // Streams that workers have let go of.
    SUBSCRIBERS = gauge "rr_channel_subscribers" "Detached answers that are open.";
    PUBLISHED = counter "rr_channel_published_total" "Messages published to channels.";
    DELIVERED = counter "rr_channel_delivered_total" "Messages put under way, counted for each subscriber.";
    DROPPED = counter "rr_channel_dropped_total" "Subscribers broken off because they fell behind.";
    // The rest.
    CODE_MEMORY = gauge "rr_opcache_used_ratio" "How full opcache is, 0 to 1: its memory or its table, whichever is fuller.";
    LOG_DROPPED = counter "rr_log_dropped_total" "Entries of the log that were dropped because an output did not take them.";
    INFO = gauge "rr_info" "1, with the version of the server, and that of RoadRunner that it is compatible with.";
}
