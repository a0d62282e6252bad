//! Values that are written as text.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, ToSocketAddrs},
    path::PathBuf,
    time::Duration,
};

use crate::net::Address;

/// Parses where to listen; a name may have several addresses.
pub(super) fn addresses(text: &str) -> Option<Vec<Address>> {
    if let Some(Address::Unix(path)) = Address::unix(text) {
        return Some(vec![Address::Unix(absolute(path))]);
    }
    if let Some(port) = text.strip_prefix(':') {
        let port = port.parse().ok()?;
        return Some(vec![SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)).into()]);
    }
    // `localhost` may have an address of each family.
    let addresses: Vec<_> = text.to_socket_addrs().ok()?.map(Address::from).collect();
    (!addresses.is_empty()).then_some(addresses)
}

/// A path that means the same file for every process, and is the same for each of its spellings.
fn absolute(path: PathBuf) -> PathBuf {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => fs::canonicalize(folder),
        _ => std::env::current_dir(),
    };
    match (folder, path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        // It cannot be bound, which says why.
        _ => path,
    }
}

/// Parses permissions of a file, as `chmod` takes them.
pub(super) fn mode(text: &str) -> Option<u32> {
    let digits = text.bytes().all(|byte| matches!(byte, b'0'..=b'7'));
    u32::from_str_radix(text, 8).ok().filter(|mode| digits && *mode <= 0o777)
}

/// Parses a duration by the rules of Go's `time.ParseDuration`; negative ones are refused.
pub(super) fn duration(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let mut rest = text;
    let mut total = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|character: char| !character.is_ascii_digit() && character != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let unit = rest.find(|character: char| character.is_ascii_digit() || character == '.').unwrap_or(rest.len());
        let seconds = match &rest[..unit] {
            "ns" => 1e-9,
            "us" | "µs" | "μs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        rest = &rest[unit..];
        total += number * seconds;
    }
    (!text.is_empty()).then(|| Duration::try_from_secs_f64(total).ok()).flatten()
}
