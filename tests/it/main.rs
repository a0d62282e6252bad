//! The rooms from socket to worker, put together: raw bytes over real connections on one side, plain threads in place of
//! PHP on the other.

mod support;

mod bad;
mod bodies;
mod overload;
mod pipeline;
mod shutdown;
mod start;
mod unusual;
