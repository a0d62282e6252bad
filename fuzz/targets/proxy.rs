#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| roadrunner::net::fuzz::proxy(data));
