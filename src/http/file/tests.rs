//! From a file to the bytes of an answer.

use std::{
    fs,
    os::unix::net::UnixListener,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Wake, Waker},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
    header::{ACCEPT_RANGES, CACHE_CONTROL, CONTENT_RANGE, CONTENT_TYPE, ETAG, LAST_MODIFIED, SET_COOKIE},
    request::Parts,
};
use rustix::fs::{CWD, Mode, mknodat};

use super::*;
use crate::http::{Answer, Payload, RequestId};

const TEN: &[u8] = b"0123456789";
/// More than is read at once, and no multiple of what is read at a time.
const LONG: usize = 1_000_003;

struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("rr-file-{}", RequestId::next()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, contents: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, contents).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn request(method: Method, headers: &[(&'static str, &str)]) -> Parts {
    let mut head = http::Request::new(()).into_parts().0;
    head.method = method;
    for (name, value) in headers {
        head.headers.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
    }
    head
}

fn ok() -> Answer {
    Answer::new(StatusCode::OK, Bytes::from_static(b"is replaced"))
}

fn reply(path: &Path, request: &Parts, answer: Answer) -> Answer {
    Opened::open(path).unwrap().reply(request, answer).unwrap()
}

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|index| (index % 251) as u8).collect()
}

/// All bytes of an answer, as a connection would ask for them.
fn bytes(answer: Answer) -> std::io::Result<Vec<u8>> {
    let transfer = match answer.body {
        Payload::Whole(bytes) => return Ok(bytes.to_vec()),
        Payload::File(transfer) => transfer,
        Payload::Stream(_) => panic!("no worker writes it"),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let mut sending = Sending::new(*transfer);
        let (mut bytes, announced) = (Vec::new(), sending.left());
        while let Some(frame) = std::future::poll_fn(|context| sending.poll_frame(context)).await {
            bytes.extend_from_slice(&frame?.into_data().unwrap());
        }
        assert_eq!((bytes.len() as u64, sending.left()), (announced, 0));
        Ok(bytes)
    })
}

#[test]
fn what_is_no_regular_file_is_refused_without_waiting() {
    let folder = Folder::new();
    let fifo = folder.0.join("fifo");
    mknodat(CWD, &fifo, rustix::fs::FileType::Fifo, Mode::RWXU, 0).unwrap();
    let _socket = UnixListener::bind(folder.0.join("socket")).unwrap();
    let error = |path: &Path| Opened::open(path).unwrap_err().to_string();
    assert_eq!(error(&fifo), "it is a FIFO, not a regular file");
    assert_eq!(error(&folder.0), "it is a directory, not a regular file");
    assert_eq!(error(Path::new("/dev/null")), "it is a device, not a regular file");
    assert_eq!(error(&folder.0.join("none")), "No such file or directory (os error 2)");
    assert!(matches!(Opened::open(&folder.0.join("socket")), Err(Unusable::Io(_))));
}

#[test]
fn a_file_takes_the_place_of_the_body_with_headers_of_its_own() {
    let folder = Folder::new();
    let path = folder.file("ten.txt", TEN);
    let changed = UNIX_EPOCH + Duration::new(784_111_777, 5);
    fs::File::options().write(true).open(&path).unwrap().set_modified(changed).unwrap();
    let answer = reply(&path, &request(Method::GET, &[]), ok());
    assert_eq!(answer.status(), StatusCode::OK);
    for (name, expected) in [
        (CONTENT_TYPE, "text/plain; charset=utf-8"),
        (ACCEPT_RANGES, "bytes"),
        (LAST_MODIFIED, "Sun, 06 Nov 1994 08:49:37 GMT"),
        (ETAG, "\"ae1b981bc490a05-a\""),
    ] {
        assert_eq!(answer.headers.get(&name).unwrap(), expected, "{name}");
    }
    assert_eq!(bytes(answer).unwrap(), TEN);
}

