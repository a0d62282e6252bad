//! Values of no type that is known in advance: arguments and results of methods that workers have registered.

use std::{collections::HashSet, fmt};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, IntoDeserializer, MapAccess, SeqAccess, Visitor, value::MapDeserializer, value::SeqDeserializer},
    ser::{self, SerializeMap, SerializeSeq},
};

use super::gob::capital;

/// How deep values may be nested.
pub const DEPTH: usize = 128;

/// A value as PHP, JSON, MessagePack and gob have it.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// Nothing.
    #[default]
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// Text, or other bytes: PHP does not tell them apart.
    Text(Vec<u8>),
    /// Values in a row.
    List(Vec<Self>),
    /// Values with keys, in an order.
    Map(Vec<(Key, Self)>),
}

/// A key of a map.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Key {
    /// A number.
    Int(i64),
    /// A text.
    Text(Vec<u8>),
}

// === impl Value ===

/// What is not UTF-8 is bytes, for which JSON has no kind.
fn put_text<S: Serializer>(text: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    match std::str::from_utf8(text) {
        Ok(text) => serializer.serialize_str(text),
        Err(_) if serializer.is_human_readable() => {
            Err(ser::Error::custom("a string is not UTF-8, and JSON has no other"))
        }
        Err(_) => serializer.serialize_bytes(text),
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(flag) => serializer.serialize_bool(*flag),
            Self::Int(number) => serializer.serialize_i64(*number),
            Self::Float(number) if !number.is_finite() && serializer.is_human_readable() => {
                Err(ser::Error::custom(format!("JSON has no number {number}")))
            }
            Self::Float(number) => serializer.serialize_f64(*number),
            Self::Text(text) => put_text(text, serializer),
            Self::List(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                items.iter().try_for_each(|item| list.serialize_element(item))?;
                list.end()
            }
            Self::Map(entries) => {
                // Keys of one map are of one kind, everywhere but in PHP.
                let numbers = entries.iter().all(|(key, _)| matches!(key, Key::Int(_)));
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    match key {
                        Key::Int(number) if numbers => map.serialize_entry(number, value)?,
                        Key::Int(number) => map.serialize_entry(&number.to_string(), value)?,
                        Key::Text(text) => map.serialize_entry(&Bytes(text), value)?,
                    }
                }
                map.end()
            }
        }
    }
}

/// Text that may be other bytes.
struct Bytes<'a>(&'a [u8]);

impl Serialize for Bytes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        put_text(self.0, serializer)
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Int(number) => Ok(Self::Int(number)),
            Value::Text(text) => Ok(Self::Text(text)),
            Value::Bool(flag) => Ok(Self::Int(flag.into())),
            _ => Err(de::Error::custom("a key must be a number or a text")),
        }
    }
}

