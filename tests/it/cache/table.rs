//! Which responses are used again for which requests, case by case.

use super::{Reply, Site};

/// What becomes of the second request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Is {
    /// The stored response, so many seconds old.
    Hit(u64),
    /// A worker's new response.
    Miss,
    /// The stored response, once a worker has said that it is good still.
    Checked,
    /// 504.
    Refused,
}

use Is::{Checked, Hit, Miss, Refused};

/// Why; status and headers of the first response, headers of its request; seconds until the second request, its headers;
/// what becomes of it.
type Row = (&'static str, u16, &'static str, &'static str, u64, &'static str, Is);

/// By the sections of RFC 9111, RFC 5861 and RFC 9213. `{…}` stands for a date so many seconds from the first request.
const ROWS: &[Row] = &[
    // 3: storing
    ("nothing is said", 200, "", "", 0, "", Miss),
    ("a validator alone is no reason", 200, "ETag: \"e\"", "", 0, "", Miss),
    ("max-age", 200, "Cache-Control: max-age=60", "", 0, "", Hit(0)),
    ("public alone has no lifetime", 200, "Cache-Control: public", "", 0, "", Miss),
    ("no-store", 200, "Cache-Control: max-age=60, no-store", "", 0, "", Miss),
    ("private", 200, "Cache-Control: private, max-age=60", "", 0, "", Miss),
    ("private of a field", 200, "Cache-Control: private=\"x-user\", max-age=60", "", 0, "", Hit(0)),
    ("no-store of the request", 200, "Cache-Control: max-age=60", "Cache-Control: no-store", 0, "", Miss),
    ("credentials", 200, "Cache-Control: max-age=60", "Authorization: Basic eDp5", 0, "", Miss),
    ("credentials, public", 200, "Cache-Control: public, max-age=60", "Authorization: Basic eDp5", 0, "", Hit(0)),
    ("credentials, s-maxage", 200, "Cache-Control: s-maxage=60", "Authorization: Basic eDp5", 0, "", Hit(0)),
    (
        "credentials, must-revalidate",
        200,
        "Cache-Control: max-age=60, must-revalidate",
        "Authorization: Basic eDp5",
        0,
        "",
        Hit(0),
    ),
    ("a cookie is set", 200, "Cache-Control: max-age=60\nSet-Cookie: a=b", "", 0, "", Miss),
    ("a cookie is set, public", 200, "Cache-Control: public, max-age=60\nSet-Cookie: a=b", "", 0, "", Hit(0)),
    ("must-understand over no-store", 200, "Cache-Control: must-understand, no-store, max-age=60", "", 0, "", Hit(0)),
    ("must-understand, unknown", 299, "Cache-Control: must-understand, max-age=60", "", 0, "", Miss),
    ("a status without a usual lifetime", 299, "Cache-Control: max-age=60", "", 0, "", Hit(0)),
    ("partial content", 206, "Cache-Control: max-age=60\nContent-Range: bytes 0-0/1", "", 0, "", Miss),
    ("not found", 404, "Cache-Control: max-age=60", "", 0, "", Hit(0)),
    ("an error with a lifetime", 503, "Cache-Control: max-age=60", "", 0, "", Hit(0)),
    ("a redirect", 302, "Cache-Control: max-age=60\nLocation: /", "", 0, "", Hit(0)),
    ("events", 200, "Cache-Control: max-age=60\nContent-Type: text/event-stream", "", 0, "", Miss),
    // 4.2: freshness
    ("until max-age", 200, "Cache-Control: max-age=60", "", 59, "", Hit(59)),
    ("at max-age", 200, "Cache-Control: max-age=60", "", 60, "", Miss),
    ("s-maxage is longer", 200, "Cache-Control: max-age=1, s-maxage=60", "", 30, "", Hit(30)),
    ("s-maxage is shorter", 200, "Cache-Control: max-age=60, s-maxage=1", "", 30, "", Miss),
    ("Expires", 200, "Expires: {60}", "", 59, "", Hit(59)),
    ("Expires is over", 200, "Expires: {60}", "", 60, "", Miss),
    ("Expires counts from Date", 200, "Date: {-30}\nExpires: {30}", "", 20, "", Hit(50)),
    ("Expires is no date", 200, "Expires: 0", "", 0, "", Miss),
    ("max-age wins over Expires", 200, "Expires: {-60}\nCache-Control: max-age=60", "", 10, "", Hit(10)),
    ("the first of two", 200, "Cache-Control: max-age=60, max-age=1", "", 30, "", Hit(30)),
    ("no number", 200, "Cache-Control: max-age=x", "", 0, "", Miss),
    ("quoted", 200, "Cache-Control: max-age=\"60\"", "", 10, "", Hit(10)),
    ("Age counts", 200, "Cache-Control: max-age=60\nAge: 50", "", 5, "", Hit(55)),
    ("Age counts, over", 200, "Cache-Control: max-age=60\nAge: 50", "", 10, "", Miss),
    ("Date counts", 200, "Cache-Control: max-age=60\nDate: {-50}", "", 5, "", Hit(55)),
    ("Date in the future", 200, "Cache-Control: max-age=60\nDate: {50}", "", 5, "", Hit(5)),
    // 4.3: validation
    ("stale, with a tag", 200, "Cache-Control: max-age=60\nETag: \"e\"", "", 60, "", Checked),
    ("no-cache", 200, "Cache-Control: no-cache, max-age=60\nETag: \"e\"", "", 0, "", Checked),
    ("no-cache without a validator", 200, "Cache-Control: no-cache, max-age=60", "", 0, "", Miss),
    ("max-age=0", 200, "Cache-Control: max-age=0\nETag: W/\"e\"", "", 0, "", Checked),
    ("must-revalidate while fresh", 200, "Cache-Control: must-revalidate, max-age=60", "", 59, "", Hit(59)),
    // 4.1: Vary
    ("varies, same", 200, "Cache-Control: max-age=60\nVary: X-A", "X-A: 1", 0, "X-A: 1", Hit(0)),
    ("varies, other", 200, "Cache-Control: max-age=60\nVary: X-A", "X-A: 1", 0, "X-A: 2", Miss),
    ("varies, none", 200, "Cache-Control: max-age=60\nVary: X-A", "X-A: 1", 0, "", Miss),
    ("varies by another", 200, "Cache-Control: max-age=60\nVary: X-A", "X-B: 1", 0, "X-B: 2", Hit(0)),
    (
        "varies, codings",
        200,
        "Cache-Control: max-age=60\nVary: Accept-Encoding",
        "Accept-Encoding: gzip, br",
        0,
        "accept-encoding: BR,gzip",
        Hit(0),
    ),
    ("varies, two lines", 200, "Cache-Control: max-age=60\nVary: X-A", "X-A: 1\nX-A: 2", 0, "X-A: 1, 2", Hit(0)),
    ("varies by all", 200, "Cache-Control: max-age=60\nVary: *", "", 0, "", Miss),
    // 5.2.1: what requests ask for
    ("client: no-cache", 200, "Cache-Control: max-age=60\nETag: \"e\"", "", 0, "Cache-Control: no-cache", Checked),
    ("client: Pragma", 200, "Cache-Control: max-age=60\nETag: \"e\"", "", 0, "Pragma: no-cache", Checked),
    ("client: max-age=0", 200, "Cache-Control: max-age=60\nETag: \"e\"", "", 1, "Cache-Control: max-age=0", Checked),
    ("client: max-age, young", 200, "Cache-Control: max-age=60", "", 5, "Cache-Control: max-age=10", Hit(5)),
    ("client: max-age, old", 200, "Cache-Control: max-age=60", "", 11, "Cache-Control: max-age=10", Miss),
    ("client: min-fresh", 200, "Cache-Control: max-age=60", "", 30, "Cache-Control: min-fresh=30", Hit(30)),
    ("client: min-fresh, too old", 200, "Cache-Control: max-age=60", "", 31, "Cache-Control: min-fresh=30", Miss),
    ("client: max-stale", 200, "Cache-Control: max-age=60", "", 70, "Cache-Control: max-stale=10", Hit(70)),
    ("client: max-stale, too stale", 200, "Cache-Control: max-age=60", "", 71, "Cache-Control: max-stale=10", Miss),
    ("client: max-stale, any", 200, "Cache-Control: max-age=60", "", 999, "Cache-Control: max-stale", Hit(999)),
    (
        "client: max-stale, must-revalidate",
        200,
        "Cache-Control: max-age=60, must-revalidate",
        "",
        61,
        "Cache-Control: max-stale",
        Miss,
    ),
    (
        "client: max-stale, proxy-revalidate",
        200,
        "Cache-Control: max-age=60, proxy-revalidate",
        "",
        61,
        "Cache-Control: max-stale",
        Miss,
    ),
    ("client: max-stale, s-maxage", 200, "Cache-Control: s-maxage=60", "", 61, "Cache-Control: max-stale", Miss),
    ("client: only-if-cached", 200, "Cache-Control: max-age=60", "", 5, "Cache-Control: only-if-cached", Hit(5)),
    (
        "client: only-if-cached, stale",
        200,
        "Cache-Control: max-age=60",
        "",
        60,
        "Cache-Control: only-if-cached",
        Refused,
    ),
    ("client: only-if-cached, none", 200, "", "", 0, "Cache-Control: only-if-cached", Refused),
    ("client: no-store uses what is there", 200, "Cache-Control: max-age=60", "", 5, "Cache-Control: no-store", Hit(5)),
    // RFC 9213 and its forerunner
    ("for caches like this one", 200, "Cache-Control: no-store\nCDN-Cache-Control: max-age=60", "", 5, "", Hit(5)),
    ("not for caches like this one", 200, "Cache-Control: max-age=60\nCDN-Cache-Control: no-store", "", 5, "", Miss),
    ("Surrogate-Control", 200, "Cache-Control: private\nSurrogate-Control: max-age=60", "", 5, "", Hit(5)),
    // RFC 5861
    ("stale-while-revalidate", 200, "Cache-Control: max-age=60, stale-while-revalidate=30", "", 90, "", Hit(90)),
    (
        "stale-while-revalidate, too stale",
        200,
        "Cache-Control: max-age=60, stale-while-revalidate=30",
        "",
        91,
        "",
        Miss,
    ),
    (
        "stale-while-revalidate, must-revalidate",
        200,
        "Cache-Control: max-age=60, stale-while-revalidate=30, must-revalidate",
        "",
        61,
        "",
        Miss,
    ),
    (
        "stale-while-revalidate, s-maxage",
        200,
        "Cache-Control: s-maxage=60, stale-while-revalidate=30",
        "",
        61,
        "",
        Hit(61),
    ),
];

