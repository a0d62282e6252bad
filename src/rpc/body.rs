//! Arguments and results in each codec.

use prost::Message;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{DeserializeOwned, IntoDeserializer, value},
};

use super::{Codec, Fault, gob};

/// Reads arguments. Empty ones are the default, as for Go.
pub(super) fn decode<A: DeserializeOwned + Default>(codec: Codec, body: &[u8]) -> Result<A, Fault> {
    if body.is_empty() {
        return Ok(A::default());
    }
    match codec {
        Codec::Json => serde_json::from_slice(body).map_err(wrong),
        Codec::MessagePack => rmp_serde::from_slice(body).map_err(wrong),
        Codec::Gob => gob::decode(body).map_err(wrong),
        Codec::Raw => match std::str::from_utf8(body) {
            Ok(text) => A::deserialize(IntoDeserializer::<value::Error>::into_deserializer(text)),
            Err(_) => A::deserialize(value::BytesDeserializer::<value::Error>::new(body)),
        }
        .map_err(wrong),
        Codec::Protobuf => Err(no_protobuf()),
    }
}

/// Writes a result.
pub(super) fn encode<R: Serialize + ?Sized>(codec: Codec, result: &R) -> Result<Vec<u8>, Fault> {
    let failed = |error: &dyn std::error::Error| Fault::new(format!("the result cannot be written: {error}"));
    match codec {
        Codec::Json => serde_json::to_vec(result).map_err(|error| failed(&error)),
        Codec::MessagePack => rmp_serde::to_vec_named(result).map_err(|error| failed(&error)),
        Codec::Gob => gob::encode(result).map_err(|error| failed(&error)),
        // Text is the bytes that it has; what has an inner order is JSON.
        Codec::Raw => match serde_json::to_value(result).map_err(|error| failed(&error))? {
            serde_json::Value::String(text) => Ok(text.into_bytes()),
            value => Ok(value.to_string().into_bytes()),
        },
        Codec::Protobuf => Err(no_protobuf()),
    }
}

/// Reads a message: what [`decode`] reads, and Protobuf.
pub(super) fn decode_message<A: Message + DeserializeOwned + Default>(codec: Codec, body: &[u8]) -> Result<A, Fault> {
    match codec {
        Codec::Protobuf => A::decode(body).map_err(wrong),
        // Bytes alone have no fields; as elsewhere, what has an inner order is JSON.
        Codec::Raw => decode(Codec::Json, body),
        _ => decode(codec, body),
    }
}

/// Writes a message: what [`encode`] writes, and Protobuf.
pub(super) fn encode_message<R: Message + Serialize>(codec: Codec, result: &R) -> Result<Vec<u8>, Fault> {
    match codec {
        Codec::Protobuf => Ok(result.encode_to_vec()),
        _ => encode(codec, result),
    }
}

fn wrong(error: impl std::error::Error) -> Fault {
    Fault::new(format!("the argument cannot be read: {error}"))
}

fn no_protobuf() -> Fault {
    Fault::new("this method has no Protobuf messages: call it with JSON, MessagePack, gob or raw bytes")
}

/// Bytes: a byte string in MessagePack and gob; text in JSON, Base64 as Go writes it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Blob(pub Vec<u8>);

// === impl Blob ===

impl Serialize for Blob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.serialize_str(&data_encoding::BASE64.encode(&self.0))
        } else {
            serializer.serialize_bytes(&self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor(bool);
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Blob;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("bytes")
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Blob, E> {
                Ok(Blob(bytes.to_vec()))
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Blob, E> {
                if !self.0 {
                    return Ok(Blob(text.as_bytes().to_vec()));
                }
                let decoded = data_encoding::BASE64.decode(text.as_bytes());
                decoded.map(Blob).map_err(|_| E::custom("bytes must be Base64 in JSON"))
            }
        }
        let is_text = deserializer.is_human_readable();
        if is_text {
            deserializer.deserialize_str(Visitor(true))
        } else {
            deserializer.deserialize_bytes(Visitor(false))
        }
    }
}
