//! Settings of the control surface (section `rpc`).

use std::{net::ToSocketAddrs, path::PathBuf};

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

    /// `rpc.allow`: methods that may be called over TCP although nobody is asked there who they are: `service.Create`, which
    /// starts programs, and those that workers have registered. Over a unix socket all may be.
    ///
    /// Default: none. In RoadRunner all may be called by everybody.
    pub allow: Vec<String>,

    /// What the name of the socket is made of that stands in for `listen`: the path of the configuration file, else the
    /// working directory. `None`: nothing stands in.
    ///
    /// Not part of the file.
    pub place: Option<PathBuf>,
}

/// Writes an address as `rpc.listen` and the variable `RR_RPC` have it.
pub fn shown(address: &Address) -> String {
    match address {
        Address::Tcp(address) => format!("tcp://{address}"),
        Address::Unix(path) => format!("unix://{}", path.display()),
    }
}

/// Reads an address as the variable `RR_RPC` has it.
pub fn told(text: &str) -> Option<Vec<Address>> {
    if let Some(address) = Address::unix(text) {
        return Some(vec![address]);
    }
    let addresses: Vec<_> = text.strip_prefix("tcp://")?.to_socket_addrs().ok()?.map(Address::from).collect();
    (!addresses.is_empty()).then_some(addresses)
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
        section.finish(problems);
        Self { listen, insecure, allow, place: None }
    }
}
