#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| roadrunner::http::fuzz::answer_headers(data));
