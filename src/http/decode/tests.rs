use std::{collections::VecDeque, io::Write, task::Waker};

use flate2::{
    Compression,
    write::{GzEncoder, ZlibEncoder},
};
use http::HeaderValue;

use super::*;

const MANY: u64 = 1 << 30;

/// A body that comes in pieces, with a pause before each.
#[derive(Debug)]
struct Pieces {
    left: VecDeque<Frame<Bytes>>,
    paused: bool,
}

impl Pieces {
    fn of(body: &[u8], size: usize) -> Self {
        let left = body.chunks(size).map(|piece| Frame::data(Bytes::copy_from_slice(piece))).collect();
        Self { left, paused: false }
    }
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.paused = !self.paused;
        if self.paused { Poll::Pending } else { Poll::Ready(self.left.pop_front().map(Ok)) }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left.iter().filter_map(Frame::data_ref).map(|data| data.len() as u64).sum())
    }
}

fn headers(codings: &[&str]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for coding in codings {
        headers.append(CONTENT_ENCODING, HeaderValue::from_str(coding).unwrap());
    }
    headers.insert(CONTENT_LENGTH, HeaderValue::from_static("1"));
    headers
}

fn decoded(coding: &str, body: Pieces) -> Result<Decoded<Pieces>, Refused> {
    let config = Config { enabled: true, ..Config::default() };
    Decoded::new(&mut headers(&[coding]), body, &config, MANY)
}

/// What a body becomes, the length of its largest piece, and how many polls that took; what was pending counts.
fn read(mut body: Decoded<Pieces>) -> Result<(Vec<u8>, usize, usize), String> {
    let (mut whole, mut largest) = (Vec::new(), 0);
    let mut context = Context::from_waker(Waker::noop());
    for polls in 1.. {
        match Pin::new(&mut body).poll_frame(&mut context) {
            Poll::Pending => {}
            Poll::Ready(None) => return Ok((whole, largest, polls)),
            Poll::Ready(Some(Err(error))) => return Err(error.to_string()),
            Poll::Ready(Some(Ok(frame))) => {
                let data = frame.into_data().unwrap_or_default();
                largest = largest.max(data.len());
                whole.extend_from_slice(&data);
            }
        }
    }
    unreachable!()
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn deflate(body: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn brotli(body: &[u8]) -> Vec<u8> {
    let mut encoded = Vec::new();
    let params = brotli::enc::BrotliEncoderParams { quality: 5, ..Default::default() };
    brotli::BrotliCompress(&mut &body[..], &mut encoded, &params).unwrap();
    encoded
}

fn zstd(body: &[u8]) -> Vec<u8> {
    zstd::encode_all(body, 3).unwrap()
}

type Encode = fn(&[u8]) -> Vec<u8>;

const CODINGS: [(&str, Encode); 5] =
    [("gzip", gzip), ("X-GZIP", gzip), ("deflate", deflate), (" br ", brotli), ("zstd", zstd)];

/// Something that can be compressed, but not to nothing.
fn text(length: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let words = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_string().into_bytes()
    });
    words.flatten().take(length).collect()
}

#[test]
fn every_coding_is_undone_however_it_comes() {
    for (coding, encode) in CODINGS {
        for length in [0, 1, 100, 32 * 1024, 300_000] {
            let body = text(length);
            let encoded = encode(&body);
            for size in [1, 7, 4096, 1 << 20] {
                if size == 1 && length > 1000 {
                    continue;
                }
                let (whole, largest, _) = read(decoded(coding, Pieces::of(&encoded, size)).unwrap()).unwrap();
                assert!(whole == body, "{coding}: {length} bytes in pieces of {size}");
                assert!(largest <= 32 * 1024);
            }
        }
    }
}

#[test]
fn what_ends_too_early_or_is_changed_is_an_error() {
    for (coding, encode) in CODINGS {
        let encoded = encode(&text(100_000));
        for length in [1, 5, 20, encoded.len() / 2, encoded.len() - 1] {
            let error = read(decoded(coding, Pieces::of(&encoded[..length], 1000)).unwrap()).unwrap_err();
            assert!(error.starts_with("the body cannot be decompressed: "), "{coding}: {length}: {error}");
        }
        let mut changed = encoded.clone();
        changed[encoded.len() / 2] ^= 0x55;
        // Neither brotli nor our zstd has a checksum: it may be other text.
        let read = read(decoded(coding, Pieces::of(&changed, 1000)).unwrap());
        assert!(read.is_err() || matches!(coding.trim(), "br" | "zstd"), "{coding}");
        for wrong in [&b"no such thing at all"[..], &[0; 100]] {
            assert!(super::tests::read(decoded(coding, Pieces::of(wrong, 1000)).unwrap()).is_err(), "{coding}");
        }
    }
}

