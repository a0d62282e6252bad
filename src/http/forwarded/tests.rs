use super::*;

const PROXY: &str = "10.0.0.1:4000";

/// Which client a request is from that comes over a connection from `peer` with these headers.
fn resolved(proxies: &Proxies, peer: Option<&str>, headers: &[(&str, &str)]) -> Result<String, StatusCode> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(name.parse::<HeaderName>().unwrap(), HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    let peer = Peer { remote: peer.map(|peer| peer.parse().unwrap()), local: None };
    let resolved = proxies.resolve(peer, &map).map_err(|(status, _)| status)?;
    Ok(resolved.remote.map_or("unix:".to_owned(), |remote| remote.to_string()))
}

/// The same from a trusted proxy.
#[track_caller]
fn client(headers: &[(&str, &str)]) -> String {
    resolved(&Proxies::default(), Some(PROXY), headers).unwrap()
}

#[track_caller]
fn forwarded(value: &str) -> String {
    client(&[("forwarded", value)])
}

#[track_caller]
fn x_forwarded_for(value: &str) -> String {
    client(&[("x-forwarded-for", value)])
}

fn subnet(text: &str) -> Subnet {
    text.parse().unwrap()
}

#[test]
fn only_trusted_peers_are_believed() {
    let headers = [("x-forwarded-for", "192.0.2.1"), ("forwarded", "for=\"")];
    let defaults = Proxies::default();
    for stranger in ["192.0.2.99:1", "172.32.0.1:1", "[2001:db8::1]:1", "[::ffff:192.0.2.9]:1"] {
        assert_eq!(resolved(&defaults, Some(stranger), &headers).unwrap(), stranger);
    }
    let headers = [("x-forwarded-for", "192.0.2.1")];
    for proxy in ["127.0.0.1:1", "172.31.255.255:1", "[::1]:1", "[fd00::1]:1", "[fe80::1]:1", "[::ffff:10.0.0.1]:1"] {
        assert_eq!(resolved(&defaults, Some(proxy), &headers).unwrap(), "192.0.2.1:0", "{proxy}");
    }
    assert_eq!(resolved(&defaults, None, &headers).unwrap(), "192.0.2.1:0");
    let strangers_at_the_socket = Proxies { unix: false, ..Proxies::default() };
    assert_eq!(resolved(&strangers_at_the_socket, None, &headers).unwrap(), "unix:");
}

#[test]
fn the_right_most_address_that_is_not_trusted_counts() {
    assert_eq!(x_forwarded_for("192.0.2.1"), "192.0.2.1:0");
    assert_eq!(x_forwarded_for("198.51.100.7, 192.0.2.1"), "192.0.2.1:0");
    assert_eq!(x_forwarded_for("198.51.100.7, 192.0.2.1, 10.0.0.2,127.0.0.1"), "192.0.2.1:0");
    assert_eq!(x_forwarded_for("10.9.9.9, 192.0.2.1, 10.0.0.2"), "192.0.2.1:0");
    // A client of the inner network.
    assert_eq!(x_forwarded_for("10.0.0.3, 10.0.0.2"), "10.0.0.3:0");
    assert_eq!(client(&[("x-forwarded-for", "192.0.2.1"), ("x-forwarded-for", "192.0.2.2, 10.0.0.2")]), "192.0.2.2:0");
    assert_eq!(client(&[("x-forwarded-for", "192.0.2.1"), ("x-forwarded-for", "10.0.0.2")]), "192.0.2.1:0");
    assert_eq!(forwarded("for=198.51.100.7, for=192.0.2.1;proto=https, for=10.0.0.2"), "192.0.2.1:0");
}

