//! What PHP takes out of the cache.

use crate::support::{Client, Server, client::Response, get, server::Builder};

/// One worker that numbers its answers. `/run?code=` answers with what PHP gives for that.
fn server(http: &str) -> Builder {
    let script = r"
        if ($request->path === '/run') {
            try {
                $given = (string) eval('use RoadRunner\Http\Cache; return ' . $request->query('code') . ';');
            } catch (Throwable $error) {
                $given = $error::class . ': ' . $error->getMessage();
            }
            $request->respond(200, $given, ['cache-control' => 'no-store']);
            continue;
        }
        $made = ($made ?? 0) + 1;
        $headers = ['cache-control' => 's-maxage=600', 'cache-tag' => $request->query('tags', ''), 'vary' => 'x-kind'];
        $request->respond(200, (string) $made, $headers);";
    Server::with_loop(script)
        .config(&format!("http: {{address: '{{address}}', pool: {{num_workers: 1}}, {http}}}\nlogs: {{level: info}}\n"))
}

fn run(server: &Server, code: &str) -> String {
    let code = percent_encoding::utf8_percent_encode(code, percent_encoding::NON_ALPHANUMERIC);
    get(server.address, &format!("/run?code={code}")).text()
}

fn ask(server: &Server, target: &str, headers: &str) -> Response {
    Client::connect(server.address).unwrap().request("GET", target, headers, b"").unwrap()
}

/// The number of the answer, and whether it was there before.
#[track_caller]
fn number(server: &Server, target: &str) -> (String, bool) {
    let response = ask(server, target, "");
    assert_eq!(response.header("cache-tag"), None);
    (response.text(), response.header("cache-status").unwrap().starts_with("RoadRunner; hit"))
}

#[test]
fn what_php_removes_is_made_anew() {
    let server = server("middleware: [cache]").start();
    let targets = ["/a?tags=one,both", "/b?tags=both+two", "/c"];
    let fill = |from: usize| {
        for (index, target) in targets.into_iter().enumerate() {
            assert_eq!(number(&server, target), ((from + index).to_string(), false), "{target}");
            assert_eq!(number(&server, target), ((from + index).to_string(), true), "{target}");
        }
    };
    fill(1);
    assert_eq!(run(&server, "Cache::purgeTags('one')"), "1");
    assert_eq!(number(&server, targets[0]), ("4".into(), false));
    assert_eq!(number(&server, targets[1]), ("2".into(), true));
    assert_eq!(run(&server, "Cache::purgeTags(['two', 'nothing', 'both'])"), "2");
    assert_eq!(run(&server, "Cache::purgeTags(['both'])"), "0");
    assert_eq!(run(&server, "Cache::purgeTags([])"), "0");
    assert_eq!((number(&server, targets[0]), number(&server, targets[1])), (("5".into(), false), ("6".into(), false)));
    assert_eq!(number(&server, targets[2]), ("3".into(), true));

    // An address with its query, on one host or on all, and whatever it varies by.
    assert_eq!(ask(&server, "/c", "X-Kind: other\r\n").text(), "7");
    for url in ["/c?", "/c/", "https://elsewhere/c", "http://test:8080/c", "/%63"] {
        assert_eq!(run(&server, &format!("Cache::purgeUrl('{url}')")), "0", "{url}");
    }
    assert_eq!(run(&server, "Cache::purgeUrl('https://TEST/c#part')"), "2");
    assert_eq!(number(&server, targets[2]), ("8".into(), false));
    assert_eq!(run(&server, "Cache::purgeUrl('/c')"), "1");
    assert_eq!(run(&server, "Cache::purgeUrl('/b?tags=both+two')"), "1");

    assert_eq!(run(&server, "Cache::clear()"), "1");
    assert_eq!(run(&server, "Cache::clear()"), "0");
    fill(9);
    server.stop();
}

#[test]
fn what_nothing_can_be_removed_by_is_told() {
    let server = server("middleware: [cache]").start();
    assert_eq!(number(&server, "/a?tags=one"), ("1".into(), false));
    for (code, expected) in [
        ("Cache::purgeTags('')", "ValueError: \"\" is no tag of the cache: it must have one character or more"),
        ("Cache::purgeTags(['one', 'a b'])", "ValueError: \"a b\" is no tag of the cache: "),
        ("Cache::purgeTags(['one', null])", "TypeError: A tag must be a string, null given"),
        (
            "Cache::purgeUrl('shop/a')",
            "ValueError: \"shop/a\" is no address in the cache: it must begin with http:// and a host, https:// and a host, or a slash",
        ),
        ("Cache::purgeUrl(\"/a\\n\")", "ValueError: \"/a\\n\" is no address in the cache"),
        ("Cache::purgeUrl('')", "ValueError: \"\" is no address in the cache"),
    ] {
        let given = run(&server, code);
        assert!(given.starts_with(expected), "{code}: {given}");
    }
    assert_eq!(number(&server, "/a?tags=one"), ("1".into(), true), "nothing was removed");
    server.stop();
}

#[test]
fn without_the_middleware_there_is_nothing_to_remove() {
    let server = server("middleware: [], cache: {max_size: 1}").start();
    assert_eq!(get(server.address, "/a?tags=one").text(), "1");
    assert_eq!(run(&server, "Cache::purgeTags('one')"), "0");
    assert_eq!(run(&server, "Cache::purgeUrl('/a?tags=one') . Cache::clear()"), "00");
    assert_eq!(get(server.address, "/a?tags=one").text(), "2");
    let log = server.stop();
    assert!(log.contains("http.cache has no effect, because http.middleware does not name cache"), "{log}");
}

#[test]
fn a_fork_of_a_worker_has_no_cache() {
    let server = server("middleware: [cache]").start();
    assert_eq!(number(&server, "/a"), ("1".into(), false));
    let code = r"(function () {
        if (!function_exists('pcntl_fork')) { return 'this process is a fork of a worker'; }
        $file = __DIR__ . '/forked';
        $child = pcntl_fork();
        if ($child === 0) {
            try { Cache::clear(); $said = 'cleared'; } catch (Throwable $error) { $said = $error->getMessage(); }
            file_put_contents($file, $said);
            posix_kill(posix_getpid(), 9);
        }
        pcntl_waitpid($child, $status);
        return file_get_contents($file);
    })()";
    assert!(run(&server, code).starts_with("this process is a fork of a worker"));
    assert_eq!(number(&server, "/a"), ("1".into(), true));
    server.stop();
}
