//! The table of keys (`keys.txt`): what each key of the configuration is to us.

use std::{fmt::Write as _, sync::OnceLock};

/// The table, whose head describes it.
const TABLE: &str = include_str!("keys.txt");

/// What a key is to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    /// Read and acted upon.
    Honoured,
    /// Accepted, but without effect here.
    Idle,
    /// Will not exist here.
    Unsupported,
    /// Not supported yet.
    Later,
}

/// A key, or a section of keys.
#[derive(Debug)]
pub(super) struct Key {
    /// Its last part; `*` for a free name, `[]` for the items of a list.
    pub(super) name: String,
    /// Its row; `None` for a section.
    pub(super) row: Option<Row>,
    /// The keys of the section.
    pub(super) keys: Vec<Key>,
}

/// A row of the table.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) path: String,
    pub(super) class: Class,
    pub(super) kind: String,
    /// Whether its section is nothing without it (`!` after the kind).
    pub(super) required: bool,
    /// Whether its section means something even when it is empty (`?` after the kind).
    pub(super) switches: bool,
    pub(super) default: String,
    /// Meaning, reason or remedy.
    pub(super) text: String,
    /// What differs from RoadRunner.
    pub(super) difference: String,
    /// What 0 or absence means, if that differs from RoadRunner.
    pub(super) zero: String,
}

/// The table as it is written.
pub(super) struct Written {
    /// Names and rows of the blocks; paths are relative, and the class is that of the place where they are put.
    pub(super) blocks: Vec<(String, Vec<Row>)>,
    /// The rows; the kind of one that stands for a block is `@` and its name.
    pub(super) rows: Vec<Row>,
}

/// Returns the table as a tree, in the order of the file.
pub(super) fn table() -> &'static Key {
    static ROOT: OnceLock<Key> = OnceLock::new();
    ROOT.get_or_init(|| {
        let mut root = Key { name: String::new(), row: None, keys: Vec::new() };
        for row in rows() {
            root.insert(&row.path.clone(), row);
        }
        root
    })
}

/// Returns the rows, blocks put in their places.
fn rows() -> Vec<Row> {
    let Written { blocks, rows } = written();
    let mut expanded: Vec<Row> = Vec::new();
    for row in &rows {
        row.expand(&blocks, &mut expanded);
    }
    let own = |path: &str| rows.iter().find(|row| row.path == path && !row.kind.starts_with('@'));
    for row in &mut expanded {
        if let Some(own) = own(&row.path) {
            *row = own.clone();
        }
    }
    expanded
}

/// Returns the rows and blocks as they are written.
pub(super) fn written() -> Written {
    let (mut blocks, mut rows) = (Vec::<(String, Vec<Row>)>::new(), Vec::new());
    let mut block = None;
    for line in TABLE.lines() {
        if let Some(name) = line.strip_prefix("block ") {
            blocks.push((name.to_owned(), Vec::new()));
            block = Some(blocks.len() - 1);
            continue;
        }
        let Some(first) = line.chars().next().filter(|first| *first != '#') else {
            block = if line.is_empty() { None } else { block };
            continue;
        };
        let rows = block.map_or(&mut rows, |index| &mut blocks[index].1);
        if first.is_whitespace() {
            rows.last_mut().expect("a text must follow a row").say(line.trim());
        } else {
            let class = if block.is_some() { "later" } else { "" };
            rows.push(Row::parse(class, line));
        }
    }
    Written { blocks, rows }
}

// === impl Key ===

impl Key {
    fn insert(&mut self, rest: &str, row: Row) {
        let (name, rest) = rest.split_once('.').unwrap_or((rest, ""));
        let index = self.keys.iter().position(|key| key.name == name).unwrap_or_else(|| {
            self.keys.push(Self { name: name.to_owned(), row: None, keys: Vec::new() });
            self.keys.len() - 1
        });
        if rest.is_empty() {
            self.keys[index].row.get_or_insert(row);
        } else {
            self.keys[index].insert(rest, row);
        }
    }

