//! From the bytes that Go writes to values, and from these to what a method takes.

use std::collections::HashMap;

use serde::{
    Deserializer,
    de::{IntoDeserializer, Visitor, value},
    forward_to_deserialize_any,
};

use super::{BOOL, BYTES, Error, FLOAT, INT, STRING, UINT, Value, early, int, uint, wrong};

/// The lowest number of a type that is described.
const DESCRIBED: i64 = 64;
/// Values in values.
const DEEPEST: u32 = 32;
/// Values of an argument, each of which takes more memory than bytes.
const MOST: usize = 65_536;

/// A type that was described, by number.
enum Described {
    List(i64),
    Map(i64, i64),
    /// Name in JSON and type of each field.
    Record(Vec<(String, i64)>),
}

/// What is read, and what is known of it.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    types: HashMap<i64, Described>,
    values: usize,
}

// === impl Reader ===

impl<'a> Reader<'a> {
    /// Reads the one value, behind the types that it is made of.
    pub(super) fn read(mut bytes: &'a [u8]) -> Result<Value, Error> {
        let mut types = HashMap::new();
        loop {
            let length = usize::try_from(uint(&mut bytes)?).unwrap_or(usize::MAX);
            let rest;
            (rest, bytes) = bytes.split_at_checked(length).ok_or_else(early)?;
            let mut message = Self { rest, types, values: 0 };
            let number = message.int()?;
            if number >= 0 {
                if !bytes.is_empty() {
                    return Err(wrong("there is more than one value"));
                }
                return message.top(number);
            }
            let described = message.description()?;
            types = message.types;
            types.insert(-number, described);
        }
    }

    fn top(&mut self, kind: i64) -> Result<Value, Error> {
        // What is no record begins with a zero.
        if !matches!(self.types.get(&kind), Some(Described::Record(_))) && self.uint()? != 0 {
            return Err(wrong("the value does not begin as one"));
        }
        self.value(kind, 0)
    }

    fn int(&mut self) -> Result<i64, Error> {
        int(&mut self.rest)
    }

    fn uint(&mut self) -> Result<u64, Error> {
        uint(&mut self.rest)
    }

