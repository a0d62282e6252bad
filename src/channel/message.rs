//! What passes through channels.

use bytes::Bytes;

use super::{Event, Lines};

/// What a subscriber gets of a message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Form {
    /// A server-sent event.
    Event,
    /// Its data as they are.
    Data,
}

/// What is published.
#[derive(Clone, Debug)]
pub struct Message {
    data: Bytes,
    /// The same as a server-sent event.
    pub(super) event: Bytes,
    pub(super) id: Option<Bytes>,
}

// === impl Message ===

impl Message {
    /// Formats a message, once for all subscribers.
    ///
    /// # Errors
    ///
    /// When type or id have more than one line, or a NUL.
    pub fn new(event: &Event<'_>) -> Result<Self, Lines> {
        let formatted = event.format()?.into();
        Ok(Self {
            data: Bytes::copy_from_slice(event.data),
            event: formatted,
            id: event.id.map(Bytes::copy_from_slice),
        })
    }

    /// What subscribers of a form get.
    pub(super) fn formed(&self, form: Form) -> &Bytes {
        match form {
            Form::Event => &self.event,
            Form::Data => &self.data,
        }
    }
}
