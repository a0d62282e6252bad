//! Attributes whose names are known only when an entry is written.

use std::{error::Error, fmt};

/// What entries have themselves.
const OWN: [&str; 5] = ["level", "logger", "message", "msg", "ts"];

/// Names and values. As a field of an event it is one field for each of them, whatever it is called itself:
/// `attributes = &attributes as &(dyn Error + 'static)`.
#[derive(Debug, Default)]
pub struct Attributes(Vec<(String, String)>);

// === impl Attributes ===

impl Attributes {
    /// Takes pairs whose names may be anything: what could be mistaken for another part of an entry becomes `_`, or has it
    /// at its end.
    pub fn new(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (tame(&name), value)).collect())
    }

    /// As an event takes it.
    pub fn as_field(&self) -> &(dyn Error + 'static) {
        self
    }

    pub(super) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl fmt::Display for Attributes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_map().entries(self.pairs()).finish()
    }
}

impl Error for Attributes {}

fn tame(name: &str) -> String {
    let plain = |letter: char| if letter.is_alphanumeric() || "_.-:/".contains(letter) { letter } else { '_' };
    let name: String = name.chars().map(plain).collect();
    if name.is_empty() || OWN.contains(&&*name) { format!("{name}_") } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_be_taken_for_anything_else() {
        let pairs = ["user.id", "größe", "a b=c\nd", "level", ""].map(|name| (name.to_owned(), "x".to_owned()));
        let attributes = Attributes::new(pairs);
        let names: Vec<_> = attributes.pairs().map(|(name, _)| name).collect();
        assert_eq!(names, ["user.id", "größe", "a_b_c_d", "level_", "_"]);
    }
}
