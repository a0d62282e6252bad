//! Distinguished names as text (RFC 4514).

use std::fmt::Write;

use data_encoding::HEXUPPER;
use x509_parser::{
    asn1_rs::{Any, Tag},
    x509::{AttributeTypeAndValue, X509Name},
};

/// Short names of attributes: those of RFC 4514 section 3, and others in wide use.
const SHORT: &[(&str, &str)] = &[
    (COMMON_NAME, "CN"),
    ("2.5.4.5", "SERIALNUMBER"),
    ("2.5.4.6", "C"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"),
    ("2.5.4.9", "STREET"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("2.5.4.17", "POSTALCODE"),
    ("0.9.2342.19200300.100.1.1", "UID"),
    ("0.9.2342.19200300.100.1.25", "DC"),
    ("1.2.840.113549.1.9.1", "EMAILADDRESS"),
];
const COMMON_NAME: &str = "2.5.4.3";

/// Writes `name` with its most specific part first: `CN=Alice,O=Example,C=DE`.
///
/// Values are escaped, so that none of them can look like another part.
pub(super) fn text(name: &X509Name<'_>) -> String {
    let mut parts: Vec<_> = name
        .iter_rdn()
        .map(|part| {
            let attributes: Vec<_> = part.iter().map(attribute).collect();
            attributes.join("+")
        })
        .collect();
    parts.reverse();
    parts.join(",")
}

/// Returns the most specific common name.
pub(super) fn common_name(name: &X509Name<'_>) -> Option<String> {
    name.iter_common_name().last().and_then(|attribute| string(attribute.attr_value()))
}

fn attribute(attribute: &AttributeTypeAndValue<'_>) -> String {
    let number = attribute.attr_type().to_id_string();
    let name = SHORT.iter().find(|(known, _)| *known == number).map_or(number.as_str(), |(_, name)| name);
    match string(attribute.attr_value()) {
        Some(value) => format!("{name}={}", escaped(&value)),
        None => format!("{name}=#{}", HEXUPPER.encode(attribute.as_slice())),
    }
}

/// The text of a value of one of the string types; `None` for any other.
fn string(value: &Any<'_>) -> Option<String> {
    let bytes = value.data;
    match value.tag() {
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String | Tag::NumericString => {
            str::from_utf8(bytes).ok().map(str::to_owned)
        }
        // In practice Latin-1.
        Tag::TeletexString => Some(bytes.iter().copied().map(char::from).collect()),
        Tag::BmpString => {
            let (units, []) = bytes.as_chunks::<2>() else { return None };
            char::decode_utf16(units.iter().copied().map(u16::from_be_bytes)).collect::<Result<_, _>>().ok()
        }
        Tag::UniversalString => {
            let (units, []) = bytes.as_chunks::<4>() else { return None };
            units.iter().copied().map(|unit| char::from_u32(u32::from_be_bytes(unit))).collect()
        }
        _ => None,
    }
}

/// RFC 4514 section 2.4. Control characters are escaped, too: names end up in logs.
fn escaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let last = value.chars().count().saturating_sub(1);
    for (index, character) in value.chars().enumerate() {
        match character {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => text.extend(['\\', character]),
            ' ' if index == 0 || index == last => text.push_str("\\ "),
            '#' if index == 0 => text.push_str("\\#"),
            character if character.is_control() => {
                character.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| {
                    let _ = write!(text, "\\{byte:02X}");
                });
            }
            character => text.push(character),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_cannot_look_like_other_parts() {
        assert_eq!(escaped("Alice"), "Alice");
        assert_eq!(escaped("Alice,O=Example"), "Alice\\,O=Example");
        assert_eq!(escaped(" a b "), "\\ a b\\ ");
        assert_eq!(escaped("#1"), "\\#1");
        assert_eq!(escaped("a\0\nb"), "a\\00\\0Ab");
        assert_eq!(escaped("Zoë"), "Zoë");
    }
}
