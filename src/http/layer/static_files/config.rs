//! Settings of the middleware `static` (section `http.static`).

use std::{path::PathBuf, time::Duration};

use tracing::warn;

use super::{
    Static,
    cache::Cache,
    files::{Answers, Files},
    names::{has_ending, is_hidden, is_never_served},
    pattern::Pattern,
    target::{Meant, Target, meant},
};
use crate::{
    config::{Problems, Section},
    http::{MEBIBYTE, file::Roots},
};

/// Settings of the middleware.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::http::layer) struct Config {
    /// `dir`: the directory that paths are relative to.
    pub(super) directory: PathBuf,
    /// `links`: directories that links may lead to, too.
    links: Vec<PathBuf>,
    /// `cache_size`: most bytes of small files that are held in memory.
    pub(super) cache_bytes: usize,
    /// How long one that is held is sent without a look whether it has changed.
    pub(super) trust: Duration,
    /// What stands before the paths, in plain names; empty: nothing.
    pub(super) prefix: String,
    pub(super) rules: Rules,
    pub(super) answers: Answers,
}

/// Which requests are answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Rules {
    /// `forbid`: endings of names that are passed on, in small letters.
    forbid: Vec<String>,
    /// `allow`: endings of names of the only files that are sent; none: all are.
    allow: Vec<String>,
    /// Whether names without an ending are those of files, too.
    pub(super) bare: bool,
    /// `index`: names of files that stand for their directory.
    pub(super) index: Vec<String>,
    /// `listing`: whether directories are listed.
    pub(super) listing: bool,
    /// `fallback`: the page for paths without a file, relative to the directory.
    pub(super) fallback: Option<String>,
}

// === impl Config ===

impl Default for Config {
    fn default() -> Self {
        Self {
            directory: PathBuf::from("."),
            links: Vec::new(),
            cache_bytes: 32 * 1024 * 1024,
            trust: Duration::ZERO,
            prefix: String::new(),
            rules: Rules::default(),
            answers: Answers {
                etag: true,
                calculate_etag: false,
                weak: false,
                precompressed: false,
                immutable: Vec::new(),
                response: http::HeaderMap::new(),
            },
        }
    }
}

impl Config {
    pub(in crate::http::layer) fn read(&mut self, mut section: Section<'_>, problems: &mut Problems) {
        if let Some((directory, _)) = section.text("dir", problems) {
            self.directory = directory.into();
        }
        if let Some(links) = section.texts("links", problems) {
            self.links = links.into_iter().map(PathBuf::from).collect();
        }
        if let Some(size) = section.integer("cache_size", 0..=4096, problems) {
            self.cache_bytes = usize::try_from(size * MEBIBYTE).unwrap_or(usize::MAX);
        }
        self.rules.read(&mut section, problems);
        let answers = &mut self.answers;
        for (key, flag) in [
            ("etag", &mut answers.etag),
            ("calculate_etag", &mut answers.calculate_etag),
            ("weak", &mut answers.weak),
            ("precompressed", &mut answers.precompressed),
        ] {
            *flag = section.boolean(key, problems).unwrap_or(*flag);
        }
        if let Some(patterns) = section.texts("immutable", problems) {
            answers.immutable =
                patterns.iter().filter(|text| !text.is_empty()).map(|text| Pattern::new(text)).collect();
        }
        super::super::headers::read(&mut section, "response", &mut answers.response, problems);
        // The table of keys says why it has no effect.
        section.any("request");
        section.finish(problems);
    }

    pub(in crate::http::layer) fn middleware(&self) -> Static {
        let absolute = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| path.clone());
        let directory = absolute(&self.directory);
        if !directory.is_dir() {
            warn!(dir = %directory.display(), "The directory of static files is not there: none are sent");
        }
        let roots = Roots([&directory].into_iter().chain(&self.links).map(absolute).collect());
        let (cache, trust, answers) = (Cache::new(self.cache_bytes), self.trust, self.answers.clone());
        let files = Files { directory, roots, cache, trust, answers };
        Static { prefix: self.prefix.clone(), rules: self.rules.clone(), files }
    }
}

// === impl Rules ===

impl Rules {
    fn read(&mut self, section: &mut Section<'_>, problems: &mut Problems) {
        for (key, endings) in [("forbid", &mut self.forbid), ("allow", &mut self.allow)] {
            if let Some(texts) = section.texts(key, problems) {
                let dotted = |text: &String| format!(".{}", text.trim_start_matches('.').to_lowercase());
                *endings = texts.iter().filter(|text| !text.is_empty()).map(dotted).collect();
            }
        }
        if let Some(names) = section.texts("index", problems) {
            self.index = names.into_iter().filter(|name| !name.is_empty()).collect();
            for name in &self.index {
                if name.contains('/') || is_hidden(name) || is_never_served(name) {
                    section.report("index", &format!("has {name:?}, which is never sent as a file"), problems);
                }
            }
        }
        self.listing = section.boolean("listing", problems).unwrap_or(self.listing);
        if let Some((path, _)) = section.text("fallback", problems) {
            match meant(&path) {
                Meant::File(target) if !target.is_directory() => self.fallback = Some(target.path),
                _ if path.is_empty() => self.fallback = None,
                _ => {
                    let message = format!("is {path:?}, but must be the path of a file, such as /index.html");
                    section.report("fallback", &message, problems);
                }
            }
        }
    }

    /// Whether anything answers for directories.
    pub(super) fn has_pages(&self) -> bool {
        self.listing || !self.index.is_empty()
    }

    /// Whether a file of that name is looked for: it has an ending, and one that may be sent.
    pub(super) fn takes(&self, target: &Target) -> bool {
        let name = target.name();
        if !has_ending(name) {
            return self.bare || target.is_well_known();
        }
        let name = name.to_lowercase();
        let is_one = |endings: &[String]| endings.iter().any(|ending| name.ends_with(ending));
        !is_one(&self.forbid) && (self.allow.is_empty() || is_one(&self.allow))
    }
}
