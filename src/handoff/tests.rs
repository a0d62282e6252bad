//! Behaviour with real threads. The interleavings are searched by `model`.

#[cfg(not(feature = "shuttle"))]
mod board;
#[cfg(feature = "shuttle")]
mod driving;
#[cfg(feature = "shuttle")]
mod model;
#[cfg(not(feature = "shuttle"))]
mod threads;
