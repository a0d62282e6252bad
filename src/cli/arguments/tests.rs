use super::*;

fn read(line: &str) -> Result<(Command, Options), String> {
    let words: Vec<_> = line.split_whitespace().map(OsString::from).collect();
    parse(&words).map_err(|misuse| misuse.to_string())
}

#[test]
fn flags_are_read_before_and_after_the_command() {
    let path = |text: &str| Some(PathBuf::from(text));
    let none = Options::default;
    let rows: Vec<(&str, Command, Options)> = vec![
        ("serve", Command::Serve, none()),
        ("serve -c a.yaml", Command::Serve, Options { config: path("a.yaml"), ..none() }),
        ("-c a.yaml serve", Command::Serve, Options { config: path("a.yaml"), ..none() }),
        ("serve -ca.yaml", Command::Serve, Options { config: path("a.yaml"), ..none() }),
        ("serve -c=a.yaml", Command::Serve, Options { config: path("a.yaml"), ..none() }),
        ("serve --config a.yaml", Command::Serve, Options { config: path("a.yaml"), ..none() }),
        ("serve --config=a.yaml", Command::Serve, Options { config: path("a.yaml"), ..none() }),
        ("serve -w /x", Command::Serve, Options { workdir: path("/x"), ..none() }),
        ("serve --WorkDir /x", Command::Serve, Options { workdir: path("/x"), ..none() }),
        ("serve --dotenv .env", Command::Serve, Options { dotenv: path(".env"), ..none() }),
        ("serve -d", Command::Serve, Options { debug: true, ..none() }),
        ("serve -s", Command::Serve, Options { silent: true, ..none() }),
        ("serve -p", Command::Serve, Options { pid: true, ..none() }),
        ("serve -e", Command::Serve, Options { experimental: true, ..none() }),
        ("serve -sp", Command::Serve, Options { silent: true, pid: true, ..none() }),
        ("serve -spc f", Command::Serve, Options { silent: true, pid: true, config: path("f"), ..none() }),
        ("serve --debug=false", Command::Serve, none()),
        ("serve --silent=true", Command::Serve, Options { silent: true, ..none() }),
        ("serve --no-parent --lenient", Command::Serve, Options { no_parent: true, lenient: true, ..none() }),
        ("serve --allow-root", Command::Serve, Options { allow_root: true, ..none() }),
        (
            "-o version=3 -o http.address=:8080 serve -o x.y=a=b",
            Command::Serve,
            Options { overrides: ["version=3", "http.address=:8080", "x.y=a=b"].map(str::to_owned).into(), ..none() },
        ),
        ("stop -f", Command::Stop, Options { force: true, ..none() }),
        ("config --print", Command::Config, Options { print: true, ..none() }),
        ("config --check -c f", Command::Config, Options { check: true, config: path("f"), ..none() }),
        ("doctor --json", Command::Doctor, Options { json: true, ..none() }),
        ("install", Command::Install, none()),
        ("--version", Command::Version, none()),
        ("-v", Command::Version, none()),
        ("serve --version", Command::Version, none()),
        ("--help", Command::Help(None), none()),
        ("help", Command::Help(None), none()),
        ("help serve", Command::Help(Some("serve")), none()),
        ("serve -h", Command::Help(Some("serve")), none()),
        ("-h workers", Command::Help(Some("workers")), none()),
        ("workers --help", Command::Help(Some("workers")), none()),
        (
            "workers -i http jobs",
            Command::Workers,
            Options { interactive: true, pools: ["http", "jobs"].map(str::to_owned).into(), ..none() },
        ),
        ("workers --json", Command::Workers, Options { json: true, ..none() }),
        ("reset", Command::Reset, none()),
        ("-s reset http", Command::Reset, Options { silent: true, pools: vec!["http".to_owned()], ..none() }),
        ("reset -- -x", Command::Reset, Options { pools: vec!["-x".to_owned()], ..none() }),
        ("status http --json", Command::Status, Options { pools: vec!["http".to_owned()], json: true, ..none() }),
        ("top", Command::Top, none()),
        ("jobs --list", Command::Unsupported("jobs"), none()),
        ("server-process --no-parent -p", Command::Server, Options { no_parent: true, pid: true, ..none() }),
    ];
    for (line, command, options) in rows {
        assert_eq!(read(line), Ok((command, options)), "{line}");
    }
}

#[test]
fn what_is_wrong_is_said_with_a_remedy() {
    for (line, expected) in [
        ("", "which command? There are serve, stop, config, doctor, install, workers, status, top, reset, jobs"),
        ("sreve", "\"sreve\" is not a known command; did you mean serve?"),
        (
            "frobnicate",
            "\"frobnicate\" is not a known command; there are serve, stop, config, doctor, install, workers, status, top, reset, jobs",
        ),
        ("serve now", "\"now\" is too much: serve takes only flags"),
        ("serve --confg x", "--confg is not a known flag; did you mean --config?"),
        ("serve --zzz", "--zzz is not a known flag; see rr --help"),
        ("serve -x", "-x is not a known flag; see rr --help"),
        ("serve -sx", "-x is not a known flag; see rr --help"),
        ("serve -c", "-c needs a value: -c FILE"),
        ("serve --override", "--override needs a value: --override KEY=VALUE"),
        ("serve -o http.address", "-o is \"http.address\", but must be section.key=value"),
        ("serve -o =1", "-o is \"=1\", but must be section.key=value"),
        ("serve --debug=maybe", "--debug is \"maybe\", but must be true or false"),
        ("reset -i", "--interactive is a flag of workers, not of reset"),
        ("stop --no-parent", "--no-parent is a flag of serve, not of stop"),
        ("serve --json", "--json is a flag of doctor, workers, status, reset, not of serve"),
    ] {
        assert_eq!(read(line), Err(expected.to_owned()), "{line}");
    }
}

#[test]
fn values_may_be_any_bytes_of_a_path() {
    let name = OsString::from_vec(b"caf\xe9.yaml".to_vec());
    let (_, options) = parse(&["serve".into(), "-c".into(), name.clone()]).unwrap();
    assert_eq!(options.config, Some(PathBuf::from(&name)));
    let misuse = parse(&["serve".into(), "-o".into(), name]).unwrap_err();
    assert!(misuse.to_string().ends_with("is not UTF-8"), "{misuse}");
}

#[test]
fn two_dashes_end_the_flags() {
    assert_eq!(read("-- serve"), Ok((Command::Serve, Options::default())));
    assert_eq!(read("serve -- -s"), Err("\"-s\" is too much: serve takes only flags".to_owned()));
}
