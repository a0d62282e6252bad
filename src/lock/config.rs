//! What bounds locks.

/// What bounds the locks of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Locks, and those that wait for one.
    ///
    /// Default: 65536.
    pub locks: usize,
    /// Those that wait.
    ///
    /// Default: 16384.
    pub waiting: usize,
    /// Bytes of a name.
    ///
    /// Default: 1024.
    pub name: usize,
    /// Bytes of an id.
    ///
    /// Default: 255.
    pub id: usize,
}

// === impl Limits ===

impl Default for Limits {
    fn default() -> Self {
        Self { locks: 65_536, waiting: 16_384, name: 1024, id: 255 }
    }
}
