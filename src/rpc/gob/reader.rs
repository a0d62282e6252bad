//! Reads values that are made of others: lists, maps and records, by the descriptions of their types that come before them.

use std::collections::HashMap;

use serde::{
    de::{
        DeserializeOwned, Deserializer, IntoDeserializer, Visitor,
        value::{MapDeserializer, SeqDeserializer},
    },
    forward_to_deserialize_any,
};

use super::{BOOL, BYTES, Error, FLOAT, INT, STRING, UINT, early, int, uint, wrong};

/// How deep values may be within each other.
const DEEPEST: u8 = 16;

/// A value.
enum Node {
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float(f64),
    Bytes(Vec<u8>),
    Text(String),
    List(Vec<Self>),
    Map(Vec<(Self, Self)>),
}

/// A type that was described.
enum Described {
    List {
        item: i64,
    },
    /// As many as there are is written before them, too.
    Map {
        key: i64,
        item: i64,
    },
    Record(Vec<(String, i64)>),
}

/// The types described so far.
type Types = HashMap<i64, Described>;

/// Reads the value that follows on the descriptions of its types.
pub(super) fn decode<A: DeserializeOwned>(mut rest: &[u8]) -> Result<A, Error> {
    let mut types = Types::new();
    loop {
        let length = usize::try_from(uint(&mut rest)?).unwrap_or(usize::MAX);
        let mut message = rest.get(..length).ok_or_else(early)?;
        rest = &rest[length..];
        let kind = int(&mut message)?;
        if kind < 0 {
            let described = describe(&mut message)?;
            types.insert(kind.checked_neg().ok_or_else(early)?, described);
            continue;
        }
        let is_record = matches!(types.get(&kind), Some(Described::Record(_)));
        // What is no record begins with a zero.
        if !is_record && uint(&mut message)? != 0 {
            return Err(wrong("the value does not begin as one"));
        }
        return A::deserialize(node(kind, &types, &mut message, DEEPEST)?);
    }
}

/// Reads the fields of a record: calls `field` with the number of each that is there, from 1.
fn fields(rest: &mut &[u8], mut field: impl FnMut(u64, &mut &[u8]) -> Result<(), Error>) -> Result<(), Error> {
    let mut number: u64 = 0;
    loop {
        let step = uint(rest)?;
        if step == 0 {
            return Ok(());
        }
        number = number.checked_add(step).ok_or_else(early)?;
        field(number, rest)?;
    }
}

fn text(rest: &mut &[u8]) -> Result<String, Error> {
    String::from_utf8(bytes(rest)?).map_err(|_| wrong("the text is not UTF-8"))
}

fn bytes(rest: &mut &[u8]) -> Result<Vec<u8>, Error> {
    let length = usize::try_from(uint(rest)?).unwrap_or(usize::MAX);
    let bytes = rest.get(..length).ok_or_else(early)?;
    *rest = &rest[length..];
    Ok(bytes.to_vec())
}

/// Name and number of a type, which are of no use here.
fn common(rest: &mut &[u8]) -> Result<(), Error> {
    fields(rest, |number, rest| match number {
        1 => text(rest).map(drop),
        2 => int(rest).map(drop),
        _ => Err(unknown()),
    })
}

fn unknown() -> Error {
    wrong("its type is described in a way that is not known here")
}

/// Reads the description of a type: a record of which one field is there, by its kind.
fn describe(rest: &mut &[u8]) -> Result<Described, Error> {
    let mut described = None;
    fields(rest, |kind, rest| {
        let (mut first, mut second, mut of_record) = (0, 0, Vec::new());
        fields(rest, |number, rest| match (kind, number) {
            (1..=4, 1) => common(rest),
            (3, 2) => {
                for _ in 0..uint(rest)? {
                    let (mut name, mut kind) = (String::new(), 0);
                    fields(rest, |number, rest| {
                        match number {
                            1 => name = text(rest)?,
                            2 => kind = int(rest)?,
                            _ => return Err(unknown()),
                        }
                        Ok(())
                    })?;
                    of_record.push((name, kind));
                }
                Ok(())
            }
            (1 | 2 | 4, 2) => int(rest).map(|kind| first = kind),
            // Of an array this is its length, which is written with its values.
            (1 | 4, 3) => int(rest).map(|kind| second = kind),
            _ => Err(unknown()),
        })?;
        described = Some(match kind {
            3 => Described::Record(std::mem::take(&mut of_record)),
            4 => Described::Map { key: first, item: second },
            _ => Described::List { item: first },
        });
        Ok(())
    })?;
    described.ok_or_else(unknown)
}

