//! Which of several places wins, and that each value knows its own.

use roadrunner::config::{Error, Loader, print};

use super::{Folder, loader};

#[track_caller]
fn line_of(loader: &Loader, key: &str) -> String {
    let text = print(loader).unwrap();
    let line =
        text.lines().find(|line| line.trim_start().starts_with(&format!("{key}:"))).unwrap_or_else(|| panic!("{text}"));
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn each_place_wins_over_the_one_before_it() {
    let folder = Folder::new("rank");
    let mut loader = folder.loader("a.yaml", "");
    let at = |name: &str| folder.0.join(name).display().to_string();
    assert_eq!(line_of(&loader, "internal_error_code"), "internal_error_code: 500 # default");
    folder.write("a.yaml", "http:\n  internal_error_code: 501\n");
    assert_eq!(line_of(&loader, "internal_error_code"), format!("internal_error_code: 501 # {}:2", at("a.yaml")));
    loader.overrides = vec!["logs.level=warn".to_owned(), "http.internal_error_code=502".to_owned()];
    assert_eq!(line_of(&loader, "internal_error_code"), "internal_error_code: 502 # override 2");
    assert_eq!(loader.load().unwrap().config.http.internal_error_code, 502);
    folder.write("a.yaml", "include: [b.yaml, c.yaml]\n");
    folder.write("b.yaml", "http: {internal_error_code: 503}\n");
    folder.write("c.yaml", "http:\n\n  internal_error_code: 504\n");
    assert_eq!(line_of(&loader, "internal_error_code"), format!("internal_error_code: 504 # {}:3", at("c.yaml")));
    let loaded = loader.load().unwrap();
    assert_eq!(loaded.config.http.internal_error_code, 504);
    assert_eq!(
        loaded.warnings.to_string(),
        format!(
            "  override 2: http.internal_error_code has no effect: {} line 1 sets the key, which overrides do not reach",
            at("b.yaml")
        )
    );
}

#[test]
fn overrides_need_no_file() {
    let mut loader = loader(&[("CODE", "599")]);
    loader.overrides =
        ["http.internal_error_code=${CODE}", "server.command=\"php a.php\"", "version=3"].map(str::to_owned).to_vec();
    let config = loader.load().unwrap().config;
    assert_eq!((config.http.internal_error_code.as_u16(), config.server.command.len()), (599, 2));
    assert_eq!(line_of(&loader, "internal_error_code"), "internal_error_code: \"599\" # override 1, environment CODE");
    loader.overrides =
        ["http.pool=3", "httpp.address=:1", "nothing", "a=", "http.address=nowhere"].map(str::to_owned).to_vec();
    assert_eq!(
        loader.load().unwrap_err().to_string(),
        "what the overrides say is not a valid configuration:\n  \
         override 1: http.pool is 3, but must be a section of keys\n  \
         override 2: httpp is not a known key; did you mean http?\n  \
         override 3: \"nothing\" has no \"=\", but must be <section>.<key>=<value>\n  \
         override 4: \"a=\" has no value, but must be <section>.<key>=<value>\n  \
         override 5: http.address is \"nowhere\", but must be host:port, :port, [v6]:port or unix:/path"
    );
}

#[test]
fn includes_may_be_named_by_an_override() {
    let folder = Folder::new("include-override");
    let mut loader = folder.loader("a.yaml", "version: '3'\n");
    folder.write("b.yaml", "http: {internal_error_code: 503}\n");
    folder.write("c.yaml", "http: {max_request_size: 3}\n");
    loader.overrides = vec!["include=b.yaml c.yaml".to_owned()];
    let http = loader.load().unwrap().config.http;
    assert_eq!((http.internal_error_code.as_u16(), http.max_request_bytes), (503, 3 * 1024 * 1024));
}

#[test]
fn the_environment_wins_over_dotenv_files() {
    let folder = Folder::new("dotenv");
    let text = "envfile: own.env\nserver: {env: {A: $A, B: $B, C: $C, D: '${D:-d}'}}\n";
    let mut loader = folder.loader("a.yaml", text);
    folder.write("own.env", "A=own\nB=own\nC=own\n");
    loader.dotenv = Some(folder.write("named.env", "A=named\nB=named\n"));
    loader.variables.get_or_insert_default().insert("A".to_owned(), "environment".to_owned());
    let loaded = loader.load().unwrap();
    let pairs =
        |pairs: &[(String, String)]| pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>();
    assert_eq!(pairs(&loaded.config.server.env), ["A=environment", "B=named", "C=own", "D=d"]);
    assert_eq!(pairs(&loaded.variables), ["B=named", "C=own"]);
}

#[test]
fn dotenv_files_that_cannot_be_read_are_named() {
    let folder = Folder::new("dotenv-broken");
    let mut loader = folder.loader("a.yaml", "");
    loader.dotenv = Some(folder.write("broken.env", "A=1\nTOKEN hunter2\n"));
    let text = loader.load().unwrap_err().to_string();
    assert!(text.ends_with("broken.env: line 2 is not NAME=value") && !text.contains("hunter2"), "{text}");
    loader.dotenv = Some(folder.0.join("missing.env"));
    assert!(matches!(loader.load(), Err(Error::Unreadable { path, .. }) if path.ends_with("missing.env")));
    let loader = folder.loader("b.yaml", "a: 1\nenvfile: missing.env\n");
    let text = loader.load().unwrap_err().to_string();
    assert!(text.contains("line 1: a is not a known key") && text.contains("line 2: envfile cannot read"), "{text}");
}

#[test]
fn a_variable_that_is_not_set_is_said() {
    let folder = Folder::new("unset");
    let loaded = folder.loader("a.yaml", "http:\n  internal_error_code: $UNSET\n").load().unwrap();
    assert_eq!(loaded.config.http.internal_error_code, 500);
    assert_eq!(
        loaded.warnings.to_string(),
        "  line 2: http.internal_error_code names ${UNSET}, which is not set and is read as empty"
    );
}
