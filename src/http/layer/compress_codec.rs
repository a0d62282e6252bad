//! The codings themselves: bytes go in, and come out compressed.

use std::{
    fmt,
    io::{self, Write},
};

use brotli::{CompressorWriter, enc::BrotliEncoderParams};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use http::HeaderValue;
use zstd::stream::write::Encoder as ZstdEncoder;

/// Bytes that brotli takes in at a time.
const BROTLI_BUFFER: usize = 8 * 1024;
/// Windows of brotli and zstd, as powers of 2: 512 KiB. Each answer under way has one.
const BROTLI_WINDOW: i32 = 19;
const ZSTD_WINDOW: u32 = 19;

/// A coding of contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    /// RFC 7932.
    Brotli,
    /// RFC 8878.
    Zstd,
    /// RFC 1952.
    Gzip,
}

/// How much time compressing may take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Level {
    /// As little as can be.
    Fast,
    /// What answers that are made for each request are worth.
    #[default]
    Default,
    /// Several times as long, for a few percent.
    Best,
}

/// Compresses one answer.
pub(super) enum Encoder {
    Brotli(Box<CompressorWriter<Vec<u8>>>),
    Zstd(ZstdEncoder<'static, Vec<u8>>),
    Gzip(GzEncoder<Vec<u8>>),
}

// === impl Coding ===

impl Coding {
    /// Words of `encodings`.
    pub(super) const WORDS: &[(&str, Self)] = &[("br", Self::Brotli), ("zstd", Self::Zstd), ("gzip", Self::Gzip)];

    /// As `Content-Encoding` names it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Zstd => "zstd",
            Self::Gzip => "gzip",
        }
    }

    /// The value of `Content-Encoding`.
    pub(super) fn value(self) -> HeaderValue {
        HeaderValue::from_static(self.as_str())
    }

    /// Begins to compress.
    ///
    /// # Errors
    ///
    /// If there is no memory for it.
    pub(super) fn encoder(self, level: Level) -> io::Result<Encoder> {
        let place = |fast, default, best| match level {
            Level::Fast => fast,
            Level::Default => default,
            Level::Best => best,
        };
        Ok(match self {
            Self::Brotli => {
                let quality = place(1, 4, 9);
                let params = BrotliEncoderParams { quality, lgwin: BROTLI_WINDOW, ..BrotliEncoderParams::default() };
                Encoder::Brotli(Box::new(CompressorWriter::with_params(Vec::new(), BROTLI_BUFFER, &params)))
            }
            Self::Zstd => {
                let mut encoder = ZstdEncoder::new(Vec::new(), place(1, 3, 12))?;
                encoder.window_log(ZSTD_WINDOW)?;
                Encoder::Zstd(encoder)
            }
            Self::Gzip => {
                let level = Compression::new(place(1, 6, 9).unsigned_abs());
                Encoder::Gzip(GzEncoder::new(Vec::new(), level))
            }
        })
    }
}

// === impl Level ===

impl Level {
    /// Words of `level`.
    pub(super) const WORDS: &[(&str, Self)] = &[("fast", Self::Fast), ("default", Self::Default), ("best", Self::Best)];
}

// === impl Encoder ===

impl Encoder {
    fn writer(&mut self) -> &mut dyn Write {
        match self {
            Self::Brotli(encoder) => encoder,
            Self::Zstd(encoder) => encoder,
            Self::Gzip(encoder) => encoder,
        }
    }

    /// Takes bytes in. What becomes of them comes out when it likes.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.writer().write_all(bytes)
    }

    /// Has everything come out that was taken in.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.writer().flush()
    }

    /// What has come out since the last call.
    pub(super) fn take(&mut self) -> Bytes {
        let out = match self {
            Self::Brotli(encoder) => encoder.get_mut(),
            Self::Zstd(encoder) => encoder.get_mut(),
            Self::Gzip(encoder) => encoder.get_mut(),
        };
        std::mem::take(out).into()
    }

    /// Ends, and returns what has come out since the last call of [`Encoder::take`].
    pub(super) fn finish(self) -> io::Result<Bytes> {
        Ok(match self {
            Self::Brotli(encoder) => encoder.into_inner(),
            Self::Zstd(encoder) => encoder.finish()?,
            Self::Gzip(encoder) => encoder.finish()?,
        }
        .into())
    }
}

impl fmt::Debug for Encoder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Brotli(_) => "Brotli",
            Self::Zstd(_) => "Zstd",
            Self::Gzip(_) => "Gzip",
        })
    }
}
