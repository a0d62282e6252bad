//! Go's own encoding, as far as calls need it: clients written in Go speak nothing else with goridge.
//!
//! A value is a message of its type's number and itself; types that are made of others are described in messages before
//! it. Numbers are unsigned and short: below 128 a byte, else the negated count of the bytes that follow, big endian.
//! Names of fields begin with a capital letter in Go; here they are made from the names in JSON, and back where a record is
//! asked for: `log_attrs` is `LogAttrs`.
//!
//! Arguments are any values. Results, too, but Go has no list, and no map, of values of different types: such a map is
//! written as a record, and such a list is an error.

mod reader;
mod writer;

use serde::{
    Serialize,
    de::{DeserializeOwned, value},
};

use self::writer::Writer;
pub(super) use self::writer::capital;

/// Why something cannot be read or written.
pub(super) type Error = value::Error;

const BOOL: i64 = 1;
const INT: i64 = 2;
const UINT: i64 = 3;
const FLOAT: i64 = 4;
const BYTES: i64 = 5;
const STRING: i64 = 6;
const INTERFACE: i64 = 8;
/// The first number of a type that is described.
const FIRST: i64 = 65;

/// A value on its way into bytes, or out of them.
enum Value {
    /// What Go does not write: it has no such thing as a missing value.
    Nothing,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float(f64),
    Bytes(Vec<u8>),
    Text(String),
    List(Vec<Self>),
    Map(Vec<(Self, Self)>),
    /// Name, and fields by name.
    Record(&'static str, Vec<(String, Self)>),
}

/// A type that is written.
#[derive(Clone, PartialEq)]
enum Type {
    Basic(i64),
    List(Box<Self>),
    Map(Box<Self>, Box<Self>),
    Record(&'static str, Vec<(String, Self)>),
}

// === reading ===

/// Reads a value.
pub(super) fn decode<A: DeserializeOwned>(bytes: &[u8]) -> Result<A, Error> {
    A::deserialize(reader::read(bytes)?)
}

fn uint(rest: &mut &[u8]) -> Result<u64, Error> {
    let (&first, after) = rest.split_first().ok_or_else(early)?;
    *rest = after;
    if first < 128 {
        return Ok(u64::from(first));
    }
    let count = usize::from(first.wrapping_neg());
    let bytes = rest.get(..count).filter(|bytes| bytes.len() <= 8).ok_or_else(early)?;
    *rest = &rest[count..];
    Ok(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

fn int(rest: &mut &[u8]) -> Result<i64, Error> {
    let number = uint(rest)?;
    let half = (number >> 1).cast_signed();
    Ok(if number & 1 == 1 { !half } else { half })
}

fn wrong(reason: &str) -> Error {
    <Error as serde::de::Error>::custom(reason)
}

fn early() -> Error {
    wrong("it ends early")
}

// === writing ===

/// Writes a value, and the types that it is made of before it.
pub(super) fn encode<R: Serialize + ?Sized>(result: &R) -> Result<Vec<u8>, Error> {
    let value = result.serialize(Writer)?.settled()?;
    let kind = value.kind().unwrap_or(Type::Basic(BOOL));
    let mut types = Types { seen: Vec::new(), messages: Vec::new() };
    let number = types.number(&kind);
    let mut content = Vec::new();
    put_int(&mut content, number);
    if !matches!(kind, Type::Record(..)) {
        content.push(0);
    }
    value.put(&kind, &mut content);
    let mut bytes = types.messages;
    put_bytes(&mut bytes, &content);
    Ok(bytes)
}

/// Types that have been described.
struct Types {
    seen: Vec<Type>,
    messages: Vec<u8>,
}

// === impl Types ===

impl Types {
    /// The number of a type, which is described if it is not yet.
    fn number(&mut self, kind: &Type) -> i64 {
        if let Type::Basic(number) = kind {
            return *number;
        }
        let index = self.seen.iter().position(|seen| seen == kind);
        let number = |index: usize| FIRST + i64::try_from(index).unwrap_or_default();
        if let Some(index) = index {
            return number(index);
        }
        let own = number(self.seen.len());
        self.seen.push(kind.clone());
        let mut message = Vec::new();
        put_int(&mut message, -own);
        // A record of which one field is there: 2 of a list, 3 of a record, 4 of a map. Its first field has name and number.
        match kind {
            Type::Basic(_) => {}
            Type::List(item) => {
                let item = self.number(item);
                message.push(2);
                put_common(&mut message, "", own);
                message.push(1);
                put_int(&mut message, item);
            }
            Type::Map(key, item) => {
                let (key, item) = (self.number(key), self.number(item));
                message.push(4);
                put_common(&mut message, "", own);
                message.push(1);
                put_int(&mut message, key);
                message.push(1);
                put_int(&mut message, item);
            }
            Type::Record(name, fields) => {
                let fields: Vec<_> = fields.iter().map(|(name, kind)| (name, self.number(kind))).collect();
                message.push(3);
                put_common(&mut message, name, own);
                if !fields.is_empty() {
                    message.push(1);
                    put_uint(&mut message, fields.len() as u64);
                }
                for (name, number) in fields {
                    message.push(1);
                    put_bytes(&mut message, name.as_bytes());
                    message.push(1);
                    put_int(&mut message, number);
                    message.push(0);
                }
            }
        }
        message.extend([0, 0]);
        put_bytes(&mut self.messages, &message);
        own
    }
}

/// The first field of each description: name and number.
fn put_common(message: &mut Vec<u8>, name: &str, number: i64) {
    message.push(1);
    if !name.is_empty() {
        message.push(1);
        put_bytes(message, name.as_bytes());
    }
    message.push(if name.is_empty() { 2 } else { 1 });
    put_int(message, number);
    message.push(0);
}

fn put_uint(bytes: &mut Vec<u8>, number: u64) {
    match u8::try_from(number) {
        Ok(byte) if byte < 128 => bytes.push(byte),
        _ => {
            let digits = number.to_be_bytes();
            let digits = &digits[number.leading_zeros() as usize / 8..];
            bytes.push(u8::try_from(digits.len()).unwrap_or_default().wrapping_neg());
            bytes.extend_from_slice(digits);
        }
    }
}

fn put_int(bytes: &mut Vec<u8>, number: i64) {
    let doubled = number.cast_unsigned() << 1;
    put_uint(bytes, if number < 0 { !doubled } else { doubled });
}

fn put_bytes(bytes: &mut Vec<u8>, content: &[u8]) {
    put_uint(bytes, content.len() as u64);
    bytes.extend_from_slice(content);
}

// === impl Value ===

impl Value {
    /// The same with a type for everything: a map of values of different types is a record.
    fn settled(self) -> Result<Self, Error> {
        Ok(match self {
            Self::List(items) => {
                let items = items.into_iter().map(Self::settled).collect::<Result<Vec<_>, _>>()?;
                if !is_uniform(items.iter()) {
                    return Err(wrong("Go has no list of values of different types"));
                }
                Self::List(items)
            }
            Self::Map(entries) => {
                let settle = |(key, value): (Self, Self)| Ok((key, value.settled()?));
                let entries = entries.into_iter().map(settle).collect::<Result<Vec<_>, Error>>()?;
                if is_uniform(entries.iter().map(|(_, value)| value)) {
                    return Ok(Self::Map(entries));
                }
                let field = |(key, value)| match key {
                    Self::Text(name) => Ok((capital(&name), value)),
                    _ => Err(wrong("Go has no map of values of different types, and no record with numbers for names")),
                };
                Self::Record("Result", entries.into_iter().map(field).collect::<Result<_, _>>()?)
            }
            Self::Record(name, fields) => {
                let settle = |(name, value): (String, Self)| Ok((name, value.settled()?));
                Self::Record(name, fields.into_iter().map(settle).collect::<Result<_, Error>>()?)
            }
            value => value,
        })
    }

    /// Its type; `None`: nobody can tell, as there is nothing in it.
    fn kind(&self) -> Option<Type> {
        let of_all = |values: &mut dyn Iterator<Item = &Self>| {
            let (mut kind, mut of_empty) = (None, None);
            for value in values {
                let place = if value.is_empty() { &mut of_empty } else { &mut kind };
                *place = join(place.take(), value.kind());
            }
            kind.or(of_empty)
        };
        Some(match self {
            Self::Nothing => return None,
            Self::Bool(_) => Type::Basic(BOOL),
            Self::Int(_) => Type::Basic(INT),
            Self::Uint(_) => Type::Basic(UINT),
            Self::Float(_) => Type::Basic(FLOAT),
            Self::Bytes(_) => Type::Basic(BYTES),
            Self::Text(_) => Type::Basic(STRING),
            // Of an empty list it does not matter, but for one that is all there is: lists of names are.
            Self::List(items) => Type::List(Box::new(of_all(&mut items.iter()).unwrap_or(Type::Basic(STRING)))),
            Self::Map(items) => {
                let keys = of_all(&mut items.iter().map(|(key, _)| key)).unwrap_or(Type::Basic(STRING));
                let values = of_all(&mut items.iter().map(|(_, value)| value)).unwrap_or(Type::Basic(STRING));
                Type::Map(Box::new(keys), Box::new(values))
            }
            Self::Record(name, fields) => {
                // What is empty is not written, and need not be described.
                let fields = fields.iter().filter(|(_, value)| !value.is_empty());
                let field = |(name, value): &(String, Self)| Some((name.clone(), value.kind()?));
                Type::Record(name, fields.filter_map(field).collect())
            }
        })
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::List(items) => items.is_empty(),
            Self::Map(items) => items.is_empty(),
            _ => false,
        }
    }

    fn is_zero(&self) -> bool {
        match self {
            Self::Nothing => true,
            Self::Bool(flag) => !flag,
            Self::Int(number) => *number == 0,
            Self::Uint(number) => *number == 0,
            Self::Float(number) => number.to_bits() == 0,
            Self::Bytes(bytes) => bytes.is_empty(),
            Self::Text(text) => text.is_empty(),
            Self::List(_) | Self::Map(_) | Self::Record(..) => self.is_empty(),
        }
    }

    fn put(&self, kind: &Type, bytes: &mut Vec<u8>) {
        match (self, kind) {
            (Self::Bool(flag), _) => bytes.push(u8::from(*flag)),
            #[expect(clippy::cast_precision_loss, reason = "as Go would convert it")]
            (Self::Int(number), Type::Basic(FLOAT)) => put_uint(bytes, (*number as f64).to_bits().swap_bytes()),
            (Self::Int(number), _) => put_int(bytes, *number),
            (Self::Uint(number), _) => put_uint(bytes, *number),
            (Self::Float(number), _) => put_uint(bytes, number.to_bits().swap_bytes()),
            (Self::Bytes(content), _) => put_bytes(bytes, content),
            (Self::Text(text), _) => put_bytes(bytes, text.as_bytes()),
            (Self::List(items), Type::List(item)) => {
                put_uint(bytes, items.len() as u64);
                for value in items {
                    value.put(item, bytes);
                }
            }
            (Self::Map(items), Type::Map(of_keys, of_values)) => {
                put_uint(bytes, items.len() as u64);
                for (key, value) in items {
                    key.put(of_keys, bytes);
                    value.put(of_values, bytes);
                }
            }
            (Self::Record(_, fields), Type::Record(_, kinds)) => {
                let mut skipped = 1;
                for (name, kind) in kinds {
                    let field = fields.iter().find(|(other, _)| other == name).map(|(_, value)| value);
                    match field.filter(|value| !value.is_zero()) {
                        Some(value) => {
                            put_uint(bytes, skipped);
                            value.put(kind, bytes);
                            skipped = 1;
                        }
                        None => skipped += 1,
                    }
                }
                bytes.push(0);
            }
            // Zero in every type but a record.
            _ => bytes.push(0),
        }
    }
}

/// Whether values are of one type.
fn is_uniform<'a>(values: impl Iterator<Item = &'a Value>) -> bool {
    let mut first: Option<Type> = None;
    for kind in values.filter(|value| !value.is_empty()).filter_map(Value::kind) {
        if first.as_ref().is_some_and(|first| !is_alike(first, &kind)) {
            return false;
        }
        first = join(first, Some(kind));
    }
    true
}

/// Whether two types can be one. Numbers can.
fn is_alike(one: &Type, other: &Type) -> bool {
    match (one, other) {
        (Type::Basic(INT | FLOAT), Type::Basic(INT | FLOAT)) => true,
        (Type::Basic(one), Type::Basic(other)) => one == other,
        (Type::List(one), Type::List(other)) => is_alike(one, other),
        (Type::Map(key, one), Type::Map(other_key, other)) => is_alike(key, other_key) && is_alike(one, other),
        (Type::Record(_, one), Type::Record(_, other)) => {
            let alike = |(name, kind): &(String, Type)| {
                other.iter().find(|(other, _)| other == name).is_none_or(|(_, other)| is_alike(kind, other))
            };
            one.iter().all(alike)
        }
        _ => false,
    }
}

/// The type of two values of one type, each of which may have parts that are empty.
fn join(one: Option<Type>, other: Option<Type>) -> Option<Type> {
    match (one, other) {
        (Some(Type::Record(name, mut fields)), Some(Type::Record(_, others))) => {
            for (name, kind) in others {
                if fields.iter().all(|(known, _)| *known != name) {
                    fields.push((name, kind));
                }
            }
            Some(Type::Record(name, fields))
        }
        // Whole numbers among others are written as those.
        (Some(Type::Basic(INT)), Some(Type::Basic(FLOAT))) => Some(Type::Basic(FLOAT)),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;
    use serde::de::IgnoredAny;

    use super::*;

    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct State {
        pid: i64,
        num_execs: u64,
        #[serde(rename = "CPUPercent")]
        cpu_percent: f64,
        status_str: String,
        tags: Vec<u64>,
    }

    #[derive(Serialize)]
    struct List {
        workers: Vec<State>,
    }

    fn written(value: &impl Serialize) -> String {
        HEXLOWER.encode(&encode(value).unwrap())
    }

    #[test]
    fn plain_values_are_those_of_go() {
        assert_eq!(written(&true), "03020001");
        assert_eq!(written(&false), "03020000");
        assert_eq!(written(&"http"), "070c000468747470");
        assert_eq!(written(&-129), "050400fe0101");
        assert_eq!(written(&300u64), "050600fe012c");
        assert_eq!(written(&17.5), "060800fd803140");
        assert_eq!(written(&crate::rpc::Blob(vec![1, 2])), "050a00020102");
    }

    #[test]
    fn what_go_writes_is_read() {
        let bytes = |text: &str| HEXLOWER.decode(text.as_bytes()).unwrap();
        assert!(decode::<bool>(&bytes("03020001")).unwrap());
        assert_eq!(decode::<String>(&bytes("070c000468747470")).unwrap(), "http");
        assert_eq!(decode::<i64>(&bytes("050400fe0101")).unwrap(), -129);
        assert_eq!(decode::<u64>(&bytes("050600fe012c")).unwrap(), 300);
        assert!((decode::<f64>(&bytes("060800fd803140")).unwrap() - 17.5).abs() < 1e-9);
        assert_eq!(decode::<crate::rpc::Blob>(&bytes("050a00020102")).unwrap().0, [1, 2]);
        decode::<IgnoredAny>(&bytes("03020001")).unwrap();
        let list = "0b7f020102ff8000010c00000eff8000020468747470046a6f6273";
        for (text, reason) in [
            ("", "it ends early"),
            ("03", "it ends early"),
            (list, "invalid type: sequence, expected a string"),
            ("03020101", "the value does not begin as one"),
            ("030c0005", "it ends early"),
            ("020c00", "it ends early"),
            ("fe", "it ends early"),
            ("80", "it ends early"),
            ("050c0002ffff", "invalid value: byte array, expected a string"),
        ] {
            assert_eq!(decode::<String>(&bytes(text)).unwrap_err().to_string(), reason, "{text}");
        }
    }

    #[test]
    fn lists_describe_their_items_first() {
        // As Go has it, but that the list is the first type that is described, not the sixty-third.
        assert_eq!(written(&["http", "jobs"]), "0cff81020102ff8200010c00000eff8200020468747470046a6f6273");
        assert_eq!(written(&Vec::<String>::new()), "0cff81020102ff8200010c000004ff820000");
    }

    #[test]
    fn values_of_different_types_are_a_record_or_an_error() {
        let value = |json: &str| serde_json::from_str::<crate::rpc::Value>(json).unwrap();
        let bytes = encode(&value(r#"{"id":7,"name":"a","tags":["x"],"none":null}"#)).unwrap();
        assert_eq!(
            serde_json::to_string(&reader::read(&bytes).unwrap()).unwrap(),
            r#"{"Id":7,"Name":"a","Tags":["x"]}"#
        );
        let bytes = encode(&value("[1,2.5]")).unwrap();
        assert_eq!(reader::read(&bytes).unwrap(), value("[1.0,2.5]"));
        let bytes = encode(&value(r#"{"a":[],"b":["x"]}"#)).unwrap();
        assert_eq!(reader::read(&bytes).unwrap(), value(r#"{"a":[],"b":["x"]}"#));
        let error = encode(&value("[1,\"a\"]")).unwrap_err().to_string();
        assert_eq!(error, "Go has no list of values of different types");
        let error = encode(&crate::rpc::Value::Map(vec![
            (crate::rpc::Key::Int(1), crate::rpc::Value::Int(1)),
            (crate::rpc::Key::Int(2), crate::rpc::Value::Bool(true)),
        ]));
        assert!(error.is_err());
    }

    #[test]
    fn records_have_the_names_of_go_and_only_what_is_not_zero() {
        let state = |pid, num_execs, cpu_percent, status: &str| State {
            pid,
            num_execs,
            cpu_percent,
            status_str: status.to_owned(),
            tags: Vec::new(),
        };
        let bytes = encode(&List { workers: vec![state(7, 300, 1.5, "ready"), state(0, 0, 0.0, "")] }).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        for name in ["List", "Workers", "State", "Pid", "NumExecs", "CPUPercent", "StatusStr"] {
            assert!(text.contains(name), "{name}: {text}");
        }
        assert!(!text.contains("Tags"), "what is empty is not there: {text}");
        // The values are those that Go writes.
        let values = HEXLOWER.decode(b"0102010e01fe012c01fef83f01057265616479000000").unwrap();
        assert!(bytes.ends_with(&values), "{}", HEXLOWER.encode(&bytes));
    }
    #[test]
    fn records_are_read_with_the_names_of_json() {
        #[derive(Debug, Default, PartialEq, Serialize, serde::Deserialize)]
        #[serde(default)]
        struct Entry {
            message: String,
            log_attrs: Vec<Pair>,
            ttl: Option<i64>,
            env: std::collections::BTreeMap<String, String>,
        }
        #[derive(Debug, Default, PartialEq, Serialize, serde::Deserialize)]
        struct Pair {
            key: String,
        }
        let entry = Entry {
            message: "hello".to_owned(),
            log_attrs: vec![Pair { key: "a".to_owned() }, Pair { key: "b".to_owned() }],
            ttl: Some(-5),
            env: [("A".to_owned(), "1".to_owned())].into(),
        };
        let bytes = encode(&entry).unwrap();
        assert!(String::from_utf8_lossy(&bytes).contains("LogAttrs"));
        assert_eq!(decode::<Entry>(&bytes).unwrap(), entry);
        for end in 0..bytes.len() {
            assert!(decode::<Entry>(&bytes[..end]).is_err(), "cut at {end}");
        }
    }

    #[test]
    fn records_that_hold_themselves_end() {
        // A list of lists of itself: type 65 is a list of type 65.
        let mut bytes = Vec::new();
        let mut described = Vec::new();
        put_int(&mut described, -FIRST);
        described.push(2);
        put_common(&mut described, "", FIRST);
        described.push(1);
        put_int(&mut described, FIRST);
        described.extend([0, 0]);
        put_bytes(&mut bytes, &described);
        let mut value = Vec::new();
        put_int(&mut value, FIRST);
        value.push(0);
        value.extend([1; 100_000]);
        value.push(0);
        put_bytes(&mut bytes, &value);
        assert_eq!(decode::<IgnoredAny>(&bytes).unwrap_err().to_string(), "it is nested too deeply");
    }
}