/// Puts dates in the places of `{…}`, `now` seconds after the start of the clock.
fn dated(headers: &str, now: i64) -> String {
    let mut parts = headers.split(['{', '}']);
    let mut text = parts.next().unwrap_or_default().to_owned();
    while let (Some(seconds), Some(rest)) = (parts.next(), parts.next()) {
        text.push_str(&Site::date(now + seconds.parse::<i64>().unwrap()));
        text.push_str(rest);
    }
    text
}

#[test]
fn responses_are_used_again_by_the_rules() {
    assert!(ROWS.len() >= 40);
    let site = Site::new();
    let mut now = 0;
    let mut wrong = Vec::new();
    for (number, (name, status, headers, first, seconds, second, expected)) in ROWS.iter().enumerate() {
        let path = format!("/{number}");
        site.reply(&path, Reply::new(&dated(headers, now)).status(*status).body("answer #"));
        let original = site.get(&path, first);
        assert_eq!((original.status, original.text().as_str()), (*status, "answer 1"), "{name}");
        site.pass(*seconds);
        now += i64::try_from(*seconds).unwrap();
        let calls = site.calls(&path).len();
        let response = site.get(&path, second);
        let asked = site.calls(&path).split_off(calls);
        let age = response.header("age").and_then(|age| age.parse().ok());
        let conditional = asked.first().is_some_and(|call| call.headers.contains_key("if-none-match"));
        let found = match (response.text().as_str(), age) {
            // A check in the background may have come to a worker already, or not.
            ("answer 1", Some(age)) if !conditional => Hit(age),
            ("answer 1", Some(_)) => Checked,
            ("answer 2", _) if !conditional => Miss,
            _ if response.status == 504 => Refused,
            other => panic!("{name}: {other:?} {response:?}"),
        };
        if found != *expected {
            wrong.push(format!("{name}: {found:?}, not {expected:?}: {response:?}"));
        }
        if matches!(found, Hit(_)) && !name.starts_with("stale-while") {
            assert_eq!(asked.len(), 0, "{name}");
        }
        let said = response.header("cache-status").unwrap();
        assert_eq!(said.starts_with("RoadRunner; hit"), matches!(found, Hit(_)), "{name}: {said}");
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    site.server.stop();
}
