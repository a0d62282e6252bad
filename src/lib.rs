//! An application server inside PHP.
//!
//! Loaded as an extension by a thread-safe PHP, this crate turns `php worker.php` into an HTTP server: Rust threads
//! speak HTTP and hand each request to a PHP thread that runs the user's script.
//!
//! # Layout
//!
//! Each module is a room; what stands further right knows nothing of what stands further left.
//!
//! `php` → [`cli`] → [`server`] → [`http`] → [`pool`] → [`handoff`], and beside them [`channel`], [`lock`], [`metrics`], [`rpc`],
//! [`web`], [`net`], [`config`], [`log`], [`trace`], [`status`] and, on top of that, [`dashboard`], and [`watch`] and
//! [`service`] for `server`;
//! for `cli` also [`parent`] and [`doctor`]; for all of them [`process`], [`program`], [`side`] and [`accounts`].
//!
//! Only `php` knows Zend; without the feature of that name all other rooms build and are tested with no PHP around.
//!
//! # Threads
//!
//! The main PHP thread supervises ([`server::run`]), `rr-io-<n>` drive connections ([`net::Reactors`]),
//! `rr-php-<pool>-<n>` run the script, `rr-watchdog` looks for wake-ups that were put off for too long, `rr-signal` waits
//! for signals, `rr-tls` looks for changed certificates, `rr-watch` for changed files of the application, `rr-channels` keeps
//! detached streams alive, `rr-locks` ends locks whose time is over, `rr-services` looks after side processes, `rr-rpc` answers calls from outside and runs those that
//! workers make, `rr-web-0` serves the pages beside the application ([`web`]), `rr-traces` sends traces, `rr-log` writes one
//! output of the log.
//!
//! # Shutdown
//!
//! Connections end after the request under way, workers leave their waits, threads are joined; what still runs after
//! the grace period is interrupted, and if that does not help the process ends without touching it.
#![deny(unsafe_code)]

pub mod accounts;
pub mod channel;
pub mod cli;
pub mod config;
pub mod dashboard;
pub mod doctor;
pub mod handoff;
pub mod http;
pub mod lock;
pub mod log;
pub mod metrics;
pub mod net;
pub mod parent;
#[cfg(feature = "php")]
mod php;
pub mod pool;
pub mod process;
pub mod program;
pub mod rpc;
pub mod server;
pub mod service;
pub mod side;
pub mod status;
pub mod tls;
pub mod trace;
pub mod watch;
pub mod web;
