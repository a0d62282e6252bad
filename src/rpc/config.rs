//! Settings of the control surface (section `rpc`).

use std::path::PathBuf;

use crate::{
    config::{Problems, Section},
    net::Address,
};

/// Methods that start programs: over TCP, where nobody is known, they must be allowed.
pub(super) const GUARDED: &[&str] = &["service.Create"];

/// Settings of the control surface (section `rpc`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// `rpc.listen`: where calls are taken, `tcp://host:port` or `unix:///path`. A name may have several addresses.
    ///
    /// Default: a unix socket whose name is made of `place`, in a folder that only the server's user can enter. In
    /// RoadRunner `tcp://127.0.0.1:6001`.
    pub listen: Option<Vec<Address>>,

    /// `rpc.insecure`: whether it may be an address that other machines can reach.
    ///
    /// Default: `false`.
    pub insecure: bool,

    /// `rpc.allow`: methods that may be called over TCP though they start programs: `service.Create`. Over a unix socket,
    /// which is the server's user's, they always may.
    ///
    /// Default: empty. In RoadRunner all may be called by everybody.
    pub allow: Vec<String>,

    /// What the name of the socket is made of that stands in for `listen`: the path of the configuration file, else the
    /// working directory. `None`: nothing stands in.
    ///
    /// Not part of the file.
    pub place: Option<PathBuf>,
}

// === impl Config ===

impl Config {
    /// Reads the section; what is wrong is added to `problems` and read as the default.
    pub fn read(mut section: Section<'_>, problems: &mut Problems) -> Self {
        let insecure = section.boolean("insecure", problems).unwrap_or_default();
        let listen = section.socket("listen", problems);
        let reachable = |address: &Address| address.tcp().is_some_and(|address| !address.ip().is_loopback());
        if !insecure && listen.iter().flatten().any(reachable) {
            let message = "can be reached from other machines, and whoever reaches it controls the server: name 127.0.0.1 \
                           or a unix socket, or say rpc.insecure: true";
            section.report("listen", message, problems);
        }
        let allow = section.texts("allow", problems).unwrap_or_default();
        if let Some(name) = allow.iter().find(|name| !GUARDED.contains(&name.as_str())) {
            let message = format!("\"{name}\" is no method that must be allowed: these are {}", GUARDED.join(", "));
            section.report("allow", &message, problems);
        }
        section.finish(problems);
        Self { listen, insecure, allow, place: None }
    }
}
