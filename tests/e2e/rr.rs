//! The command `rr`, as a user types it.

use std::{
    fs,
    net::SocketAddr,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::Instant,
};

mod remote;

use crate::support::{
    PATIENCE, get,
    server::{extension, php},
    until,
};

/// Answers every request by what the code before it has left in `$answer`.
const ANSWER: &str = "$worker = new RoadRunner\\Worker();\n\
                      while ($request = $worker->waitRequest()) { $worker->respond(200, $answer); }\n";

/// A directory of its own, with `rr` to be run in it.
struct Place(PathBuf);

/// What a command that has ended has said.
#[derive(Debug)]
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

/// A command that serves. Its output is in the file `log`.
struct Running<'a> {
    place: &'a Place,
    child: Child,
}

// === impl Place ===

impl Place {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("rr-cli-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let directory = std::env::temp_dir().join(name);
        fs::create_dir_all(&directory).unwrap();
        Self(directory.canonicalize().unwrap())
    }

    /// With a configuration whose sections beside `http` are given, and a worker that runs `code` and answers `$answer`.
    fn with(sections: &str, code: &str) -> Self {
        let place = Self::new();
        place.file("worker.php", &format!("<?php\n{code}\n{ANSWER}"));
        place.file(
            ".rr.yaml",
            &format!("version: \"3\"\nhttp: {{address: \"127.0.0.1:0\", pool: {{num_workers: 1}}}}\n{sections}\n"),
        );
        place
    }

    /// With a worker that answers "hello".
    fn hello() -> Self {
        Self::with("server: {command: php worker.php}", "$answer = 'hello';")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    fn script(&self, name: &str, text: &str) -> PathBuf {
        let path = self.file(name, text);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    fn command_of(&self, rr: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(rr);
        command.args(arguments).current_dir(&self.0).stdin(Stdio::null());
        // A php.ini that is there must not matter.
        command.env("PHPRC", &self.0).env("PHP_INI_SCAN_DIR", "").env("RR_ALLOW_ROOT", "1");
        for name in ["RR_CONFIG", "DOTENV_PATH", "RR_RELAY", "RR_MODE"] {
            command.env_remove(name);
        }
        command
    }

    fn command(&self, arguments: &[&str]) -> Command {
        self.command_of(&rr(), arguments)
    }

    #[track_caller]
    fn run(&self, arguments: &[&str]) -> Said {
        Said::of(self.command(arguments))
    }

    #[track_caller]
    fn serve(&self, arguments: &[&str]) -> Running<'_> {
        let running = self.start(arguments);
        running.wait_for("Serving http://");
        running
    }

    /// Starts to serve; does not wait until it does.
    fn start(&self, arguments: &[&str]) -> Running<'_> {
        let log = fs::File::create(self.path("log")).unwrap();
        let mut command = self.command(&[&["serve"], arguments].concat());
        command.stdout(log.try_clone().unwrap()).stderr(log);
        Running { place: self, child: command.spawn().unwrap() }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn rr() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("bin/rr")
}

// === impl Said ===

impl Said {
    #[track_caller]
    fn of(mut command: Command) -> Self {
        let output = command.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

// === impl Running ===

impl Running<'_> {
    fn log(&self) -> String {
        self.place.read("log")
    }

    #[track_caller]
    fn wait_for(&self, text: &str) {
        until(&format!("the log has \"{text}\""), || self.log().contains(text));
    }

    #[track_caller]
    fn get(&self, target: &str) -> String {
        let log = self.log();
        let rest = log.split_once("Serving http://").expect("it serves").1;
        let address: SocketAddr = rest.split([' ', '\n']).next().unwrap().parse().unwrap();
        get(address, target).text()
    }

    fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status();
        assert!(status.unwrap().success());
    }

    fn terminate(&self) {
        self.signal("TERM");
    }

    #[track_caller]
    fn wait(&mut self) -> ExitStatus {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < end, "it does not end; the log:\n{}", self.log());
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }

    /// Ends it by a signal; gives its log.
    #[track_caller]
    fn end(mut self) -> String {
        self.terminate();
        let status = self.wait();
        assert_eq!(status.code(), Some(0), "the log:\n{}", self.log());
        self.log()
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the log:\n{}", self.log());
        }
        if let Ok(None) = self.child.try_wait() {
            self.terminate();
            let _ = self.wait();
        }
    }
}

// === serve ===

