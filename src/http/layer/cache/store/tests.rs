use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::{
    super::{
        clock::Moment,
        key::Selection,
        object::{Facts, Rules},
    },
    *,
};

fn key(path: &str) -> Key {
    let uri = format!("http://a.test{path}");
    Key::of(&http::Request::builder().uri(uri).body(()).unwrap().into_parts().0, false)
}

fn language(value: &str) -> HeaderMap {
    let value = HeaderValue::from_str(value).unwrap();
    [(HeaderName::from_static("accept-language"), value)].into_iter().collect()
}

/// A response to `path` of `length` bytes, for a client that speaks `selected`.
fn object(path: &str, length: usize, tags: &[&str], selected: Option<&str>) -> Arc<Object> {
    let mut headers = HeaderMap::new();
    if selected.is_some() {
        headers.insert("vary", HeaderValue::from_static("accept-language"));
    }
    let facts = Facts {
        selection: Selection::of(&headers, &selected.map(language).unwrap_or_default()).unwrap(),
        status: StatusCode::OK,
        headers,
        tags: tags.iter().map(|tag| Box::from(*tag)).collect(),
        initial_age: Duration::ZERO,
        lifetime: Duration::from_secs(60),
        rules: Rules::default(),
    };
    let since = Moment { steady: Duration::ZERO, wall: SystemTime::UNIX_EPOCH };
    Arc::new(Object::new(key(path), facts, Bytes::from(vec![0; length]), since))
}

fn put(store: &Store, object: &Arc<Object>) -> bool {
    store.insert(Arc::clone(object), None, store.mark())
}

fn has(store: &Store, path: &str) -> bool {
    matches!(store.find(&key(path), &HeaderMap::new()), Found::Object(_))
}

#[test]
fn ten_thousand_responses_take_no_more_than_they_may() {
    let store = Store::new(1 << 20);
    for number in 0..10_000 {
        assert!(put(&store, &object(&format!("/{number}"), 1024, &["all", &format!("t{number}")], None)));
        let inner = store.inner.read();
        assert!(inner.bytes <= store.most);
        assert!(inner.turns.len() <= 2 * inner.count + VARIANTS + 1);
        assert_eq!((inner.targets.len(), inner.tags.len()), (inner.count, inner.count + 1));
    }
    let inner = store.inner.read();
    let weighed: usize = inner.targets.values().flatten().map(|object| object.weight()).sum();
    assert!(inner.bytes == weighed && inner.count > 300, "{} {weighed}", inner.bytes);
    drop(inner);
    assert!(!put(&store, &object("/large", 1 << 20, &[], None)), "larger than all");
    assert!(store.clear() > 300);
    let inner = store.inner.read();
    assert_eq!((inner.bytes, inner.count, inner.targets.len(), inner.tags.len()), (0, 0, 0, 0));
}

#[test]
fn what_is_used_stays() {
    let store = Store::new(64 * 1024);
    put(&store, &object("/used", 1024, &[], None));
    for number in 0..1000 {
        assert!(has(&store, "/used"), "{number}");
        put(&store, &object(&format!("/{number}"), 1024, &[], None));
    }
    assert!(!has(&store, "/0"));
}

#[test]
fn a_removed_response_frees_its_body() {
    let store = Store::new(1 << 20);
    let first = object("/a", 1024, &["a"], None);
    let weak = Arc::downgrade(&first);
    put(&store, &first);
    drop(first);
    put(&store, &object("/a", 2048, &["b"], None));
    assert!(weak.upgrade().is_none());
    assert_eq!((store.remove_tag("a"), store.remove_tag("b")), (0, 1));
    assert_eq!(store.inner.read().bytes, 0);
}

#[test]
fn variants_stand_beside_each_other_up_to_a_number() {
    let store = Store::new(1 << 20);
    for number in 0..VARIANTS + 1 {
        put(&store, &object("/", 1, &[], Some(&number.to_string())));
    }
    assert_eq!(store.inner.read().count, VARIANTS);
    let find = |value: &str| store.find(&key("/"), &language(value));
    assert!(matches!(find("0"), Found::Others(_)), "the oldest has gone");
    assert!(matches!(find("1"), Found::Object(_)));
    assert_eq!(store.remove_key(&key("/")), VARIANTS);
    assert!(matches!(find("1"), Found::Nothing));
}

#[test]
fn removals_count_for_what_was_under_way() {
    type Remove = fn(&Store) -> usize;
    let removals: [(Remove, bool); 8] = [
        (|store| store.remove_tag("mine"), false),
        (|store| store.remove_tag("other"), true),
        (|store| store.remove_key(&key("/a")), false),
        (|store| store.remove_key(&key("/b")), true),
        (|store| store.remove_path("/a"), false),
        (|store| store.remove_path("/b"), true),
        (Store::clear, false),
        (|store| (0..=REMOVALS).map(|_| store.remove_tag("other")).sum(), false),
    ];
    for (number, (remove, stored)) in removals.into_iter().enumerate() {
        let store = Store::new(1 << 20);
        let mark = store.mark();
        remove(&store);
        assert_eq!(store.insert(object("/a", 1, &["mine"], None), None, mark), stored, "{number}");
        assert!(put(&store, &object("/a", 1, &["mine"], None)), "{number}: what is asked for afterwards is stored");
    }
}

#[test]
fn what_is_good_still_takes_no_place_of_what_came_since() {
    let store = Store::new(1 << 20);
    let [first, second, third] = [1, 2, 3].map(|length| object("/a", length, &[], None));
    assert!(put(&store, &first));
    assert!(store.renew(Arc::clone(&second), &first, store.mark()));
    assert!(!store.renew(Arc::clone(&third), &first, store.mark()));
    assert!(matches!(store.find(&key("/a"), &HeaderMap::new()), Found::Object(found) if Arc::ptr_eq(&found, &second)));
    store.remove(&second);
    assert!(!store.renew(third, &second, store.mark()) && !has(&store, "/a"));
}

#[test]
fn passes_end_and_are_bounded() {
    let store = Store::new(1 << 20);
    store.pass(&key("/"), 100);
    assert!(store.passes(&key("/"), 100 + PASS_SECONDS - 1));
    assert!(!store.passes(&key("/"), 100 + PASS_SECONDS));
    for number in 0..2 * PASSES {
        store.pass(&key(&number.to_string()), 100);
        assert!(store.inner.read().passes.len() <= PASSES);
    }
}

#[test]
fn paths_are_removed_on_all_hosts() {
    let store = Store::new(1 << 20);
    put(&store, &object("/a?x", 1, &[], None));
    assert_eq!((store.remove_path("/a"), store.remove_path("/a?x")), (0, 1));
}
