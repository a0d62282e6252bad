//! Middleware `cache`: what is stored and used again (RFC 9111), and what is not.

mod flights;
mod site;
mod table;
mod use_again;

pub use site::{Reply, Site};
