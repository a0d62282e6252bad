//! What inotify has to say, in our words.

use std::{
    io,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use crossbeam_channel::Sender;
use notify::{
    ErrorKind, Event, EventKind,
    event::{AccessKind, AccessMode, ModifyKind, RenameMode},
};
use thiserror::Error;

/// Why the system cannot tell of changes.
#[derive(Debug, Error)]
pub(super) enum Untold {
    /// Every watch that the user may have is taken.
    #[error("no more watches: fs.inotify.max_user_watches is reached")]
    Watches,
    #[error("{0}; fs.inotify.max_user_instances may be reached")]
    Failed(io::Error),
}

/// What has happened to an entry of a folder.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Happened {
    pub(super) path: PathBuf,
    pub(super) what: What,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum What {
    Appeared,
    Gone,
    Changed,
    /// Something else, of which nothing is known.
    Lost,
}

/// Passes on what is of interest. It must not wait: whoever reads the events asks the same thread for watches.
pub(super) fn handler(sender: Sender<Happened>, missed: Arc<AtomicBool>) -> impl FnMut(notify::Result<Event>) + Send {
    let mut last = None;
    move |event| {
        let what = match &event {
            Ok(event) if event.need_rescan() => What::Lost,
            Ok(event) => match event.kind {
                EventKind::Create(_) | EventKind::Modify(ModifyKind::Name(RenameMode::To)) => What::Appeared,
                EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(RenameMode::From)) => What::Gone,
                // It is told of as From and To before.
                EventKind::Modify(ModifyKind::Name(_)) => return,
                EventKind::Modify(_) | EventKind::Access(AccessKind::Close(AccessMode::Write)) => What::Changed,
                _ => return,
            },
            Err(_) => What::Lost,
        };
        if what == What::Lost {
            missed.store(true, Ordering::Release);
        }
        let path = event.ok().and_then(|event| event.paths.into_iter().next()).unwrap_or_default();
        let happened = Happened { path, what };
        // A file that is written piece by piece.
        if last.as_ref() == Some(&happened) && what == What::Changed && !sender.is_empty() {
            return;
        }
        last = Some(happened.clone());
        if sender.try_send(happened).is_err() {
            missed.store(true, Ordering::Release);
        }
    }
}

pub(super) fn is_vanished(error: &notify::Error) -> bool {
    match &error.kind {
        ErrorKind::PathNotFound => true,
        ErrorKind::Io(error) => {
            matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::PermissionDenied
            )
        }
        _ => false,
    }
}

pub(super) fn untold(error: notify::Error) -> Untold {
    match error.kind {
        ErrorKind::MaxFilesWatch => Untold::Watches,
        ErrorKind::Io(error) => Untold::Failed(error),
        _ => Untold::Failed(io::Error::other(error)),
    }
}
