//! A real browser.

use std::{
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
};

/// A browser with one page, gone with this value.
pub struct Browser {
    process: Child,
    profile: PathBuf,
}

impl Browser {
    /// Opens the first page of a server. `None`: there is no browser on this machine, which is said.
    pub fn open(address: SocketAddr) -> Option<Self> {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let chromium = Command::new("chromium").arg("--version").output();
        if !chromium.is_ok_and(|output| output.status.success()) {
            eprintln!("skipped: there is no chromium (Debian package chromium)");
            return None;
        }
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let profile = std::env::temp_dir().join(format!("rr-browser-{}-{number}", std::process::id()));
        let process = Command::new("chromium")
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"])
            .args(["--disable-background-networking", "--disable-component-update", "--remote-debugging-port=0"])
            .arg(format!("--user-data-dir={}", profile.display()))
            .arg(format!("http://{address}/"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Some(Self { process, profile })
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.profile);
    }
}