    fn bytes(&mut self) -> Result<&'a [u8], Error> {
        let length = usize::try_from(self.uint()?).unwrap_or(usize::MAX);
        let bytes;
        (bytes, self.rest) = self.rest.split_at_checked(length).ok_or_else(early)?;
        Ok(bytes)
    }

    fn text(&mut self) -> Result<String, Error> {
        std::str::from_utf8(self.bytes()?).map(str::to_owned).map_err(|_| wrong("the text is not UTF-8"))
    }

    /// How many items follow. Each is a byte at least.
    fn count(&mut self) -> Result<usize, Error> {
        let count = usize::try_from(self.uint()?).unwrap_or(usize::MAX);
        if count > self.rest.len() { Err(early()) } else { Ok(count) }
    }

    /// Reads a record: `field` gets the number of each field that is there, from 1.
    fn fields(&mut self, mut field: impl FnMut(&mut Self, u64) -> Result<(), Error>) -> Result<(), Error> {
        let mut number = 0u64;
        loop {
            match self.uint()? {
                0 => return Ok(()),
                skipped => number = number.checked_add(skipped).ok_or_else(|| wrong("a field has no number"))?,
            }
            field(self, number)?;
        }
    }

    /// Reads what a type is made of. Its first field is its name and number.
    fn description(&mut self) -> Result<Described, Error> {
        let mut described = None;
        self.fields(|this, kind| {
            let (mut types, mut fields) = ([0; 2], Vec::new());
            this.fields(|this, field| match (kind, field) {
                (1..=4, 1) => this.fields(|this, field| match field {
                    1 => this.text().map(drop),
                    _ => this.int().map(drop),
                }),
                (1 | 2 | 4, 2) => this.int().map(|number| types[0] = number),
                // Of an array its length.
                (1 | 4, 3) => this.int().map(|number| types[1] = number),
                (3, 2) => {
                    for _ in 0..this.count()? {
                        let (mut name, mut number) = (String::new(), 0);
                        this.fields(|this, field| match field {
                            1 => this.text().map(|text| name = snake(&text)),
                            _ => this.int().map(|given| number = given),
                        })?;
                        fields.push((name, number));
                    }
                    Ok(())
                }
                _ => Err(wrong("it has a type that no argument has")),
            })?;
            described = Some(match kind {
                1 | 2 => Described::List(types[0]),
                4 => Described::Map(types[0], types[1]),
                _ => Described::Record(fields),
            });
            Ok(())
        })?;
        described.ok_or_else(|| wrong("it has a type that no argument has"))
    }

    fn value(&mut self, kind: i64, depth: u32) -> Result<Value, Error> {
        self.values += 1;
        if depth > DEEPEST || self.values > MOST {
            return Err(wrong("it is made of too many values"));
        }
        Ok(match kind {
            BOOL => Value::Bool(self.uint()? != 0),
            INT => Value::Int(self.int()?),
            UINT => Value::Uint(self.uint()?),
            FLOAT => Value::Float(f64::from_bits(self.uint()?.swap_bytes())),
            BYTES => Value::Bytes(self.bytes()?.to_vec()),
            STRING => Value::Text(self.text()?),
            DESCRIBED.. => return self.described(kind, depth + 1),
            _ => return Err(wrong("it has a type that no argument has")),
        })
    }

    fn described(&mut self, kind: i64, depth: u32) -> Result<Value, Error> {
        let unknown = || wrong("it has a type that was not described");
        Ok(match self.types.get(&kind).ok_or_else(unknown)? {
            &Described::List(item) => {
                let count = self.count()?;
                Value::List((0..count).map(|_| self.value(item, depth)).collect::<Result<_, _>>()?)
            }
            &Described::Map(key, item) => {
                let count = self.count()?;
                let pair = |this: &mut Self| Ok((this.value(key, depth)?, this.value(item, depth)?));
                Value::Map((0..count).map(|_| pair(self)).collect::<Result<_, Error>>()?)
            }
            Described::Record(_) => {
                let mut values = Vec::new();
                self.fields(|this, number| {
                    let Some(Described::Record(fields)) = this.types.get(&kind) else { return Err(unknown()) };
                    let index = usize::try_from(number - 1).unwrap_or(usize::MAX);
                    let (name, kind) = fields.get(index).cloned().ok_or_else(unknown)?;
                    values.push((name, this.value(kind, depth)?));
                    Ok(())
                })?;
                Value::Record("", values)
            }
        })
    }
}

/// The name in JSON of a field in Go: `LogAttrs` is `log_attrs`.
fn snake(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 2);
    for (at, letter) in name.char_indices() {
        if letter.is_ascii_uppercase() && at > 0 {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

// === impl Value ===

impl<'de> IntoDeserializer<'de, Error> for Value {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Value {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::Nothing => visitor.visit_unit(),
            Self::Bool(flag) => visitor.visit_bool(flag),
            Self::Int(number) => visitor.visit_i64(number),
            Self::Uint(number) => visitor.visit_u64(number),
            Self::Float(number) => visitor.visit_f64(number),
            Self::Bytes(bytes) => visitor.visit_byte_buf(bytes),
            Self::Text(text) => visitor.visit_string(text),
            Self::List(items) => visitor.visit_seq(value::SeqDeserializer::new(items.into_iter())),
            Self::Map(pairs) => visitor.visit_map(value::MapDeserializer::new(pairs.into_iter())),
            Self::Record(_, fields) => visitor.visit_map(value::MapDeserializer::new(fields.into_iter())),
        }
    }

    /// What is there is not missing: Go has no other way to say it.
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct enum identifier ignored_any
    }
}
