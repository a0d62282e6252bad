//! The client's address as the proxies before us say it (middleware `proxy_ip_parser`).
//!
//! Anybody can write these headers. They count only if the connection comes from a trusted address, and of the addresses
//! that they list only the right-most one that is not trusted itself: a trusted proxy has added it. What stands to the
//! left of it, the client may have made up.

use std::{
    borrow::Cow,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    str::FromStr,
};

use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{FORWARDED, GetAll},
};

use super::head::Refusal;
use crate::{
    config::{Problems, Section},
    net::Peer,
};

/// How a connection over a unix socket is named in `http.trusted_subnets`.
const UNIX: &str = "unix";
/// `http.trusted_subnets` by default.
const SUBNETS: [&str; 8] =
    ["10.0.0.0/8", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7", "fe80::/10", UNIX];
/// `http.trusted_headers` by default.
const HEADERS: [HeaderName; 5] = [
    FORWARDED,
    X_FORWARDED_FOR,
    HeaderName::from_static("x-real-ip"),
    HeaderName::from_static("true-client-ip"),
    HeaderName::from_static("cf-connecting-ip"),
];
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The proxies before us (`http.trusted_subnets`, `http.trusted_headers`).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Proxies {
    /// `http.trusted_subnets`: addresses whose headers are believed, as `address/bits` or a single address.
    ///
    /// Default: private, loopback and link-local ones.
    pub subnets: Vec<Subnet>,

    /// The same for connections over a unix socket, which have no address: the word `unix` among the subnets.
    ///
    /// Default: true.
    pub unix: bool,

    /// `http.trusted_headers`: the headers that are asked, in this order; the first that a request has decides.
    ///
    /// Default: `Forwarded`, `X-Forwarded-For`, `X-Real-IP`, `True-Client-IP`, `CF-Connecting-IP`.
    pub headers: Vec<HeaderName>,
}

/// Addresses that start with the same bits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Subnet {
    network: IpAddr,
    bits: u32,
}

/// Text is no subnet.
#[derive(Debug, thiserror::Error)]
#[error("not an address, or an address and a number of bits")]
pub struct NoSubnet;

/// A `Forwarded` header that cannot be taken apart.
struct Malformed;

// === impl Proxies ===

impl Default for Proxies {
    fn default() -> Self {
        let subnets = SUBNETS.iter().filter_map(|text| text.parse().ok()).collect();
        Self { subnets, unix: true, headers: HEADERS.to_vec() }
    }
}

impl Proxies {
    /// Reads the keys; what is wrong is added to `problems` and read as the default.
    pub(super) fn read(section: &mut Section<'_>, problems: &mut Problems) -> Self {
        let mut proxies = Self::default();
        let subnet = |text: &str| if text == UNIX { Some(None) } else { text.parse().ok().map(Some) };
        if let Some(subnets) = section.parsed("trusted_subnets", "address/bits, an address or unix", problems, subnet) {
            proxies.unix = subnets.contains(&None);
            proxies.subnets = subnets.into_iter().flatten().collect();
        }
        let headers = section.parsed("trusted_headers", "the name of a header", problems, |text| text.parse().ok());
        if let Some(headers) = headers.filter(|headers| !headers.is_empty()) {
            proxies.headers = headers;
        }
        proxies
    }

    /// Returns the connection as it would be without the proxies: its remote end is the client, with port 0 if that is
    /// not known.
    ///
    /// # Errors
    ///
    /// When a `Forwarded` header of a trusted proxy is malformed, so that it is in doubt which address is whose.
    pub(super) fn resolve(&self, peer: Peer, headers: &HeaderMap) -> Result<Peer, Refusal> {
        if !peer.remote.map_or(self.unix, |remote| self.trusts(remote.ip())) {
            return Ok(peer);
        }
        for name in &self.headers {
            let values = headers.get_all(name);
            if values.iter().all(HeaderValue::is_empty) {
                continue;
            }
            let client = if *name == FORWARDED {
                self.forwarded(&values)
                    .map_err(|Malformed| (StatusCode::BAD_REQUEST, "The Forwarded header is malformed\n"))?
            } else if *name == X_FORWARDED_FOR {
                let hops = values.iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
                hops.map(<[u8]>::trim_ascii)
                    .filter(|hop| !hop.is_empty())
                    .fold(None, |client, hop| self.follow(client, address(hop)))
            } else {
                let mut values = values.iter();
                let first = values.next().and_then(|value| address(value.as_bytes().trim_ascii()));
                first.filter(|_| values.next().is_none())
            };
            return Ok(Peer { remote: client.or(peer.remote), ..peer });
        }
        Ok(peer)
    }

    fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.subnets.iter().any(|subnet| subnet.contains(address))
    }

    /// The client, if the hops so far say that it is `client` and the next one is `hop`. A hop that hides its address ends
    /// the chain: what it says of others is not known to come from a trusted proxy.
    fn follow(&self, client: Option<SocketAddr>, hop: Option<SocketAddr>) -> Option<SocketAddr> {
        let hop = hop?;
        if self.trusts(hop.ip()) { client.or(Some(hop)) } else { Some(hop) }
    }

    /// RFC 7239 section 4: elements with commas between them, each with parameters.
    fn forwarded(&self, values: &GetAll<'_, HeaderValue>) -> Result<Option<SocketAddr>, Malformed> {
        let mut client = None;
        for value in values {
            let mut rest = value.as_bytes();
            loop {
                let (element, behind) = element(rest)?;
                if let Element::With(hop) = element {
                    client = self.follow(client, hop);
                }
                let Some(behind) = behind else { break };
                rest = behind;
            }
        }
        Ok(client)
    }
}

