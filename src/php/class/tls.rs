//! `RoadRunner\Http\Tls` and `RoadRunner\Http\ClientCertificate`

use std::{ffi::c_void, sync::Arc};

use ext_php_rs::{
    convert::IntoZval,
    prelude::PhpResult,
    types::{ZendHashTable, Zval},
};

use super::{method, request::exchange, string};
use crate::{
    php::exception,
    tls::{Client, Session},
};

/// An array in the making.
struct Values(ext_php_rs::boxed::ZBox<ZendHashTable>);

// === impl Values ===

impl Values {
    fn new() -> Self {
        Self(ZendHashTable::new())
    }

    fn add(&mut self, name: &str, value: impl IntoZval) -> PhpResult<()> {
        self.0.insert(name, value).map_err(|error| exception::server(error.to_string()))
    }

    fn add_text(&mut self, name: &str, text: &str) -> PhpResult<()> {
        self.add(name, string(text.as_bytes()))
    }

    fn add_texts<T: AsRef<str>>(&mut self, name: &str, texts: impl IntoIterator<Item = T>) -> PhpResult<()> {
        let mut list = ZendHashTable::new();
        for text in texts {
            list.push(string(text.as_ref().as_bytes())).map_err(|error| exception::server(error.to_string()))?;
        }
        self.add(name, list)
    }

    fn add_optional(&mut self, name: &str, text: Option<&str>) -> PhpResult<()> {
        self.add(name, text.map(|text| string(text.as_bytes())))
    }

    fn finish(self) -> PhpResult<Zval> {
        self.0.into_zval(false).map_err(|error| exception::server(error.to_string()))
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn rr_rs_request_tls(shown: *mut c_void, values: *mut Zval, certificate: *mut Zval) -> bool {
    method(false, || {
        // SAFETY: the shim passes a living object's native part.
        let session: Option<Arc<Session>> = unsafe { exchange(shown) }?.with(|request| request.tls.clone())?;
        let Some(session) = session else { return Ok(false) };
        let shown = session.client.as_ref().map(of_client).transpose()?;
        let agreed = of_session(&session)?;
        // SAFETY: the shim passes places for both, with nothing in them.
        unsafe {
            values.write(agreed);
            if let Some(shown) = shown {
                certificate.write(shown);
            }
        }
        Ok(true)
    })
}

/// The properties of `Tls` but the certificate.
fn of_session(session: &Session) -> PhpResult<Zval> {
    let mut values = Values::new();
    values.add_text("version", session.version)?;
    values.add_text("cipher", &session.cipher)?;
    values.add_optional("serverName", session.server_name.as_deref())?;
    values.add_optional("protocol", session.protocol.as_deref())?;
    values.add("isResumed", session.is_resumed)?;
    values.finish()
}

/// The properties of `ClientCertificate`.
fn of_client(client: &Client) -> PhpResult<Zval> {
    let certificate = client.certificate().map_err(|error| exception::server(error.to_string()))?;
    let mut values = Values::new();
    values.add("isVerified", client.is_verified)?;
    values.add_text("subject", &certificate.subject)?;
    values.add_optional("commonName", certificate.common_name.as_deref())?;
    values.add_text("issuer", &certificate.issuer)?;
    values.add_text("serialNumber", &certificate.serial_number)?;
    values.add("notBefore", certificate.not_before)?;
    values.add("notAfter", certificate.not_after)?;
    values.add_texts("dnsNames", &certificate.dns_names)?;
    values.add_texts("emailAddresses", &certificate.email_addresses)?;
    values.add_texts("ipAddresses", certificate.ip_addresses.iter().map(ToString::to_string))?;
    values.add_texts("uris", &certificate.uris)?;
    values.add_text("fingerprint", &certificate.fingerprint)?;
    values.add_text("pem", &client.pem())?;
    values.finish()
}
