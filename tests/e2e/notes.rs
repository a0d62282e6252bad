//! The examples, as they stand in the repository.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Barrier,
    thread,
};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::support::{
    Client, Mode, Server,
    client::Response,
    get,
    server::{Builder, php},
};

const JSON: &str = "Content-Type: application/json\r\n";

/// The example, with its database at `path`.
fn notes_at(builder: Builder, path: &Path) -> Builder {
    builder.env("NOTES_DB", path.to_str().unwrap())
}

/// The example, with its database in the server's own directory, which goes with it.
fn notes() -> Builder {
    let builder = Server::example("notes");
    let path = builder.directory().join("notes.sqlite");
    notes_at(builder, &path)
}

impl Response {
    #[track_caller]
    fn json(&self) -> Value {
        assert_eq!(self.header("content-type"), Some("application/json"));
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }
}

#[track_caller]
fn send(client: &mut Client, method: &str, target: &str, body: &Value) -> Response {
    let answer = client.request(method, target, JSON, body.to_string().as_bytes());
    answer.unwrap_or_else(|error| panic!("{method} {target}: {error}"))
}

/// Creates a note and returns its path.
#[track_caller]
fn create(client: &mut Client, title: &str, body: &str) -> String {
    let response = send(client, "POST", "/notes", &json!({"title": title, "body": body}));
    assert_eq!(response.status, 201, "{}", response.text());
    response.header("location").unwrap().to_owned()
}

/// Titles and total of a list.
#[track_caller]
fn list(client: &mut Client, target: &str) -> (Vec<String>, u64) {
    let response = client.get(target).unwrap();
    assert_eq!(response.status, 200, "{}", response.text());
    let list = response.json();
    let titles = list["notes"].as_array().unwrap().iter().map(|note| note["title"].as_str().unwrap().to_owned());
    (titles.collect(), list["total"].as_u64().unwrap())
}

/// Whether `text` is like "2025-12-31T23:59:59.123Z".
fn is_time(text: &str) -> bool {
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    shape == "0000-00-00T00:00:00.000Z"
}