#[test]
fn headers_that_were_given_count() {
    let folder = Folder::new();
    let path = folder.file("ten.txt", TEN);
    let given = || {
        let mut answer = ok();
        for (name, value) in [
            (CONTENT_TYPE, "text/x"),
            (ETAG, "W/\"mine\""),
            (LAST_MODIFIED, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (SET_COOKIE, "a=b"),
            (CACHE_CONTROL, "no-cache"),
        ] {
            answer.append(name, HeaderValue::from_static(value)).unwrap();
        }
        answer
    };
    let answer = reply(&path, &request(Method::GET, &[("if-none-match", "\"mine\"")]), given());
    assert_eq!((answer.status(), answer.has(&CONTENT_TYPE)), (StatusCode::NOT_MODIFIED, false));
    assert!(answer.has(&ETAG) && answer.has(&LAST_MODIFIED) && answer.has(&SET_COOKIE) && answer.has(&CACHE_CONTROL));
    let range = [("range", "bytes=2-3"), ("if-range", "Sun, 06 Nov 1994 08:49:37 GMT")];
    let answer = reply(&path, &request(Method::GET, &range), given());
    assert_eq!(
        (answer.status(), &answer.headers[CONTENT_TYPE]),
        (StatusCode::PARTIAL_CONTENT, &"text/x".parse().unwrap())
    );
    assert_eq!(bytes(answer).unwrap(), b"23");
    let answer = reply(&path, &request(Method::GET, &[("if-match", "\"mine\"")]), given());
    assert_eq!(answer.status(), StatusCode::PRECONDITION_FAILED, "the tag is weak");
    assert!(!answer.has(&ETAG) && !answer.has(&CACHE_CONTROL) && answer.has(&SET_COOKIE));
    let mut whole = ok();
    whole.append(ACCEPT_RANGES, HeaderValue::from_static("none")).unwrap();
    let answer = reply(&path, &request(Method::GET, &[("range", "bytes=2-3")]), whole);
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(bytes(answer).unwrap(), TEN);
}

#[test]
fn other_methods_and_statuses_send_the_file_whatever_is_asked_for() {
    let folder = Folder::new();
    let path = folder.file("ten", TEN);
    let asked =
        [("range", "bytes=2-3"), ("if-none-match", "*"), ("if-unmodified-since", "Sun, 06 Nov 1994 08:49:37 GMT")];
    let answer = reply(&path, &request(Method::POST, &asked), ok());
    assert_eq!((answer.status(), answer.has(&ETAG)), (StatusCode::OK, false));
    assert_eq!(bytes(answer).unwrap(), TEN);
    let missing = Answer::new(StatusCode::NOT_FOUND, Bytes::new());
    let answer = reply(&path, &request(Method::GET, &asked), missing);
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    assert_eq!(bytes(answer).unwrap(), TEN);
}

#[test]
fn parts_are_sent_with_their_places() {
    let folder = Folder::new();
    let contents = pattern(LONG);
    let path = folder.file("long", &contents);
    let get = |range: &str| reply(&path, &request(Method::GET, &[("range", range)]), ok());
    for (range, expected) in [
        ("bytes=0-0", 0..1),
        ("bytes=131071-131072", 131_071..131_073),
        ("bytes=-3", LONG - 3..LONG),
        ("bytes=1-", 1..LONG),
        ("bytes=70000-700000", 70_000..700_001),
    ] {
        let answer = get(range);
        assert_eq!(answer.status(), StatusCode::PARTIAL_CONTENT);
        let place = format!("bytes {}-{}/{LONG}", expected.start, expected.end - 1);
        assert_eq!(answer.headers[CONTENT_RANGE], place);
        assert!(bytes(answer).unwrap() == contents[expected], "{range}");
    }
    let answer = get("bytes=1000003-");
    assert_eq!(
        (answer.status(), &answer.headers[CONTENT_RANGE]),
        (StatusCode::RANGE_NOT_SATISFIABLE, &"bytes */1000003".parse().unwrap())
    );
    let answer = get("bytes=0-400000,500000-500000,-200000");
    let content_type = answer.headers[CONTENT_TYPE].to_str().unwrap().to_owned();
    let boundary = content_type.strip_prefix("multipart/byteranges; boundary=").unwrap();
    assert!(!answer.has(&CONTENT_RANGE));
    let mut expected = Vec::new();
    for part in [0..400_001, 500_000..500_001, LONG - 200_000..LONG] {
        let head = format!(
            "\r\n--{boundary}\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes {}-{}/{LONG}\r\n\r\n",
            part.start,
            part.end - 1
        );
        expected.extend_from_slice(head.as_bytes());
        expected.extend_from_slice(&contents[part]);
    }
    expected.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    assert!(bytes(answer).unwrap() == expected);
}

#[test]
fn two_ranges_in_two_headers_are_none() {
    let folder = Folder::new();
    let path = folder.file("ten", TEN);
    let answer = reply(&path, &request(Method::GET, &[("range", "bytes=0-0"), ("range", "bytes=1-1")]), ok());
    assert_eq!(answer.status(), StatusCode::OK);
}

#[test]
fn a_change_of_the_file_is_a_change_of_its_tag() {
    let folder = Folder::new();
    let path = folder.file("a", b"one");
    let tag = || reply(&path, &request(Method::HEAD, &[]), ok()).headers[ETAG].clone();
    let first = tag();
    assert_eq!(tag(), first);
    fs::write(&path, "three").unwrap();
    let second = tag();
    assert_ne!(second, first);
    let later = SystemTime::now() + Duration::from_nanos(1);
    fs::File::options().write(true).open(&path).unwrap().set_modified(later).unwrap();
    assert_ne!(tag(), second);
    // From tomorrow: a header may not say so.
    let tomorrow = SystemTime::now() + Duration::from_hours(24);
    fs::File::options().write(true).open(&path).unwrap().set_modified(tomorrow).unwrap();
    assert!(!reply(&path, &request(Method::GET, &[]), ok()).has(&LAST_MODIFIED));
}

#[test]
fn an_empty_file_and_one_that_is_replaced_are_sent() {
    let folder = Folder::new();
    let empty = folder.file("empty", b"");
    for range in ["bytes=0-", "bytes=-1", "bytes=5-"] {
        let answer = reply(&empty, &request(Method::GET, &[("range", range)]), ok());
        assert_eq!((answer.status(), bytes(answer).unwrap().len()), (StatusCode::OK, 0), "{range}");
    }
    let path = folder.file("long", &pattern(LONG));
    let answer = reply(&path, &request(Method::GET, &[]), ok());
    fs::remove_file(&path).unwrap();
    fs::write(&path, "another").unwrap();
    assert!(bytes(answer).unwrap() == pattern(LONG));
}

#[test]
fn a_file_that_shrinks_is_cut_off_and_one_that_grows_is_not_sent_further() {
    let folder = Folder::new();
    let path = folder.file("long", &pattern(LONG));
    let file = fs::File::options().append(true).open(&path).unwrap();
    let answer = reply(&path, &request(Method::GET, &[]), ok());
    std::io::Write::write_all(&mut &file, b"more").unwrap();
    assert!(bytes(answer).unwrap() == pattern(LONG));
    let answer = reply(&path, &request(Method::GET, &[]), ok());
    file.set_len(500_000).unwrap();
    assert!(bytes(answer).is_err());
    let opened = Opened::open(&folder.file("ten", TEN)).unwrap();
    fs::write(folder.0.join("ten"), "short").unwrap();
    assert!(matches!(opened.reply(&request(Method::GET, &[]), ok()), Err(Unusable::Io(_))));
}

#[test]
fn no_more_is_under_way_than_two_pieces_and_the_rest_comes_when_they_are_taken() {
    #[derive(Default)]
    struct Count(AtomicUsize);
    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    let folder = Folder::new();
    let path = folder.file("long", &pattern(LONG));
    let Payload::File(transfer) = reply(&path, &request(Method::GET, &[]), ok()).body else { panic!("it is long") };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let mut sending = Sending::new(*transfer);
        let (mut held, mut total) = (Vec::new(), 0);
        for _ in 0..2 {
            let frame = std::future::poll_fn(|context| sending.poll_frame(context)).await.unwrap().unwrap();
            let bytes = frame.into_data().unwrap();
            total += bytes.len();
            held.push(bytes);
        }
        assert!(total <= 256 * 1024);
        let count = Arc::new(Count::default());
        let waker = Waker::from(Arc::clone(&count));
        assert!(sending.poll_frame(&mut Context::from_waker(&waker)).is_pending());
        let first = held[0].slice(..10);
        held.remove(0);
        assert_eq!(count.0.load(Ordering::SeqCst), 0, "a part of it is still held");
        drop(first);
        assert_eq!(count.0.load(Ordering::SeqCst), 1);
        let frame = std::future::poll_fn(|context| sending.poll_frame(context)).await.unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap()[..], pattern(LONG)[total..][..131_072]);
    });
}

