//! What a script sets with `putenv()` is its own, and what it starts gets it.

use crate::support::{Mode, Server, at_once, get, until};

/// Before the wait, the main thread runs this, too.
const SCRIPT: &str = r#"<?php
$first = getenv('BOOTED');
putenv('BOOTED=yes');
putenv('HOME_OF=changed');
$number = RoadRunner\Environment::workerNumber();
$worker = new RoadRunner\Worker();
while ($request = $worker->waitRequest()) {
    $name = $request->query('name');
    $answer = match ($request->path) {
        '/boot' => [$first, getenv('BOOTED'), getenv('HOME_OF')],
        '/set' => putenv($name),
        '/get' => [getenv($name), getenv()[$name] ?? false, getenv($name, true)],
        '/shell' => [exec("echo \"\$$name\""), trim(shell_exec("echo \"\$$name\"")), trim(`echo "\$$name"`),
            (function () use ($name) { $pipe = popen("echo \"\$$name\"", 'r'); return trim(stream_get_contents($pipe)); })()],
        '/process' => array_map(function (?array $environment) use ($name) {
            $command = ['sh', '-c', "echo \"\$$name\""];
            $process = $environment === null
                ? proc_open($command, [1 => ['pipe', 'w']], $pipes)
                : proc_open($command, [1 => ['pipe', 'w']], $pipes, null, $environment);
            $text = trim(stream_get_contents($pipes[1]));
            return [$text, proc_close($process)];
        }, [null, ['OTHER' => 'x'], [$name => 'given']]),
        '/bad' => (function () { try { putenv('=x'); } catch (ValueError $error) { return $error->getMessage(); } })(),
        '/end' => exit,
    };
    $worker->respond(200, [$number, $answer]);
    // The other worker takes what comes meanwhile.
    usleep($request->path === '/get' ? 20000 : 0);
}
"#;

fn server(workers: usize) -> Server {
    Server::of(SCRIPT)
        .env("HOME_OF", "original")
        .mode(Mode::Opcache)
        .config(&format!("http: {{address: {{address}}, pool: {{num_workers: {workers}}}}}"))
        .start()
}

fn ask(server: &Server, target: &str) -> String {
    let text = get(server.address, target).text();
    let (_, answer) = text.split_once(',').unwrap_or_else(|| panic!("{target}: {text}"));
    answer.strip_suffix(']').unwrap_or(answer).to_owned()
}

#[test]
fn a_worker_starts_with_the_environment_of_the_server() {
    let server = server(1);
    assert_eq!(ask(&server, "/boot"), r#"[false,"yes","changed"]"#, "what main has set is not there at the boot");
    server.stop();
}

#[test]
fn what_is_set_is_seen_by_the_script_and_its_children() {
    let server = server(1);
    assert_eq!(ask(&server, "/set?name=OWN=it's%20%22mine%22%20%24HOME"), "true");
    let seen = r#"it's \"mine\" $HOME"#;
    assert_eq!(ask(&server, "/get?name=OWN"), format!(r#"["{seen}","{seen}","{seen}"]"#));
    assert_eq!(ask(&server, "/shell?name=OWN"), format!(r#"["{seen}","{seen}","{seen}","{seen}"]"#));
    assert_eq!(ask(&server, "/process?name=OWN"), format!(r#"[["{seen}",0],["",0],["given",0]]"#));
    assert_eq!(ask(&server, "/set?name=HOME_OF"), "true");
    assert_eq!(ask(&server, "/get?name=HOME_OF"), "[false,false,false]");
    assert_eq!(ask(&server, "/shell?name=HOME_OF"), r#"["","","",""]"#);
    assert_eq!(ask(&server, "/process?name=HOME_OF"), r#"[["",0],["",0],["given",0]]"#);
    assert!(ask(&server, "/bad").contains("must have a valid syntax"));
    server.stop();
}

#[test]
fn neither_another_worker_nor_another_run_sees_it() {
    let server = server(2);
    let numbers = ["0", "1"];
    let set: Vec<_> = at_once(server.address, "/set?name=OWN=1", 1);
    let own = set[0].trim_start_matches('[').split(',').next().unwrap().to_owned();
    assert!(numbers.contains(&own.as_str()), "{set:?}");
    let (mut by_own, mut by_other) = (false, false);
    until("both workers have answered", || {
        for answer in at_once(server.address, "/get?name=OWN", 4) {
            if answer.starts_with(&format!("[{own},")) {
                assert!(answer.contains(r#"["1","1","1"]"#), "{answer}");
                by_own = true;
            } else {
                assert!(answer.contains("[false,false,false]"), "{answer}");
                by_other = true;
            }
        }
        by_own && by_other
    });
    server.stop();
    let server = self::server(1);
    assert_eq!(ask(&server, "/set?name=OWN=1"), "true");
    get(server.address, "/end");
    assert_eq!(ask(&server, "/get?name=OWN"), "[false,false,false]");
    assert_eq!(ask(&server, "/boot"), r#"[false,"yes","changed"]"#);
    server.stop();
}
