//! End-to-end tests: a real `php` with the built extension, real sockets, real signals.
//!
//! Started by `make e2e`, which says where they are: `RR_PHP` (the binary) and `RR_EXTENSION` (the .so).

#![allow(
    unreachable_pub,
    missing_docs,
    dead_code,
    reason = "a test binary has no public interface, and uses a part of support"
)]

#[path = "../support/mod.rs"]
mod support;

mod aborts;
mod assets;
mod beside_nginx;
mod bodies;
mod cache;
mod channels;
mod children;
mod compress;
mod cors;
mod crash;
mod death;
mod deploy_broken;
mod descriptors;
mod environment;
mod file_server;
mod files;
mod form_table;
mod forwarded;
mod front;
mod generation;
mod hot_reload;
mod http2;
mod incoming;
mod lifecycle;
mod locks;
mod log;
mod manager;
mod metrics;
mod misuse;
mod notes;
mod opcache;
mod opcache_full;
mod overload;
mod parent;
mod pools;
mod privileges;
mod ranges;
mod reactor;
mod reload;
mod rpc;
mod rr;
mod services;
mod signals;
mod smuggling;
mod static_nginx;
mod status;
mod storm;
mod streams;
mod time_limits;
mod tls;
mod traces;
mod uploads;