#[test]
fn hello_greets() {
    let server = Server::example("hello").start();
    let response = get(server.address, "/");
    assert_eq!((response.status, response.text().as_str()), (200, "Hello, world!\n"));
    assert_eq!(response.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(get(server.address, "/?name=Zo%C3%AB").text(), "Hello, Zoë!\n");
    server.stop();
}

#[test]
fn streaming_streams() {
    let server = Server::example("streaming").start();
    let mut clocks: Vec<_> = (0..3)
        .map(|_| {
            let mut client = Client::connect(server.address).unwrap();
            client.send(b"GET /clock HTTP/1.1\r\nHost: test\r\n\r\n").unwrap();
            client.until("event: clock\n").unwrap();
            client
        })
        .collect();
    for clock in &mut clocks {
        clock.until("\"watching\":3}").unwrap();
    }
    let mut client = Client::connect(server.address).unwrap();
    assert!(client.get("/").unwrap().text().starts_with("<!doctype html>"));
    assert_eq!(client.get("/export.csv?rows=2").unwrap().text(), "number,square\n1,1\n2,4\n");
    let answer = client.request("POST", "/upload?id=1", "", &vec![0; 1_000_000]).unwrap();
    let hash = "d29751f2649b32ff572b5e0a9f541ea660a50f94ff0beedfb0b692b924cc8025";
    assert_eq!(answer.json(), json!({"read": 1_000_000, "of": 1_000_000, "sha256": hash}));
    server.stop();
}

#[test]
fn a_note_lives_from_post_to_delete() {
    let server = notes().start();
    let mut client = Client::connect(server.address).unwrap();

    let created = send(&mut client, "POST", "/notes", &json!({"title": " Éclairs ", "body": "déjà vu\n☕"}));
    assert_eq!(created.status, 201);
    assert_eq!(created.header("location"), Some("/notes/1"));
    let note = created.json();
    assert_eq!((&note["id"], &note["title"], &note["body"]), (&json!(1), &json!("Éclairs"), &json!("déjà vu\n☕")));
    let born = note["created_at"].as_str().unwrap().to_owned();
    assert!(is_time(&born), "{born}");
    assert_eq!(note["updated_at"], note["created_at"]);

    let read = client.get("/notes/1").unwrap();
    assert_eq!((read.status, read.json()), (200, note.clone()));

    // Without a body, or the answer after it would be misread.
    for target in ["/notes/1", "/notes"] {
        let (head, get) = (client.request("HEAD", target, "", b"").unwrap(), client.get(target).unwrap());
        assert_eq!((head.status, get.status), (200, 200));
        for name in ["content-type", "content-length"] {
            assert_eq!(head.header(name), get.header(name));
        }
        assert_eq!(head.header("content-length"), Some(get.body.len().to_string().as_str()));
    }

    let patched = send(&mut client, "PATCH", "/notes/1", &json!({"body": "new"}));
    assert_eq!(patched.status, 200);
    let patched = patched.json();
    assert_eq!((&patched["title"], &patched["body"]), (&json!("Éclairs"), &json!("new")));
    assert_eq!(patched["created_at"].as_str(), Some(born.as_str()));
    let changed = patched["updated_at"].as_str().unwrap();
    assert!(is_time(changed) && changed >= born.as_str(), "{changed}");
    assert_eq!(client.get("/notes/1").unwrap().json(), patched);

    // Nothing to change, nothing changed.
    let same = send(&mut client, "PATCH", "/notes/1", &json!({"id": 7, "unknown": true}));
    assert_eq!((same.status, same.json()), (200, patched));

    let put = send(&mut client, "PUT", "/notes/1", &json!({"title": "Other"}));
    assert_eq!(put.status, 200);
    let put = put.json();
    assert_eq!((&put["id"], &put["title"], &put["body"]), (&json!(1), &json!("Other"), &json!("")));
    assert_eq!(put["created_at"].as_str(), Some(born.as_str()));

    let deleted = client.request("DELETE", "/notes/1", "", b"").unwrap();
    assert_eq!((deleted.status, deleted.header("content-type")), (204, None));
    for (method, body) in [
        ("GET", ""),
        ("HEAD", ""),
        ("DELETE", ""),
        ("PUT", r#"{"title": "x"}"#),
        ("PATCH", "{}"),
        ("PATCH", r#"{"body": ""}"#),
    ] {
        assert_eq!(client.request(method, "/notes/1", JSON, body.as_bytes()).unwrap().status, 404, "{method} {body}");
    }
    assert_eq!(list(&mut client, "/notes"), (vec![], 0));
    assert_eq!(create(&mut client, "next", ""), "/notes/2", "an id is not used twice");
    server.stop();
}

#[test]
fn a_list_comes_in_pages() {
    let server = notes().start();
    let mut client = Client::connect(server.address).unwrap();
    for number in 1..=25 {
        create(&mut client, &format!("n{number}"), "");
    }
    let (titles, total) = list(&mut client, "/notes");
    assert_eq!((titles.len(), titles[0].as_str(), titles[19].as_str(), total), (20, "n25", "n6", 25));
    assert_eq!(list(&mut client, "/notes?limit=2&offset=3"), (vec!["n22".into(), "n21".into()], 25));
    assert_eq!(list(&mut client, "/notes?limit=100&offset=24"), (vec!["n1".into()], 25));
    assert_eq!(list(&mut client, "/notes?offset=25"), (vec![], 25));
    assert_eq!(list(&mut client, "/notes?q=n2&limit=1&offset=1"), (vec!["n24".into()], 7));
    let page = client.get("/notes?limit=1").unwrap().json();
    assert_eq!((&page["limit"], &page["offset"]), (&json!(1), &json!(0)));
    server.stop();
}

#[test]
fn a_search_takes_every_character_literally() {
    let server = notes().start();
    let mut client = Client::connect(server.address).unwrap();
    let notes = [
        ("100% sure", ""),
        ("100 sure", ""),
        ("snake_case", ""),
        ("snakeXcase", ""),
        ("plain", "now 50% off\nand_so on"),
        ("wow!", ""),
        (r"C:\notes", ""),
        ("Zoë's café ☕", ""),
        ("日本語", "メモ"),
    ];
    for (title, body) in notes {
        create(&mut client, title, body);
    }
    let searches: [(&str, &[&str]); 14] = [
        ("%", &["plain", "100% sure"]),
        ("100%", &["100% sure"]),
        ("0% o", &["plain"]),
        ("_", &["plain", "snake_case"]),
        ("SNAKE_", &["snake_case"]),
        ("snake", &["snakeXcase", "snake_case"]),
        ("!", &["wow!"]),
        ("!%", &[]),
        (r"\", &[r"C:\notes"]),
        ("'s", &["Zoë's café ☕"]),
        ("café ☕", &["Zoë's café ☕"]),
        ("本", &["日本語"]),
        ("メ", &["日本語"]),
        ("not there", &[]),
    ];
    for (text, found) in searches {
        let (titles, total) = list(&mut client, &format!("/notes?q={}", utf8_percent_encode(text, NON_ALPHANUMERIC)));
        assert_eq!(titles, found, "{text}");
        assert_eq!(total, found.len() as u64, "{text}");
    }
    let (titles, total) = list(&mut client, "/notes?q=");
    assert_eq!((titles.len(), total), (notes.len(), notes.len() as u64), "an empty search is none");
    server.stop();
}

#[test]
fn what_is_wrong_with_a_request_is_told() {
    let server = notes().start();
    let mut client = Client::connect(server.address).unwrap();
    create(&mut client, "there", "");

    for target in
        ["/", "/note", "/notes/", "/notes/0", "/notes/01", "/notes/x", "/notes/1/x", "/notes/9999999999999999999"]
    {
        assert_eq!(client.get(target).unwrap().status, 404, "{target}");
    }
    assert!(client.get("/notes/999999999999999999").unwrap().json()["error"].is_string());

    for (method, target, allow) in [
        ("DELETE", "/notes", "GET, HEAD, POST"),
        ("PUT", "/notes", "GET, HEAD, POST"),
        ("OPTIONS", "/notes", "GET, HEAD, POST"),
        ("POST", "/notes/1", "GET, HEAD, PUT, PATCH, DELETE"),
        ("BREW", "/notes/1", "GET, HEAD, PUT, PATCH, DELETE"),
    ] {
        let response = client.request(method, target, "", b"").unwrap();
        assert_eq!((response.status, response.header("allow")), (405, Some(allow)), "{method} {target}");
    }

    for (method, target) in [("POST", "/notes"), ("PUT", "/notes/1"), ("PATCH", "/notes/1")] {
        for headers in ["", "Content-Type: text/plain\r\n", "Content-Type: application/x-www-form-urlencoded\r\n"] {
            let response = client.request(method, target, headers, b"{\"title\": \"x\"}").unwrap();
            assert_eq!(
                (response.status, response.header("accept")),
                (415, Some("application/json")),
                "{method} {headers}"
            );
        }
        for body in ["", "{", "{\"title\": }", "title=x", "{\"title\": \"\\ud800\"}", "{} {}"] {
            let response = client.request(method, target, JSON, body.as_bytes()).unwrap();
            assert_eq!(response.status, 400, "{method} {body}");
            assert!(response.json()["error"].as_str().unwrap().contains("not valid JSON"));
        }
        let response = client.request(method, target, JSON, b"{\"title\": \"\xff\"}").unwrap();
        assert_eq!(response.status, 400, "{method} with bytes that are not UTF-8");
    }

    let (long, longer) = ("é".repeat(200), "é".repeat(201));
    let (text, more_text) = ("日".repeat(10_000), "日".repeat(10_001));
    for (body, errors) in [
        (json!(null), Value::Null),
        (json!("title"), Value::Null),
        (json!(["title"]), Value::Null),
        (json!({"title": ""}), json!({"title": "must not be empty"})),
        (json!({"title": " \t "}), json!({"title": "must not have control characters"})),
        (json!({"title": "   "}), json!({"title": "must not be empty"})),
        (json!({"title": null}), json!({"title": "must be a string"})),
        (json!({"title": ["x"]}), json!({"title": "must be a string"})),
        (json!({"title": longer}), json!({"title": "must not be longer than 200 characters"})),
        (json!({"title": "a\u{0}b"}), json!({"title": "must not have control characters"})),
        (json!({"title": "x", "body": more_text}), json!({"body": "must not be longer than 10000 characters"})),
        (json!({"title": "x", "body": "\u{0}"}), json!({"body": "must not have control characters"})),
        (json!({"title": 1, "body": 2}), json!({"title": "must be a string", "body": "must be a string"})),
    ] {
        for (method, target) in [("POST", "/notes"), ("PUT", "/notes/1"), ("PATCH", "/notes/1")] {
            let response = send(&mut client, method, target, &body);
            assert_eq!((response.status, &response.json()["fields"]), (422, &errors), "{method} {body}");
        }
    }
    for (method, target) in [("POST", "/notes"), ("PUT", "/notes/1")] {
        let response = send(&mut client, method, target, &json!({"body": "x"}));
        assert_eq!((response.status, &response.json()["fields"]), (422, &json!({"title": "is required"})), "{method}");
    }
    // Of a wrong request nothing is taken, and what is just allowed is allowed.
    assert_eq!(list(&mut client, "/notes"), (vec!["there".into()], 1));
    let headers = "Content-Type: Application/JSON ; charset=utf-8\r\n";
    let body = json!({"title": long, "body": text}).to_string();
    assert_eq!(client.request("POST", "/notes", headers, body.as_bytes()).unwrap().status, 201);

    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=ten", "limit"),
        ("limit[]=1", "limit"),
        ("offset=-1", "offset"),
        ("offset=99999999999999999999", "offset"),
        ("offset=", "offset"),
        ("q[]=x", "q"),
        ("q=%ff", "q"),
        ("q=a%00b", "q"),
        (&format!("q={}", "x".repeat(201)), "q"),
    ] {
        let response = client.get(&format!("/notes?{query}")).unwrap();
        assert_eq!(response.status, 422, "{query}");
        assert!(response.json()["fields"][field].is_string(), "{query}");
    }
    server.stop();
}

#[test]
fn an_exception_is_one_answer_and_one_entry_of_the_log() {
    let server = notes().start();
    let database = server.directory.join("notes.sqlite");
    let store = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/notes/src/Store.php");
    let run = |code: &str| {
        let status = Command::new(php()).args(["-n", "-r", code, "--"]).arg(&database).arg(store).status();
        assert!(status.unwrap().success(), "{code}");
    };
    let mut client = Client::connect(server.address).unwrap();
    create(&mut client, "lost", "");

    run("(new PDO('sqlite:' . $argv[1]))->exec('DROP TABLE notes');");
    // More than there are workers.
    for _ in 0..12 {
        let response = client.get("/notes").unwrap();
        assert_eq!(response.status, 500);
        let body = response.json();
        assert_eq!(body["error"], "Internal server error");
        server.wait_for_log(&format!("{} GET /notes: PDOException", body["request"].as_str().unwrap()));
    }
    assert_eq!(client.get("/elsewhere").unwrap().status, 404);

    run("require $argv[2]; Notes\\Store::open($argv[1]);");
    assert_eq!(list(&mut client, "/notes"), (vec![], 0));
    create(&mut client, "new", "");
    let log = server.stop();
    assert!(log.contains("no such table"), "{log}");
    assert!(!log.contains("Worker script failed"), "no worker has died:\n{log}");
}

fn many_clients_write(mode: Mode) {
    const CLIENTS: usize = 8;
    const NOTES: usize = 25;

    let server = notes().mode(mode).start();
    let together = Barrier::new(CLIENTS);
    let write = |number: usize| {
        let mut client = Client::connect(server.address).unwrap();
        together.wait();
        let create = |index: usize| {
            let (title, body) = (format!("note {index} of {number}"), "x".repeat(index));
            let path = create(&mut client, &title, &body);
            let note = client.get(&path).unwrap();
            assert_eq!(note.status, 200);
            let note = note.json();
            assert_eq!((&note["title"], &note["body"]), (&json!(title), &json!(body)), "another one's note");
            path
        };
        (0..NOTES).map(create).collect::<Vec<_>>()
    };
    let paths: BTreeSet<String> = thread::scope(|scope| {
        let write = &write;
        let clients: Vec<_> = (0..CLIENTS).map(|number| scope.spawn(move || write(number))).collect();
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
    });
    assert_eq!(paths.len(), CLIENTS * NOTES);

    let mut client = Client::connect(server.address).unwrap();
    let (mut titles, total) = list(&mut client, "/notes?limit=100");
    assert_eq!(total, (CLIENTS * NOTES) as u64);
    titles.extend(list(&mut client, "/notes?limit=100&offset=100").0);
    let titles: BTreeSet<String> = titles.into_iter().collect();
    let wanted = (0..CLIENTS).flat_map(|number| (0..NOTES).map(move |index| format!("note {index} of {number}")));
    assert_eq!(titles, wanted.collect());
    let log = server.stop();
    assert!(!log.contains("PDOException"), "{log}");
}

#[test]
fn many_clients_write_without_opcache() {
    many_clients_write(Mode::NoOpcache);
}

#[test]
fn many_clients_write_with_the_tracing_jit() {
    many_clients_write(Mode::JitTracing);
}

/// A directory that goes with its owner.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn servers_that_start_at_once_share_a_new_database() {
    const SERVERS: usize = 3;

    let scratch = Scratch(std::env::temp_dir().join(format!("rr-e2e-{}-shared-notes", std::process::id())));
    // Not even its directory exists.
    let database = scratch.0.join("var/notes.sqlite");
    let servers: Vec<Server> = thread::scope(|scope| {
        let servers: Vec<_> =
            (0..SERVERS).map(|_| scope.spawn(|| notes_at(Server::example("notes"), &database).start())).collect();
        servers.into_iter().map(|server| server.join().unwrap()).collect()
    });
    for (number, server) in servers.iter().enumerate() {
        create(&mut Client::connect(server.address).unwrap(), &format!("of {number}"), "");
    }
    let wanted = (vec!["of 2".to_owned(), "of 1".to_owned(), "of 0".to_owned()], 3);
    for server in servers {
        assert_eq!(list(&mut Client::connect(server.address).unwrap(), "/notes"), wanted);
        let log = server.stop();
        assert!(!log.contains("PDOException") && !log.contains("Worker script failed"), "{log}");
    }
    // The last one to close its connection has emptied the write-ahead log into the database.
    assert!(database.exists() && !database.with_extension("sqlite-wal").exists());

    let server = notes_at(Server::example("notes"), &database).start();
    assert_eq!(list(&mut Client::connect(server.address).unwrap(), "/notes"), wanted, "notes outlive the server");
    server.stop();
}

#[test]
fn a_database_that_cannot_be_opened_ends_the_start() {
    let builder = Server::example("notes").file("file", "");
    let database = builder.directory().join("file/notes.sqlite");
    let (code, text) = notes_at(builder, &database).run();
    assert_eq!(code, Some(255), "{text}");
    assert!(text.contains("Cannot create the directory") && !text.contains("Serving"), "{text}");
}
