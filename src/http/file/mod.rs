//! Files as answers: opened and judged at once, then sent without whoever asked for them.
//!
//! What a client asks for (`conditions`, `ranges`) and how several parts are put together (`multipart`) is decided by
//! functions without any input or output. Whoever opens a file does so on a thread that may block; the rest of a long one is
//! read while it is sent, on such threads, unless the system has it in memory.

mod conditions;
mod config;
mod disposition;
mod media_type;
mod multipart;
mod open;
mod ranges;
mod reply;
mod roots;
mod sendfile;
mod sending;
#[cfg(test)]
mod tests;

pub use self::{
    config::Config,
    disposition::disposition,
    media_type::media_type,
    open::{Opened, Unusable},
    ranges::{Ranges, ranges},
    sendfile::Sendfile,
    sending::Transfer,
};
pub(super) use roots::{Refused, Roots, open_at_once};
pub(super) use sending::Sending;