#[test]
fn an_address_that_cannot_be_read_ends_the_chain() {
    for odd in ["unknown", "_hidden", "evil", "1.2.3", "1.2.3.4.5", "01.2.3.4", "1.2.3.4:99999", "[::1", "::g", "unix:"]
    {
        assert_eq!(x_forwarded_for(odd), PROXY, "{odd}");
        assert_eq!(x_forwarded_for(&format!("192.0.2.1, {odd}")), PROXY, "{odd}");
        assert_eq!(x_forwarded_for(&format!("192.0.2.1, {odd}, 10.0.0.2")), "10.0.0.2:0", "{odd}");
        assert_eq!(x_forwarded_for(&format!("{odd}, 192.0.2.2")), "192.0.2.2:0", "{odd}");
    }
    assert_eq!(forwarded("for=192.0.2.1, for=unknown"), PROXY);
    assert_eq!(forwarded("for=192.0.2.1, proto=https"), PROXY);
    assert_eq!(forwarded("for=_x, for=10.0.0.2"), "10.0.0.2:0");
}

#[test]
fn addresses_come_with_and_without_ports_and_brackets() {
    for (written, address) in [
        ("192.0.2.1:4711", "192.0.2.1:4711"),
        ("2001:db8::17", "[2001:db8::17]:0"),
        ("[2001:db8::17]", "[2001:db8::17]:0"),
        ("[2001:DB8::17]:4711", "[2001:db8::17]:4711"),
        ("::ffff:192.0.2.1", "192.0.2.1:0"),
        (" 192.0.2.1\t", "192.0.2.1:0"),
        (",, 192.0.2.1 ,", "192.0.2.1:0"),
    ] {
        assert_eq!(x_forwarded_for(written), address, "{written}");
    }
}

#[test]
fn forwarded_has_the_grammar_of_its_rfc() {
    for (written, address) in [
        ("for=192.0.2.43", "192.0.2.43:0"),
        ("For=\"192.0.2.43\"", "192.0.2.43:0"),
        ("FOR=\"192.0.2.43:47011\"", "192.0.2.43:47011"),
        ("for=\"[2001:db8:cafe::17]:4711\"", "[2001:db8:cafe::17]:4711"),
        ("for=\"[2001:db8:cafe::17]\"", "[2001:db8:cafe::17]:0"),
        ("for=\"192.0.2.43:_port\"", "192.0.2.43:0"),
        ("for=\"[2001:db8::1]:_a.b-c\"", "[2001:db8::1]:0"),
        ("for=\"\\1\\92.0.2.43\"", "192.0.2.43:0"),
        ("for=192.0.2.60;proto=http;by=203.0.113.43", "192.0.2.60:0"),
        ("by=203.0.113.43;host=\"a,b;c\\\"d\";for=192.0.2.60", "192.0.2.60:0"),
        ("for=192.0.2.60 ; proto=http ,, ;", PROXY),
        ("for=192.0.2.60 ; proto=http ,,", "192.0.2.60:0"),
        (";for=192.0.2.60;", "192.0.2.60:0"),
        ("secret=\"\";for=192.0.2.60", "192.0.2.60:0"),
        // These are no addresses.
        ("for=unknown", PROXY),
        ("for=_SEVKISEK", PROXY),
        ("for=\"_gazonk:80\"", PROXY),
        ("for=workstation", PROXY),
        ("for=\"\"", PROXY),
        ("for=\"2001:db8::17\"", PROXY),
        ("for=\"[192.0.2.43]\"", PROXY),
        ("for=\"192.0.2.43:\"", PROXY),
        ("for=\"192.0.2.43:+1\"", PROXY),
        ("for=\"192.0.2.43:_\"", PROXY),
        ("for=\"192.0.2.43:99999\"", PROXY),
    ] {
        if written == "for=192.0.2.60 ; proto=http ,, ;" {
            // An element of nothing but separators says nothing.
            assert_eq!(forwarded(written), "192.0.2.60:0");
            continue;
        }
        assert_eq!(forwarded(written), address, "{written}");
    }
}

