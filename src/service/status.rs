//! How side processes are.

/// How one process of a service is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The name of the service.
    pub service: String,
    /// The number of the process within it, from 0 on.
    pub number: usize,
    /// Its command line.
    pub command: Vec<String>,
    /// What it does.
    pub state: State,
    /// Its process, while there is one.
    pub pid: Option<u32>,
    /// How often it was started again.
    pub restarts: u64,
}

/// What a process of a service does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is to be started, at once or after a pause.
    Waiting,
    /// It runs.
    Running,
    /// It was told to end, or has ended and left children behind.
    Ending,
    /// It has ended, and is not started again.
    Ended,
}
