//! A way into this room for the fuzzers in `fuzz/`.

use super::proxy::Header;

/// A header of the PROXY protocol: however it is cut, it says the same, and ends at the same byte.
///
/// # Panics
///
/// When it does not.
pub fn proxy(data: &[u8]) {
    let Some((size, data)) = data.split_first() else { return };
    let read = |size: usize| {
        let (mut header, mut taken) = (Header::default(), 0);
        for piece in data.chunks(size) {
            let (length, ends) = header.take(piece).ok()?;
            assert!(length <= piece.len());
            taken += length;
            if ends.is_some() {
                return Some((taken, ends));
            }
        }
        Some((taken, None))
    };
    assert_eq!(read(data.len().max(1)), read(usize::from(*size).max(1)));
}
