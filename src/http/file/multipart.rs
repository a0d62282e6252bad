//! Several parts of a file as one body: `multipart/byteranges` (RFC 9110 section 14.6).

use std::{
    collections::VecDeque,
    hash::{BuildHasher, Hasher, RandomState},
    ops::Range,
};

use bytes::Bytes;
use http::HeaderValue;

use super::sending::Piece;

/// Returns the `content-type` of the body, and what it consists of. `content_type` is that of the file, which has `length`
/// bytes.
pub(super) fn multipart(
    parts: Vec<Range<u64>>,
    length: u64,
    content_type: Option<&HeaderValue>,
) -> (String, VecDeque<Piece>) {
    // Nobody can have put it into the file: the keys of a `RandomState` are random.
    let boundary = format!("{:020}", RandomState::new().build_hasher().finish());
    let mut pieces = VecDeque::with_capacity(parts.len() * 2 + 1);
    for part in parts {
        let mut head = format!("\r\n--{boundary}\r\n").into_bytes();
        if let Some(content_type) = content_type {
            head.extend_from_slice(b"Content-Type: ");
            head.extend_from_slice(content_type.as_bytes());
            head.extend_from_slice(b"\r\n");
        }
        head.extend_from_slice(format!("Content-Range: {}\r\n\r\n", content_range(&part, length)).as_bytes());
        pieces.push_back(Piece::Text(head.into()));
        pieces.push_back(Piece::Part(part));
    }
    pieces.push_back(Piece::Text(Bytes::from(format!("\r\n--{boundary}--\r\n"))));
    (format!("multipart/byteranges; boundary={boundary}"), pieces)
}

/// Value of `content-range` for a part, which is not empty, of a file of `length` bytes.
pub(super) fn content_range(part: &Range<u64>, length: u64) -> String {
    format!("bytes {}-{}/{length}", part.start, part.end.saturating_sub(1))
}

#[cfg(test)]
#[expect(clippy::single_range_in_vec_init, reason = "a list of one range is meant")]
mod tests {
    use super::*;

    #[test]
    fn parts_stand_between_boundaries() {
        let text = HeaderValue::from_static("text/plain");
        let (content_type, pieces) = multipart(vec![0..2, 5..10], 10, Some(&text));
        let boundary = content_type.strip_prefix("multipart/byteranges; boundary=").unwrap();
        assert_eq!(boundary.len(), 20);
        let shown: String = pieces
            .into_iter()
            .map(|piece| match piece {
                Piece::Text(text) => String::from_utf8(text.to_vec()).unwrap(),
                Piece::Part(part) => format!("<{part:?}>"),
            })
            .collect();
        let expected = "\r\n--B\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-1/10\r\n\r\n<0..2>\
                        \r\n--B\r\nContent-Type: text/plain\r\nContent-Range: bytes 5-9/10\r\n\r\n<5..10>\r\n--B--\r\n";
        assert_eq!(shown, expected.replace('B', boundary));
        assert_ne!(multipart(vec![0..1], 10, None).0, content_type, "another boundary each time");
    }
}
