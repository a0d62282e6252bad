//! Forms of many kinds, held against what php-fpm makes of the same bytes.
//!
//! Its answers are recorded in `form_table/php-fpm.json`, so that the table asserts something where it is not installed.
//! Where Debian's php-fpm 8.2 is, the record is held against it; `UPDATE=1` makes the record anew.

mod differences;
mod fpm;
mod rows;

use std::{collections::BTreeMap, env, fs, path::Path};

use rows::{Limits, Row};

use crate::support::{Client, Server};

/// Shows a form: JSON in which every byte that is not printable ASCII is escaped; only a digest of what would be long.
const SHOW: &str = r#"
function show(array $post, array $files): string {
    $escape = function ($value) use (&$escape) {
        if (!is_array($value)) { return is_string($value) ? addcslashes($value, "\0..\37\177..\377\\") : $value; }
        $shown = [];
        foreach ($value as $key => $inner) { $shown[addcslashes($key, "\0..\37\177..\377\\")] = $escape($inner); }
        return $shown;
    };
    $text = json_encode($escape(['post' => $post, 'files' => $files]), JSON_UNESCAPED_SLASHES);
    return strlen($text) < 1500 ? $text : count($post) . ' fields, ' . count($files) . ' files, ' . sha1($text);
}"#;

/// What php-fpm runs; the name of the temporary file is replaced by a digest of its contents.
const THEIRS: &str = r"
function digest($path) { return is_array($path) ? array_map('digest', $path) : ($path === '' ? '' : sha1_file($path)); }
foreach ($_FILES as &$file) { $file['tmp_name'] = digest($file['tmp_name']); }
unset($file);
echo show($_POST, $_FILES);";

/// What our worker runs: files in the shape of `$_FILES`.
const OURS: &str = r"
$parts = [
    'name' => fn ($file) => $file->clientName, 'full_path' => fn ($file) => $file->clientPath,
    'type' => fn ($file) => $file->type, 'tmp_name' => fn ($file) => $file->error ? '' : sha1_file($file->path),
    'error' => fn ($file) => $file->error, 'size' => fn ($file) => $file->size,
];
$of = function ($file, $read) use (&$of) { return is_array($file) ? array_map(fn ($file) => $of($file, $read), $file) : $read($file); };
$worker = new RoadRunner\Worker();
while ($request = $worker->waitRequest()) {
    $files = [];
    foreach ($request->files() as $name => $file) {
        foreach ($parts as $key => $read) { $files[$name][$key] = $of($file, $read); }
    }
    $request->respond(200, show($request->form(), $files));
}";

/// Settings of PHP in the rows with narrow limits.
const NARROW: [(&str, &str); 6] = [
    ("upload_max_filesize", "1K"),
    ("post_max_size", "1M"),
    ("max_input_vars", "5"),
    ("max_input_nesting_level", "3"),
    ("max_file_uploads", "2"),
    ("max_multipart_body_parts", "6"),
];

type Answers = BTreeMap<String, String>;

fn ours(limits: Limits) -> Server {
    let script = format!("<?php{SHOW}{OURS}");
    let mut builder = Server::of(&script).ini("display_errors=0");
    let mut uploads = "dir: .";
    if limits == Limits::Narrow {
        builder = NARROW.iter().fold(builder, |builder, (name, value)| builder.ini(&format!("{name}={value}")));
        uploads = "dir: ., forbid: [.php]";
    }
    builder
        .config(&format!(
            "http: {{address: {{address}}, max_request_size: 1, uploads: {{{uploads}}}, pool: {{num_workers: 1}}}}"
        ))
        .start()
}

/// What our server answers, with the status unless that is 200.
fn ask(server: &Server, row: &Row) -> String {
    let mut client = Client::connect(server.address).unwrap();
    let kind = format!("Content-Type: {}\r\n", row.kind);
    let answer = client.request("POST", "/", &kind, &row.body);
    let answer = answer.unwrap_or_else(|error| panic!("{}: {error}; {}", row.name, server.log()));
    if answer.status == 200 { answer.text() } else { format!("{} {}", answer.status, answer.text().trim_end()) }
}

/// The answers of php-fpm: those that are recorded, which are held against it where it is installed.
fn theirs(rows: &[Row]) -> Answers {
    let record = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/e2e/form_table/php-fpm.json");
    let recorded = || serde_json::from_str(&fs::read_to_string(&record).unwrap()).unwrap();
    let Some(fpm) = fpm::Fpm::start(&format!("<?php{SHOW}{THEIRS}"), &NARROW) else { return recorded() };
    let answers: Answers = rows.iter().map(|row| (row.name.to_owned(), fpm.ask(row))).collect();
    if env::var_os("UPDATE").is_some() {
        fs::write(&record, serde_json::to_string_pretty(&answers).unwrap() + "\n").unwrap();
    }
    let recorded: Answers = recorded();
    for (name, answer) in &answers {
        assert_eq!(recorded.get(name), Some(answer), "{name}: recorded is something else than php-fpm answers");
    }
    recorded
}

#[test]
fn forms_are_what_php_fpm_makes_of_them() {
    let rows = rows::all();
    assert!(rows.len() >= 60, "{} rows", rows.len());
    let theirs = theirs(&rows);
    assert_eq!(theirs.len(), rows.len(), "as many answers as rows, whose names are all different");
    let servers = [ours(Limits::Usual), ours(Limits::Narrow)];
    let mut wrong = Vec::new();
    for row in &rows {
        let (theirs, ours) = (&theirs[row.name], ask(&servers[row.limits as usize], row));
        let difference = differences::ALL.iter().find(|difference| difference.name == row.name);
        let expected = difference.map_or(theirs.as_str(), |difference| difference.ours);
        if ours != expected {
            wrong.push(format!("{}\n  php-fpm:  {theirs}\n  expected: {expected}\n  ours:     {ours}", row.name));
        } else if let Some(difference) = difference
            && ours == *theirs
        {
            wrong.push(format!("{}: no difference any more, although “{}”", row.name, difference.reason));
        }
    }
    for difference in &differences::ALL {
        assert!(theirs.contains_key(difference.name), "there is no row “{}”", difference.name);
    }
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
    servers.into_iter().for_each(|server| drop(server.stop()));
}
