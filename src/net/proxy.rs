//! The PROXY protocol: a header in front of a connection, by which a proxy says whose connection it passes on.
//!
//! Both versions of the specification (<https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt>). Whoever can send
//! such a header can claim any address, so it is read only where it is configured, and there it must stand.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// First bytes of version 2.
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// First bytes of version 1.
const WORD: &[u8; 6] = b"PROXY ";
/// Longest line of version 1, its end included.
const LINE: usize = 107;
/// Fixed part of version 2.
const FIXED: usize = 16;
/// Longest part that follows it: addresses, and what the proxy may add of its own, such as the client's certificate.
const MOST: usize = 16 * 1024;

/// A header while it arrives.
#[derive(Debug, Default)]
pub(super) struct Header {
    bytes: Vec<u8>,
}

/// What a header says of the ends of the connection that the proxy has accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ends {
    /// Nothing: the proxy speaks for itself, such as to see whether the server lives, or does not know. Those of the
    /// connection count.
    Own,
    /// The client's, and where it has connected to.
    Of {
        /// The client's end.
        remote: SocketAddr,
        /// The proxy's end.
        local: SocketAddr,
    },
    /// The client has connected to a unix socket.
    Unix,
}

/// Why what a connection begins with is no header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Malformed {
    /// It begins in another way.
    #[error("no PROXY protocol header")]
    Missing,
    /// Version 1, but not as it must be.
    #[error("malformed line of the PROXY protocol")]
    Line,
    /// Another version than 2 after the signature, or a command that version 2 does not have.
    #[error("unknown version or command of the PROXY protocol")]
    Version,
    /// An address family or protocol that version 2 does not have.
    #[error("unknown address family of the PROXY protocol")]
    Family,
    /// Its length is less than its addresses need.
    #[error("PROXY protocol header too short for its addresses")]
    Short,
    /// Its length is beyond what is read.
    #[error("PROXY protocol header too long")]
    Long,
    /// What the proxy has added does not end where the header does.
    #[error("malformed additions to the PROXY protocol header")]
    Additions,
}

// === impl Header ===

impl Header {
    /// Takes the next bytes of a connection. Returns how many of them belong to the header, and what it says once it is
    /// complete; until then all of them do.
    ///
    /// # Errors
    ///
    /// As soon as the bytes cannot become a header.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<(usize, Option<Ends>), Malformed> {
        let before = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        let Some(length) = length(&self.bytes)?.filter(|length| *length <= self.bytes.len()) else {
            return Ok((bytes.len(), None));
        };
        self.bytes.truncate(length);
        let ends = if self.bytes.starts_with(SIGNATURE) { binary(&self.bytes)? } else { line(&self.bytes)? };
        Ok((length - before, Some(ends)))
    }
}

/// How long the header is that begins so; `None`: that is yet to come.
fn length(bytes: &[u8]) -> Result<Option<usize>, Malformed> {
    let begins = |with: &[u8]| bytes.iter().zip(with).all(|(one, other)| one == other);
    if begins(SIGNATURE) {
        let Some(fixed) = bytes.get(..FIXED) else { return Ok(None) };
        let rest = usize::from(u16::from_be_bytes([fixed[14], fixed[15]]));
        return if rest <= MOST { Ok(Some(FIXED + rest)) } else { Err(Malformed::Long) };
    }
    if !begins(WORD) {
        return Err(Malformed::Missing);
    }
    match bytes.iter().take(LINE).position(|byte| *byte == b'\n') {
        Some(end) => Ok(Some(end + 1)),
        None if bytes.len() >= LINE => Err(Malformed::Long),
        None => Ok(None),
    }
}

