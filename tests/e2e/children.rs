//! Processes that workers start.

use crate::support::{Server, get};

#[test]
fn children_of_a_worker_hear_their_signals() {
    let server = Server::with_loop(
        r#"
    if ($request->path === '/terminate') {
        $process = proc_open(['sleep', '600'], [], $pipes);
        $start = microtime(true);
        proc_terminate($process);
        while (proc_get_status($process)['running'] && microtime(true) < $start + 30) {
            usleep(1000);
        }
        $worker->respond(200, microtime(true) - $start < 1 ? 'ended' : 'still there');
    } else {
        exec('kill -TERM $$', $output, $code);
        $process = proc_open(['sh', '-c', 'kill -TERM $$'], [], $pipes);
        do {
            $status = proc_get_status($process);
        } while ($status['running']);
        $worker->respond(200, [$code, $status['signaled'], $status['termsig']]);
    }"#,
    )
    .workers(2)
    .start();
    assert_eq!(get(server.address, "/terminate").text(), "ended");
    // 143 = 128 + SIGTERM, as the shell between tells it.
    let text = get(server.address, "/kill").text();
    assert!(text == "[143,true,15]" || text == "[-1,true,15]" || text == "[15,true,15]", "{text}");
    server.stop();
}

#[test]
fn the_server_s_signals_cannot_be_taken_by_a_worker() {
    let server = Server::with_loop(
        r#"
    pcntl_async_signals(true);
    $taken = @pcntl_signal(SIGTERM, fn () => null);
    $message = error_get_last()['message'] ?? '';
    $own = pcntl_signal(SIGALRM, function () use (&$alarmed) { $alarmed = true; });
    pcntl_alarm(1);
    for ($i = 0; $i < 6000 && !$alarmed; $i++) { usleep(5000); }
    $worker->respond(200, [$taken, $message, $own, $alarmed]);"#,
    )
    .workers(2)
    .start();
    assert_eq!(
        get(server.address, "/").text(),
        r#"[false,"pcntl_signal(): Signal 15 belongs to the server",true,true]"#
    );
    server.stop();
}

#[test]
fn one_worker_can_neither_replace_nor_end_the_server() {
    let server = Server::with_loop(
        r#"
    $replaced = @pcntl_exec('/bin/true');
    $message = error_get_last()['message'] ?? '';
    pcntl_alarm(1);
    for ($end = microtime(true) + 1.5; microtime(true) < $end;) { usleep(10000); }
    $worker->respond(200, [$replaced, $message]);"#,
    )
    .workers(2)
    .start();
    assert_eq!(
        get(server.address, "/").text(),
        r#"[false,"pcntl_exec(): A worker cannot replace the server: use proc_open(), or fork first"]"#
    );
    server.stop();
}

#[test]
fn a_forked_child_is_a_plain_script() {
    let server = Server::with_loop(
        r#"
    if ($request->path === '/fork') {
        $pid = pcntl_fork();
        if ($pid === 0) {
            try {
                $worker->respond(200, 'from the child');
            } catch (RoadRunner\Exception\LogicException $e) {
                file_put_contents(__DIR__ . '/child', $e->getMessage());
            }
            try {
                $worker->waitRequest();
            } catch (RoadRunner\Exception\LogicException $e) {
                exit(9);
            }
        }
        pcntl_waitpid($pid, $status);
        $worker->respond(200, [pcntl_wexitstatus($status), file_get_contents(__DIR__ . '/child')]);
    } else {
        $worker->respond(200, 'ok');
    }"#,
    )
    .workers(2)
    .start();
    for _ in 0..5 {
        let text = get(server.address, "/fork").text();
        assert!(text.starts_with("[9,\"this process is a fork of a worker"), "{text}");
        assert_eq!(get(server.address, "/").text(), "ok");
    }
    server.stop();
}
