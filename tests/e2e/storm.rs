//! Worker scripts that end all the time, under load: every request gets exactly one answer, nothing grows, nothing
//! crashes. `make figures` runs the same with the full numbers.

use crate::support::{Mode, Server, storm};

fn run(mode: Mode, ends: u64, thread_runs: u64) {
    let server = storm::server(mode, thread_runs);
    let result = storm::run(&server, 16, ends);
    assert!(result.ends >= ends, "{result:?}");
    storm::settle(&server, &result);
    server.stop();
}

#[test]
fn ends_without_opcache() {
    run(Mode::NoOpcache, 1000, 0);
}

#[test]
fn ends_with_opcache() {
    run(Mode::Opcache, 1000, 0);
}

#[test]
fn ends_with_the_function_jit() {
    run(Mode::JitFunction, 1000, 0);
}

#[test]
fn ends_with_the_tracing_jit() {
    run(Mode::JitTracing, 1000, 0);
}

#[test]
fn new_threads_without_opcache() {
    run(Mode::NoOpcache, 200, 1);
}

#[test]
fn new_threads_with_opcache() {
    run(Mode::Opcache, 200, 1);
}

#[test]
fn new_threads_with_the_tracing_jit() {
    run(Mode::JitTracing, 200, 1);
}

#[test]
fn requests_differ_only_in_their_answers() {
    // Guards the check itself: a wrong body must be noticed.
    let server = Server::with_loop(
        "if ($request->path === '/0/who') { $worker->respond(200, (string) RoadRunner\\Environment::workerNumber()); usleep(100000); }
         else { $worker->respond(200, 'wrong'); }",
    )
    .workers(8)
    .start();
    let stormed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| storm::run(&server, 2, 1)));
    let message = stormed.expect_err("wrong answers must be noticed");
    assert!(message.downcast_ref::<String>().is_some_and(|text| text.contains("a client got a wrong answer")));
    server.stop();
}