#[test]
fn the_workers_run_the_script_of_the_configuration_with_its_flags_and_arguments() {
    let place = Place::with(
        "server: {command: \"php -d memory_limit=99M -d zend_extension=opcache sub/worker.php one 'two words'\"}",
        "",
    );
    let facts = "$answer = json_encode([$argv, ini_get('memory_limit'), ini_get('opcache.enable_cli'), getcwd()], 64);\n\
                 file_put_contents('ran', (int) RoadRunner\\Environment::isWorker(), FILE_APPEND);";
    place.file("sub/worker.php", &format!("<?php\n{facts}\n{ANSWER}"));
    for arguments in [&[][..], &["--no-parent"]] {
        let server = place.serve(arguments);
        let directory = place.0.display();
        assert_eq!(
            server.get("/"),
            format!(r#"[["sub/worker.php","one","two words"],"99M","1","{directory}"]"#),
            "{arguments:?}"
        );
        server.end();
    }
    // The main thread has run it in neither case.
    assert_eq!(place.read("ran"), "11");
}

#[test]
fn opcache_is_as_the_flags_say_if_they_do() {
    let place = Place::with(
        "server: {command: [php, -dopcache.enable_cli=0, -d, zend_extension=opcache, worker.php]}",
        "$answer = ini_get('opcache.enable_cli');",
    );
    let server = place.serve(&[]);
    assert_eq!(server.get("/"), "0");
    assert!(server.end().contains("WARN  doctor OPcache: off"));
}

#[test]
fn without_a_parent_the_server_is_the_process_that_was_started() {
    let place = Place::with("server: {command: php worker.php}", "$answer = (string) getmypid();");
    let server = place.serve(&["--no-parent"]);
    assert_eq!(server.get("/"), server.child.id().to_string());
    server.end();
}

#[test]
fn a_configuration_that_is_wrong_ends_it_before_any_script_runs() {
    for (config, expected) in [
        (
            "server: {command: php worker.php}\nhttp: {adress: x, pool: {num_workers: many}}",
            "did you mean http.address?",
        ),
        ("server: {command: php worker.php}\nhttp: {adress: x, pool: {num_workers: many}}", "num_workers"),
        ("http: {address: \"127.0.0.1:0\"}", "server.command is required"),
        ("server: {command: php absent.php}", "server.command names the script absent.php, which cannot be read"),
        ("server: {command: python3 worker.php}", "server.command starts \"python3\""),
        ("server: {command: php worker.php, user: no-such-user}", "server.user is \"no-such-user\""),
        ("server: {command: php worker.php, group: no-such-group}", "server.group is \"no-such-group\""),
        ("x: [", "not valid YAML"),
    ] {
        let place = Place::with("", "touch('ran');");
        place.file(".rr.yaml", &format!("version: \"3\"\n{config}\n"));
        for arguments in [&["serve"][..], &["serve", "--no-parent"], &["serve", "-s"]] {
            let said = place.run(arguments);
            assert_eq!(said.code, Some(78), "{config}: {said:?}");
            assert!(said.err.contains(expected), "{config}: {said:?}");
            assert_eq!(said.out, "");
        }
        assert!(!place.path("ran").exists());
    }
    let said = Place::hello().run(&["serve", "-c", "absent.yaml"]);
    assert_eq!(said.code, Some(78), "{said:?}");
    assert!(said.err.contains("absent.yaml"), "{said:?}");
    let said = Place::hello().run(&["serve", "-w", "absent"]);
    assert_eq!(said.code, Some(78), "{said:?}");
    assert!(said.err.contains("cannot work in /") && said.err.contains("/absent: No such file"), "{said:?}");
}

#[test]
fn a_server_that_cannot_start_is_a_failure() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let place = Place::hello();
    let address = format!("http.address={}", taken.local_addr().unwrap());
    let said = place.run(&["serve", "--no-parent", "-o", &address]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.err.contains("Address already in use") || said.out.contains("Address already in use"), "{said:?}");
}

