//! Directories as pages of HTML (`static.listing`).

use std::{fmt::Write, path::Path};

use http::{
    HeaderValue, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rustix::fs::{Dir, FileType};

use super::{
    files::{Files, Manner, Miss},
    names::{is_hidden, is_never_served, may_be_served},
};
use crate::http::Answer;

/// Most names of a page.
const MOST: usize = 10_000;
/// What a path may not hold as it is.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

// === impl Files ===

impl Files {
    /// The page of a directory below ours: its directories, then its files, those left out that are never served.
    pub(super) fn list(&self, path: &str, manner: Manner) -> Result<Answer, Miss> {
        if manner == Manner::AtOnce {
            return Err(Miss::Later);
        }
        let real = self.roots.resolve(&self.directory.join(path)).ok().filter(|real| may_be_served(&real.rest));
        let directory = real.and_then(|real| real.directory().ok()).ok_or(Miss::Absent)?;
        let (mut directories, mut files) = (Vec::new(), Vec::new());
        for entry in Dir::new(directory).map_err(|_| Miss::Absent)?.filter_map(Result::ok).take(MOST) {
            let Ok(name) = entry.file_name().to_str() else { continue };
            if is_hidden(name) || is_never_served(name) {
                continue;
            }
            match entry.file_type() {
                FileType::Directory => directories.push(format!("{name}/")),
                FileType::RegularFile => files.push(name.to_owned()),
                _ if self.directory.join(path).join(name).is_dir() => directories.push(format!("{name}/")),
                _ => files.push(name.to_owned()),
            }
        }
        directories.sort();
        files.sort();
        let names = directories.into_iter().chain(files);
        let mut answer = Answer::new(StatusCode::OK, bytes::Bytes::from(page(path, names)));
        answer.headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        answer.headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        crate::http::layer::headers::set(&mut answer.headers, &self.answers.response);
        Ok(answer)
    }
}

/// A path as it stands in a link.
pub(super) fn encoded(path: &str) -> String {
    utf8_percent_encode(path, ENCODED).to_string()
}

fn page(path: &str, names: impl Iterator<Item = String>) -> String {
    let title = escaped(&if path.is_empty() { "/".to_owned() } else { format!("/{path}/") });
    let mut page = format!(
        "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>{title}</title></head><body>\n<h1>{title}</h1>\n<ul>\n"
    );
    if Path::new(path).file_name().is_some() {
        page.push_str("<li><a href=\"../\">../</a></li>\n");
    }
    for name in names {
        // Without the dot, a name with a colon would be a scheme.
        let _ = writeln!(page, "<li><a href=\"./{}\">{}</a></li>", encoded(&name), escaped(&name));
    }
    page.push_str("</ul>\n</body></html>\n");
    page
}

/// Text in HTML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_text_and_nothing_else() {
        let names = ["<script>.txt", "a\"b'&.txt", "javascript:x.txt", "ü/"].map(str::to_owned);
        let page = page("a<b", names.into_iter());
        for expected in [
            "<title>/a&lt;b/</title>",
            "<a href=\"../\">",
            "<a href=\"./%3Cscript%3E.txt\">&lt;script&gt;.txt</a>",
            "<a href=\"./a%22b%27%26.txt\">a&quot;b&#39;&amp;.txt</a>",
            "<a href=\"./javascript%3Ax.txt\">javascript:x.txt</a>",
            "<a href=\"./%C3%BC/\">ü/</a>",
        ] {
            assert!(page.contains(expected), "{expected}: {page}");
        }
    }
}