/// Reads a whole line of version 1.
fn line(bytes: &[u8]) -> Result<Ends, Malformed> {
    let text = bytes.strip_suffix(b"\r\n").and_then(|line| std::str::from_utf8(line).ok()).ok_or(Malformed::Line)?;
    let mut words = text.split(' ').skip(1);
    let family = words.next();
    if family == Some("UNKNOWN") {
        // What follows is not for us.
        return Ok(Ends::Own);
    }
    let mut next = || words.next().ok_or(Malformed::Line);
    let (from, to) = (next()?, next()?);
    let (from_port, to_port) = (port(next()?)?, port(next()?)?);
    let address = |text: &str| match family {
        Some("TCP4") => text.parse::<Ipv4Addr>().map(IpAddr::from).map_err(|_| Malformed::Line),
        Some("TCP6") => text.parse::<Ipv6Addr>().map(IpAddr::from).map_err(|_| Malformed::Line),
        _ => Err(Malformed::Line),
    };
    let ends = Ends::of((address(from)?, from_port), (address(to)?, to_port));
    if words.next().is_some() { Err(Malformed::Line) } else { Ok(ends) }
}

/// A port as the specification has it: digits, without zeros in front.
fn port(text: &str) -> Result<u16, Malformed> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| plain).ok_or(Malformed::Line)
}

/// Reads a whole header of version 2.
fn binary(bytes: &[u8]) -> Result<Ends, Malformed> {
    let (command, family, rest) = (bytes[12], bytes[13], &bytes[FIXED..]);
    let ends = match (command, family) {
        // What a LOCAL header says of addresses is to be ignored.
        (0x20, _) | (0x21, 0x00) => return Ok(Ends::Own),
        // Of streams and of datagrams: a proxy may have been asked by QUIC.
        (0x21, 0x11 | 0x12) => (inet::<4>(rest)?, 12),
        (0x21, 0x21 | 0x22) => (inet::<16>(rest)?, 36),
        (0x21, 0x31 | 0x32) => (Ends::Unix, 216),
        (0x21, _) => return Err(Malformed::Family),
        _ => return Err(Malformed::Version),
    };
    let (ends, length) = ends;
    additions(rest.get(length..).ok_or(Malformed::Short)?)?;
    Ok(ends)
}

/// Reads two addresses of `N` bytes each, and their ports.
fn inet<const N: usize>(bytes: &[u8]) -> Result<Ends, Malformed>
where
    IpAddr: From<[u8; N]>,
{
    let (from, rest) = bytes.split_first_chunk::<N>().ok_or(Malformed::Short)?;
    let (to, rest) = rest.split_first_chunk::<N>().ok_or(Malformed::Short)?;
    let (from_port, rest) = rest.split_first_chunk().ok_or(Malformed::Short)?;
    let (to_port, _) = rest.split_first_chunk().ok_or(Malformed::Short)?;
    let ports = (u16::from_be_bytes(*from_port), u16::from_be_bytes(*to_port));
    Ok(Ends::of((IpAddr::from(*from), ports.0), (IpAddr::from(*to), ports.1)))
}

/// Checks what follows the addresses: type, length and value, again and again. None of it is used.
fn additions(mut bytes: &[u8]) -> Result<(), Malformed> {
    while let [_, high, low, rest @ ..] = bytes {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        bytes = rest.get(length..).ok_or(Malformed::Additions)?;
    }
    if bytes.is_empty() { Ok(()) } else { Err(Malformed::Additions) }
}

// === impl Ends ===

