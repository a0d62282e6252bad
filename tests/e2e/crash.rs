//! A crash in C code ends the process, but not in silence.

use crate::support::{Client, Server};

#[test]
fn a_crash_names_thread_worker_pool_and_script() {
    // The destructors of a long chain of objects overflow the stack of any PHP, inside the engine.
    let mut server = Server::with_loop(
        r#"
    $chain = null;
    for ($i = 0; $i < 3000000; $i++) {
        $next = new stdClass;
        $next->next = $chain;
        $chain = $next;
    }
    unset($chain, $next);
    $worker->respond(200);"#,
    )
    .ini("memory_limit=-1")
    .workers(1)
    .start();
    let answer = Client::connect(server.address).and_then(|mut client| client.get("/"));
    assert!(answer.is_err(), "the process must be gone");
    let status = server.wait();
    let signal = std::os::unix::process::ExitStatusExt::signal(&status);
    assert_eq!(signal, Some(libc::SIGSEGV), "{status:?}");
    server.wait_for_log("roadrunner: fatal signal 11 (SIGSEGV)");
    let log = server.log();
    let script = server.directory.canonicalize().unwrap().join("worker.php");
    let wanted = format!(", worker rr-php-http-0, pool http, script {}\n", script.display());
    assert!(log.contains("in thread rr-php-http-0 (") && log.contains(&wanted), "{log}");
}