#[test]
fn members_follow_one_another_where_the_coding_has_them() {
    for (coding, encode) in CODINGS {
        let twice = [encode(b"one"), encode(b""), encode(b"two")].concat();
        for size in [1, 1000] {
            let read = read(decoded(coding, Pieces::of(&twice, size)).unwrap()).map(|(whole, ..)| whole);
            match coding.trim() {
                "br" | "deflate" => assert!(read.unwrap_err().contains("behind its end"), "{coding}"),
                _ => assert_eq!(read.unwrap(), b"onetwo", "{coding}"),
            }
        }
    }
}

#[test]
fn bombs_are_ended_early_and_others_get_their_turn() {
    let large = vec![0; 8 << 20];
    for (coding, encode) in CODINGS {
        let encoded = encode(&large);
        let error = read(decoded(coding, Pieces::of(&encoded, 1 << 20)).unwrap()).unwrap_err();
        assert_eq!(error, "the body becomes more than 100 times as large", "{coding}");
        let generous = Config { enabled: true, max_ratio: 1_000_000 };
        let body = Decoded::new(&mut headers(&[coding]), Pieces::of(&encoded, 1 << 20), &generous, MANY).unwrap();
        let (whole, largest, polls) = read(body).unwrap();
        assert!(whole == large && largest <= 32 * 1024);
        // One poll for each piece, and one for each turn.
        assert!(polls >= (8 << 20) / largest + (8 << 20) / (TURN as usize), "{coding}: {polls} polls");
        // A body may become 1 MiB whatever its own length.
        let small = encode(&large[..1 << 20]);
        assert_eq!(read(decoded(coding, Pieces::of(&small, 100)).unwrap()).unwrap().0.len(), 1 << 20, "{coding}");
    }
}

#[test]
fn what_comes_is_bounded_even_if_it_becomes_nothing() {
    let config = Config { enabled: true, ..Config::default() };
    let empty = gzip(b"").repeat(1000);
    let length = empty.len() as u64;
    let begin = |body, most| Decoded::new(&mut headers(&["gzip"]), body, &config, most);
    assert_eq!(begin(Pieces::of(&empty, 100), length - 1).unwrap_err(), Refused::TooLarge);
    assert_eq!(read(begin(Pieces::of(&empty, 100), length).unwrap()).unwrap().0, b"");
    // Its length is not announced.
    let mut body = begin(Pieces::of(b"", 1), length - 1).unwrap();
    body.body = Pieces::of(&empty, 100);
    assert_eq!(read(body).unwrap_err(), "the body is too large even before it is decompressed");
}

#[test]
fn windows_beyond_those_of_the_codings_are_refused() {
    // A frame of zstd with a window of 16 MiB (RFC 8878 section 3.1.1.1.2), and a large window of brotli.
    let frame = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 14 << 3, 0x01, 0x00, 0x00];
    assert!(read(decoded("zstd", Pieces::of(&frame, 100)).unwrap()).is_err());
    let mut small = frame;
    small[5] = 13 << 3;
    assert_eq!(read(decoded("zstd", Pieces::of(&small, 100)).unwrap()).unwrap().0, b"");
    assert!(read(decoded("br", Pieces::of(&[0x11, 0x1e, 0x03], 100)).unwrap()).is_err());
}

#[test]
fn trailers_come_behind_what_was_made() {
    let mut pieces = Pieces::of(&gzip(b"text"), 10);
    let mut trailers = HeaderMap::new();
    trailers.insert("x-sum", HeaderValue::from_static("1"));
    pieces.left.push_back(Frame::trailers(trailers.clone()));
    let mut body = decoded("gzip", pieces).unwrap();
    let mut context = Context::from_waker(Waker::noop());
    let mut frames = Vec::new();
    loop {
        match Pin::new(&mut body).poll_frame(&mut context) {
            Poll::Pending => {}
            Poll::Ready(None) => break,
            Poll::Ready(Some(frame)) => frames.push(frame.unwrap()),
        }
    }
    assert_eq!(frames.remove(0).into_data().unwrap(), "text");
    assert_eq!(frames.remove(0).into_trailers().unwrap(), trailers);
    assert!(frames.is_empty());
}

#[test]
fn headers_tell_the_coding_and_then_no_more() {
    let (on, off) = (Config { enabled: true, ..Config::default() }, Config::default());
    let begin = |codings: &[&str], config| {
        let mut headers = headers(codings);
        let body = Decoded::new(&mut headers, Pieces::of(b"text", 4), config, MANY);
        body.map(|body| (body.decoding.is_some(), body.size_hint().exact(), headers.len()))
    };
    for unknown in [&["compress"][..], &["gzip, br"], &["gzip", "br"], &["identity", "gzip"], &["gzip,"], &[""]] {
        assert_eq!(begin(unknown, &on), Err(Refused::Unsupported), "{unknown:?}");
        assert_eq!(begin(unknown, &off), Ok((false, Some(4), unknown.len() + 1)), "they are passed on");
    }
    assert_eq!(begin(&[], &on), Ok((false, Some(4), 1)));
    assert_eq!(begin(&["Identity"], &on), Ok((false, Some(4), 1)));
    assert_eq!(begin(&["gzip"], &on), Ok((true, None, 0)));
}