fn node(kind: i64, types: &Types, rest: &mut &[u8], depth: u8) -> Result<Node, Error> {
    let Some(below) = depth.checked_sub(1) else { return Err(wrong("it is too deep")) };
    Ok(match kind {
        BOOL => Node::Bool(uint(rest)? != 0),
        INT => Node::Int(int(rest)?),
        UINT => Node::Uint(uint(rest)?),
        FLOAT => Node::Float(f64::from_bits(uint(rest)?.swap_bytes())),
        BYTES => Node::Bytes(bytes(rest)?),
        STRING => Node::Text(text(rest)?),
        kind => match types.get(&kind).ok_or_else(|| wrong("its type was not described"))? {
            Described::List { item } => {
                let count = count(rest)?;
                Node::List((0..count).map(|_| node(*item, types, rest, below)).collect::<Result<_, _>>()?)
            }
            Described::Map { key, item } => {
                let count = count(rest)?;
                let pair = |_| Ok((node(*key, types, rest, below)?, node(*item, types, rest, below)?));
                Node::Map((0..count).map(pair).collect::<Result<_, Error>>()?)
            }
            Described::Record(known) => {
                let mut record = Vec::new();
                fields(rest, |number, rest| {
                    let place = usize::try_from(number - 1).unwrap_or(usize::MAX);
                    let (name, kind) = known.get(place).ok_or_else(|| wrong("a field was not described"))?;
                    record.push((Node::Text(name.clone()), node(*kind, types, rest, below)?));
                    Ok(())
                })?;
                Node::Map(record)
            }
        },
    })
}

/// How many values follow, each of which has a byte at least.
fn count(rest: &mut &[u8]) -> Result<usize, Error> {
    let count = usize::try_from(uint(rest)?).unwrap_or(usize::MAX);
    if count <= rest.len() { Ok(count) } else { Err(early()) }
}

// === impl Node ===

impl<'de> Deserializer<'de> for Node {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::Bool(flag) => visitor.visit_bool(flag),
            Self::Int(number) => visitor.visit_i64(number),
            Self::Uint(number) => visitor.visit_u64(number),
            Self::Float(number) => visitor.visit_f64(number),
            Self::Bytes(bytes) => visitor.visit_byte_buf(bytes),
            Self::Text(text) => visitor.visit_string(text),
            Self::List(items) => SeqDeserializer::new(items.into_iter()).deserialize_any(visitor),
            Self::Map(pairs) => MapDeserializer::new(pairs.into_iter()).deserialize_any(visitor),
        }
    }

    /// There is no such thing as a missing value: what is there is one.
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn is_human_readable(&self) -> bool {
        false
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct newtype_struct
        seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl IntoDeserializer<'_, Error> for Node {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use data_encoding::HEXLOWER;
    use serde::{Deserialize, de::IgnoredAny};

    use super::*;

    #[derive(Debug, Default, Deserialize, PartialEq)]
    #[serde(default, rename_all = "PascalCase")]
    struct Metric {
        name: String,
        value: f64,
        labels: Option<Vec<String>>,
    }

    fn read<A: DeserializeOwned>(hex: &str) -> Result<A, Error> {
        decode(&HEXLOWER.decode(hex.replace(' ', "").as_bytes()).unwrap())
    }

    /// What Go's `encoding/gob` makes of `Metric{"a", 1.5, []string{"x", "yz"}}`.
    const METRIC: &str = "327f030101064d657472696301ff8000010301044e616d65010c00010556616c756501080001064c6162656c7301ff8200\
        000016ff81020101085b5d737472696e6701ff8200010c000011ff8001016101fef83f0102017802797a00";

    #[test]
    fn records_lists_and_maps_of_go_are_read() {
        let labels = vec!["x".to_owned(), "yz".to_owned()];
        let metric = Metric { name: "a".to_owned(), value: 1.5, labels: Some(labels) };
        assert_eq!(read::<Metric>(METRIC).unwrap(), metric);
        // What is zero is not written.
        let short = METRIC.replace("11ff8001016101fef83f0102017802797a00", "06ff8001016100");
        assert_eq!(read::<Metric>(&short).unwrap(), Metric { name: "a".to_owned(), ..Metric::default() });
        assert_eq!(read::<Vec<String>>("16ff81020101085b5d737472696e6701ff8200010c000006ff8200010178").unwrap(), ["x"]);
        let map = read::<BTreeMap<String, i64>>("0eff8b040102ff8c00010c0104000007ff8c0001017805").unwrap();
        assert_eq!(map, BTreeMap::from([("x".to_owned(), -3)]));
    }

    #[test]
    fn cut_and_wrong_ones_are_errors_and_never_more() {
        for (hex, reason) in [
            ("", "it ends early"),
            ("05ff", "it ends early"),
            ("03ff8200", "its type was not described"),
            // A list that says that it has 2^63 items, and one of itself within itself.
            ("16ff81020101085b5d737472696e6701ff8200010c00000cff8200f88000000000000000", "it ends early"),
            ("0dff81020102ff820001ff82000017ff82000101010101010101010101010101010101010101", "it is too deep"),
        ] {
            assert_eq!(read::<IgnoredAny>(hex).unwrap_err().to_string(), reason, "{hex}");
        }
        let bytes = HEXLOWER.decode(METRIC.replace(' ', "").as_bytes()).unwrap();
        for end in 0..bytes.len() {
            assert!(decode::<Metric>(&bytes[..end]).is_err(), "{end}");
        }
        for place in 0..bytes.len() {
            for bit in 0..8 {
                let mut bytes = bytes.clone();
                bytes[place] ^= 1 << bit;
                // It may be read as something else; it ends.
                let _ = decode::<IgnoredAny>(&bytes);
            }
        }
    }
}
