//! Who the process is: root is refused, or given up for good.

use std::{collections::BTreeSet, fs};

use crate::support::{Server, get, server::Builder};

fn is_root() -> bool {
    fs::read_to_string("/proc/self/status").unwrap().contains("\nUid:\t0\t0\t0\t0\n")
}

/// A server that nothing in its environment allows to be root.
fn server() -> Builder {
    Server::with_loop("$worker->respond(200, 'answer');").workers(1).env("RR_ALLOW_ROOT", "0")
}

#[test]
fn root_is_refused_and_told_what_to_do() {
    if !is_root() {
        return println!("left out: not root");
    }
    for (builder, code) in [(server(), 255), (server().parent(), 78), (server().parent().word("--no-parent"), 78)] {
        let (ended, output) = builder.run();
        assert_eq!(ended, Some(code), "{output}");
        for remedy in ["server.user", "--allow-root", "roadrunner.allow_root=1", "RR_ALLOW_ROOT=1"] {
            assert!(output.contains(remedy), "no {remedy}: {output}");
        }
    }
}

#[test]
fn root_may_be_allowed() {
    for builder in [
        server().env("RR_ALLOW_ROOT", "1"),
        server().ini("roadrunner.allow_root=1"),
        server().parent().env("RR_ALLOW_ROOT", "1"),
        server().parent().ini("roadrunner.allow_root=1"),
        server().parent().word("--allow-root"),
        server().parent().word("--allow-root").word("--no-parent"),
    ] {
        let server = builder.start();
        assert_eq!(get(server.address, "/").text(), "answer");
        server.stop();
    }
}

/// The values of a line of `/proc/<pid>/task/*/status`, over all threads.
fn lines(process: u32, name: &str) -> BTreeSet<String> {
    let threads = fs::read_dir(format!("/proc/{process}/task")).unwrap().flatten();
    let status = threads.filter_map(|thread| fs::read_to_string(thread.path().join("status")).ok());
    let line = |text: String| {
        let rest = text.split_once(&format!("\n{name}:"))?.1;
        Some(rest.lines().next()?.split_whitespace().collect::<Vec<_>>().join(" "))
    };
    status.filter_map(line).collect()
}

#[test]
fn root_is_given_up_by_every_thread_for_good() {
    if !is_root() {
        return println!("left out: not root");
    }
    let tries = "$tried = array_map(fn ($call) => $call(0), ['posix_setuid', 'posix_seteuid', 'posix_setgid', 'posix_setegid']);\n\
        $worker->respond(200, json_encode([$tried, posix_getuid(), posix_geteuid(), @file_get_contents('/etc/shadow')]));";
    let settings = "user: \"54321\", group: \"54322\"";
    for parent in [false, true] {
        let config = format!(
            "http: {{address: '{{address}}', pool: {{num_workers: 3}}}}\nserver: {{{settings}{}}}\n",
            if parent { ", command: php worker.php" } else { "" }
        );
        let builder = Server::with_loop(tries).env("RR_ALLOW_ROOT", "0").config(&config);
        let server = if parent { builder.parent() } else { builder }.start();
        let process = if parent { server.processes()[0] } else { server.pid() };
        let text = get(server.address, "/").text();
        assert_eq!(text, "[[false,false,false,false],54321,54321,false]");
        let all = |value: &str| BTreeSet::from([value.to_owned()]);
        assert_eq!(lines(process, "Uid"), all("54321 54321 54321 54321"), "real, effective, saved, file system");
        assert_eq!(lines(process, "Gid"), all("54322 54322 54322 54322"));
        assert_eq!(lines(process, "Groups"), all("54322"));
        for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
            assert_eq!(lines(process, set), all("0000000000000000"), "{set}");
        }
        server.stop();
    }
}
