//! The live page that shows a server at a glance (section `dashboard`).

mod config;
mod site;

pub use config::Config;
pub use site::Site;
