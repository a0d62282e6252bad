//! From what Go has written to values.

use std::collections::HashMap;

use super::{BOOL, BYTES, Error, FLOAT, INT, INTERFACE, STRING, UINT, early, int, uint, wrong};
use crate::rpc::value::{DEPTH, Key, Value};

/// Types that a message may describe, and fields that a record may have.
const MOST: usize = 1024;
/// The lowest number of a type that a message describes.
const LOWEST: i64 = 64;

/// A type that was described.
#[derive(Debug)]
enum Type {
    List(i64),
    Map(i64, i64),
    /// Names and types of the fields.
    Record(Vec<(String, i64)>),
}

/// Reads a value and the descriptions of its types before it.
pub(super) fn read(bytes: &[u8]) -> Result<Value, Error> {
    let mut rest = bytes;
    let mut types = HashMap::new();
    loop {
        let mut message = part(&mut rest)?;
        let number = int(&mut message)?;
        if number >= 0 {
            let value = alone(&types, number, &mut message, DEPTH)?;
            if !message.is_empty() || !rest.is_empty() {
                return Err(wrong("there is something behind the value"));
            }
            return Ok(value);
        }
        if types.len() == MOST {
            return Err(wrong("it describes too many types"));
        }
        let number = number.checked_neg().filter(|number| *number >= LOWEST);
        types.insert(number.ok_or_else(|| wrong("a type has a number that it may not have"))?, describe(&mut message)?);
    }
}

/// The bytes that a length stands before.
fn part<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], Error> {
    let length = usize::try_from(uint(rest)?).unwrap_or(usize::MAX);
    let (part, after) = rest.split_at_checked(length).ok_or_else(early)?;
    *rest = after;
    Ok(part)
}

fn text(rest: &mut &[u8]) -> Result<String, Error> {
    String::from_utf8(part(rest)?.to_vec()).map_err(|_| wrong("a name is not UTF-8"))
}

/// Calls `each` with the number of each field of a record that is there.
fn fields(rest: &mut &[u8], mut each: impl FnMut(u64, &mut &[u8]) -> Result<(), Error>) -> Result<(), Error> {
    let mut field = 0_u64;
    loop {
        let step = uint(rest)?;
        if step == 0 {
            return Ok(());
        }
        field = field.checked_add(step).ok_or_else(|| wrong("a record has no such field"))?;
        each(field, rest)?;
    }
}

/// A description: a record of which one field is there, by the kind of type.
fn describe(rest: &mut &[u8]) -> Result<Type, Error> {
    let mut found = None;
    fields(rest, |kind, rest| {
        let (mut numbers, mut named) = ([0; 2], Vec::new());
        fields(rest, |field, rest| match (kind, field) {
            // Name and number of the type itself.
            (_, 1) => fields(rest, |field, rest| match field {
                1 => text(rest).map(drop),
                _ => int(rest).map(drop),
            }),
            (3, 2) => {
                let count = usize::try_from(uint(rest)?).unwrap_or(usize::MAX);
                if count > MOST {
                    return Err(wrong("a record has too many fields"));
                }
                for _ in 0..count {
                    let mut one = (String::new(), 0);
                    fields(rest, |field, rest| {
                        match field {
                            1 => one.0 = text(rest)?,
                            _ => one.1 = int(rest)?,
                        }
                        Ok(())
                    })?;
                    named.push(one);
                }
                Ok(())
            }
            (1 | 2 | 4, 2 | 3) => {
                numbers[usize::from(field == 3)] = int(rest)?;
                Ok(())
            }
            _ => Err(wrong("a type writes itself in a way of its own")),
        })?;
        found = Some(match kind {
            1 | 2 => Type::List(numbers[0]),
            3 => Type::Record(named),
            4 => Type::Map(numbers[0], numbers[1]),
            _ => return Err(wrong("a type writes itself in a way of its own")),
        });
        Ok(())
    })?;
    found.ok_or_else(early)
}

/// A value that stands alone: what is no record begins with a zero.
fn alone(types: &HashMap<i64, Type>, number: i64, rest: &mut &[u8], depth: usize) -> Result<Value, Error> {
    if !matches!(types.get(&number), Some(Type::Record(_))) && uint(rest)? != 0 {
        return Err(wrong("the value does not begin as one"));
    }
    value(types, number, rest, depth)
}

fn value(types: &HashMap<i64, Type>, number: i64, rest: &mut &[u8], depth: usize) -> Result<Value, Error> {
    let depth = depth.checked_sub(1).ok_or_else(|| wrong("it is nested too deeply"))?;
    Ok(match number {
        BOOL => Value::Bool(uint(rest)? != 0),
        INT => Value::Int(int(rest)?),
        #[expect(clippy::cast_precision_loss, reason = "as PHP has it")]
        UINT => match uint(rest)? {
            number => i64::try_from(number).map_or(Value::Float(number as f64), Value::Int),
        },
        FLOAT => Value::Float(f64::from_bits(uint(rest)?.swap_bytes())),
        BYTES | STRING => Value::Text(part(rest)?.to_vec()),
        INTERFACE => {
            // The name under which Go knows the type; none: nothing is there.
            if part(rest)?.is_empty() {
                return Ok(Value::Null);
            }
            let number = int(rest)?;
            let mut inner = part(rest)?;
            alone(types, number, &mut inner, depth)?
        }
        _ => match types.get(&number).ok_or_else(|| wrong("a type is not described"))? {
            Type::List(item) => {
                let mut items = Vec::new();
                for _ in 0..count(rest)? {
                    items.push(value(types, *item, rest, depth)?);
                }
                Value::List(items)
            }
            Type::Map(of_keys, of_values) => {
                let mut entries = Vec::new();
                for _ in 0..count(rest)? {
                    let key = match value(types, *of_keys, rest, depth)? {
                        Value::Int(number) => Key::Int(number),
                        Value::Bool(flag) => Key::Int(flag.into()),
                        Value::Text(text) => Key::Text(text),
                        _ => return Err(wrong("a key must be a number or a text")),
                    };
                    entries.push((key, value(types, *of_values, rest, depth)?));
                }
                Value::Map(entries)
            }
            Type::Record(named) => {
                let mut entries = Vec::new();
                fields(rest, |field, rest| {
                    let at = usize::try_from(field - 1).unwrap_or(usize::MAX);
                    let (name, number) = named.get(at).ok_or_else(|| wrong("a record has no such field"))?;
                    entries.push((Key::Text(name.clone().into_bytes()), value(types, *number, rest, depth)?));
                    Ok(())
                })?;
                Value::Map(entries)
            }
        },
    })
}

/// How many follow, each of which has a byte at least.
fn count(rest: &mut &[u8]) -> Result<usize, Error> {
    usize::try_from(uint(rest)?).ok().filter(|count| *count <= rest.len()).ok_or_else(early)
}
