//! What is wrong with a configuration.

use std::fmt;

use super::At;

/// Problems reported at most; a file with more is hardly a configuration.
const MOST: usize = 100;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Path of the key, such as `http.pool.num_workers`; empty for the file as a whole.
    pub key: String,
    /// Where it stands.
    pub at: At,
    /// What was found and what is allowed; continues the sentence that the key starts.
    pub message: String,
    /// What comes before the key in that sentence.
    pub lead: &'static str,
}

/// Everything that is wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems {
    list: Vec<Problem>,
    /// How many were found beyond those in the list.
    more: usize,
}

// === impl Problems ===

impl Problems {
    /// Adds one whose sentence starts with the key.
    pub fn add(&mut self, key: impl Into<String>, at: At, message: impl Into<String>) {
        self.push(Problem { key: key.into(), at, message: message.into(), lead: "" });
    }

    /// Adds one.
    pub fn push(&mut self, problem: Problem) {
        if self.list.len() < MOST {
            self.list.push(problem);
        } else {
            self.more += 1;
        }
    }

    /// Adds those of another file.
    pub(super) fn extend(&mut self, others: Self) {
        self.more += others.more;
        others.list.into_iter().for_each(|problem| self.push(problem));
    }

    /// Returns whether one more would only be counted.
    pub(super) fn is_full(&self) -> bool {
        self.list.len() >= MOST
    }

    /// Returns whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// What may be done about what is not supported, if there is any; a line of its own.
    pub(super) fn remedy(&self) -> &'static str {
        if self.list.iter().any(|problem| problem.lead.starts_with("not supported")) {
            "\n  What is not supported is a mere warning with --lenient, or -d roadrunner.lenient=1."
        } else {
            ""
        }
    }

    /// Returns them by place.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        let mut sorted: Vec<_> = self.list.iter().collect();
        sorted.sort_by(|one, other| one.at.cmp(&other.at));
        sorted.into_iter()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.iter().enumerate() {
            write!(formatter, "{}  {problem}", if index == 0 { "" } else { "\n" })?;
        }
        if self.more > 0 {
            write!(formatter, "\n  and {} more", self.more)?;
        }
        Ok(())
    }
}

// === impl Problem ===

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let space = if self.key.is_empty() || self.message.is_empty() || self.message.starts_with([':', ';']) {
            ""
        } else {
            " "
        };
        write!(formatter, "{}: {}{}{space}{}", self.at, self.lead, self.key, self.message)
    }
}
