//! What a reload gives back of the memory that C libraries below PHP have taken.

use crate::{
    Figure,
    support::{Server, at_once, get, site::reloads, until},
};

/// Builds a document in memory of the C library's allocator, and lets it go.
const SCRIPT: &str = r#"
    static $text = '<r>' . str_repeat('<a b="c">text of an element<d/></a>', 40000) . '</r>';
    if ($request->path === '/') {
        $document = new DOMDocument();
        $document->loadXML($text);
        unset($document);
    }
    $request->respond(200);
"#;

const WORKERS: usize = 16;

pub fn back() -> Vec<Figure> {
    let server = Server::with_loop(SCRIPT)
        .config(&format!("http: {{address: {{address}}, pool: {{num_workers: {WORKERS}}}}}"))
        .start();
    let mib = || server.resident() as f64 / (1024.0 * 1024.0);
    assert_eq!(get(server.address, "/nothing").status, 200);
    let before = mib();
    for _ in 0..10 {
        at_once(server.address, "/", WORKERS);
    }
    let loaded = mib();
    server.signal(libc::SIGHUP);
    until("the code is reloaded", || reloads(&server) == 1);
    until("memory comes back", || mib() < before * 1.5);
    let after = mib();
    server.stop();
    vec![
        Figure::new("malloc: RSS before, 16 workers", before, "MiB"),
        Figure::new("malloc: RSS after 160 documents of 5 MB of nodes", loaded, "MiB"),
        Figure::new("malloc: RSS after a reload", after, "MiB").at_most(before * 1.5),
    ]
}
