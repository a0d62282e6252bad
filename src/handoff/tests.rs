//! Behaviour with real threads. The interleavings are searched by `model`.

#[cfg(not(feature = "shuttle"))]
mod board;
#[cfg(feature = "shuttle")]
mod driving;
#[cfg(feature = "shuttle")]
mod model;
#[cfg(not(feature = "shuttle"))]
mod threads;

/// Schedules that a test of the models searches: `most`, or a part of that, `RR_SCHEDULES` of 100, where time is short.
#[cfg(feature = "shuttle")]
fn schedules(most: usize) -> usize {
    let part = std::env::var("RR_SCHEDULES").ok().map(|part| part.parse::<usize>().expect("RR_SCHEDULES is a number"));
    part.map_or(most, |part| (most / 100 * part.min(100)).max(100))
}
