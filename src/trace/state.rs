//! What may stand in header `tracestate` (W3C Trace Context, section 3.3).

use http::{HeaderValue, header::GetAll};

/// Most members of the list.
const MEMBERS: usize = 32;
/// Longest key, and longest value.
const LONGEST: usize = 256;

/// Whether all values together are a list of members. Those that are empty do not count.
pub(super) fn is_valid(values: &GetAll<'_, HeaderValue>) -> bool {
    let mut members = 0;
    values.iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b',')).all(|member| {
        let member = member.trim_ascii();
        members += usize::from(!member.is_empty());
        members <= MEMBERS && (member.is_empty() || is_member(member))
    })
}

fn is_member(member: &[u8]) -> bool {
    let Some(equals) = member.iter().position(|byte| *byte == b'=') else { return false };
    let (key, value) = (&member[..equals], &member[equals + 1..]);
    is_key(key)
        && (1..=LONGEST).contains(&value.len())
        && value.iter().all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b',' | b'='))
        && value.last() != Some(&b' ')
}

/// `name`, or `tenant@system`.
fn is_key(key: &[u8]) -> bool {
    let rest =
        |bytes: &[u8]| bytes.iter().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'*' | b'/'));
    match key.iter().position(|byte| *byte == b'@') {
        None => key.len() <= LONGEST && key.first().is_some_and(u8::is_ascii_lowercase) && rest(key),
        Some(at) => {
            let (tenant, system) = (&key[..at], &key[at + 1..]);
            tenant.len() <= 241
                && tenant.first().is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
                && rest(tenant)
                && system.len() <= 14
                && system.first().is_some_and(u8::is_ascii_lowercase)
                && rest(system)
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;

    /// The cases of the test suite of W3C Trace Context.
    #[test]
    fn members_are_keys_and_values() {
        let many = |count: usize| (1..=count).map(|number| format!("bar{number:02}=1")).collect::<Vec<_>>().join(",");
        for (lines, valid) in [
            (vec!["foo=1,bar=2".to_owned()], true),
            (vec!["foo=1".to_owned(), "bar=2".to_owned()], true),
            (vec!["foo=1,".to_owned(), String::new(), "bar=2".to_owned()], true),
            (vec!["foo=1 \t , \t bar=2, \t baz=3".to_owned()], true),
            (vec!["foo=1,foo=1".to_owned()], true),
            (vec!["foo@=1,bar=2".to_owned()], false),
            (vec!["@foo=1,bar=2".to_owned()], false),
            (vec!["foo@@bar=1".to_owned()], false),
            (vec!["foo@bar@baz=1".to_owned()], false),
            (vec!["foo =1".to_owned()], false),
            (vec!["FOO=1".to_owned()], false),
            (vec!["foo.bar=1".to_owned()], false),
            (vec!["foo=1=2".to_owned()], false),
            (vec!["foo=".to_owned()], false),
            (vec!["foo".to_owned()], false),
            (vec!["foo=bar baz".to_owned()], true),
            (vec!["0foo=1".to_owned()], false),
            (vec!["0foo@bar=1".to_owned()], true),
            (vec!["foo-_*/bar=1".to_owned()], true),
            (vec![format!("{}=1", "z".repeat(256))], true),
            (vec![format!("{}=1", "z".repeat(257))], false),
            (vec![format!("{}@{}=1", "t".repeat(241), "v".repeat(14))], true),
            (vec![format!("{}@{}=1", "t".repeat(242), "v".repeat(14))], false),
            (vec![format!("{}@{}=1", "t".repeat(241), "v".repeat(15))], false),
            (vec![many(32)], true),
            (vec![many(33)], false),
        ] {
            let headers: HeaderMap = lines
                .iter()
                .map(|line| (http::HeaderName::from_static("tracestate"), line.parse().expect("a value")))
                .collect();
            assert_eq!(is_valid(&headers.get_all("tracestate")), valid, "{lines:?}");
        }
    }
}
