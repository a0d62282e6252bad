//! The codings, behind one interface: what has come goes in, pieces of what it was made from come out.

use std::{fmt, io};

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};
use bytes::{Buf, Bytes};
use compression_codecs::{
    DecodeV2, GzipDecoder, ZlibDecoder, ZstdDecoder,
    core::util::{PartialBuffer, WriteBuffer},
    zstd::params::DParameter,
};
use http::{HeaderMap, header::CONTENT_ENCODING};

use super::Refused;

/// What is said to a client whose coding is not known.
pub(in crate::http) const OFFERED: &str = "gzip, deflate, br, zstd";

/// Bytes of the largest piece.
const PIECE: usize = 32 * 1024;
/// Bytes that any body may become, however small it is.
const ALWAYS: u64 = 1024 * 1024;
/// Logarithm of the largest window of zstd: 8 MiB (RFC 9659).
const ZSTD_WINDOW: u32 = 23;

/// A coding that can be undone.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Coding {
    Gzip,
    /// With the header and checksum of zlib (RFC 9110 section 8.4.1.2).
    Deflate,
    Brotli,
    Zstd,
}

/// A body while it is decompressed.
pub(super) struct Decoding {
    decoder: Box<dyn DecodeV2 + Send>,
    coding: Coding,
    /// What has come and was not looked at yet.
    input: Bytes,
    /// Whether nothing more comes.
    ended: bool,
    /// Whether the decoder has passed the end of its data.
    finished: bool,
    /// Whether the decoder may hold back something that it has made.
    holds: bool,
    /// Bytes that went into the decoder, and came out.
    encoded: u64,
    decoded: u64,
    max_ratio: u64,
    max_bytes: u64,
    buffer: Box<[u8]>,
}

/// Why it cannot go on.
#[derive(Debug)]
pub(super) enum Error {
    Malformed(io::Error),
    TooLarge,
    Ratio(u64),
}

// === impl Coding ===

impl Coding {
    /// The coding that headers tell of, if any; `identity` is none.
    ///
    /// # Errors
    ///
    /// When it is not known, or there are several.
    pub(super) fn of(headers: &HeaderMap) -> Result<Option<Self>, Refused> {
        let mut values = headers.get_all(CONTENT_ENCODING).iter();
        let Some(value) = values.next() else { return Ok(None) };
        if values.next().is_some() {
            return Err(Refused::Unsupported);
        }
        let known = [
            ("identity", None),
            ("gzip", Some(Self::Gzip)),
            ("x-gzip", Some(Self::Gzip)),
            ("deflate", Some(Self::Deflate)),
            ("br", Some(Self::Brotli)),
            ("zstd", Some(Self::Zstd)),
        ];
        let name = value.as_bytes().trim_ascii();
        let found = known.into_iter().find(|(known, _)| name.eq_ignore_ascii_case(known.as_bytes()));
        found.map(|(_, coding)| coding).ok_or(Refused::Unsupported)
    }

    fn decoder(self) -> Box<dyn DecodeV2 + Send> {
        match self {
            Self::Gzip => Box::new(GzipDecoder::new()),
            Self::Deflate => Box::new(ZlibDecoder::new()),
            Self::Brotli => Box::new(Brotli::new()),
            Self::Zstd => Box::new(ZstdDecoder::new_with_params(&[DParameter::window_log_max(ZSTD_WINDOW)])),
        }
    }

    /// Whether data may be made of several that stand one behind the other (RFC 1952 section 2.2, RFC 8878 section 3).
    fn has_members(self) -> bool {
        matches!(self, Self::Gzip | Self::Zstd)
    }
}

// === impl Decoding ===

impl Decoding {
    pub(super) fn new(coding: Coding, max_ratio: u64, max_bytes: u64) -> Self {
        Self {
            decoder: coding.decoder(),
            coding,
            input: Bytes::new(),
            ended: false,
            finished: false,
            holds: false,
            encoded: 0,
            decoded: 0,
            max_ratio,
            max_bytes,
            buffer: vec![0; PIECE].into(),
        }
    }

    /// Adds what has come; before, `next` has said that there is nothing.
    pub(super) fn feed(&mut self, data: Bytes) {
        self.input = data;
    }

    /// Nothing more comes.
    pub(super) fn end(&mut self) {
        self.ended = true;
    }

    /// Whether everything was passed on, once `next` has said that there is nothing.
    pub(super) fn has_all(&self) -> bool {
        self.ended
    }

    /// Bytes that went in and came out.
    pub(super) fn worked(&self) -> u64 {
        self.encoded + self.decoded
    }

