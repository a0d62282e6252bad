mod files;
mod format;
mod queue;
mod settings;

use std::{
    fs,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use super::{
    Config, Log,
    config::Channel,
    output::{Output, Stream},
    queue::Queue,
    style::Style,
};

/// Bound of every wait.
const PATIENCE: Duration = Duration::from_secs(30);

/// A directory that goes with the test.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("rr-log-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Names of the files, sorted.
    fn names(&self) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn config(text: &str) -> Config {
    crate::config::Config::parse(&format!("logs: {text}")).unwrap().logs
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

/// Calls `inside` while its events go to a log with the settings `text`, which is written and ended then.
fn logged(text: &str, inside: impl FnOnce(&Log)) {
    let log = Log::open(&config(text)).unwrap();
    log.start().unwrap();
    tracing::subscriber::with_default(log.subscriber(), || inside(&log));
    log.stop(Instant::now() + PATIENCE);
}

/// A queue before a stream.
fn queue(file: impl Into<OwnedFd>) -> Arc<Queue> {
    let style = Style::of(&Channel { format: Some("%message% %attrs%".to_owned()), ..Channel::default() }).unwrap();
    Queue::new("a stream".to_owned(), Output::Stream(Stream::new(file.into())), Arc::new(style))
}
