//! What is wrong with a configuration.

use std::fmt;

/// Problems reported at most; a file with more is hardly a configuration.
const MOST: usize = 50;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Path of the key, such as `http.pool.num_workers`; empty for the file as a whole.
    pub key: String,
    /// Line in the file.
    pub line: usize,
    /// What was found and what is allowed; continues the sentence that the key starts.
    pub message: String,
}

/// Everything that is wrong, in the order in which it was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

// === impl Problems ===

impl Problems {
    /// Adds one.
    pub fn add(&mut self, key: impl Into<String>, line: usize, message: impl Into<String>) {
        if self.0.len() < MOST {
            self.0.push(Problem { key: key.into(), line, message: message.into() });
        }
    }

    /// Returns whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns them by line.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        let mut sorted: Vec<_> = self.0.iter().collect();
        sorted.sort_by_key(|problem| problem.line);
        sorted.into_iter()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            let space = if problem.key.is_empty() { "" } else { " " };
            write!(formatter, "{separator}  line {}: {}{space}{}", problem.line, problem.key, problem.message)?;
        }
        Ok(())
    }
}
