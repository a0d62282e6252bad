//! What a browser makes of CORS: a page of one origin asks a server of another one.

use std::process::Command;

use crate::support::Server;

/// What the page tries, and how the browser must judge it: `+` for an answer that the page may read.
const ROWS: [(&str, &str); 10] = [
    ("/usual", "{}"),
    ("/usual", "{method: 'PUT', headers: {'X-One': '1'}}"),
    ("/usual", "{method: 'PUT', headers: {'X-Three': '1'}}"),
    ("/usual", "{method: 'DELETE'}"),
    ("/usual", "{method: 'patch'}"),
    ("/usual", "{credentials: 'include'}"),
    ("/open", "{method: 'DELETE', headers: {'X-Any': '1'}}"),
    ("/open", "{credentials: 'include'}"),
    ("/other", "{}"),
    ("/other", "{method: 'PUT'}"),
];
/// Letters of the rows in their order, then whether the page sees the exposed header and not the other.
const JUDGED: &str = "+ + - - - + + - - - [7 null]";

#[test]
fn a_browser_lets_pages_read_what_they_may() {
    let chromium = Command::new("chromium").arg("--version").output();
    if !chromium.is_ok_and(|output| output.status.success()) {
        return eprintln!("skipped: there is no chromium (Debian package chromium)");
    }
    let page = Server::with_loop(
        r#"$worker->respond(200, file_get_contents(__DIR__ . '/page.html'), ['content-type' => 'text/html']);"#,
    )
    .start();
    let origin = format!("http://127.0.0.1:{}", page.address.port());
    let usual = format!(
        "cors: {{allowed_origin: '{origin}', allowed_methods: 'GET,PUT,PATCH', allowed_headers: X-One, \
         allow_credentials: true, exposed_headers: X-Count}}"
    );
    let server = Server::with_loop(r#"$worker->respond(200, "php", ['x-count' => '7', 'x-hidden' => '8']);"#)
        .config(&format!(
            "http: {{address: {{address}}, middleware: [headers], routes: [\
             {{prefix: /usual, headers: {{{usual}}}}}, \
             {{prefix: /open, headers: {{cors: {{allowed_origin: '*', allowed_methods: '*', allowed_headers: '*', \
             allow_credentials: true}}}}}}, \
             {{prefix: /other, headers: {{cors: {{allowed_origin: 'http://other.test', allowed_methods: '*'}}}}}}]}}"
        ))
        .start();
    let rows: String = ROWS.iter().map(|(path, options)| format!("['{path}', {options}],")).collect();
    let html = format!(
        "<!doctype html><title>t</title><p id=p></p><script>
        (async () => {{
            const judged = [];
            const ask = (path, options) => fetch('http://127.0.0.1:{port}' + path, options);
            for (const [path, options] of [{rows}]) {{
                judged.push(await ask(path, options).then(answer => answer.text()).then(() => '+', () => '-'));
            }}
            const {{headers}} = await ask('/usual', {{}});
            judged.push(`[${{headers.get('x-count')}} ${{headers.get('x-hidden')}}]`);
            document.getElementById('p').textContent = 'judged ' + judged.join(' ');
        }})();
        </script>",
        port = server.address.port()
    );
    std::fs::write(page.directory.join("page.html"), html).unwrap();
    let output = Command::new("chromium")
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--timeout=30000", "--dump-dom"])
        .arg("--virtual-time-budget=60000")
        .arg(format!("--user-data-dir={}", page.directory.join("profile").display()))
        .arg(format!("{origin}/"))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains(&format!("judged {JUDGED}")), "{text}\n{output:?}");
    page.stop();
    server.stop();
}
