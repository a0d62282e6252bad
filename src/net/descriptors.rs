//! Descriptors: how many there are for connections, and which.

use std::os::fd::RawFd;

use tracing::warn;

use crate::process;

/// Numbers below are left to PHP: `select()`, and with it `stream_select()`, takes none from 1024 on.
const FLOOR: RawFd = 4096;
/// Descriptors that are left to everything but connections, where there are twice as many.
const RESERVE: u64 = FLOOR.unsigned_abs() as u64;
/// Most that the limit is raised to, which is the system's own bound by default. There are systems whose hard limit is
/// 2^30, and programs that look at each number up to the limit.
const MOST: u64 = 1 << 20;
/// What is assumed where the limit cannot be read: the least that systems give.
const FEW: u64 = 256;

/// The descriptors of this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Descriptors {
    /// How many it may have.
    pub limit: u64,
    /// How many it could have when it was started; what it starts can have no more.
    pub before: u64,
}

// === impl Descriptors ===

impl Descriptors {
    /// Raises the limit as far as this process may.
    pub fn raise() -> Self {
        match process::raise_descriptor_limit(MOST) {
            Ok((before, limit)) => Self { limit, before },
            Err(error) => {
                warn!(%error, "The limit on descriptors cannot be raised");
                Self { limit: FEW, before: FEW }
            }
        }
    }

    /// Most connections that leave room for everything else: all descriptors but 4096, at least half of them.
    pub fn connections(self) -> usize {
        usize::try_from(self.limit - RESERVE.min(self.limit / 2)).unwrap_or(usize::MAX)
    }

    /// The lowest number of a connection's descriptor; `None`: the limit is too low for numbers of their own.
    pub fn floor(self) -> Option<RawFd> {
        (self.limit >= 2 * RESERVE).then_some(FLOOR)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_left_for_everything_else() {
        for (limit, connections, floor) in [
            (256, 128, None),
            (1024, 512, None),
            (8191, 4096, None),
            (8192, 4096, Some(4096)),
            (20_000, 15_904, Some(4096)),
            (1 << 20, (1 << 20) - 4096, Some(4096)),
        ] {
            let descriptors = Descriptors { limit, before: limit };
            assert_eq!((descriptors.connections(), descriptors.floor()), (connections, floor), "{limit}");
        }
    }
}
