//! What `php.ini` says of uploads.

use super::{engine::c_string, exception, sys};
use crate::http::Php;

/// Limits that `php.ini` or `-d` sets; what they leave at PHP's defaults, which RoadRunner's users do not know, is not
/// limited by PHP.
pub(super) fn uploads() -> Php {
    let files = number("max_file_uploads");
    Php {
        file_bytes: number("upload_max_filesize").filter(|bytes| *bytes > 0),
        files: files.and_then(|files| usize::try_from(files).ok()),
        parts: number("max_multipart_body_parts").and_then(|parts| usize::try_from(parts).ok()),
    }
}

/// A number that was set; none for one below 0, which means that there is no such limit.
fn number(name: &str) -> Option<u64> {
    // SAFETY: on a PHP thread inside a request; the value is copied before it can change.
    let text = exception::text(unsafe { sys::rr_configured(c_string(name).as_ptr()) })?;
    parse(&text)
}

/// A number with PHP's suffixes for powers of 1024.
fn parse(text: &str) -> Option<u64> {
    let text = text.trim();
    let (digits, shift) = match text.as_bytes().last()? {
        b'k' | b'K' => (&text[..text.len() - 1], 10),
        b'm' | b'M' => (&text[..text.len() - 1], 20),
        b'g' | b'G' => (&text[..text.len() - 1], 30),
        _ => (text, 0),
    };
    digits.trim().parse::<u64>().ok()?.checked_mul(1 << shift)
}
