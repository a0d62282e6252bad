//! TLS as other programs speak it, and as PHP sees it.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output, Stdio},
};

use crate::support::{
    Server, get,
    pki::{Authority, Wish, replace},
    server::Builder,
    until,
};

const TELL: &str = r#"
    if ($request->path === '/memory') {
        $ask = fn () => var_export($request->tls(), true) . $request->tls()->clientCertificate->pem;
        $ask();
        $before = memory_get_usage();
        for ($i = 0; $i < 1000; $i++) {
            $ask();
        }
        $worker->respond(200, (string) (memory_get_usage() - $before));
        continue;
    }
    $tls = $request->tls();
    $worker->respond(200, ['protocol' => $request->protocol, 'scheme' => $request->scheme, 'uri' => $request->uri, 'tls' => $tls]);"#;

/// A server for TLS that answers with what it knows; `more` are further keys of `http.ssl`. Names: `test`.
fn telling(more: &str) -> (Builder, Authority) {
    let builder = Server::with_loop(TELL);
    let authority = Authority::new("Root");
    authority.server(&["test"]).write(builder.directory(), "test");
    replace(&builder.directory().join("root.pem"), &authority.pem());
    let ssl = format!("{{address: {{address}}, cert: test.crt, key: test.key{more}}}");
    (builder.config(&format!("http: {{pool: {{num_workers: 2}}, ssl: {ssl}}}\n")), authority)
}

fn curl(server: &Server, more: &[&str], target: &str) -> Output {
    let address = server.tls_address();
    Command::new("curl")
        .current_dir(&server.directory)
        .args(["-sS", "--max-time", "60", "--cacert", "root.pem"])
        .args(["--resolve", &format!("test:{}:127.0.0.1", address.port())])
        .args(more)
        .arg(format!("https://test:{}{target}", address.port()))
        .output()
        .expect("curl")
}

/// What the worker said, as JSON.
#[track_caller]
fn told(server: &Server, more: &[&str], target: &str) -> serde_json::Value {
    let output = curl(server, more, target);
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}\n{}", String::from_utf8_lossy(&output.stderr)))
}

