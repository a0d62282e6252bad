//! Reads HTTP/1.1 answers.

use std::{borrow::Cow, str};

/// A whole answer.
pub struct Answer<'a> {
    pub status: u16,
    pub body: Cow<'a, [u8]>,
    /// Bytes of head and body.
    pub length: usize,
    /// What the handler says that it took, in nanoseconds (`x-took`).
    pub took: Option<f64>,
}

/// Returns the answer at the start of the bytes; `None` while a part is missing.
pub fn parse(bytes: &[u8]) -> Result<Option<Answer<'_>>, String> {
    let Some(end) = memchr::memmem::find(bytes, b"\r\n\r\n") else { return Ok(None) };
    let head = str::from_utf8(&bytes[..end]).map_err(|error| error.to_string())?;
    let mut lines = head.split("\r\n");
    let first = lines.next().unwrap_or_default();
    let status = first.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
    let status = status.ok_or_else(|| format!("no status: {first}"))?;
    let (mut length, mut chunked, mut took) = (None, false, None);
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        let value = value.trim();
        if name.eq_ignore_ascii_case("content-length") {
            length = value.parse::<usize>().ok();
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            chunked = value.eq_ignore_ascii_case("chunked");
        } else if name.eq_ignore_ascii_case("x-took") {
            took = value.parse().ok();
        }
    }
    let start = end + 4;
    if chunked {
        let body = dechunk(&bytes[start..])?;
        return Ok(body.map(|(body, used)| Answer { status, body: Cow::Owned(body), length: start + used, took }));
    }
    let length = length.ok_or_else(|| format!("neither length nor chunks: {head}"))?;
    let body = bytes.get(start..start + length);
    Ok(body.map(|body| Answer { status, body: Cow::Borrowed(body), length: start + length, took }))
}

/// Returns the body and how many bytes it took.
fn dechunk(bytes: &[u8]) -> Result<Option<(Vec<u8>, usize)>, String> {
    let (mut body, mut at) = (Vec::new(), 0);
    loop {
        let Some(line) = memchr::memmem::find(&bytes[at..], b"\r\n") else { return Ok(None) };
        let text = String::from_utf8_lossy(&bytes[at..at + line]);
        let size = text.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(size, 16).map_err(|_| format!("not a size of a chunk: {text}"))?;
        at += line + 2;
        let Some(chunk) = bytes.get(at..at + size + 2) else { return Ok(None) };
        if !chunk.ends_with(b"\r\n") {
            return Err("a chunk does not end where it should".to_owned());
        }
        body.extend_from_slice(&chunk[..size]);
        at += size + 2;
        if size == 0 {
            return Ok(Some((body, at)));
        }
    }
}