/// Makes a value of whatever comes.
struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        Value::deserialize(deserializer)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Bool(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Int(number))
    }

    /// A number beyond those of PHP is the nearest one that it has, as for `json_decode()`.
    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        #[expect(clippy::cast_precision_loss, reason = "as PHP has it")]
        Ok(i64::try_from(number).map_or(Value::Float(number as f64), Value::Int))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Float(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.as_bytes().to_vec()))
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Value, E> {
        Ok(Value::Text(bytes.to_vec()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let (mut map, mut known): (Vec<(Key, Value)>, HashSet<Key>) = (Vec::new(), HashSet::new());
        while let Some((key, value)) = entries.next_entry::<Key, Value>()? {
            if known.insert(key.clone()) {
                map.push((key, value));
            } else if let Some(entry) = map.iter_mut().find(|(other, _)| *other == key) {
                // The last one counts, as in PHP.
                entry.1 = value;
            }
        }
        Ok(Value::Map(map))
    }
}

impl<'de> Deserializer<'de> for Value {
    type Error = de::value::Error;

    fn is_human_readable(&self) -> bool {
        false
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match self {
            Self::Null => visitor.visit_unit(),
            Self::Bool(flag) => visitor.visit_bool(flag),
            Self::Int(number) => visitor.visit_i64(number),
            Self::Float(number) => visitor.visit_f64(number),
            Self::Text(bytes) => match String::from_utf8(bytes) {
                Ok(text) => visitor.visit_string(text),
                Err(error) => visitor.visit_byte_buf(error.into_bytes()),
            },
            Self::List(items) => visitor.visit_seq(SeqDeserializer::new(items.into_iter())),
            Self::Map(entries) => visitor.visit_map(MapDeserializer::new(entries.into_iter())),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        if self == Self::Null { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    /// Fields may have the names of Go.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        let Self::Map(mut entries) = self else { return self.deserialize_any(visitor) };
        for (key, _) in &mut entries {
            if let Key::Text(name) = key
                && let Some(field) = fields.iter().find(|field| capital(field).as_bytes() == name)
            {
                *name = field.as_bytes().to_vec();
            }
        }
        visitor.visit_map(MapDeserializer::new(entries.into_iter()))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct newtype_struct seq
        tuple tuple_struct map enum identifier ignored_any
    }
}

impl IntoDeserializer<'_, de::value::Error> for Value {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl IntoDeserializer<'_, de::value::Error> for Key {
    type Deserializer = Value;

    fn into_deserializer(self) -> Value {
        match self {
            Self::Int(number) => Value::Int(number),
            Self::Text(text) => Value::Text(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::Text(text.as_bytes().to_vec())
    }

    fn map(entries: &[(&str, Value)]) -> Value {
        Value::Map(entries.iter().map(|(key, value)| (Key::Text(key.as_bytes().to_vec()), value.clone())).collect())
    }

    #[test]
    fn json_comes_and_goes_as_it_is() {
        let json = r#"{"a":[1,-2,2.5,"ü",true,null,[],{}],"b":{"1":0}}"#;
        let value: Value = serde_json::from_str(json).unwrap();
        let expected = map(&[
            (
                "a",
                Value::List(vec![
                    Value::Int(1),
                    Value::Int(-2),
                    Value::Float(2.5),
                    text("ü"),
                    Value::Bool(true),
                    Value::Null,
                    Value::List(Vec::new()),
                    Value::Map(Vec::new()),
                ]),
            ),
            ("b", map(&[("1", Value::Int(0))])),
        ]);
        assert_eq!(value, expected);
        assert_eq!(serde_json::to_string(&value).unwrap(), json);
        assert_eq!(
            serde_json::from_str::<Value>("18446744073709551615").unwrap(),
            Value::Float(18_446_744_073_709_551_615.0)
        );
        assert_eq!(
            serde_json::from_str::<Value>(r#"{"a":1,"b":2,"a":3}"#).unwrap(),
            map(&[("a", Value::Int(3)), ("b", Value::Int(2))])
        );
        assert!(serde_json::from_str::<Value>(&"[".repeat(200)).is_err());
    }

    #[test]
    fn what_json_cannot_say_is_an_error_and_messagepack_says_it() {
        let bytes = Value::List(vec![Value::Text(b"\xff".to_vec()), Value::Float(f64::INFINITY)]);
        let error = serde_json::to_string(&bytes).unwrap_err().to_string();
        assert_eq!(error, "a string is not UTF-8, and JSON has no other");
        let error = serde_json::to_string(&Value::Float(f64::INFINITY)).unwrap_err().to_string();
        assert_eq!(error, "JSON has no number inf");
        let written = rmp_serde::to_vec_named(&bytes).unwrap();
        assert_eq!(rmp_serde::from_slice::<Value>(&written).unwrap(), bytes);
        let keys = Value::Map(vec![(Key::Int(7), Value::Null), (Key::Text(b"\xfe".to_vec()), Value::Null)]);
        let written = rmp_serde::to_vec_named(&keys).unwrap();
        let Value::Map(read) = rmp_serde::from_slice(&written).unwrap() else { panic!("it is a map") };
        assert_eq!(read[0].0, Key::Text(b"7".to_vec()), "keys are of one kind");
        assert_eq!(read[1].0, Key::Text(b"\xfe".to_vec()));
    }

    #[test]
    fn a_value_is_read_as_the_type_that_is_wanted() {
        #[derive(Debug, Deserialize, PartialEq)]
        struct Wanted {
            name: String,
            count: u64,
            part: f64,
            rest: Option<Vec<i8>>,
        }
        let value =
            map(&[("name", text("a")), ("count", Value::Int(3)), ("part", Value::Int(2)), ("rest", Value::Null)]);
        let read = Wanted::deserialize(value).unwrap();
        assert_eq!(read, Wanted { name: "a".to_owned(), count: 3, part: 2.0, rest: None });
        assert!(u64::deserialize(Value::Int(-1)).is_err());
    }
}
