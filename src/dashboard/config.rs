//! Settings of the live page (section `dashboard`).

use crate::{
    config::{Problems, Section},
    net::Address,
};

/// Settings of the live page (section `dashboard`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// `dashboard.address`: where the page is served, `host:port` or `unix:/path`. A name may have several addresses.
    ///
    /// Default: nowhere.
    pub addresses: Vec<Address>,

    /// `dashboard.insecure`: whether it may be an address that other machines can reach: the page asks nobody who they are.
    ///
    /// Default: `false`.
    pub insecure: bool,

    /// `dashboard.hosts`: names by which browsers may come, beside `localhost` and addresses in numbers.
    ///
    /// Default: none.
    pub hosts: Vec<String>,
}

// === impl Config ===

impl Config {
    /// Reads the section; what is wrong is added to `problems` and read as the default.
    pub fn read(mut section: Section<'_>, problems: &mut Problems) -> Self {
        let insecure = section.boolean("insecure", problems).unwrap_or_default();
        let addresses = section.address("address", problems).unwrap_or_default();
        let reachable = |address: &Address| address.tcp().is_some_and(|address| !address.ip().is_loopback());
        if !insecure && addresses.iter().any(reachable) {
            let message = "can be reached from other machines, and the page asks nobody who they are: name 127.0.0.1 or a \
                           unix socket, or say dashboard.insecure: true";
            section.report("address", message, problems);
        }
        let hosts = section.texts("hosts", problems).unwrap_or_default();
        let is_name = |host: &String| !host.is_empty() && !host.contains([':', '/', '*', ' ']);
        if !hosts.iter().all(is_name) {
            section.report("hosts", "must be names of hosts, without port or scheme", problems);
        }
        section.finish(problems);
        Self { addresses, insecure, hosts }
    }
}
