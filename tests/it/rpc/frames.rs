//! Each kind of frame, right and wrong: the answer, or the end of the connection.

use roadrunner::rpc::Limits;

use super::{Answer, ERROR, JSON, call, frame, start};

fn answer(flags: u8, number: u32, method: &str, body: &[u8]) -> Option<Answer> {
    Some(Answer { flags, number, method: method.to_owned(), body: body.to_vec() })
}

#[test]
fn every_frame_has_its_answer() {
    let most = 64;
    let rpc = start(Limits { frame: most, ..Limits::default() });
    let (raw, msgpack, gob, proto) = (0x04, 0x10, 0x20, 0x80);
    let long = "x".repeat(65);
    let echo = "test.Echo";
    let rows: &[(&str, Vec<u8>, Option<Answer>)] = &[
        ("JSON", call(1, JSON, echo, b"\"a\""), answer(JSON, 1, echo, b"\"a\"")),
        ("raw", call(2, raw, echo, b"a"), answer(raw, 2, echo, b"a")),
        ("MessagePack", call(3, msgpack, echo, b"\xa1a"), answer(msgpack, 3, echo, b"\xa1a")),
        ("gob", call(4, gob, echo, b"\x04\x0c\0\x01a"), answer(gob, 4, echo, b"\x04\x0c\0\x01a")),
        ("no argument", call(5, JSON, echo, b""), answer(JSON, 5, echo, b"\"\"")),
        ("the highest number", call(u32::MAX, JSON, echo, b"\"a\""), answer(JSON, u32::MAX, echo, b"\"a\"")),
        ("flags without meaning", call(6, JSON | 0x03 | ERROR, echo, b"\"a\""), answer(JSON, 6, echo, b"\"a\"")),
        (
            "Protobuf where there is none",
            call(7, proto, echo, b"\x0a\x01a"),
            answer(
                proto | ERROR,
                7,
                echo,
                b"this method has no Protobuf messages: call it with JSON, MessagePack, gob or raw bytes",
            ),
        ),
        (
            "an unknown codec",
            call(8, 0x02, echo, b"a"),
            answer(raw | ERROR, 8, echo, b"unknown codec: the flags of the frame are 0x02"),
        ),
        (
            "an unknown method",
            call(9, JSON, "test.Other", b"1"),
            answer(JSON | ERROR, 9, "test.Other", b"rpc: can't find method test.Other"),
        ),
        (
            "an unknown service",
            call(10, JSON, "no.Echo", b"1"),
            answer(JSON | ERROR, 10, "no.Echo", b"rpc: can't find service no.Echo"),
        ),
        (
            "no service",
            call(11, JSON, "Echo", b"1"),
            answer(JSON | ERROR, 11, "Echo", b"rpc: service/method request ill-formed: Echo"),
        ),
        (
            "no method",
            call(12, JSON, "", b""),
            answer(JSON | ERROR, 12, "", b"rpc: service/method request ill-formed: "),
        ),
        (
            "a name longer than the frame",
            frame(0x15, JSON, &[13, 10], b"test.Echo"),
            answer(JSON | ERROR, 13, "", b"the name of the method is longer than its frame"),
        ),
        (
            "a name that is no text",
            frame(0x15, JSON, &[14, 2], b"\xff\xfe"),
            answer(JSON | ERROR, 14, "", b"the name of the method is not UTF-8"),
        ),
        (
            "an argument that is not of the codec",
            call(15, JSON, echo, b"{"),
            answer(
                JSON | ERROR,
                15,
                echo,
                b"the argument cannot be read: invalid type: map, expected a string at line 1 column 0",
            ),
        ),
        (
            "a method that panics",
            call(16, JSON, "test.Panic", b"true"),
            answer(JSON | ERROR, 16, "test.Panic", b"test.Panic failed inside the server, see its log"),
        ),
        (
            "a result that is too long",
            call(17, JSON, "test.Big", b"63"),
            answer(JSON | ERROR, 17, "test.Big", b"the result has 65 bytes, more than the 64 allowed"),
        ),
        ("a task", call(18, JSON, "test.Task", b"5"), answer(JSON, 18, "test.Task", b"5")),
        // The connection has heard all of these, and goes on.
        ("JSON again", call(19, JSON, echo, b"\"a\""), answer(JSON, 19, echo, b"\"a\"")),
        (
            "a frame that is too long",
            call(20, JSON, echo, long.as_bytes()),
            answer(JSON | ERROR, 20, "", b"a frame of 74 bytes is longer than the 64 allowed"),
        ),
    ];
    let mut wire = rpc.connect();
    for (what, bytes, expected) in rows {
        assert_eq!(wire.ask(bytes), *expected, "{what}");
    }
    assert_eq!(wire.answer(), None, "what follows a frame that was not read cannot be told from it");
}

#[test]
fn what_is_no_frame_ends_the_connection_and_no_other() {
    let rpc = start(Limits::default());
    let good = call(1, JSON, "test.Echo", b"\"a\"");
    let mut checksum = good.clone();
    checksum[6] ^= 1;
    let mut length = good.clone();
    length[2] ^= 1;
    let mut other = rpc.connect();
    for (what, bytes) in [
        ("a wrong checksum", checksum),
        ("a length that is not that of the checksum", length),
        ("version 0", frame(0x05, JSON, &[1, 9], b"test.Echo\"a\"")),
        ("version 2", frame(0x25, JSON, &[1, 9], b"test.Echo\"a\"")),
        ("no options", frame(0x13, JSON, &[], b"test.Echo\"a\"")),
        ("one option", frame(0x14, JSON, &[1], b"test.Echo\"a\"")),
        ("three options", frame(0x16, JSON, &[1, 9, 0], b"test.Echo\"a\"")),
        ("a header that is too short", frame(0x12, JSON, &[], b"")),
        ("HTTP", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n".to_vec()),
        ("zeros", vec![0; 64]),
    ] {
        let mut wire = rpc.connect();
        assert_eq!(wire.ask(&bytes), None, "{what}");
        assert_eq!(other.call("test.Echo", "\"b\""), Ok("\"b\"".to_owned()), "{what}");
    }
}

#[test]
fn a_frame_may_end_anywhere() {
    let rpc = start(Limits::default());
    let bytes = call(1, JSON, "test.Echo", b"\"a\"");
    for end in 0..bytes.len() {
        let mut wire = rpc.connect();
        wire.send(&bytes[..end]);
        wire.0.shutdown(std::net::Shutdown::Write).unwrap();
        assert_eq!(wire.answer(), None, "after {end} bytes");
    }
    // And come in any pieces.
    let mut wire = rpc.connect();
    wire.0.set_nodelay(true).unwrap();
    for byte in &bytes {
        wire.send(&[*byte]);
    }
    assert_eq!(wire.answer().unwrap().body, b"\"a\"");
}

#[test]
fn a_client_that_says_nothing_more_still_has_its_answers() {
    let rpc = start(Limits::default());
    let mut wire = rpc.connect();
    wire.send(&[call(1, JSON, "test.Wait", b"1"), call(2, JSON, "test.Echo", b"\"a\"")].concat());
    wire.0.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(wire.answer().unwrap().number, 2, "the first one waits");
    rpc.gate.open();
    assert_eq!(wire.answer().unwrap().number, 1);
    assert_eq!(wire.answer(), None);
}
