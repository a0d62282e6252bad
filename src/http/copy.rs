//! Copies of large bodies.
//!
//! What PHP answers with is copied, as it is PHP's to reuse. The allocator gives freed pieces of this size back to the system
//! and has them mapped and cleared anew for the next answer, which costs more than the copy. So a few are kept.

use bytes::Bytes;
use parking_lot::Mutex;

/// Smaller bodies are left to the allocator, which keeps pieces of their size by itself.
const SMALLEST: usize = 16 * 1024;
/// Sizes of pieces that are kept: the smallest one, doubled again and again.
const SIZES: usize = 7;
/// Bytes kept of each size.
const KEPT: usize = 2 * 1024 * 1024;

/// Pieces of each size that nobody uses. The one freed last is taken first: it may still be in the processor's cache.
static FREE: [Mutex<Vec<Vec<u8>>>; SIZES] = [const { Mutex::new(Vec::new()) }; SIZES];

/// A copy in a piece that is kept once it is not used any more.
struct Copy(Vec<u8>);

/// Copies a body.
pub fn copied(body: &[u8]) -> Bytes {
    match place(body.len()) {
        Some(place) => {
            let free = FREE[place].lock().pop();
            let mut piece = free.unwrap_or_else(|| Vec::with_capacity(SMALLEST << place));
            piece.extend_from_slice(body);
            Bytes::from_owner(Copy(piece))
        }
        None => Bytes::copy_from_slice(body),
    }
}

/// The place of pieces for so many bytes; `None`: none of that size are kept.
fn place(length: usize) -> Option<usize> {
    if length <= SMALLEST / 2 {
        return None;
    }
    let place = length.div_ceil(SMALLEST).next_power_of_two().trailing_zeros() as usize;
    (place < SIZES).then_some(place)
}

impl AsRef<[u8]> for Copy {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        let mut piece = std::mem::take(&mut self.0);
        piece.clear();
        let Some(place) = place(piece.capacity()) else { return };
        let mut free = FREE[place].lock();
        if free.len() < KEPT / (SMALLEST << place) {
            free.push(piece);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_of_pieces_that_are_large_enough_and_not_twice_so() {
        assert_eq!(place(0), None);
        assert_eq!(place(SMALLEST / 2), None);
        for length in [SMALLEST / 2 + 1, SMALLEST, SMALLEST + 1, 100 * 1024, 128 * 1024, SMALLEST << (SIZES - 1)] {
            let size = SMALLEST << place(length).unwrap();
            assert!(size >= length && (size < 2 * length || size == SMALLEST), "{length}: {size}");
        }
        assert_eq!(place((SMALLEST << (SIZES - 1)) + 1), None);
    }

    #[test]
    fn a_copy_is_whole_and_its_piece_is_used_again() {
        // A size that no other test uses.
        let body: Vec<u8> = (0..700_000_u32).map(|number| number.to_le_bytes()[0]).collect();
        let copy = copied(&body);
        assert_eq!(copy, body);
        let address = copy.as_ptr();
        drop(copy);
        let next = copied(&body[1..]);
        assert_eq!((next.as_ptr(), &next[..]), (address, &body[1..]));
    }

    #[test]
    fn no_more_are_kept_than_may_be() {
        let place = place(300_000).unwrap();
        let many: Vec<_> = (0..20).map(|_| copied(&[7; 300_000])).collect();
        drop(many);
        assert_eq!(FREE[place].lock().len(), KEPT / (SMALLEST << place));
    }
}
