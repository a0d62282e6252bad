//! OPcache under threads: what wipes its memory elsewhere must not do so here.

use crate::support::{Mode, Server, get, opcache};

#[test]
fn resets_invalidations_touched_files_and_a_full_cache_are_survived() {
    // `make figures` and `make soak` run longer; without the guards the process dies within seconds.
    assert!(opcache::run(10) > 1000);
}

#[test]
fn opcache_reset_reloads_the_workers_and_the_cache_keeps_working() {
    let server = Server::with_loop(
        r#"
    $result = $request->path === '/reset' ? opcache_reset() : null;
    $status = opcache_get_status(false);
    $worker->respond(200, [$result, $status['restart_pending'], $status['cache_full'], (include __DIR__ . '/a.php')]);"#,
    )
    .file("a.php", "<?php return 7;")
    .workers(2)
    .mode(Mode::Opcache)
    .start();
    for _ in 0..3 {
        assert_eq!(get(server.address, "/").text(), "[null,false,false,7]");
        assert_eq!(get(server.address, "/reset").text(), "[true,false,false,7]");
        server.wait_for_log("Reloaded");
    }
    let log = server.stop();
    assert!(log.contains("opcache_reset(): the workers are reloaded"), "{log}");
}

#[test]
fn opcache_reset_has_no_effect_while_a_script_boots() {
    let server = Server::of(
        "<?php\n$reset = opcache_reset();\n$worker = new RoadRunner\\Worker();\n\
         while ($request = $worker->waitRequest()) { $worker->respond(200, [$reset]); }\n",
    )
    .mode(Mode::Opcache)
    .start();
    assert_eq!(get(server.address, "/").text(), "[false]");
    let log = server.stop();
    assert!(log.contains("opcache_reset() has no effect before the first waitRequest()"), "{log}");
    assert!(!log.contains("Reload"), "{log}");
}