#[test]
fn what_an_answer_names_is_sent_if_it_may_be() {
    let folder = Folder::new();
    folder.file("inside", TEN);
    let root = folder.0.join("root");
    fs::create_dir(&root).unwrap();
    fs::create_dir(root.join("deep")).unwrap();
    fs::write(root.join("a.txt"), TEN).unwrap();
    let config = Config { honoured: true, roots: vec![root.clone()] };
    let sendfile = Sendfile::of(&config).unwrap();
    assert!(Sendfile::of(&Config { honoured: false, ..config }).is_none());
    let replace = |path: &Path, headers: &[(&'static str, &str)]| {
        let mut answer = ok();
        answer.append(HeaderName::from_static("x-sendfile"), path.to_str().unwrap().parse().unwrap()).unwrap();
        answer.append(SET_COOKIE, HeaderValue::from_static("a=b")).unwrap();
        assert!(sendfile.concerns(&answer) && !sendfile.concerns(&ok()));
        let answer = sendfile.replace(&request(Method::GET, headers), answer);
        assert!(!sendfile.concerns(&answer));
        answer
    };
    let answer = replace(&root.join("a.txt"), &[("range", "bytes=1-2")]);
    assert_eq!((answer.status(), answer.has(&SET_COOKIE)), (StatusCode::PARTIAL_CONTENT, true));
    assert_eq!(bytes(answer).unwrap(), b"12");
    for (path, status) in [("inside", 404), ("root/../inside", 404), ("root/none", 404), ("root/deep", 500)] {
        let answer = replace(&folder.0.join(path), &[]);
        assert_eq!((answer.status().as_u16(), answer.has(&SET_COOKIE)), (status, false), "{path}");
    }
    assert_eq!(sendfile.replace(&request(Method::GET, &[]), ok()).headers, HeaderMap::new());
}
