//! A running server, seen from outside.

use std::time::Duration;

use super::Load;
use crate::pool::State;

/// A running server, seen from outside. Called from several threads at a time; waits for nothing.
pub trait View: Send + Sync {
    /// How far its life is.
    fn stage(&self) -> Stage;

    /// The names of its pools.
    fn pools(&self) -> Vec<String>;

    /// What the workers of a pool do, those that have ended aside; none if there is no such pool. Those that wait are made
    /// to turn round, which the next look shows.
    fn feel(&self, pool: &str) -> Vec<Felt>;

    /// Everything at once.
    fn load(&self) -> Load;
}

/// How far the life of a server is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum Stage {
    /// Workers boot; nothing is accepted yet.
    Starting = 0,
    /// It serves.
    Running = 1,
    /// It was told to end.
    Ending = 2,
    /// Another process serves in its place.
    Succeeded = 3,
}

/// What a worker does, and whether it moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Felt {
    /// Its number within the pool.
    pub number: usize,
    /// What it does.
    pub state: State,
    /// For how long.
    pub age: Duration,
    /// It does not boot, and is tried again.
    pub failing: bool,
    /// Changes whenever its thread does anything in a wait.
    pub pulse: u64,
}

// === impl Stage ===

impl Stage {
    /// All of them, by their numbers.
    pub const ALL: [Self; 4] = [Self::Starting, Self::Running, Self::Ending, Self::Succeeded];

    /// As a word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Ending => "ending",
            Self::Succeeded => "succeeded",
        }
    }
}
