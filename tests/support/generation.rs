//! What the log says of generation changes.

use super::{Server, until};

/// Numbers of the processes that were started to take over, so far.
pub fn successors(server: &Server) -> Vec<u32> {
    let log = server.log();
    let numbers = log.split("the next one is starting successor=").skip(1);
    numbers.map(|rest| rest.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap()).collect()
}

/// Waits until so many successors have taken over, and gives the last one.
#[track_caller]
pub fn changed(server: &Server, times: usize) -> u32 {
    until("the generation has changed", || {
        let log = server.log();
        assert!(!log.contains("Generation change failed"), "{log}");
        log.matches("Generation changed").count() >= times
    });
    successors(server)[times - 1]
}
