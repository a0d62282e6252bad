//! How a server is: whether it lives and is ready, and what it is busy with (section `status`).
//!
//! A [`View`] shows a running server from outside, without waiting for any part of it. [`Checks`] judge by it; [`Site`]
//! answers health checks over HTTP, and [`register`] adds the same, and the whole [`Load`], to the methods for other
//! processes. Whoever shows a server to people builds on these, too.
//!
//! Life is shown by PHP threads alone: the other threads of a server are well while every one of those hangs.

mod check;
mod config;
mod load;
mod methods;
mod site;
#[cfg(test)]
mod tests;
mod view;

pub use check::{Checks, Fault, NoPool};
pub use config::Config;
pub use load::{Bucket, Load, Pool};
pub use methods::{Code, register};
pub use site::Site;
pub use view::{Felt, Stage, View};