/// An element of `Forwarded`.
enum Element {
    /// Nothing between two commas.
    Empty,
    /// What it is `for`, if that is an address.
    With(Option<SocketAddr>),
}

/// Reads an element, and returns what is behind its comma.
fn element(text: &[u8]) -> Result<(Element, Option<&[u8]>), Malformed> {
    let (mut element, mut rest) = (Element::Empty, text);
    let mut known = false;
    loop {
        rest = rest.trim_ascii_start();
        let name = rest.iter().take_while(|byte| is_token(**byte)).count();
        if name > 0 {
            let (name, behind) = rest.split_at(name);
            let (value, behind) = value(behind.strip_prefix(b"=").ok_or(Malformed)?)?;
            if name.eq_ignore_ascii_case(b"for") {
                if std::mem::replace(&mut known, true) {
                    return Err(Malformed);
                }
                element = Element::With(node(&value));
            } else if let Element::Empty = element {
                element = Element::With(None);
            }
            rest = behind.trim_ascii_start();
        }
        match rest.split_first() {
            None => return Ok((element, None)),
            Some((b',', behind)) => return Ok((element, Some(behind))),
            Some((b';', behind)) => rest = behind,
            Some(_) => return Err(Malformed),
        }
    }
}

/// Reads a token or a quoted string.
fn value(text: &[u8]) -> Result<(Cow<'_, [u8]>, &[u8]), Malformed> {
    let Some(quoted) = text.strip_prefix(b"\"") else {
        let length = text.iter().take_while(|byte| is_token(**byte)).count();
        return if length > 0 { Ok((text[..length].into(), &text[length..])) } else { Err(Malformed) };
    };
    let mut value = Cow::Borrowed(&quoted[..0]);
    let mut bytes = quoted.iter().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'"' => return Ok((value, &quoted[at + 1..])),
            b'\\' => value.to_mut().push(*bytes.next().ok_or(Malformed)?.1),
            byte => match &mut value {
                Cow::Borrowed(value) => *value = &quoted[..=at],
                Cow::Owned(value) => value.push(*byte),
            },
        }
    }
    Err(Malformed)
}

/// RFC 9110 section 5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// RFC 7239 section 6: an address, with brackets if it is one of IPv6, and perhaps a port, which may be obfuscated.
/// `None` for `unknown` and other names.
fn node(text: &[u8]) -> Option<SocketAddr> {
    let text = str::from_utf8(text).ok()?;
    let (host, port) = if let Some(rest) = text.strip_prefix('[') {
        let (host, port) = rest.split_once(']')?;
        (IpAddr::V6(host.parse::<Ipv6Addr>().ok()?), port)
    } else {
        let (host, port) = text.split_at(text.find(':').unwrap_or(text.len()));
        (IpAddr::V4(host.parse::<Ipv4Addr>().ok()?), port)
    };
    let port = match port.strip_prefix(':') {
        None if port.is_empty() => 0,
        Some(port) if is_obfuscated(port) => 0,
        Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => port.parse().ok()?,
        _ => return None,
    };
    Some(SocketAddr::new(host.to_canonical(), port))
}

/// RFC 7239 section 6.3.
fn is_obfuscated(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    text.strip_prefix('_').is_some_and(|rest| !rest.is_empty() && rest.bytes().all(is_part))
}

/// Reads an address as the other headers have it: IPv6 may come without brackets, too.
fn address(text: &[u8]) -> Option<SocketAddr> {
    let bare = str::from_utf8(text).ok().and_then(|text| text.parse::<IpAddr>().ok());
    bare.map(|address| SocketAddr::new(address.to_canonical(), 0)).or_else(|| node(text))
}

// === impl Subnet ===

impl Subnet {
    /// Returns whether `address`, which must not be an IPv4 address in the clothes of IPv6, is one of them.
    pub(super) fn contains(&self, address: IpAddr) -> bool {
        match (self.network, address) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let differs = u32::from(network) ^ u32::from(address);
                differs.checked_shr(32 - self.bits).unwrap_or(0) == 0
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let differs = u128::from(network) ^ u128::from(address);
                differs.checked_shr(128 - self.bits).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

impl FromStr for Subnet {
    type Err = NoSubnet;

    fn from_str(text: &str) -> Result<Self, NoSubnet> {
        let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().map_err(|_| NoSubnet)?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            None => most,
            Some(bits) if bits.bytes().all(|byte| byte.is_ascii_digit()) => bits.parse().map_err(|_| NoSubnet)?,
            Some(_) => return Err(NoSubnet),
        };
        match (address.to_canonical(), bits) {
            (_, bits) if bits > most => Err(NoSubnet),
            // `::ffff:10.0.0.0/104` is `10.0.0.0/8`.
            (network @ IpAddr::V4(_), bits) if most == 128 && bits >= 96 => Ok(Self { network, bits: bits - 96 }),
            (IpAddr::V4(_), bits) if most == 128 => Ok(Self { network: address, bits }),
            (network, bits) => Ok(Self { network, bits }),
        }
    }
}

#[cfg(test)]
mod tests;
