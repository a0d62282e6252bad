//! The rooms from socket to worker, put together: raw bytes over real connections on one side, plain threads in place of
//! PHP on the other.

#![allow(unreachable_pub, missing_docs, dead_code, reason = "a test binary has no public interface")]

mod support;

mod arriving;
mod bad;
mod bodies;
mod cache;
mod channels;
mod compress;
mod compress_kinds;
mod compressed;
mod config;
mod cors;
mod dashboard;
mod development;
mod file_server;
mod files;
mod front;
mod headers;
mod hints;
mod http2;
mod layers;
mod limits;
mod locks;
mod metrics;
mod overload;
mod pipeline;
mod rpc;
mod shutdown;
mod start;
mod static_attacks;
mod static_files;
mod status;
mod streams;
mod tls;
mod traces;
mod unusual;
