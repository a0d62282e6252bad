//! Files that the application writes when it is loaded anew.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// Time in which nobody changes a file again by hand, as a rule.
const SOON: Duration = Duration::from_secs(3);
/// Changes in a row, each soon after the one before, that somebody is told of.
const TIMES: u32 = 10;

/// Notices a file that changes again and again: each change reloads workers, which change it.
#[derive(Debug, Default)]
pub(super) struct Restless {
    /// What has changed, and when that was told.
    last: Option<(Vec<PathBuf>, Instant)>,
    times: u32,
}

// === impl Restless ===

impl Restless {
    /// Notes what has changed. Returns a file that has done so too often in a row, once for each such row.
    pub(super) fn note<'a>(&mut self, paths: &'a [PathBuf], now: Instant) -> Option<&'a Path> {
        if paths.is_empty() {
            return None;
        }
        let soon = self.last.take().filter(|(_, before)| now.saturating_duration_since(*before) < SOON);
        let again = soon.and_then(|(last, _)| paths.iter().find(|path| last.contains(path)));
        self.times = if again.is_some() { self.times + 1 } else { 0 };
        self.last = Some((paths.to_vec(), now));
        again.map(PathBuf::as_path).filter(|_| self.times == TIMES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns after how many changes, so far apart from each other, somebody is told.
    fn told_after(apart: Duration, name: impl Fn(u32) -> String) -> Vec<u32> {
        let (mut restless, begun) = (Restless::default(), Instant::now());
        let mut told = |step: &u32| {
            let paths = [PathBuf::from(format!("other{step}")), PathBuf::from(name(*step))];
            restless.note(&paths, begun + apart * *step).is_some()
        };
        (0..40).filter(&mut told).collect()
    }

    #[test]
    fn a_file_that_changes_again_and_again_is_told_of_once() {
        assert_eq!(told_after(Duration::from_secs(1), |_| "a".to_owned()), [10]);
        assert_eq!(told_after(Duration::from_secs(4), |_| "a".to_owned()), [0; 0]);
        assert_eq!(told_after(Duration::from_secs(1), |step| step.to_string()), [0; 0]);
        let pauses = |step: u32| if step.is_multiple_of(20) { "b".to_owned() } else { "a".to_owned() };
        assert_eq!(told_after(Duration::from_secs(1), pauses), [11, 31]);
    }
}
