//! An application that is deployed by a symbolic link to one of its releases, each in a directory that never changes.

use std::{
    collections::HashSet,
    fs,
    os::unix::fs::symlink,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use super::{Load, Server, client::Response, server::Builder, signal, until};

/// The application below one directory: `releases/<number>`, and `current` that leads to one of them.
pub struct Site(PathBuf);

impl Site {
    /// The script of a release: says its number, and those of a file beside it, of one that the first request includes, and of
    /// those that are found by the link and by the working directory.
    pub const WORKER: &'static str = r#"<?php
$first = '{release}';
require __DIR__ . '/second.php';
require '{root}/current/fourth.php';
$worker = new RoadRunner\Worker();
while ($request = $worker->waitRequest()) {
    if (!isset($third)) {
        require __DIR__ . '/third.php';
    }
    $worker->respond(200, "$first $second $third $fourth");
}
"#;

    /// A server whose script is `current/worker.php`, of release 1.
    pub fn new() -> (Self, Builder) {
        let builder = Server::of("");
        let site = Self(builder.directory().to_owned());
        site.release(1);
        site.switch(1);
        // Files that are just being written are not put into opcache otherwise.
        (site, builder.script("current/worker.php").ini("opcache.file_update_protection=0"))
    }

    fn path(&self, release: usize) -> PathBuf {
        self.0.join(format!("releases/{release}"))
    }

    /// Writes a file of a release; `{release}` and `{root}` stand for its number and the directory of the site.
    pub fn file(&self, release: usize, name: &str, text: &str) {
        let path = self.path(release);
        fs::create_dir_all(&path).unwrap();
        let text = text.replace("{release}", &release.to_string()).replace("{root}", self.0.to_str().unwrap());
        fs::write(path.join(name), text).unwrap();
    }

    /// Removes a file of a release.
    pub fn remove(&self, release: usize, name: &str) {
        fs::remove_file(self.path(release).join(name)).unwrap();
    }

    /// Removes a release that nothing leads to.
    pub fn remove_release(&self, release: usize) {
        fs::remove_dir_all(self.path(release)).unwrap();
    }

    /// Writes a whole release.
    pub fn release(&self, release: usize) {
        self.file(release, "worker.php", Self::WORKER);
        for name in ["second", "third", "fourth"] {
            self.file(release, &format!("{name}.php"), &format!("<?php ${name} = '{{release}}';"));
        }
    }

    /// Lets the link lead to a release, in one step.
    pub fn switch(&self, release: usize) {
        let new = self.0.join("new");
        symlink(self.path(release), &new).unwrap();
        fs::rename(new, self.0.join("current")).unwrap();
    }

    /// The number of the release that an answer is of, if it is of one alone.
    pub fn whole(answer: &Response) -> Option<usize> {
        let text = answer.text();
        let mut numbers = text.split(' ').map(str::parse);
        let first = numbers.next()?.ok()?;
        (numbers.clone().count() == 3 && numbers.all(|other| other == Ok(first))).then_some(first)
    }
}

/// So many clients, whose answers must each be of one release: that of `deployed` at the time of the request, or a later
/// one.
pub fn load(server: &Server, clients: usize, deployed: &Arc<AtomicUsize>) -> Load {
    let deployed = Arc::clone(deployed);
    let target = move |_| format!("/{}", deployed.load(Ordering::Relaxed));
    Load::checked(server.address, clients, target, |target, answer| {
        Site::whole(answer).is_some_and(|release| target[1..].parse().is_ok_and(|oldest: usize| release >= oldest))
    })
}

/// Reloads of every pool that have come to their end.
pub fn reloads(server: &Server) -> usize {
    server.log().matches(" Reloaded ").count()
}

/// Tells `process` of `server` to reload, and waits until it has.
#[track_caller]
pub fn reload(server: &Server, process: u32) {
    let before = reloads(server);
    signal(process, libc::SIGHUP);
    until("the code is reloaded", || {
        assert!(!server.log().contains("Reload failed"), "{}", server.log());
        reloads(server) > before
    });
}

/// The fewest workers that were ready at a time, once there were `size`: by the log at level debug, in which a worker is
/// ready before another one is told to leave.
pub fn fewest_ready(log: &str, size: usize) -> usize {
    let (mut ready, mut fewest) = (HashSet::new(), None);
    for line in log.lines() {
        let Some((_, rest)) = line.split_once(" worker=") else { continue };
        let name = rest.split_whitespace().next().unwrap_or_default();
        if line.contains(" Worker ready ") {
            ready.insert(name);
        } else if line.contains(" Worker leaves ") {
            ready.remove(name);
        }
        if ready.len() >= size || fewest.is_some() {
            fewest = Some(fewest.unwrap_or(size).min(ready.len()));
        }
    }
    fewest.unwrap_or_default()
}
