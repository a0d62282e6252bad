//! Which requests are let in: those of the page itself, in a browser that has come by a name that is meant.

use std::net::{Ipv4Addr, Ipv6Addr};

use http::{HeaderMap, header, request::Parts};
use subtle::ConstantTimeEq;

/// Header with the word that only the page knows.
pub(super) const TOKEN: &str = "x-roadrunner-token";

/// Why a request is not let in.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum Refused {
    /// Another page may have had its own name lead here.
    #[error("this host is not known here: come by localhost or an address in numbers, or name it in dashboard.hosts")]
    Host,
    /// Another page asks for it.
    #[error("another page must not ask for this")]
    Foreign,
    /// It is not known to be the page that asks.
    #[error("this page is an old one: load it again")]
    Token,
}

/// Whether the request names a host that is meant.
pub(super) fn host<'a>(head: &'a Parts, known: &[String]) -> Result<&'a str, Refused> {
    let named = text(&head.headers, header::HOST.as_str()).ok_or(Refused::Host)?;
    let also = head.uri.authority().map(http::uri::Authority::as_str);
    if is_known(named, known) && also.is_none_or(|also| is_known(also, known)) { Ok(named) } else { Err(Refused::Host) }
}

/// Whether what belongs to the page is asked for by the page, as far as the browser says.
pub(super) fn same_origin(headers: &HeaderMap) -> Result<(), Refused> {
    match text(headers, "sec-fetch-site") {
        None | Some("same-origin" | "none") => Ok(()),
        Some(_) => Err(Refused::Foreign),
    }
}

/// Whether it is the page at `host` that wants something done.
pub(super) fn act(headers: &HeaderMap, host: &str, token: &str) -> Result<(), Refused> {
    same_origin(headers)?;
    let origin = text(headers, header::ORIGIN.as_str()).ok_or(Refused::Foreign)?;
    // What stands before it may speak TLS.
    let own = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    if own.is_none_or(|own| !own.eq_ignore_ascii_case(host)) {
        return Err(Refused::Foreign);
    }
    let given = text(headers, TOKEN).unwrap_or_default();
    if bool::from(given.as_bytes().ct_eq(token.as_bytes())) { Ok(()) } else { Err(Refused::Token) }
}

/// The value of a header that is there once.
fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

/// A name that nobody else can have lead here: an address, this machine's own name for itself, one of those that are known.
fn is_known(host: &str, known: &[String]) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => return rest.split_once(']').is_some_and(|(address, _)| address.parse::<Ipv6Addr>().is_ok()),
        None => host.split_once(':').map_or(host, |(name, _)| name),
    };
    let name = name.to_ascii_lowercase();
    name.parse::<Ipv4Addr>().is_ok()
        || name == "localhost"
        || name.ends_with(".localhost")
        || known.iter().any(|known| known.eq_ignore_ascii_case(&name))
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn head(headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::builder();
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn only_names_that_nobody_else_can_use_are_known() {
        let known = ["status.example.org".to_owned()];
        for (name, lets_in) in [
            ("127.0.0.1:8085", true),
            ("10.1.2.3", true),
            ("[::1]:8085", true),
            ("localhost:8085", true),
            ("LocalHost", true),
            ("rr.localhost:80", true),
            ("Status.Example.Org:443", true),
            ("evil.example.org:8085", false),
            ("127.0.0.1.evil.example:8085", false),
            ("localhost.evil.example", false),
            ("notlocalhost", false),
            ("[evil]:8085", false),
            ("2130706433", false),
            ("", false),
        ] {
            assert_eq!(host(&head(&[("host", name)]), &known).is_ok(), lets_in, "{name}");
        }
        assert_eq!(host(&head(&[]), &known), Err(Refused::Host), "no name");
        assert_eq!(host(&head(&[("host", "localhost"), ("host", "localhost")]), &known), Err(Refused::Host), "two");
    }

    type Headers = Vec<(&'static str, &'static str)>;

    #[test]
    fn only_the_page_itself_may_act() {
        let own = [("origin", "http://localhost:1"), (TOKEN, "word")];
        let with = |change: &dyn Fn(&mut Headers)| {
            let mut headers = own.to_vec();
            change(&mut headers);
            act(&head(&headers).headers, "localhost:1", "word")
        };
        assert_eq!(with(&|_| ()), Ok(()));
        assert_eq!(with(&|headers| headers[0].1 = "https://localhost:1"), Ok(()));
        assert_eq!(with(&|headers| headers.push(("sec-fetch-site", "same-origin"))), Ok(()));
        for foreign in ["http://localhost:2", "http://evil.example", "null", "localhost:1"] {
            assert_eq!(with(&|headers| headers[0].1 = foreign), Err(Refused::Foreign), "{foreign}");
        }
        assert_eq!(with(&|headers| _ = headers.remove(0)), Err(Refused::Foreign));
        assert_eq!(with(&|headers| headers.push(("sec-fetch-site", "cross-site"))), Err(Refused::Foreign));
        assert_eq!(with(&|headers| headers[1].1 = "guess"), Err(Refused::Token));
        assert_eq!(with(&|headers| _ = headers.remove(1)), Err(Refused::Token));
    }
}
