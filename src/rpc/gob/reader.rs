//! From what Go has written to values.

use std::{collections::HashMap, rc::Rc};

use super::{BOOL, BYTES, Error, FLOAT, INT, INTERFACE, STRING, UINT, early, int, uint, wrong};
use crate::rpc::value::{DEPTH, Key, Value};

/// Types that a message may describe, and fields that a record may have.
const MOST: usize = 1024;
/// The lowest number of a type that a message describes.
const LOWEST: i64 = 64;

/// The types that were described, by number.
type Types = HashMap<i64, Rc<Type>>;

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
    let mut types = Types::new();
    loop {
        // The length of a message. A value may go on behind a description that comes in the middle of it, in another one.
        uint(&mut rest)?;
        let number = int(&mut rest)?;
        if number >= 0 {
            let value = alone(&mut types, number, &mut rest, DEPTH)?;
            return if rest.is_empty() { Ok(value) } else { Err(wrong("there is something behind the value")) };
        }
        learn(&mut types, number, &mut rest)?;
    }
}

/// Reads the description of a type, before which its number stands, negated.
fn learn(types: &mut Types, number: i64, rest: &mut &[u8]) -> Result<(), Error> {
    if types.len() == MOST {
        return Err(wrong("it describes too many types"));
    }
    let number = number.checked_neg().filter(|number| *number >= LOWEST);
    let number = number.ok_or_else(|| wrong("a type has a number that it may not have"))?;
    types.insert(number, Rc::new(describe(rest)?));
    Ok(())
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
fn alone(types: &mut Types, number: i64, rest: &mut &[u8], depth: usize) -> Result<Value, Error> {
    if !matches!(types.get(&number).map(|kind| &**kind), Some(Type::Record(_))) && uint(rest)? != 0 {
        return Err(wrong("the value does not begin as one"));
    }
    value(types, number, rest, depth)
}

fn value(types: &mut Types, number: i64, rest: &mut &[u8], depth: usize) -> Result<Value, Error> {
    let depth = depth.checked_sub(1).ok_or_else(|| wrong("it is nested too deeply"))?;
    Ok(match number {
        BOOL => Value::Bool(uint(rest)? != 0),
        INT => Value::Int(int(rest)?),
        UINT => {
            let number = uint(rest)?;
            #[expect(clippy::cast_precision_loss, reason = "as PHP has it")]
            i64::try_from(number).map_or(Value::Float(number as f64), Value::Int)
        }
        FLOAT => Value::Float(f64::from_bits(uint(rest)?.swap_bytes())),
        BYTES | STRING => Value::Text(part(rest)?.to_vec()),
        INTERFACE => {
            // The name under which Go knows the type; none: nothing is there.
            if part(rest)?.is_empty() {
                return Ok(Value::Null);
            }
            let mut number = int(rest)?;
            while number < 0 {
                learn(types, number, rest)?;
                // The length of the message in which it goes on.
                uint(rest)?;
                number = int(rest)?;
            }
            // The length of the value, which is followed to its end anyhow.
            uint(rest)?;
            alone(types, number, rest, depth)?
        }
        _ => match &*types.get(&number).map(Rc::clone).ok_or_else(|| wrong("a type is not described"))? {
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
                        Value::Float(number) => Key::Text(number.to_string().into_bytes()),
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

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;

    use super::*;

    fn value(hex: &str) -> Result<Value, String> {
        read(&HEXLOWER.decode(hex.as_bytes()).unwrap()).map_err(|error| error.to_string())
    }

    /// As JSON, which is shorter to write.
    fn json(hex: &str) -> String {
        serde_json::to_string(&value(hex).unwrap()).unwrap()
    }

    #[test]
    fn what_go_writes_is_read() {
        // Written by Go: []string, map[string]int, a struct, map[string]any, [2]uint8.
        assert_eq!(json("0b7f020102ff8000010c00000eff8000020468747470046a6f6273"), r#"["http","jobs"]"#);
        assert_eq!(json("0eff81040102ff8200010c0104000007ff820001016101"), r#"{"a":-1}"#);
        let record = "38ff83030101044974656d01ff840001040103536b75010c000105436f756e74010400010550726963650108000104546167\
                      7301ff800000000b7f020102ff8000010c000014ff840103782d31010401fef83f0101036e657700";
        assert_eq!(json(record), r#"{"Sku":"x-1","Count":2,"Price":1.5,"Tags":["new"]}"#);
        let any = "0eff85040102ff8600010c0110000021ff860001016b0e5b5d696e74657266616365207b7dff87020102ff88000110000051ff88\
                   4e000503696e740402000206737472696e670c030001620004626f6f6c02020001176d61705b737472696e675d696e74657266\
                   616365207b7dff8613000102696e07666c6f61743634080400fe0440";
        assert_eq!(json(any), r#"{"k":[1,"b",null,true,{"in":2.5}]}"#);
        assert_eq!(json("0eff89010102ff8a0001060104000007ff8a000201ffff"), "[1,255]");
    }

    #[test]
    fn what_is_cut_off_or_turned_is_an_error_and_nothing_else() {
        let any = "0eff85040102ff8600010c0110000021ff860001016b0e5b5d696e74657266616365207b7dff87020102ff88000110000051ff88\
                   4e000503696e740402000206737472696e670c030001620004626f6f6c02020001176d61705b737472696e675d696e74657266\
                   616365207b7dff8613000102696e07666c6f61743634080400fe0440";
        let bytes = HEXLOWER.decode(any.as_bytes()).unwrap();
        for end in 0..bytes.len() {
            assert!(read(&bytes[..end]).is_err(), "after {end} bytes");
        }
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut bytes = bytes.clone();
                bytes[at] ^= 1 << bit;
                // It may mean something else; it must come to an end.
                let _ = read(&bytes);
            }
        }
    }

    #[test]
    fn a_type_of_itself_is_not_followed_for_ever() {
        // type T []T, and a value of which each item has one item.
        let mut bytes = b"\x0c\x7f\x02\x01\x02\xff\x80\x00\x01\xff\x80\x00\x00".to_vec();
        let message: Vec<u8> = [&b"\xff\x80\x00"[..], &vec![1; 1000]].concat();
        bytes.extend([0xfe]);
        bytes.extend(u16::try_from(message.len()).unwrap().to_be_bytes());
        bytes.extend(message);
        let error = read(&bytes).unwrap_err().to_string();
        assert!(error == "it is nested too deeply" || error == "it ends early", "{error}");
    }
}
