//! Health checks (section `status`).

mod config;
mod site;

pub use config::Config;
pub use site::Site;
