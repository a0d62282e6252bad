//! Tests of what needs no connection.

#[allow(dead_code, unreachable_pub, reason = "shared with other tests")]
#[path = "../../tests/support/pki.rs"]
mod pki;

mod contents;
mod files;
mod names;
mod reload;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use super::{Acceptor, ClientAuth, Config, Pair};

/// A folder of its own, gone with this value.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("rr-tls-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        pki::replace(&path, text);
        path
    }

    fn pair(&self, name: &str) -> Pair {
        Pair { certificate: self.0.join(format!("{name}.crt")), key: self.0.join(format!("{name}.key")) }
    }

    /// What `new` says of these settings: nothing, or why not.
    fn verdict(&self, config: &Config) -> String {
        let folder = format!("{}/", self.0.display());
        Acceptor::new(config, &[]).err().map_or(String::new(), |error| error.to_string().replace(&folder, ""))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn config(pairs: impl IntoIterator<Item = Pair>) -> Config {
    Config { pairs: pairs.into_iter().collect(), root_ca: None, client_auth: ClientAuth::None }
}

fn with_authorities(mut config: Config, file: &Path) -> Config {
    (config.root_ca, config.client_auth) = (Some(file.to_owned()), ClientAuth::RequireAndVerify);
    config
}
