//! PHP: the only room that knows Zend.
//!
//! It owns the extension's entry points and classes, the PHP threads (as a [`crate::pool::Host`]) and the C shim beside
//! it. PHP code and everything that may leave by `longjmp` is called from the shim alone; see `shim/shim.h`.
#![allow(unsafe_code, reason = "the FFI room")]

mod class;
mod cli;
mod code;
mod engine;
mod exception;
mod host;
mod local;
mod module;
mod oversight;
mod remote;
mod script;
mod settings;
mod sys;
mod value;
