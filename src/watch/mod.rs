//! Watches the files of an application, and tells of changes.
//!
//! A [`Watcher`] goes through folders and has inotify tell what happens in each of them, or looks at them from time to time
//! where that cannot be had. Changes that belong together are told of together. This room knows nothing of what is done then,
//! and of who writes the files: links that are switched, folders that come and go, and files that are renamed into their
//! places are changes like others.

mod burst;
mod config;
mod pattern;
mod restless;
mod root;
mod snapshot;
mod telling;
#[cfg(test)]
mod tests;
mod tree;
mod walk;
mod watcher;

pub use config::Config;
pub use watcher::{Changed, Watcher};
