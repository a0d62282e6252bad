//! What a server's process was given by those who started it.

use parking_lot::Mutex;

use super::{
    notify::{Notifier, Starter},
    original::Original,
};
use crate::{
    net::{FromManager, Inherited},
    process,
};

/// What a server's process was given by those who started it. The default: nothing, and nobody to tell.
#[derive(Debug)]
pub struct Origin {
    /// Listening sockets.
    pub inherited: Inherited,
    /// Who is told how the server is.
    pub notifier: Notifier,
    /// How the next generation is started, or why it cannot be.
    pub original: Result<Original, String>,
}

/// What [`claim`] has found.
static CLAIMED: Mutex<Option<(Option<Inherited>, Option<Starter>)>> = Mutex::new(None);

/// Takes what the generation before this one, or the parent process of `rr serve`, has left for this process, if they
/// have started it: before the script runs, whose children would inherit it. Does nothing in any other process.
///
/// For the time when there is one thread.
pub fn claim() {
    let starter = Starter::find();
    let inherited =
        process::take_variable(Inherited::VARIABLE).map(|text| Inherited::handed_over(&text.to_string_lossy()));
    if starter.is_some() || inherited.is_some() {
        *CLAIMED.lock() = Some((inherited, starter));
    }
}

// === impl Origin ===

impl Origin {
    /// Takes what is there for this process, and the variables that say so out of its environment.
    ///
    /// For the time when there is one thread.
    pub fn find() -> Self {
        let (inherited, starter) = CLAIMED.lock().take().unwrap_or_default();
        let original = Original::find();
        let mut inherited = inherited.unwrap_or_default();
        add_from_manager(&mut inherited);
        Self { inherited, notifier: Notifier::find(starter), original }
    }
}

impl Default for Origin {
    fn default() -> Self {
        Self {
            inherited: Inherited::default(),
            notifier: Notifier::default(),
            original: Err("it is not known how this process was started".to_owned()),
        }
    }
}

/// Takes the sockets that a service manager passes, and its variables out of the environment.
pub(crate) fn add_from_manager(inherited: &mut Inherited) {
    let take = |name| process::take_variable(name).and_then(|value| value.into_string().ok()).unwrap_or_default();
    let (process, count, names) = (take("LISTEN_PID"), take("LISTEN_FDS"), take("LISTEN_FDNAMES"));
    inherited.add_from_manager(FromManager { process: &process, count: &count, names: &names });
}
