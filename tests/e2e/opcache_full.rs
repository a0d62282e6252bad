//! Deploys that fill opcache: the generation changes by itself before it is full, and no client notices.

use std::thread;

use crate::support::{
    Load, Mode,
    generation::successors,
    get, signal,
    site::{Site, reloads},
    until,
};

const FILES: usize = 50;

/// Deploys until the generation has changed twice. `what`: the setting that bounds the cache.
fn fill(parent: bool, what: &str) {
    let (site, builder) = Site::new();
    let release = |number: usize| {
        site.release(number);
        let files = (0..FILES).map(|file| format!("require __DIR__ . '/file{file}.php';")).collect::<String>();
        site.file(number, "worker.php", &Site::WORKER.replace("$worker = ", &format!("{files}\n$worker = ")));
        let values =
            (0..500).map(|value| format!("'key {value}' => [{value}, 'value {value}'],\n")).collect::<String>();
        for file in 0..FILES {
            site.file(number, &format!("file{file}.php"), &format!("<?php return [{values}];"));
        }
    };
    release(1);
    let builder = builder.workers(2).mode(Mode::Opcache).ini(what);
    let mut server = if parent { builder.parent() } else { builder }.start();
    let load = Load::checked(server.address, 8, |_| "/".to_owned(), |_, answer| Site::whole(answer).is_some());
    load.go_on();
    let count = |text: &str| server.log().matches(text).count();
    let (mut deploys, mut process) = (0, server.pid());
    while count("Generation changed") < 2 {
        assert!(deploys < 24, "it never changes: {}", server.log());
        deploys += 1;
        release(deploys + 1);
        site.switch(deploys + 1);
        let (before, changes) = (reloads(&server), count("Generation changed"));
        signal(process, libc::SIGHUP);
        until("the code is reloaded", || reloads(&server) > before);
        until("the new code answers", || Site::whole(&get(server.address, "/")) == Some(deploys + 1));
        // The change is asked for right after the end of a reload.
        thread::sleep(std::time::Duration::from_millis(50));
        if count("opcache is nearly full") > changes {
            until("the generation has changed", || count("Generation changed") > changes);
            if !parent {
                process = *successors(&server).last().unwrap();
            }
        }
        load.go_on();
    }
    load.end(&server);
    assert!(deploys >= 4, "{deploys} deploys: {}", server.log());
    for bad in ["is too small", "must wait for a restart", "Generation change failed"] {
        assert!(!server.log().contains(bad), "{}", server.log());
    }
    if parent {
        server.stop();
    } else {
        assert_eq!(server.wait().code(), Some(0), "{}", server.log());
        signal(process, libc::SIGTERM);
        server.wait_for_end();
    }
}

#[test]
fn the_table_of_files_fills() {
    fill(false, "opcache.max_accelerated_files=223");
}

#[test]
fn the_memory_fills() {
    fill(false, "opcache.memory_consumption=24");
}

#[test]
fn it_fills_below_a_parent() {
    fill(true, "opcache.max_accelerated_files=223");
}
