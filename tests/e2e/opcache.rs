//! OPcache under threads: what wipes its memory elsewhere must not do so here.

use crate::support::{Mode, Server, get, opcache};

#[test]
fn resets_invalidations_touched_files_and_a_full_cache_are_survived() {
    // `make figures` and `make soak` run longer; without the guards the process dies within seconds.
    assert!(opcache::run(10) > 1000);
}

#[test]
fn opcache_reset_is_refused_with_a_log_line_and_the_cache_keeps_working() {
    let server = Server::with_loop(
        r#"
    $before = opcache_get_status(false)['opcache_statistics']['hits'];
    $result = opcache_reset();
    include __DIR__ . '/a.php';
    $status = opcache_get_status(false);
    $worker->respond(200, [$result, $status['restart_pending'], $status['cache_full'], $a]);"#,
    )
    .file("a.php", "<?php $a = 7;")
    .workers(2)
    .mode(Mode::Opcache)
    .start();
    for _ in 0..3 {
        assert_eq!(get(server.address, "/").text(), "[false,false,false,7]");
    }
    let log = server.stop();
    assert!(log.contains("WARN  server opcache_reset() has no effect while the server runs"), "{log}");
}
