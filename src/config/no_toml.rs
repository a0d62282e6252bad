//! TOML, in a build that cannot read it.

use super::{At, Node, Problems, Source};

/// Refuses a document.
///
/// # Errors
///
/// Always.
pub(super) fn parse(_: &str, source: &Source) -> Result<Node, Problems> {
    let mut problems = Problems::default();
    let at = At { source: source.clone(), line: 1 };
    problems.add("", at, "is TOML, which this build does not read (feature toml): write it as YAML or JSON");
    Err(problems)
}
