//! Which certificate a client is shown.

use std::{collections::HashMap, sync::Arc};

use rustls::{
    SignatureScheme,
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};

use super::load::Loaded;

/// Chooses by the name of the server that a client asks for (SNI, RFC 6066 section 3).
///
/// The names of a certificate are the DNS names of its subject; `*.example.com` stands for one label in front of
/// `example.com`. A whole name goes before a wildcard, and of several certificates for one name the first whose kind of key
/// the client can check. If there is no name, or none for it, all certificates are for it, in their order.
#[derive(Debug)]
pub(super) struct Resolver {
    all: Vec<Arc<CertifiedKey>>,
    names: HashMap<String, Vec<Arc<CertifiedKey>>>,
    /// By what stands behind `*.`.
    wildcards: HashMap<String, Vec<Arc<CertifiedKey>>>,
}

// === impl Resolver ===

impl Resolver {
    pub(super) fn new<'a>(pairs: impl IntoIterator<Item = &'a Loaded>) -> Self {
        let mut resolver = Self { all: Vec::new(), names: HashMap::new(), wildcards: HashMap::new() };
        for Loaded { key, certificate } in pairs {
            resolver.all.push(Arc::clone(key));
            for name in &certificate.dns_names {
                let name = normal(name);
                let (map, name) = match name.strip_prefix("*.") {
                    Some(parent) => (&mut resolver.wildcards, parent),
                    None => (&mut resolver.names, name.as_str()),
                };
                map.entry(name.to_owned()).or_default().push(Arc::clone(key));
            }
        }
        resolver
    }

    pub(super) fn choose(&self, name: Option<&str>, schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let fits = |key: &&Arc<CertifiedKey>| key.key.choose_scheme(schemes).is_some();
        let name = name.map(normal);
        let whole = name.as_ref().and_then(|name| self.names.get(name));
        let wildcard = name.as_ref().and_then(|name| self.wildcards.get(name.split_once('.')?.1));
        let mut named = whole.into_iter().chain(wildcard).flatten();
        // If none fits, the handshake fails on the first one, and the client is told why.
        named.find(fits).or_else(|| self.all.iter().find(fits)).or(self.all.first()).cloned()
    }
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.choose(hello.server_name(), hello.signature_schemes())
    }
}

fn normal(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}
