//! The example with stylesheets, as it stands in the repository, but for the compiler: the test writes what that would.

use std::fs;

use crate::support::{Client, Server, client::Response};

fn ask(client: &mut Client, target: &str, headers: &str) -> Response {
    client.request("GET", target, headers, b"").unwrap()
}

#[test]
fn assets_are_served_beside_a_page() {
    let builder = Server::example("assets");
    let public = builder.directory().join("public");
    fs::create_dir(&public).unwrap();
    let server = builder.start();
    let mut client = Client::connect(server.address).unwrap();

    let page = ask(&mut client, "/", "");
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert!(page.text().contains(r#"<link rel="stylesheet" href="/site.css">"#), "{}", page.text());

    // Nothing is compiled yet: PHP answers.
    let missing = ask(&mut client, "/site.css", "");
    assert_eq!((missing.status, missing.header("etag")), (404, None));
    assert!(missing.text().contains("npm run build"), "{}", missing.text());

    let mut known = String::new();
    for sheet in ["body { color: teal }\n".repeat(200), "body { color: maroon }\n".repeat(300)] {
        // As the compiler does: written in place.
        fs::write(public.join("site.css"), &sheet).unwrap();
        let fresh = ask(&mut client, "/site.css?v=1", &format!("If-None-Match: {known}\r\n"));
        assert_eq!((fresh.status, fresh.text()), (200, sheet));
        assert_eq!(fresh.header("content-type"), Some("text/css; charset=utf-8"));
        assert_eq!(fresh.header("cache-control"), Some("no-cache"));
        let tag = fresh.header("etag").unwrap().to_owned();
        assert_ne!(tag, known);
        known = tag;
        let same = ask(&mut client, "/site.css", &format!("If-None-Match: {known}\r\n"));
        assert_eq!((same.status, same.header("etag")), (304, Some(known.as_str())));
    }
    let packed = ask(&mut client, "/site.css", "Accept-Encoding: gzip\r\n");
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    let weak = packed.header("etag").unwrap();
    assert_eq!(weak, format!("W/{known}"));
    let same = ask(&mut client, "/site.css", &format!("Accept-Encoding: gzip\r\nIf-None-Match: {weak}\r\n"));
    assert_eq!(same.status, 304);

    for target in ["/package.json", "/.rr.yaml", "/worker.php", "/styles/site.less", "/../.rr.yaml"] {
        assert!([400, 404].contains(&ask(&mut client, target, "").status), "{target}");
    }
    server.stop();
}