    /// Returns the key of this section that stands for `name`, whatever the case of its letters.
    pub(super) fn find(&self, name: &str) -> Option<&Self> {
        let same = |key: &&Self| key.name.eq_ignore_ascii_case(name);
        self.keys.iter().find(same).or_else(|| self.keys.iter().find(|key| key.name == "*"))
    }

    /// Returns whether the key, or one within the section, is of this class.
    pub(super) fn has(&self, class: Class) -> bool {
        self.row.as_ref().is_some_and(|row| row.class == class) || self.keys.iter().any(|key| key.has(class))
    }

    /// Returns whether the section is nothing without one of its keys.
    pub(super) fn has_required(&self) -> bool {
        self.keys.iter().any(|key| key.row.as_ref().is_some_and(|row| row.required))
    }

    /// Returns whether the section means something by being there.
    pub(super) fn is_switch(&self) -> bool {
        self.keys.iter().any(|key| key.row.as_ref().is_some_and(|row| row.switches))
    }

    #[cfg(test)]
    /// Visits the rows of the key and those within the section.
    pub(super) fn each<'a>(&'a self, visit: &mut impl FnMut(&'a Row)) {
        if let Some(row) = &self.row {
            visit(row);
        }
        self.keys.iter().for_each(|key| key.each(visit));
    }
}

// === impl Row ===

impl Row {
    fn parse(class: &str, line: &str) -> Self {
        let (class, line) = if class.is_empty() { line.split_once(' ').unwrap_or((line, "")) } else { (class, line) };
        let (line, default) = line.split_once(" = ").unwrap_or((line, ""));
        let (path, kind) = line.split_once(' ').unwrap_or((line, ""));
        let class = match class {
            "honoured" => Class::Honoured,
            "idle" => Class::Idle,
            "unsupported" => Class::Unsupported,
            _ => Class::Later,
        };
        let empty = String::new;
        Self {
            path: path.to_owned(),
            class,
            kind: kind.trim_end_matches(['!', '?']).to_owned(),
            required: kind.ends_with('!'),
            switches: kind.ends_with('?'),
            default: default.to_owned(),
            text: empty(),
            difference: empty(),
            zero: empty(),
        }
    }

    /// Adds a line of text.
    fn say(&mut self, line: &str) {
        let (text, line) = if let Some(line) = line.strip_prefix("rr:") {
            (&mut self.difference, line.trim())
        } else if let Some(line) = line.strip_prefix("zero:") {
            (&mut self.zero, line.trim())
        } else {
            (&mut self.text, line)
        };
        let space = if text.is_empty() { "" } else { " " };
        let _ = write!(text, "{space}{line}");
    }

    /// Adds the row, or those of its block, unless they stand there already.
    fn expand(&self, blocks: &[(String, Vec<Self>)], rows: &mut Vec<Self>) {
        let Some(name) = self.kind.strip_prefix('@') else {
            if rows.iter().all(|row| row.path != self.path) {
                rows.push(self.clone());
            }
            return;
        };
        let (_, block) = blocks.iter().find(|(block, _)| block == name).expect("a block that is used must exist");
        for row in block {
            let path = format!("{}.{}", self.path, row.path);
            let default = if self.default.is_empty() { &row.default } else { &self.default };
            Self { path, class: self.class, default: default.clone(), ..row.clone() }.expand(blocks, rows);
        }
    }

    /// Returns whether its value can be any text.
    pub(super) fn is_text(&self) -> bool {
        matches!(self.kind.as_str(), "text" | "texts" | "floats" | "numbers" | "map" | "any" | "command" | "address")
    }

    /// Returns the default, if it is a value.
    pub(super) fn default_value(&self) -> Option<&str> {
        Some(self.default.as_str()).filter(|default| !default.is_empty() && !default.starts_with('('))
    }
}