impl Ends {
    /// An IPv4 address that is written as one of IPv6 becomes what it is.
    fn of(remote: (IpAddr, u16), local: (IpAddr, u16)) -> Self {
        let end = |(address, port): (IpAddr, u16)| SocketAddr::new(address.to_canonical(), port);
        Self::Of { remote: end(remote), local: end(local) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(remote: &str, local: &str) -> Ends {
        Ends::Of { remote: remote.parse().unwrap(), local: local.parse().unwrap() }
    }

    /// A header of version 2.
    fn binary(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
        [SIGNATURE, [command, family].as_slice(), &length, rest].concat()
    }

    fn tcp4() -> Vec<u8> {
        [&[192, 0, 2, 7, 198, 51, 100, 9], 4711_u16.to_be_bytes().as_slice(), &443_u16.to_be_bytes()].concat()
    }

    fn tcp6() -> Vec<u8> {
        let addresses = ["2001:db8::7", "2001:db8::9"].map(|text| text.parse::<Ipv6Addr>().unwrap().octets()).concat();
        [&addresses, 4711_u16.to_be_bytes().as_slice(), &443_u16.to_be_bytes()].concat()
    }

    /// Headers and what they say.
    fn good() -> Vec<(Vec<u8>, Ends)> {
        let addition = [0x04, 0, 3, 1, 2, 3];
        let four = of("192.0.2.7:4711", "198.51.100.9:443");
        let six = of("[2001:db8::7]:4711", "[2001:db8::9]:443");
        let longest = format!("PROXY UNKNOWN {}\r\n", "f".repeat(LINE - 16));
        assert_eq!(longest.len(), LINE);
        vec![
            (b"PROXY TCP4 192.0.2.7 198.51.100.9 4711 443\r\n".to_vec(), four),
            (b"PROXY TCP6 2001:db8::7 2001:db8::9 4711 443\r\n".to_vec(), six),
            (b"PROXY TCP6 ::ffff:192.0.2.7 ::ffff:198.51.100.9 4711 443\r\n".to_vec(), four),
            (b"PROXY TCP4 255.255.255.255 0.0.0.0 65535 0\r\n".to_vec(), of("255.255.255.255:65535", "0.0.0.0:0")),
            (b"PROXY UNKNOWN\r\n".to_vec(), Ends::Own),
            (b"PROXY UNKNOWN ffff::1 whatever 1 2\r\n".to_vec(), Ends::Own),
            (longest.into_bytes(), Ends::Own),
            (binary(0x21, 0x11, &tcp4()), four),
            (binary(0x21, 0x12, &tcp4()), four),
            (binary(0x21, 0x21, &tcp6()), six),
            (binary(0x21, 0x11, &[tcp4().as_slice(), &addition, &addition].concat()), four),
            (binary(0x21, 0x21, &[tcp6(), [&[0x20, 0x3f, 0xd9], [7; MOST - 39].as_slice()].concat()].concat()), six),
            (binary(0x21, 0x31, &[b'/'; 216]), Ends::Unix),
            (binary(0x21, 0x00, &[]), Ends::Own),
            (binary(0x21, 0x00, b"anything"), Ends::Own),
            (binary(0x20, 0x00, &[]), Ends::Own),
            (binary(0x20, 0x11, &tcp4()), Ends::Own),
            (binary(0x20, 0xff, b"x"), Ends::Own),
        ]
    }

    #[test]
    fn headers_say_whose_connection_it_is() {
        for (header, ends) in good() {
            let taken = Header::default().take(&header);
            assert_eq!(taken, Ok((header.len(), Some(ends))), "{:?}", header.escape_ascii().to_string());
        }
    }

    #[test]
    fn what_follows_is_left() {
        for (header, ends) in good() {
            let bytes = [header.as_slice(), b"GET / HTTP/1.1\r\n\r\nPROXY TCP4"].concat();
            assert_eq!(Header::default().take(&bytes), Ok((header.len(), Some(ends))));
        }
    }

    #[test]
    fn headers_may_arrive_in_any_pieces() {
        for (header, ends) in good().into_iter().filter(|(header, _)| header.len() < 1000) {
            for step in [1, 2, 7, 15] {
                let mut arriving = Header::default();
                let mut said = None;
                for piece in header.chunks(step) {
                    assert_eq!(said, None);
                    let (taken, ends) = arriving.take(piece).unwrap();
                    assert_eq!(taken, piece.len());
                    said = ends;
                }
                assert_eq!(said, Some(ends), "{:?}", header.escape_ascii().to_string());
            }
        }
    }

    #[test]
    fn what_is_no_header_is_refused() {
        use Malformed::{Additions, Family, Line, Long, Missing, Short, Version};
        let too_long = format!("PROXY UNKNOWN {}\r\n", "f".repeat(LINE - 15));
        let line = |text: &str| format!("PROXY {text}\r\n").into_bytes();
        let cases: Vec<(Vec<u8>, Malformed)> = vec![
            (b"GET / HTTP/1.1\r\n".to_vec(), Missing),
            (b"proxy TCP4 1.2.3.4 1.2.3.4 1 2\r\n".to_vec(), Missing),
            (b"PROXY\tTCP4 1.2.3.4 1.2.3.4 1 2\r\n".to_vec(), Missing),
            (b" PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\n".to_vec(), Missing),
            (b"\r\n\r\nGET / HTTP/1.1\r\n".to_vec(), Missing),
            (b"\x16\x03\x01".to_vec(), Missing),
            (too_long.into_bytes(), Long),
            (vec![b'P'; 200], Missing),
            ([b"PROXY ", [b'x'; 101].as_slice()].concat(), Long),
            (b"PROXY UNKNOWN\n".to_vec(), Line),
            (line(""), Line),
            (line("TCP4"), Line),
            (line("TCP5 1.2.3.4 1.2.3.4 1 2"), Line),
            (line("TCP4 1.2.3.4 1.2.3.4 1"), Line),
            (line("TCP4 1.2.3.4 1.2.3.4 1 2 3"), Line),
            (line("TCP4 1.2.3.4 1.2.3.4 1 2 "), Line),
            (line("TCP4  1.2.3.4 1.2.3.4 1 2"), Line),
            (line("TCP4 1.2.3.4 1.2.3.4 1 65536"), Line),
            (line("TCP4 1.2.3.4 1.2.3.4 01 2"), Line),
            (line("TCP4 1.2.3.4 1.2.3.4 +1 2"), Line),
            (line("TCP4 1.2.3.4 1.2.3.4 -1 2"), Line),
            (line("TCP4 1.2.3 1.2.3.4 1 2"), Line),
            (line("TCP4 1.2.3.04 1.2.3.4 1 2"), Line),
            (line("TCP4 ::1 ::1 1 2"), Line),
            (line("TCP6 1.2.3.4 1.2.3.4 1 2"), Line),
            (line("TCP6 [::1] ::1 1 2"), Line),
            (line("TCP6 fe80::1%eth0 ::1 1 2"), Line),
            (line("TCP4 1.2.3.4 1.2.3.4 1 2\r"), Line),
            (line("TCP4 1.2.3.4 1.2.3.\u{fe}4 1 2"), Line),
            (line("UNKNOWNS"), Line),
            (binary(0x11, 0x11, &tcp4()), Version),
            (binary(0x31, 0x11, &tcp4()), Version),
            (binary(0x22, 0x11, &tcp4()), Version),
            (binary(0x21, 0x10, &tcp4()), Family),
            (binary(0x21, 0x41, &tcp4()), Family),
            (binary(0x21, 0x01, &tcp4()), Family),
            (binary(0x21, 0x11, &tcp4()[..11]), Short),
            (binary(0x21, 0x21, &tcp6()[..35]), Short),
            (binary(0x21, 0x31, &[0; 215]), Short),
            (binary(0x21, 0x11, &[]), Short),
            (binary(0x21, 0x11, &[tcp4().as_slice(), &[4]].concat()), Additions),
            (binary(0x21, 0x11, &[tcp4().as_slice(), &[4, 0]].concat()), Additions),
            (binary(0x21, 0x11, &[tcp4().as_slice(), &[4, 0, 2, 1]].concat()), Additions),
            (binary(0x21, 0x11, &[tcp4().as_slice(), &[4, 255, 255, 1]].concat()), Additions),
            (binary(0x21, 0x11, &[0; MOST + 1]), Long),
            (binary(0x20, 0x00, &[0; MOST + 1]), Long),
        ];
        for (bytes, why) in cases {
            let text = bytes.escape_ascii().to_string();
            assert_eq!(Header::default().take(&bytes), Err(why), "{text}");
            // By single bytes, no more is held than is needed to know.
            let mut arriving = Header::default();
            let refused = bytes.iter().find_map(|byte| arriving.take(&[*byte]).err());
            assert_eq!(refused, Some(why), "{text}");
            assert!(arriving.bytes.len() <= FIXED + MOST, "{text}");
        }
    }
}