/// What `openssl s_client` says, given a request.
fn s_client(server: &Server, more: &[&str]) -> String {
    let mut child = Command::new("openssl")
        .current_dir(&server.directory)
        .args(["s_client", "-connect", &server.tls_address().to_string(), "-servername", "test", "-CAfile", "root.pem"])
        .args(["-ign_eof", "-verify_return_error"])
        .args(more)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("openssl");
    let request = b"GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n";
    std::io::Write::write_all(child.stdin.as_mut().unwrap(), request).unwrap();
    let output = child.wait_with_output().unwrap();
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

#[test]
fn php_sees_what_was_agreed_upon() {
    let (builder, _) = telling("");
    let server = builder.start();
    let port = server.tls_address().port();
    let seen = told(&server, &["--http1.1"], "/path?query");
    assert_eq!(seen["scheme"], "https");
    assert_eq!(seen["uri"], format!("https://test:{port}/path?query"));
    let tls = &seen["tls"];
    assert_eq!((&tls["version"], &tls["protocol"]), (&"TLSv1.3".into(), &"http/1.1".into()));
    assert_eq!((&tls["serverName"], &tls["isResumed"]), (&"test".into(), &false.into()));
    assert!(tls["cipher"].as_str().unwrap().starts_with("TLS_"), "{tls}");
    assert!(tls["clientCertificate"].is_null(), "{tls}");
    let new = told(&server, &["--http2"], "/");
    assert_eq!((&new["tls"]["protocol"], &new["protocol"]), (&"h2".into(), &"HTTP/2.0".into()));
    assert_eq!((&new["scheme"], &new["uri"]), (&"https".into(), &format!("https://test:{port}/").into()));
    let old = told(&server, &["--http1.1", "--tls-max", "1.2"], "/");
    assert_eq!(old["tls"]["version"], "TLSv1.2");
    let older = curl(&server, &["--tls-max", "1.1"], "/");
    assert!(!older.status.success());
    server.stop();
}

#[test]
fn php_sees_the_certificate_of_a_client() {
    let (builder, _) = telling(", root_ca: clients.pem, client_auth_type: verify_client_cert_if_given");
    let clients = Authority::new("Clients");
    replace(&builder.directory().join("clients.pem"), &clients.pem());
    let mut wish = Wish::client("Alice");
    wish.params.subject_alt_names = vec![
        rcgen::SanType::Rfc822Name("alice@test".try_into().unwrap()),
        rcgen::SanType::URI("spiffe://test/alice".try_into().unwrap()),
        rcgen::SanType::IpAddress("127.0.0.1".parse().unwrap()),
        rcgen::SanType::DnsName("alice.test".try_into().unwrap()),
    ];
    let alice = clients.sign(wish);
    alice.write(builder.directory(), "alice");
    Authority::new("Others").client("Mallory").write(builder.directory(), "mallory");
    let server = builder.start();
    for version in ["1.2", "1.3"] {
        let seen = told(&server, &["--tls-max", version, "--cert", "alice.crt", "--key", "alice.key"], "/");
        let shown = &seen["tls"]["clientCertificate"];
        assert_eq!(shown["isVerified"], true, "{seen}");
        assert_eq!((&shown["subject"], &shown["commonName"]), (&"CN=Alice".into(), &"Alice".into()));
        assert_eq!((&shown["issuer"], &shown["serialNumber"]), (&"CN=Clients".into(), &"0ABC".into()));
        assert_eq!((&shown["notBefore"], &shown["notAfter"]), (&157_766_400.into(), &67_090_118_400_u64.into()));
        assert_eq!(shown["dnsNames"], serde_json::json!(["alice.test"]));
        assert_eq!(shown["emailAddresses"], serde_json::json!(["alice@test"]));
        assert_eq!(shown["ipAddresses"], serde_json::json!(["127.0.0.1"]));
        assert_eq!(shown["uris"], serde_json::json!(["spiffe://test/alice"]));
        assert_eq!(shown["pem"], alice.certificate.replace("\r\n", "\n"));
        assert_eq!(shown["fingerprint"], fingerprint(&server.directory.join("alice.crt")));
        let alice = ["--tls-max", version, "--cert", "alice.crt", "--key", "alice.key"];
        assert_eq!(told(&server, &alice, "/memory"), 0, "objects are freed");
        assert!(told(&server, &["--tls-max", version], "/")["tls"]["clientCertificate"].is_null());
        let refused = curl(&server, &["--tls-max", version, "--cert", "mallory.crt", "--key", "mallory.key"], "/");
        let said = String::from_utf8_lossy(&refused.stderr);
        assert!(said.contains("alert unknown ca"), "{said}");
    }
    server.stop();
}

/// What OpenSSL finds.
fn fingerprint(certificate: &Path) -> String {
    let mut openssl = Command::new("openssl");
    openssl.args(["x509", "-noout", "-fingerprint", "-sha256", "-in"]).arg(certificate);
    let text = String::from_utf8(openssl.output().expect("openssl").stdout).unwrap();
    text.trim().rsplit('=').next().unwrap().replace(':', "").to_lowercase()
}

#[test]
fn openssl_verifies_resumes_and_hears_the_end() {
    let (builder, _) = telling("");
    let server = builder.start();
    for version in ["-tls1_2", "-tls1_3"] {
        let first = s_client(&server, &[version, "-sess_out", "session"]);
        assert!(first.contains("Verification: OK") && first.contains("\nNew, TLSv1."), "{first}");
        assert!(first.contains("\"scheme\":\"https\""), "{first}");
        // Without `close_notify` it would complain.
        assert!(first.contains("closed\n") && !first.contains("unexpected eof"), "{first}");
        let second = s_client(&server, &[version, "-sess_in", "session"]);
        assert!(second.contains("\nReused, TLSv1.") && second.contains("\"isResumed\":true"), "{second}");
    }
    for old in ["-tls1", "-tls1_1"] {
        let refused = s_client(&server, &[old, "-cipher", "DEFAULT@SECLEVEL=0"]);
        assert!(refused.contains("Cipher is (NONE)") && refused.contains("alert"), "{refused}");
    }
    server.stop();
}

#[test]
fn certificates_are_exchanged_without_a_restart() {
    let (builder, authority) = telling("");
    let server = builder.start();
    let shown = |server: &Server| {
        let output = s_client(server, &["-showcerts"]);
        let start = output.find("-----BEGIN CERTIFICATE-----").expect("a certificate");
        let end = output[start..].find("-----END CERTIFICATE-----").unwrap();
        output[start..start + end].to_owned()
    };
    let first = shown(&server);
    authority.server(&["test"]).write(&server.directory, "test");
    server.signal(libc::SIGHUP);
    server.wait_for_log("Changed TLS files are in use");
    let second = shown(&server);
    assert_ne!(first, second);
    server.signal(libc::SIGHUP);
    server.wait_for_log("No TLS file has changed");
    // Nobody is told to look, but for the first of these.
    fs::remove_file(server.directory.join("test.key")).unwrap();
    server.signal(libc::SIGHUP);
    server.wait_for_log("test.key: No such file or directory");
    server.signal(libc::SIGHUP);
    assert_eq!(shown(&server), second);
    authority.server(&["test"]).write(&server.directory, "test");
    until("the change is seen", || shown(&server) != second);
    let log = server.stop();
    assert_eq!(log.matches("Changed TLS files are of no use").count(), 1, "{log}");
    assert_eq!(log.matches("Changed TLS files are in use").count(), 2, "{log}");
}

#[test]
fn the_next_generation_speaks_it_too() {
    let (builder, _) = telling("");
    let server = builder.parent().start();
    assert_eq!(told(&server, &[], "/")["scheme"], "https");
    server.signal(libc::SIGUSR2);
    server.wait_for_log("Shutting down");
    assert_eq!(told(&server, &[], "/")["scheme"], "https");
    server.stop();
}

#[test]
fn what_cannot_be_used_ends_the_start() {
    let (builder, authority) = telling("");
    authority.server(&["test"]).write(builder.directory(), "other");
    fs::rename(builder.directory().join("other.key"), builder.directory().join("test.key")).unwrap();
    let (status, output) = builder.run();
    assert_eq!(status, Some(255), "{output}");
    assert!(
        output.contains("http.ssl: test.key: the private key does not belong to the certificate test.crt"),
        "{output}"
    );
}

#[test]
fn one_that_is_out_of_date_is_warned_of() {
    let (builder, authority) = telling("");
    authority.sign(Wish::server(&["test"]).expired()).write(builder.directory(), "test");
    let log = builder.start().stop();
    assert!(log.contains("TLS certificate expired on 2001-12-31 00:00:00 UTC"), "{log}");
}

/// A key that only root can read is read before root is given up.
#[test]
fn keys_are_read_as_root() {
    // SAFETY: asks the system who this is.
    if unsafe { libc::geteuid() } != 0 {
        return eprintln!("skipped: only root can become somebody else");
    }
    let (builder, authority) = telling("");
    let ssl = "{address: {address}, cert: test.crt, key: test.key}";
    let builder = builder.config(&format!("http: {{ssl: {ssl}}}\nserver: {{user: nobody}}\n"));
    let key = builder.directory().join("test.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    let server = builder.start();
    assert_eq!(told(&server, &[], "/")["scheme"], "https");
    server.wait_for_log("TLS file cannot be read any more: a change to it will not be taken up");
    // A key that is readable then is taken up.
    authority.server(&["test"]).write(&server.directory, "test");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    server.signal(libc::SIGHUP);
    server.wait_for_log("Changed TLS files are in use");
    server.stop();
}

#[test]
fn a_browser_loads_a_page() {
    let chromium = Command::new("chromium").arg("--version").output();
    if !chromium.is_ok_and(|output| output.status.success()) {
        return eprintln!("skipped: there is no chromium (Debian package chromium)");
    }
    let page = r#"<?php
    $worker = new RoadRunner\Worker();
    while ($request = $worker->waitRequest()) {
        $worker->respond(200, "<!doctype html><title>t</title><p id=p></p><script>
            document.getElementById('p').textContent = [location.protocol, isSecureContext, 'loaded'].join(' ');
        </script><i>" . $request->tls()->version . "</i>", ['content-type' => 'text/html']);
    }"#;
    let (builder, authority) = telling("");
    let issued = authority.server(&["localhost"]);
    issued.write(builder.directory(), "test");
    let server = builder.file("worker.php", page).start();
    let profile = server.directory.join("profile");
    let output = Command::new("chromium")
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--timeout=30000", "--dump-dom"])
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg(format!("--ignore-certificate-errors-spki-list={}", spki(&issued.certificate)))
        .arg(format!("https://localhost:{}/", server.tls_address().port()))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("https: true loaded") && text.contains("<i>TLSv1.3</i>"), "{text}\n{output:?}");
    server.stop();
}

/// SHA-256 of the public key in base64, by which a browser knows a certificate that it can check no otherwise.
fn spki(certificate: &str) -> String {
    let pipe = "openssl x509 -noout -pubkey | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64";
    let mut child =
        Command::new("sh").args(["-c", pipe]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("sh");
    std::io::Write::write_all(child.stdin.as_mut().unwrap(), certificate.as_bytes()).unwrap();
    drop(child.stdin.take());
    String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap().trim().to_owned()
}

#[test]
fn the_example_does_what_it_says() {
    let builder = Server::example("https");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/https/make-certificates");
    assert!(Command::new(script).current_dir(builder.directory()).status().unwrap().success());
    replace(
        &builder.directory().join("root.pem"),
        &fs::read_to_string(builder.directory().join("certificates/authority.pem")).unwrap(),
    );
    let server = builder.start();
    let port = server.tls_address().port();
    let resolve = format!("localhost:{port}:127.0.0.1");
    let ask = |more: &[&str], target: &str| {
        let output = Command::new("curl")
            .current_dir(&server.directory)
            .args(["-sS", "--max-time", "60", "--cacert", "root.pem", "--resolve", &resolve])
            .args(more)
            .arg(format!("https://localhost:{port}{target}"))
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert!(ask(&[], "/").starts_with("{\"hello\":\"stranger\",\"scheme\":\"https\""));
    assert_eq!(ask(&[], "/private"), "Show a certificate.\n");
    let alice = ["--cert", "certificates/alice.pem", "--key", "certificates/alice.key"];
    assert!(ask(&alice, "/private").starts_with("{\"hello\":\"Alice\","));
    let plain = get(server.address, "/private?a=b");
    assert_eq!((plain.status, plain.header("location")), (308, Some(&*format!("https://test:{port}/private?a=b"))));
    server.stop();
}
