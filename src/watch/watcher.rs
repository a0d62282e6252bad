//! The thread that watches files.

use std::{
    io,
    sync::Arc,
    thread::{Builder, JoinHandle},
    time::Instant,
};

use crossbeam_channel::{Receiver, Sender, after, at, bounded, never, select};
use tracing::{error, info, warn};

use super::{
    Config,
    burst::Burst,
    restless::Restless,
    root::{Root, roots},
    snapshot::Snapshot,
    telling::Untold,
    tree::Tree,
};

/// What is told of changes: with the files that have changed, or folders in place of those in them.
pub type Changed = Box<dyn Fn(Vec<std::path::PathBuf>) + Send>;

/// The thread `rr-watch`, which tells of changed files; it ends with this value.
#[derive(Debug)]
pub struct Watcher {
    /// `None` while it ends.
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// How changes become known.
enum Source {
    /// The system tells of them.
    Told(Box<Tree>),
    /// By looking.
    Looked(Snapshot),
}

/// What the thread works with.
struct Watch {
    config: Config,
    roots: Arc<[Root]>,
    changed: Changed,
    stop: Receiver<()>,
    /// Watches that it may have.
    most: usize,
}

// === impl Watcher ===

impl Watcher {
    /// Starts to watch: what changes from now on is told to `changed`, on the thread of this value, which must not wait for
    /// the end of this value. Folders that are not there are warned of, and watched once they are.
    ///
    /// # Errors
    ///
    /// When the system gives no thread, or there is no working directory.
    pub fn start(config: &Config, changed: Changed) -> io::Result<Self> {
        Self::start_within(config, changed, usize::MAX)
    }

    /// Starts to watch with so many watches at most, as if the system gave no more.
    pub(super) fn start_within(config: &Config, changed: Changed, most: usize) -> io::Result<Self> {
        let begun = Instant::now();
        let roots: Arc<[Root]> = roots(config)?.into();
        let (stop, stopped) = bounded(0);
        let watch = Watch { config: config.clone(), roots, changed, stop: stopped, most };
        let source = if config.poll { watch.look() } else { watch.ask() };
        let (missing, folders): (Vec<_>, _) = match &source {
            Source::Told(tree) => (tree.missing().collect(), Some(tree.len())),
            Source::Looked(snapshot) => (snapshot.missing().collect(), None),
        };
        for root in missing {
            warn!(folder = %root.path.display(), "Folder to watch does not exist; it is watched once it does");
        }
        let milliseconds = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        info!(dirs = watch.names(), folders, milliseconds, "Watching files for changes");
        let thread = Builder::new().name("rr-watch".to_owned()).spawn(move || watch.run(source))?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.stop = None;
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            error!("Thread that watches files panicked");
        }
    }
}

// === impl Watch ===

impl Watch {
    fn names(&self) -> String {
        let names: Vec<_> = self.roots.iter().map(|root| root.path.display().to_string()).collect();
        names.join(", ")
    }

    /// Has the system tell of changes; looks if it cannot.
    fn ask(&self) -> Source {
        match Tree::new(&self.roots, self.most) {
            Ok(tree) => Source::Told(Box::new(tree)),
            Err(untold) => self.give_up(&untold),
        }
    }

    fn look(&self) -> Source {
        Source::Looked(Snapshot::new(&self.roots))
    }

    fn give_up(&self, untold: &Untold) -> Source {
        warn!(
            error = %untold,
            interval_seconds = self.config.interval.as_secs_f32(),
            "The system cannot tell of changed files, so they are looked at from time to time. Raise \
             fs.inotify.max_user_watches by sysctl, or name folders that need not be watched in watch.ignore"
        );
        self.look()
    }

    fn run(self, mut source: Source) {
        let (mut burst, mut restless) = (Burst::new(self.config.debounce), Restless::default());
        loop {
            match &mut source {
                Source::Told(tree) => {
                    let due = burst.due().map_or_else(never, at);
                    select! {
                        recv(self.stop) -> _ => return,
                        recv(tree.events) -> happened => {
                            let Ok(happened) = happened else {
                                // Its thread has ended, which it does not by itself. Nobody knows since when.
                                (self.changed)(self.roots.iter().map(|root| root.path.clone()).collect());
                                source = self.give_up(&Untold::Failed(io::ErrorKind::BrokenPipe.into()));
                                continue;
                            };
                            if tree.heed(happened, &mut burst.paths) {
                                burst.grow(Instant::now());
                            }
                            continue;
                        }
                        recv(due) -> _ => {}
                    }
                    if tree.is_stale()
                        && let Err(untold) = tree.renew(self.most, &mut burst.paths)
                    {
                        source = self.give_up(&untold);
                    }
                }
                Source::Looked(snapshot) => {
                    select! {
                        recv(self.stop) -> _ => return,
                        recv(after(self.config.interval)) -> _ => burst.paths.extend(snapshot.look()),
                    }
                }
            }
            let paths = burst.take();
            if let Some(file) = restless.note(&paths, Instant::now()) {
                warn!(
                    file = %file.display(),
                    "A file changes again and again: if the application writes it, name it in watch.ignore"
                );
            }
            if !paths.is_empty() {
                (self.changed)(paths);
            }
        }
    }
}
