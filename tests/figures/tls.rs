//! What testssl.sh (Debian package `testssl.sh`) finds.

use std::{collections::BTreeMap, fs, process::Command};

use serde_json::Value;

use crate::{
    Figure,
    support::{
        Server,
        pki::{Authority, Wish, replace},
    },
};

/// Severities of findings, the least first; those before the first are none.
const SEVERITIES: [&str; 4] = ["LOW", "MEDIUM", "HIGH", "CRITICAL"];

/// Findings for a server with an ECDSA certificate and one with an RSA certificate: how many there are of each severity.
pub fn measure() -> Vec<Figure> {
    if Command::new("testssl").arg("--version").output().is_err() {
        println!("testssl.sh: not installed, not measured");
        return Vec::new();
    }
    let (ecdsa, rsa) = (Wish::server(&["localhost"]), Wish::server(&["localhost"]).rsa());
    [("ECDSA", ecdsa), ("RSA", rsa)].into_iter().flat_map(|(kind, wish)| one(kind, wish)).collect()
}

fn one(kind: &str, mut wish: Wish) -> Vec<Figure> {
    // What any public authority takes care of.
    wish.lasts(80);
    wish.can_be_revoked();
    // These headers are the application's business.
    let builder = Server::with_loop(
        r#"
    $worker->respond(200, 'hello', [
        'strict-transport-security' => 'max-age=63072000',
        'content-security-policy' => "default-src 'self'",
        'x-frame-options' => 'DENY',
        'x-content-type-options' => 'nosniff',
    ]);"#,
    );
    let authority = Authority::new("Root");
    authority.sign(wish).write(builder.directory(), "test");
    replace(&builder.directory().join("root.pem"), &authority.pem());
    let server = builder.config("http: {ssl: {address: {address}, cert: test.crt, key: test.key}}\n").start();
    let file = server.directory.join("findings.json");
    let output = Command::new("testssl")
        .current_dir(&server.directory)
        .args(["--quiet", "--warnings", "off", "--color", "0", "--nodns", "none", "--ip", "127.0.0.1"])
        .args(["--openssl-timeout", "10", "--add-ca", "root.pem", "--jsonfile"])
        .arg(&file)
        .arg(format!("localhost:{}", server.tls_address().port()))
        .output()
        .unwrap();
    let findings: Vec<Value> = fs::read_to_string(&file)
        .ok()
        .and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_else(|| panic!("no findings; {}", String::from_utf8_lossy(&output.stdout)));
    assert!(findings.len() > 50, "{findings:?}");
    let mut found: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for finding in &findings {
        let text = |key: &str| finding[key].as_str().unwrap_or_default();
        if let Some(severity) = SEVERITIES.iter().find(|severity| **severity == text("severity")) {
            found.entry(severity).or_default().push(format!("{}: {}", text("id"), text("finding")));
        }
    }
    server.stop();
    let figure = |severity: &'static str| {
        let found = found.get(severity).cloned().unwrap_or_default();
        let figure = Figure::new(format!("testssl.sh, {kind}: {severity}"), found.len() as f64, "findings");
        let figure = if severity == "LOW" { figure } else { figure.at_most(0.0) };
        figure.note(found.join("; "))
    };
    SEVERITIES.map(figure).to_vec()
}
