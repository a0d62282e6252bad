//! Frames of goridge, as they stand on the wire.
//!
//! ```text
//! byte 0        version (upper half), words of the header with its options (lower half; 3 without options)
//! byte 1        flags: the codec of the body, and whether it is an error
//! bytes 2..6    length of what follows the header, little endian
//! bytes 6..10   CRC-32 of bytes 0..6, little endian
//! bytes 10, 11  flags of streams, of no meaning here
//! then          options of 4 bytes each, little endian; a call has two: its number and the length of the method's name
//! then          the name of the method, and its arguments or its result
//! ```

/// Bytes of a header without options.
pub(super) const HEAD: usize = 12;
/// The version of the format.
const VERSION: u8 = 1;
/// Words of a header without options.
const WORDS: u8 = 3;
/// Flag of an answer that is an error.
pub(super) const ERROR: u8 = 0x40;

/// How arguments and results are written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Codec {
    /// Bytes as they are.
    Raw,
    /// JSON.
    Json,
    /// MessagePack.
    MessagePack,
    /// Go's own encoding.
    Gob,
    /// Protocol Buffers.
    Protobuf,
}

/// The fixed part of a header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Head {
    pub(super) flags: u8,
    /// How many options follow.
    pub(super) options: usize,
    /// Bytes that follow the options.
    pub(super) length: u32,
}

/// Bytes that are no frame: where the next one begins cannot be told.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum Broken {
    #[error("the checksum of the header is wrong")]
    Checksum,
    #[error("the version is {0}, not {VERSION}")]
    Version(u8),
    #[error("the header has {0} words, which is less than its fixed part")]
    Short(u8),
    #[error("it has {0} options; a call has two, its number and the length of the method's name")]
    Options(usize),
}

// === impl Codec ===

impl Codec {
    /// Each, in the order in which goridge looks for their flags.
    const FLAGS: [(Self, u8); 5] =
        [(Self::Protobuf, 0x80), (Self::Json, 0x08), (Self::Gob, 0x20), (Self::Raw, 0x04), (Self::MessagePack, 0x10)];

    /// The codec that the flags of a frame name.
    pub(super) fn of(flags: u8) -> Option<Self> {
        Self::FLAGS.into_iter().find(|(_, flag)| flags & flag != 0).map(|(codec, _)| codec)
    }

    /// The flag of a frame that is written so.
    pub(super) fn flag(self) -> u8 {
        Self::FLAGS.into_iter().find(|(codec, _)| *codec == self).map_or(0, |(_, flag)| flag)
    }
}

// === impl Head ===

impl Head {
    /// Reads the fixed part of a header.
    pub(super) fn read(bytes: [u8; HEAD]) -> Result<Self, Broken> {
        let [first, flags, l0, l1, l2, l3, c0, c1, c2, c3, ..] = bytes;
        if crc32fast::hash(&bytes[..6]) != u32::from_le_bytes([c0, c1, c2, c3]) {
            return Err(Broken::Checksum);
        }
        let (version, words) = (first >> 4, first & 0x0f);
        if version != VERSION {
            return Err(Broken::Version(version));
        }
        let options = words.checked_sub(WORDS).ok_or(Broken::Short(words))?;
        Ok(Self { flags, options: usize::from(options), length: u32::from_le_bytes([l0, l1, l2, l3]) })
    }
}

/// Appends the frame of a call, or of its answer.
///
/// # Errors
///
/// When it is longer than a frame can be.
pub(super) fn write(frame: &mut Vec<u8>, flags: u8, number: u32, method: &str, body: &[u8]) -> Result<(), TooLong> {
    let length = u32::try_from(method.len() + body.len()).map_err(|_| TooLong)?;
    let name = u32::try_from(method.len()).map_err(|_| TooLong)?;
    let start = frame.len();
    frame.reserve(HEAD + 8 + method.len() + body.len());
    frame.extend([VERSION << 4 | (WORDS + 2), flags]);
    frame.extend(length.to_le_bytes());
    frame.extend(crc32fast::hash(&frame[start..]).to_le_bytes());
    frame.extend([0, 0]);
    frame.extend(number.to_le_bytes());
    frame.extend(name.to_le_bytes());
    frame.extend_from_slice(method.as_bytes());
    frame.extend_from_slice(body);
    Ok(())
}

/// The frame cannot be written: its length has 32 bits.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a frame has at most 4 GiB")]
pub(super) struct TooLong;

#[cfg(test)]
mod tests {
    use super::*;

    /// As `spiral/goridge` packs a call of `informer.List` with the argument `true`.
    const CALL: &[u8] =
        b"\x15\x08\x11\x00\x00\x00\xb0\x49\x0c\x3a\x00\x00\x01\x00\x00\x00\x0d\x00\x00\x00informer.Listtrue";

    fn head(bytes: &[u8]) -> [u8; HEAD] {
        bytes[..HEAD].try_into().unwrap()
    }

    #[test]
    fn a_call_is_written_as_clients_write_it() {
        let mut frame = Vec::new();
        write(&mut frame, Codec::Json.flag(), 1, "informer.List", b"true").unwrap();
        assert_eq!(frame, CALL);
        assert_eq!(Head::read(head(CALL)), Ok(Head { flags: 8, options: 2, length: 17 }));
    }

    #[test]
    fn bytes_that_are_no_frame_are_told_apart() {
        let mut broken = head(CALL);
        broken[2] ^= 1;
        assert_eq!(Head::read(broken), Err(Broken::Checksum));
        for (first, expected) in [(0x25, Broken::Version(2)), (0x05, Broken::Version(0)), (0x12, Broken::Short(2))] {
            let mut bytes = head(CALL);
            bytes[0] = first;
            let checksum = crc32fast::hash(&bytes[..6]).to_le_bytes();
            bytes[6..10].copy_from_slice(&checksum);
            assert_eq!(Head::read(bytes), Err(expected));
        }
    }

    #[test]
    fn flags_name_codecs() {
        for (flags, codec) in [
            (0x04, Some(Codec::Raw)),
            (0x08, Some(Codec::Json)),
            (0x10, Some(Codec::MessagePack)),
            (0x20, Some(Codec::Gob)),
            (0x80, Some(Codec::Protobuf)),
            (0xa0, Some(Codec::Protobuf)),
            (0x49, Some(Codec::Json)),
            (0x43, None),
            (0x00, None),
        ] {
            assert_eq!(Codec::of(flags), codec, "{flags:#x}");
        }
    }
}
