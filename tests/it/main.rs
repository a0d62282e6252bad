//! The rooms from socket to worker, put together: raw bytes over real connections on one side, plain threads in place of
//! PHP on the other.

mod support;
mod bodies;
mod pipeline;
mod shutdown;
