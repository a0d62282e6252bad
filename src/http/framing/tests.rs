use std::task::Waker;

use super::*;

/// Whether `bytes` pass, cut into pieces of `size`.
fn passes(bytes: &[u8], size: usize) -> bool {
    let mut framing = Framing::default();
    bytes.chunks(size).all(|piece| framing.check(piece).is_ok())
}

#[track_caller]
fn check(bytes: &[u8], expected: bool) {
    for size in 1..=bytes.len() {
        assert_eq!(passes(bytes, size), expected, "in pieces of {size}: {:?}", String::from_utf8_lossy(bytes));
    }
}

/// What is read of `bytes` through the check, `size` bytes at a time.
fn read(bytes: &[u8], size: usize) -> Vec<u8> {
    let (mut stream, mut whole) = (Checked::new(bytes), Vec::new());
    loop {
        let mut piece = vec![0; size];
        let mut buffer = ReadBuf::new(&mut piece);
        let read = Pin::new(&mut stream).poll_read(&mut Context::from_waker(Waker::noop()), &mut buffer);
        assert!(matches!(read, Poll::Ready(Ok(()))));
        if buffer.filled().is_empty() {
            return whole;
        }
        whole.extend_from_slice(buffer.filled());
    }
}

#[test]
fn plain_requests_pass() {
    check(b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n", true);
    check(b"\r\nPOST / HTTP/1.1\r\nContent-Length: 4 \r\n\r\na\nb\0GET / HTTP/1.1\r\n\r\n", true);
    check(
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n4;x=\"y\"\r\na\n\0b\r\nA\r\n0123456789\r\n0\r\nT: u\r\n\r\nGET / HTTP/1.1\r\n\r\n",
        true,
    );
}

#[test]
fn length_and_encoding_together_are_refused() {
    check(b"POST / HTTP/1.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n", false);
    check(b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\ncontent-length: 4\r\n\r\n", false);
}

#[test]
fn doubtful_lengths_are_refused() {
    for length in ["4, 4", "+4", "-1", "0x4", "", " ", "4 4", "99999999999999999999", "4;"] {
        check(format!("POST / HTTP/1.1\r\nContent-Length: {length}\r\n\r\n").as_bytes(), false);
    }
    check(b"POST / HTTP/1.1\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\n", false);
}

#[test]
fn bare_line_feeds_are_refused() {
    check(b"GET / HTTP/1.1\nHost: a\r\n\r\n", false);
    check(b"GET / HTTP/1.1\r\nHost: a\n\r\n", false);
    check(b"GET / HTTP/1.1\r\nHost: a\r\n\n", false);
    check(b"\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", false);
    check(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n", false);
    check(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\n0\r\n\r\n", false);
}

#[test]
fn folded_lines_and_spaces_before_the_colon_are_refused() {
    check(b"GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", false);
    check(b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", false);
    check(b"GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n", false);
}

#[test]
fn a_smuggled_second_request_is_found() {
    check(
        b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: x\r\n\r\n",
        false,
    );
}

#[test]
fn a_refused_head_ends_at_once_and_unmistakably() {
    let bytes = b"GET / HTTP/1.1\r\nHost: a\n\r\nGET /hidden HTTP/1.1\r\n\r\n";
    for size in 1..=bytes.len() {
        assert_eq!(read(bytes, size), b"GET / HTTP/1.1\r\nHost: a\0\r\n\r\n", "in pieces of {size}");
        assert_eq!(read(b"\nGET", size), SPOILT, "in pieces of {size}");
    }
}

#[test]
fn a_refused_body_breaks_off() {
    let head: &[u8] = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
    let bytes = [head, b"1;a\nb\r\nX\r\n0\r\n\r\n"].concat();
    for size in 1..=bytes.len() {
        assert_eq!(read(&bytes, size), [head, b"1;a"].concat(), "in pieces of {size}");
    }
}

#[test]
fn doubtful_chunk_lines_are_refused() {
    let lines: [&[u8]; 14] = [
        b"\r\n",
        b";a\r\n",
        b" 1\r\n",
        b"-1\r\n",
        b"0x1\r\n",
        b"1g\r\n",
        b"1\r1\n",
        b"1\n",
        b"1;\n",
        b"1;a\nb\r\n",
        b"1;a\rb\r\n",
        b"1;a\0\r\n",
        b"1000000000000000\r\n",
        b"ffffffffffffffff\r\n",
    ];
    for line in lines {
        check(&[b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", line].concat(), false);
    }
}

#[test]
fn chunk_lines_with_zeros_in_front_and_extensions_pass() {
    for line in ["00000000000000000000001", "1 ", "1;", "1;a", "1 ; a = \"b;c\"", "1\t;\ta=é", "001;a=b;c=d"] {
        let body = format!("{line}\r\nX\r\n0;a=b\r\n\r\n");
        check(format!("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{body}").as_bytes(), true);
    }
}

#[test]
fn fragments_in_targets_are_refused() {
    check(b"GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", false);
    check(b"GET /#", false);
    check(b"GET /a HTTP/1.1\r\nHost: a\r\nX-A: #\r\n\r\n", true);
}
