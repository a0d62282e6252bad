//! What a real browser does.

use std::{
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::Instant,
};

use bytes::Bytes;
use http::StatusCode;
use parking_lot::Mutex;

use super::{Site, html, with};
use crate::support::{Browser, until};

/// What pages have said of themselves, in order.
type Said = Arc<Mutex<Vec<String>>>;

/// Says when the page has loaded, and what the failure is that it shows.
const REPORT: &str = "
    const say = text => fetch('/said', {method: 'POST', body: text});
    say('loaded ' + document.querySelector('h1').textContent);
    let shown = null;
    new MutationObserver(() => {
        const panel = document.getElementById('roadrunner-failure');
        const text = panel === null ? null : panel.textContent.split('\\n').pop() + ' ' + panel.children.length
            + ' ' + getComputedStyle(panel).position;
        if (text !== shown) say('failure ' + (shown = text));
    }).observe(document.documentElement, {childList: true, characterData: true, subtree: true});";

/// A site of one page with this heading and policy.
fn site(
    address: SocketAddr,
    policy: &'static str,
    nonce: &'static str,
    heading: &Arc<Mutex<&'static str>>,
    said: &Said,
) -> Site {
    let (heading, said) = (Arc::clone(heading), Arc::clone(said));
    Site::at(address, "", move |_, envelope| {
        let answer = match envelope.request.head.uri.path() {
            "/" => {
                let page = format!(
                    "<!doctype html><title>t</title><body><h1>{}</h1><script src=/report.js nonce={nonce}></script></body>",
                    heading.lock()
                );
                // Seen again, it would be an old one.
                html(Bytes::from(page), &[("content-security-policy", policy), ("cache-control", "max-age=600")])
            }
            "/report.js" => with(StatusCode::OK, Bytes::from(REPORT), &[("content-type", "text/javascript")]),
            "/said" => {
                said.lock().push(String::from_utf8_lossy(&envelope.request.body).into_owned());
                html(Bytes::new(), &[])
            }
            _ => with(StatusCode::NOT_FOUND, Bytes::new(), &[("content-type", "text/plain")]),
        };
        envelope.replier.answer(answer);
    })
}

#[test]
fn a_page_reloads_itself_and_shows_why_it_does_not() {
    let said = Said::default();
    let heading = Arc::new(Mutex::new("one"));
    let wait = |expected: &[&str]| {
        until(&format!("the page has said {expected:?}"), || {
            let said = said.lock();
            assert!(said.len() <= expected.len(), "{said:?} and not {expected:?}");
            *said == expected
        });
    };
    let first = site(SocketAddr::from(([127, 0, 0, 1], 0)), "default-src 'self'", "x", &heading, &said);
    let Some(browser) = Browser::open(first.address) else { return };
    wait(&["loaded one"]);
    until("the page listens", || first.development.listeners() == 1);
    first.development.failed("Parse error: <b>bold</b> on line 3");
    wait(&["loaded one", "failure Parse error: <b>bold</b> on line 3 0 fixed"]);
    *heading.lock() = "two";
    said.lock().clear();
    let begun = Instant::now();
    first.development.reloaded();
    wait(&["loaded two"]);
    eprintln!("reloaded, and loaded again after {:?}", begun.elapsed());
    until("the page listens", || first.development.listeners() == 1);
    // The server is restarted: the page comes again by itself, and finds another process. Its policy is a stricter one.
    said.lock().clear();
    *heading.lock() = "three";
    let address = first.address;
    drop(first);
    let nobody = TcpListener::bind(address).unwrap();
    for _ in 0..3 {
        drop(nobody.accept().unwrap());
    }
    drop(nobody);
    let policy = "script-src 'nonce-x' 'strict-dynamic'; connect-src 'self'; style-src 'none'";
    let second = site(address, policy, "x", &heading, &said);
    wait(&["loaded three"]);
    until("the page listens", || second.development.listeners() == 1);
    said.lock().clear();
    *heading.lock() = "four";
    second.development.reloaded();
    wait(&["loaded four"]);
    drop(browser);
}
