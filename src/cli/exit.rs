//! Exit codes of `rr`.

/// Everything went well.
pub const OK: u8 = 0;
/// The server did not come to run or did not end well, or the command did not succeed.
pub const FAILURE: u8 = 1;
/// A server runs, but is not well.
pub const UNWELL: u8 = 2;
/// The command line is wrong (`EX_USAGE` of sysexits).
pub const USAGE: u8 = 64;
/// The command is not supported (`EX_UNAVAILABLE`).
pub const UNAVAILABLE: u8 = 69;
/// The configuration is not valid (`EX_CONFIG`); no script was run.
pub const CONFIG: u8 = 78;