    /// Makes the next piece; `None`: something must come first, or nothing comes any more.
    pub(super) fn next(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            let (taken, made) = if !self.input.is_empty() {
                self.decode()?
            } else if self.holds {
                (0, self.drain()?)
            } else {
                return if self.ended && !self.is_whole() { Err(early()) } else { Ok(None) };
            };
            self.encoded += taken as u64;
            self.decoded += made as u64;
            self.check()?;
            if made > 0 {
                return Ok(Some(Bytes::copy_from_slice(&self.buffer[..made])));
            }
        }
    }

    /// Puts in what has come; returns how much of it was taken, and how much came out.
    fn decode(&mut self) -> Result<(usize, usize), Error> {
        if self.finished {
            if !self.coding.has_members() {
                return Err(Error::Malformed(io::Error::other("there is something behind its end")));
            }
            self.decoder.reinit()?;
            self.finished = false;
        }
        let mut input = PartialBuffer::new(&self.input[..]);
        let mut output = WriteBuffer::new_initialized(&mut self.buffer);
        self.finished = self.decoder.decode(&mut input, &mut output)?;
        let (taken, made) = (input.written_len(), output.written_len());
        if taken == 0 && made == 0 && !self.finished {
            return Err(Error::Malformed(io::Error::other("it does not go on")));
        }
        self.input.advance(taken);
        self.holds = !self.finished;
        Ok((taken, made))
    }

    /// Takes out what the decoder has held back.
    fn drain(&mut self) -> Result<usize, Error> {
        let mut output = WriteBuffer::new_initialized(&mut self.buffer);
        if self.coding == Coding::Zstd {
            // Its `flush` passes over the end of the data.
            self.finished = self.decoder.decode(&mut PartialBuffer::new(&[][..]), &mut output)?;
        } else {
            self.decoder.flush(&mut output)?;
        }
        let made = output.written_len();
        self.holds = made > 0 && !self.finished;
        Ok(made)
    }

    /// Whether what has come is whole; nothing at all is, too.
    fn is_whole(&mut self) -> bool {
        let mut output = WriteBuffer::new_initialized(&mut self.buffer);
        self.finished || self.encoded == 0 || self.decoder.finish(&mut output).is_ok_and(|finished| finished)
    }

    fn check(&self) -> Result<(), Error> {
        if self.encoded > self.max_bytes {
            return Err(Error::TooLarge);
        }
        if self.decoded > ALWAYS.max(self.encoded.saturating_mul(self.max_ratio)) {
            return Err(Error::Ratio(self.max_ratio));
        }
        Ok(())
    }
}

impl fmt::Debug for Decoding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { coding, encoded, decoded, .. } = self;
        write!(formatter, "Decoding({coding:?}, {encoded} bytes made {decoded})")
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Malformed(error)
    }
}

fn early() -> Error {
    Error::Malformed(io::ErrorKind::UnexpectedEof.into())
}

/// Brotli with windows of at most 16 MiB, as RFC 7932 has it.
struct Brotli(Box<BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>>);

// === impl Brotli ===

impl Brotli {
    fn new() -> Self {
        let alloc = StandardAlloc::default;
        Self(Box::new(BrotliState::new_strict(alloc(), alloc(), alloc())))
    }
}

impl DecodeV2 for Brotli {
    fn reinit(&mut self) -> io::Result<()> {
        *self = Self::new();
        Ok(())
    }

    fn decode(&mut self, input: &mut PartialBuffer<&[u8]>, output: &mut WriteBuffer<'_>) -> io::Result<bool> {
        let (given, place) = (input.unwritten(), output.initialize_unwritten());
        let (mut given_left, mut place_left) = (given.len(), place.len());
        let (mut taken, mut made, mut total) = (0, 0, 0);
        let result = BrotliDecompressStream(
            &mut given_left,
            &mut taken,
            given,
            &mut place_left,
            &mut made,
            place,
            &mut total,
            &mut self.0,
        );
        input.advance(taken);
        output.advance(made);
        match result {
            BrotliResult::ResultSuccess => Ok(true),
            BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => Ok(false),
            BrotliResult::ResultFailure => Err(io::Error::other("no brotli")),
        }
    }

    fn flush(&mut self, output: &mut WriteBuffer<'_>) -> io::Result<bool> {
        self.decode(&mut PartialBuffer::new(&[][..]), output)
    }

    fn finish(&mut self, output: &mut WriteBuffer<'_>) -> io::Result<bool> {
        self.decode(&mut PartialBuffer::new(&[][..]), output)
    }
}
