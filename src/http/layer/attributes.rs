//! What layers tell the application of a request.

use http::Extensions;

use super::Request;

/// Names and values, as `Request::attributes()` gives them. The last value of a name counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes(Vec<(&'static str, Vec<u8>)>);

// === impl Attributes ===

impl Attributes {
    /// Those of a request, by its extensions.
    pub fn of(extensions: &Extensions) -> &[(&'static str, Vec<u8>)] {
        extensions.get::<Self>().map_or(&[], |attributes| &attributes.0)
    }

    /// Adds one to a request.
    pub(super) fn set(request: &mut Request, name: &'static str, value: &[u8]) {
        let Self(attributes) = request.extensions_mut().get_or_insert_default::<Self>();
        attributes.retain(|(other, _)| *other != name);
        attributes.push((name, value.to_vec()));
    }
}