#[test]
fn flags_say_where_the_configuration_is_and_what_wins_over_it() {
    let place = Place::with("", "$answer = json_encode([basename(getcwd()), getenv('FROM')]);");
    let config = "version: \"3\"\nserver: {command: php ../worker.php, env: {from: \"${SAID:-file}\"}}\n";
    place.file("app/etc/rr.yaml", config);
    place.file("said.env", "SAID=dotenv\n");
    let worker = format!("server.command={},{}", php(), place.path("worker.php").display());
    let said = place.path("said.env").display().to_string();
    for (arguments, expected) in [
        // The directory of the configuration is where it works.
        (&["-c", "app/etc/rr.yaml", "-o", &worker][..], r#"["etc","file"]"#),
        // A directory that is named is what the configuration is relative to.
        (&["-w", "app", "-c", "etc/rr.yaml"], r#"["app","file"]"#),
        (&["-w", "app", "-c", "etc/rr.yaml", "-o", "server.env.from=flag"], r#"["app","flag"]"#),
        (&["-w", "app", "-c", "etc/rr.yaml", "--dotenv", &said], r#"["app","dotenv"]"#),
    ] {
        let server = place.serve(&[&["-o", "http.address=127.0.0.1:0"], arguments].concat());
        assert_eq!(server.get("/"), expected, "{arguments:?}");
        server.end();
    }
}

#[test]
fn variables_of_the_configuration_and_of_dotenv_files_are_seen_by_workers() {
    let place = Place::with(
        "server: {command: php worker.php, env: {one: file, TWO: 2, FOUR: \"${ONE}\"}}",
        "$answer = json_encode([getenv('ONE'), $_SERVER['TWO'], getenv('THREE'), getenv('KEPT')]);",
    );
    place.file(".env", "ONE=dotenv\nTHREE=dotenv\nKEPT=dotenv\n");
    let log = fs::File::create(place.path("log")).unwrap();
    let mut command = place.command(&["serve", "--dotenv", ".env"]);
    command.env("KEPT", "environment").stdout(log.try_clone().unwrap()).stderr(log);
    let server = Running { place: &place, child: command.spawn().unwrap() };
    server.wait_for("Serving http://");
    assert_eq!(server.get("/"), r#"["file","2","dotenv","environment"]"#);
    server.end();
}

#[test]
fn flags_without_effect_say_so_unless_it_is_to_be_silent() {
    let place = Place::hello();
    let log = place.serve(&["-d", "-e"]).end();
    assert!(log.contains("rr: -d has no effect") && log.contains("rr: -e has no effect"), "{log}");
    let log = place.serve(&["-d", "-e", "-s"]).end();
    assert!(!log.contains("rr: "), "{log}");
}

// === on_init ===

#[test]
fn the_initial_command_runs_before_the_workers() {
    let place = Place::with(
        "server:\n  command: php worker.php\n  on_init:\n    command: [sh, -c, 'echo \"made by `printenv WHO`\" > made; cat made; echo oops >&2']\n    env: {who: init}",
        "$answer = file_get_contents('made');",
    );
    let server = place.serve(&[]);
    assert_eq!(server.get("/"), "made by init\n");
    let log = server.end();
    let at = |text: &str| log.find(text).unwrap_or_else(|| panic!("no {text} in the log:\n{log}"));
    assert!(at("made by init source=on_init") < at("Initial command has ended well"), "{log}");
    assert!(at("oops source=on_init") < at("Initial command has ended well"), "{log}");
    assert!(at("Initial command has ended well") < at("Serving http://"), "{log}");
}

#[test]
fn a_failure_of_the_initial_command_ends_the_server_if_it_is_to() {
    for (command, reason) in [
        ("command: [sh, -c, 'exit 7']", "ended with exit code 7"),
        ("command: [sh, -c, 'kill -9 0']", "was ended by signal 9"),
        ("command: /no/such/program", "cannot be run: No such file or directory"),
        (
            "exec_timeout: 100ms, command: [sh, -c, 'sleep 1000 & sleep 1000']",
            "ran longer than exec_timeout (100ms) and was ended",
        ),
        ("command: 'true', user: no-such-user", "there is no such user"),
    ] {
        let place = Place::with(
            &format!("server: {{command: php worker.php, on_init: {{exit_on_error: true, {command}}}}}"),
            "touch('ran');",
        );
        let said = place.run(&["serve", "--no-parent"]);
        assert_eq!(said.code, Some(1), "{command}: {said:?}");
        assert!(said.err.contains(reason) || said.out.contains(reason), "{command}: {said:?}");
        assert!(!place.path("ran").exists());

        let config = place.read(".rr.yaml").replace("exit_on_error: true", "exit_on_error: false");
        place.file(".rr.yaml", &config);
        let log = place.serve(&[]).end();
        assert!(log.contains("Going on although server.on_init.command") && log.contains(reason), "{command}: {log}");
    }
}

#[test]
fn a_server_that_is_told_to_end_does_not_wait_for_the_initial_command() {
    let place = Place::with(
        "server: {command: php worker.php, on_init: {command: [sh, -c, 'echo begun; sleep 1000']}}",
        "touch('ran');",
    );
    let server = place.start(&[]);
    server.wait_for("begun");
    server.end();
    assert!(!place.path("ran").exists());
}

// === user and group ===

fn is_root() -> bool {
    fs::read_to_string("/proc/self/status").unwrap().contains("\nUid:\t0\t0\t0\t0\n")
}

/// Which users and groups the threads of the worker's process have, further groups among them.
const IDENTITIES: &str = "$answer = '';\n\
    foreach (glob('/proc/self/task/*/status') as $file) {\n\
        preg_match_all('/^(?:Uid|Gid|Groups):\\s*(.*)$/m', file_get_contents($file), $lines);\n\
        $all[implode(' ', array_map(fn ($line) => implode(',', array_unique(preg_split('/\\s+/', trim($line)))), $lines[1]))] = 1;\n\
    }\n\
    $answer = implode(';', array_keys($all));";

#[test]
fn root_is_given_up_by_the_whole_process() {
    if !is_root() {
        return;
    }
    for (settings, expected) in [
        ("user: \"54321\", group: \"54322\"", "54321 54322 54322"),
        ("group: \"54322\"", "0 54322 54322"),
        ("user: \"54321\"", "54321 54321 54321"),
        ("user: nobody, group: \"54322\"", "65534 54322 54322"),
    ] {
        let place = Place::with(&format!("server: {{command: php worker.php, {settings}}}"), IDENTITIES);
        let server = place.serve(&[]);
        assert_eq!(server.get("/"), expected, "{settings}");
        assert!(server.end().contains("Process has given up root"), "{settings}");
    }
}

#[test]
fn the_initial_command_may_run_as_another_user() {
    if !is_root() {
        return;
    }
    let place = Place::with(
        "server: {command: php worker.php, on_init: {user: \"54321\", env: {seen: \"1\"}, command: [sh, -c, 'echo user `id -u` `printenv SEEN`']}}",
        "$answer = 'hello';",
    );
    let log = place.serve(&[]).end();
    assert!(log.contains("user 54321 1 source=on_init"), "{log}");
}

#[test]
fn a_generation_follows_a_link_to_another_release() {
    let place = Place::new();
    for release in ["one", "two"] {
        place.file(
            &format!("{release}/.rr.yaml"),
            "version: '3'\nserver: {command: php worker.php}\nhttp: {address: 127.0.0.1:0}\n",
        );
        place.file(
            &format!("{release}/worker.php"),
            &format!("<?php $worker = new RoadRunner\\Worker(); while ($worker->waitRequest()) $worker->respond(200, '{release}');"),
        );
    }
    let current = place.path("current");
    std::os::unix::fs::symlink("one", &current).unwrap();
    let server = place.serve(&["-w", "current"]);
    assert_eq!(server.get("/"), "one");
    std::os::unix::fs::symlink("two", place.path("next")).unwrap();
    fs::rename(place.path("next"), &current).unwrap();
    server.signal("USR2");
    server.wait_for("the next one serves");
    until("the new release answers", || server.get("/") == "two");
    server.end();
}

#[test]
fn a_log_that_cannot_be_opened_is_told_on_standard_error() {
    let place =
        Place::with("server: {command: php worker.php}\nlogs: {output: [/nonexistent/rr.log]}", "$answer = '';");
    for arguments in [&["serve"][..], &["serve", "--no-parent"]] {
        let said = place.run(arguments);
        assert_eq!(said.code, Some(78), "{said:?}");
        assert!(said.err.contains("/nonexistent/rr.log: No such file"), "{said:?}");
    }
}

#[test]
fn closed_standard_streams_are_no_obstacle() {
    for parent in ["", " --no-parent"] {
        let place = Place::hello();
        place.file("rr.sh", &format!("exec '{}' serve{parent} -o logs.output=rr.log <&- >&- 2>&-\n", rr().display()));
        let mut command = place.command_of(Path::new("/bin/sh"), &["rr.sh"]);
        let server = Running { place: &place, child: command.spawn().unwrap() };
        until("it serves", || place.read("rr.log").contains("Serving http://"));
        server.terminate();
        let mut server = server;
        assert_eq!(server.wait().code(), Some(0), "{}", place.read("rr.log"));
    }
}

// === stop ===

#[test]
fn stop_ends_the_server_of_the_pid_file_and_waits_for_it() {
    for arguments in [&["-p"][..], &["-p", "--no-parent"]] {
        let place = Place::hello();
        let mut server = place.serve(arguments);
        assert_eq!(place.read(".pid"), format!("{}\n", server.child.id()));
        assert_eq!(server.get("/"), "hello");

        let second = place.run(&["serve", "-p"]);
        assert_eq!(second.code, Some(1), "{second:?}");
        assert!(second.err.contains("a server runs already: process"), "{second:?}");

        let stopped = place.run(&["stop"]);
        assert_eq!((stopped.code, stopped.err.as_str()), (Some(0), ""), "{stopped:?}");
        assert_eq!(stopped.out, format!("Stopping process {}\n", server.child.id()));
        assert_eq!(server.child.try_wait().unwrap().and_then(|status| status.code()), Some(0));
        assert!(!place.path(".pid").exists());

        let again = place.run(&["stop", "-s"]);
        assert_eq!((again.code, again.out.as_str()), (Some(1), ""), "{again:?}");
        assert!(again.err.contains("there is no") && again.err.contains(".pid"), "{again:?}");
    }
}

#[test]
fn stop_by_force_does_not_wait_for_requests() {
    let place = Place::with("server: {command: php worker.php}", "");
    place.file(
        "worker.php",
        "<?php $worker = new RoadRunner\\Worker();\n\
         while ($request = $worker->waitRequest()) { error_log('at it'); usleep(1_000_000_000); }\n",
    );
    let mut server = place.serve(&["-p"]);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let log = server.log();
            let address: SocketAddr =
                log.split_once("Serving http://").unwrap().1.split([' ', '\n']).next().unwrap().parse().unwrap();
            // Whatever becomes of it.
            use std::io::{Read, Write};
            let mut client = std::net::TcpStream::connect(address).unwrap();
            client.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").unwrap();
            let _ = client.read_to_end(&mut Vec::new());
        });
        server.wait_for("at it");
        let stopped = place.run(&["stop", "-f"]);
        assert_eq!(stopped.code, Some(0), "{stopped:?}");
    });
    assert_eq!(server.wait().code(), Some(1));
}

#[test]
fn stop_touches_no_process_that_is_not_a_server() {
    let place = Place::hello();
    let mut other = Command::new("sleep").arg("1000").spawn().unwrap();
    place.file(".pid", &other.id().to_string());
    let said = place.run(&["stop"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.err.contains("is not a server, or has ended"), "{said:?}");
    assert!(other.try_wait().unwrap().is_none());
    other.kill().unwrap();
    other.wait().unwrap();
    // Nor does a file that was left behind keep a server from its start.
    let server = place.serve(&["-p"]);
    assert_eq!(place.read(".pid"), format!("{}\n", server.child.id()));
    server.end();

    place.file(".pid", "soon");
    let said = place.run(&["stop"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.err.contains("it is not the number of a process"), "{said:?}");
}

// === the others ===

#[test]
fn versions_are_told() {
    let said = Place::new().run(&["--version"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let words: Vec<_> = said.out.lines().next().unwrap().split(' ').collect();
    // Where tools look for the version: the third word.
    assert_eq!(words[..3], ["rr", "version", "2025.1.15"]);
    assert_eq!(said.out.lines().nth(1), Some(concat!("roadrunner extension ", env!("CARGO_PKG_VERSION"))));
}

#[test]
fn help_is_everywhere() {
    let place = Place::new();
    let all = place.run(&["--help"]);
    assert_eq!(all.code, Some(0), "{all:?}");
    for command in ["serve", "stop", "config", "doctor", "install", "workers", "reset", "jobs"] {
        assert!(all.out.contains(&format!("\n  {command} ")), "{command}: {}", all.out);
        let one = place.run(&[command, "--help"]);
        assert_eq!(one.code, Some(0), "{one:?}");
        assert!(one.out.starts_with(&format!("rr {command}: ")), "{}", one.out);
    }
}

#[test]
fn what_is_not_understood_or_not_there_yet_has_a_code_of_its_own() {
    let place = Place::new();
    for (arguments, code, expected) in [
        (&["sreve"][..], 64, "rr: \"sreve\" is not a known command; did you mean serve?"),
        (&[], 64, "rr: which command?"),
        (&["serve", "--pit"], 64, "rr: --pit is not a known flag; did you mean --pid?"),
        (&["workers"], 1, "rr: no server runs here: there is no socket /"),
        (&["reset", "http"], 1, "rr: no server runs here: there is no socket /"),
        (&["jobs", "--list"], 69, "rr: jobs is not supported yet"),
    ] {
        let said = place.run(arguments);
        assert_eq!((said.code, said.out.as_str()), (Some(code), ""), "{said:?}");
        assert!(said.err.starts_with(expected), "{said:?}");
    }
}

#[test]
fn the_configuration_is_checked_and_shown() {
    let place = Place::hello();
    let checked = place.run(&["config", "--check"]);
    assert_eq!((checked.code, checked.err.as_str()), (Some(0), ""), "{checked:?}");
    assert!(checked.out.contains(".rr.yaml is valid"), "{checked:?}");
    let shown = place.run(&["config", "--print", "-o", "http.pool.num_workers=3"]);
    assert_eq!(shown.code, Some(0), "{shown:?}");
    assert!(shown.out.lines().any(|line| line.trim_start().starts_with("num_workers: 3")), "{}", shown.out);
    place.file(".rr.yaml", "version: \"3\"\nhttp: {adress: x}\nlogs: {levle: debug}\n");
    for arguments in [&["config"][..], &["config", "--print"]] {
        let wrong = place.run(arguments);
        assert_eq!((wrong.code, wrong.out.as_str()), (Some(78), ""), "{wrong:?}");
        assert!(wrong.err.contains("http.adress") && wrong.err.contains("logs.levle"), "{wrong:?}");
    }
}

#[test]
fn the_doctor_looks_at_php_the_machine_and_the_configuration() {
    let place = Place::hello();
    let said = place.run(&["doctor"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    for topic in
        ["PHP", "OPcache", "memory_limit", "open files", "configuration", "server.command", "address 127.0.0.1:0"]
    {
        assert!(said.out.lines().any(|line| line[6..].starts_with(topic)), "{topic}: {}", said.out);
    }

    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http.address={}", taken.local_addr().unwrap());
    let said = place.run(&["doctor", "--json", "-o", &address]);
    assert_eq!(said.code, Some(1), "{said:?}");
    let findings: Vec<serde_json::Value> = serde_json::from_str(&said.out).unwrap();
    let failed: Vec<_> = findings.iter().filter(|finding| finding["verdict"] == "fail").collect();
    assert_eq!(failed.len(), 1, "{findings:#?}");
    assert!(failed[0]["topic"].as_str().unwrap().starts_with("address 127.0.0.1:"), "{failed:?}");

    let said = place.run(&["doctor", "-o", "http.ssl.cert=no.pem", "-o", "http.ssl.key=no.pem"]);
    assert!(said.out.contains("FAIL  http.ssl") && said.out.contains("no.pem: No such file"), "{}", said.out);

    place.file(".rr.yaml", "version: \"3\"\nhttp: {adress: x}\n");
    let said = place.run(&["doctor"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(
        said.out.lines().any(|line| line.starts_with("FAIL  configuration") && line.contains("http.adress")),
        "{}",
        said.out
    );
}

#[test]
fn install_writes_a_script_that_works() {
    let place = Place::hello();
    let said = place.run(&["install"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let version = Said::of(place.command_of(&place.path("rr"), &["--version"]));
    assert_eq!(version.code, Some(0), "{version:?}");
    // Once more, as an update.
    assert_eq!(place.run(&["install"]).code, Some(0));
    // RoadRunner's own is not overwritten unasked.
    place.file("rr", "\u{7f}ELF");
    let said = place.run(&["install"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.err.contains("is something else; rr install -f replaces it"), "{said:?}");
    assert_eq!(place.run(&["install", "-f"]).code, Some(0));
    assert!(place.read("rr").starts_with("#!/bin/sh"));
}

#[test]
fn a_worker_cannot_be_another_server() {
    let place = Place::with(
        "server: {command: php worker.php}",
        "try { RoadRunner\\Cli::run(['--version']); $answer = 'ran'; } catch (RoadRunner\\Exception\\LogicException $e) { $answer = $e->getMessage(); }",
    );
    let server = place.serve(&[]);
    assert_eq!(server.get("/"), "a worker cannot run rr: start it as a process");
    server.end();
}

// === how PHP and the extension are found ===

#[test]
fn the_extension_is_found_where_it_is_said_to_be_beside_the_script_or_in_php_ini() {
    let place = Place::new();
    fs::copy(rr(), place.path("rr")).unwrap();
    let version = |prepare: &dyn Fn(&mut Command)| {
        let mut command = place.command_of(&place.path("rr"), &["--version"]);
        command.env_remove("RR_EXTENSION");
        prepare(&mut command);
        Said::of(command)
    };
    let absent = version(&|_| {});
    assert_eq!(absent.code, Some(69), "{absent:?}");
    assert!(absent.err.contains("the extension roadrunner was not found"), "{absent:?}");
    let wrong = version(&|command| {
        command.env("RR_EXTENSION", "/no/such.so");
    });
    assert_eq!(wrong.code, Some(69), "{wrong:?}");
    assert!(wrong.err.contains("RR_EXTENSION=/no/such.so is no file"), "{wrong:?}");
    let broken = place.file("broken.so", "");
    let wrong = version(&|command| {
        command.env("RR_EXTENSION", &broken);
    });
    assert_eq!(wrong.code, Some(69), "{wrong:?}");
    assert!(wrong.err.contains("could not be loaded"), "{wrong:?}");

    let named = version(&|command| {
        command.env("RR_EXTENSION", extension());
    });
    assert_eq!(named.code, Some(0), "{named:?}");
    std::os::unix::fs::symlink(extension(), place.path("roadrunner.so")).unwrap();
    let beside = version(&|_| {});
    assert_eq!(beside.code, Some(0), "{beside:?}");
    fs::remove_file(place.path("roadrunner.so")).unwrap();
    place.file("php.ini", &format!("extension={}\n", extension()));
    let enabled = version(&|_| {});
    assert_eq!(enabled.code, Some(0), "{enabled:?}");
}

#[test]
fn the_extension_is_there_without_the_php_ini_that_loads_it() {
    let place = Place::with("server: {command: php -n worker.php}", "$answer = php_ini_loaded_file() ?: 'none';");
    place.file("php.ini", &format!("extension={}\n", extension()));
    let log = fs::File::create(place.path("log")).unwrap();
    let mut command = place.command(&["serve"]);
    command.env_remove("RR_EXTENSION").stdout(log.try_clone().unwrap()).stderr(log);
    let server = Running { place: &place, child: command.spawn().unwrap() };
    server.wait_for("Serving http://");
    assert_eq!(server.get("/"), "none");
    server.end();
}

#[test]
fn a_thread_safe_php_is_looked_for() {
    let place = Place::hello();
    // What the script asks of a PHP, answered by one that is not thread-safe.
    place.script("bin/php", "#!/bin/sh\necho '0 0 80406 /usr/lib/php'\n");
    let path = format!("{}:/usr/bin:/bin", place.path("bin").display());
    let with_path = |arguments: &[&str]| {
        let mut command = place.command(arguments);
        command.env_remove("RR_PHP").env("PATH", &path);
        Said::of(command)
    };
    let none = with_path(&["--version"]);
    assert_eq!(none.code, Some(69), "{none:?}");
    assert!(
        none.err.contains("no thread-safe (ZTS) PHP found") && none.err.contains("bin/php is not thread-safe (NTS)"),
        "{none:?}"
    );

    std::os::unix::fs::symlink(php(), place.path("bin/php-zts")).unwrap();
    assert_eq!(with_path(&["--version"]).code, Some(0));
    fs::remove_file(place.path("bin/php-zts")).unwrap();

    // The one of server.command, in each way to name the file.
    place.file(
        "etc/app.yaml",
        &format!("version: \"3\"\nserver:\n  # the workers\n  command: \"{} worker.php\"\n", php()),
    );
    for arguments in [
        &["--version", "-c", "etc/app.yaml"][..],
        &["-cetc/app.yaml", "--version"],
        &["--config=app.yaml", "-w", "etc", "--version"],
    ] {
        let said = with_path(arguments);
        assert_eq!(said.code, Some(0), "{arguments:?}: {said:?}");
    }

    let mut command = place.command(&["--version"]);
    command.env("RR_PHP", place.path("bin/php"));
    let named = Said::of(command);
    assert_eq!(named.code, Some(69), "{named:?}");
    assert!(named.err.contains("is no thread-safe (ZTS) PHP"), "{named:?}");
}