#[test]
fn a_malformed_forwarded_header_is_refused() {
    for written in [
        "for=\"192.0.2.1",
        // What a proxy appends must not vanish in a quoted string of the client's.
        "for=\"x, for=192.0.2.1",
        "for=\"x\\",
        "for",
        "for=",
        "for=,for=192.0.2.1",
        "=192.0.2.1",
        "for =192.0.2.1",
        "for= 192.0.2.1",
        "for=192.0.2.1 for=192.0.2.2",
        "for=192.0.2.1;for=192.0.2.2",
        "for=[2001:db8::1]",
        "for=192.0.2.1:80",
        "for=\"192.0.2.1\"x",
        "(for=192.0.2.1)",
        "f\u{f6}r=192.0.2.1",
    ] {
        let refused = resolved(&Proxies::default(), Some(PROXY), &[("forwarded", written)]);
        assert_eq!(refused, Err(StatusCode::BAD_REQUEST), "{written}");
    }
    let lines = [("forwarded", "for=192.0.2.1"), ("forwarded", "for=\"")];
    assert_eq!(resolved(&Proxies::default(), Some(PROXY), &lines), Err(StatusCode::BAD_REQUEST));
}

#[test]
fn the_first_header_that_is_there_decides() {
    assert_eq!(client(&[("x-real-ip", "192.0.2.2"), ("x-forwarded-for", "192.0.2.1")]), "192.0.2.1:0");
    assert_eq!(client(&[("x-real-ip", "192.0.2.2"), ("x-forwarded-for", "")]), "192.0.2.2:0");
    assert_eq!(client(&[("x-real-ip", "192.0.2.2"), ("x-forwarded-for", "unknown")]), PROXY);
    assert_eq!(client(&[("true-client-ip", "2001:db8::1")]), "[2001:db8::1]:0");
    assert_eq!(client(&[("cf-connecting-ip", "192.0.2.3")]), "192.0.2.3:0");
    assert_eq!(client(&[]), PROXY);
    let proxies = Proxies { headers: vec![HeaderName::from_static("x-own")], ..Proxies::default() };
    let headers = [("x-forwarded-for", "192.0.2.1"), ("forwarded", "for=\""), ("x-own", "192.0.2.2")];
    assert_eq!(resolved(&proxies, Some(PROXY), &headers).unwrap(), "192.0.2.2:0");
}

#[test]
fn headers_of_one_address_have_one() {
    assert_eq!(client(&[("x-real-ip", "10.0.0.9")]), "10.0.0.9:0");
    assert_eq!(client(&[("x-real-ip", "[2001:db8::1]:80")]), "[2001:db8::1]:80");
    assert_eq!(client(&[("x-real-ip", "192.0.2.1, 192.0.2.2")]), PROXY);
    assert_eq!(client(&[("x-real-ip", "192.0.2.1"), ("x-real-ip", "192.0.2.1")]), PROXY);
}

#[test]
fn subnets_are_the_addresses_that_start_alike() {
    for (text, inside, outside) in [
        ("10.0.0.0/8", "10.255.255.255", "11.0.0.0"),
        ("10.1.2.3/8", "10.0.0.0", "9.255.255.255"),
        ("192.0.2.128/25", "192.0.2.200", "192.0.2.127"),
        ("192.0.2.1", "192.0.2.1", "192.0.2.2"),
        ("192.0.2.1/32", "192.0.2.1", "192.0.2.0"),
        ("0.0.0.0/0", "255.255.255.255", "::"),
        ("::/0", "ffff::", "0.0.0.0"),
        ("fe80::/10", "febf::1", "fec0::"),
        ("2001:db8::1", "2001:db8::1", "2001:db8::2"),
        ("::ffff:10.0.0.0/104", "10.1.1.1", "11.0.0.0"),
    ] {
        assert!(subnet(text).contains(inside.parse().unwrap()), "{text} {inside}");
        assert!(!subnet(text).contains(outside.parse().unwrap()), "{text} {outside}");
    }
    for wrong in ["", "/8", "10.0.0.0/", "10.0.0.0/33", "::/129", "10.0.0.0/+8", "10.0.0/8", "host", "10.0.0.0/8/8"] {
        assert!(wrong.parse::<Subnet>().is_err(), "{wrong}");
    }
}
