//! The live page that shows a server at a glance (section `dashboard`).
//!
//! One page of our own, whole in this program: it needs nothing from anywhere else. What it shows comes as a stream of
//! events, a sample each second, which is taken once for all who look and not at all while nobody does. It acts on one
//! thing: a button reloads workers.
//!
//! # Who may
//!
//! Nobody is asked who they are, so only this machine reaches the page unless the configuration says otherwise. That leaves
//! other pages in the browser of somebody who can: a request must name a host that is meant (`door.rs`), comes from no other
//! page, and for a reload carries a word that only the page itself knows.

mod config;
mod door;
mod pages;
mod site;
mod viewers;

pub use config::Config;
pub use site::Site;
