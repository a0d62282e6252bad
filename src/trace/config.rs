//! Settings of traces (section `otel`).

use std::{fmt, str::FromStr};

use http::{HeaderName, HeaderValue, uri::Authority};

use super::id::random;
use crate::config::{Problems, Section};

/// Where OTLP over HTTP is taken.
const PATH: &str = "/v1/traces";
/// What RoadRunner says where nothing else is said.
const NAME: &str = "RoadRunner";
const VERSION: &str = "1.0.0";
/// What is said of the formats that are not spoken.
const NOT_OTLP: &str =
    "is not supported; use otlp, which Jaeger takes itself, and for Zipkin a collector that passes it on";

/// Settings of traces (section `otel`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// `otel.resource`: who sends the traces.
    pub resource: Resource,

    /// `otel.exporter`: where they go.
    ///
    /// Default: `otlp`.
    pub exporter: Exporter,

    /// `otel.client`: how a collector is spoken to.
    ///
    /// Default: `http`.
    pub client: Client,

    /// `otel.endpoint`: where the collector is, `host:port`.
    ///
    /// Default: `127.0.0.1:4318`.
    pub endpoint: Endpoint,

    /// `otel.insecure`: whether it is spoken to without TLS.
    ///
    /// Default: false.
    pub insecure: bool,

    /// `otel.compress`: whether what is sent is compressed by gzip.
    ///
    /// Default: false.
    pub compress: bool,

    /// `otel.custom_url`: the path that is sent to, for client `http`.
    ///
    /// Default: `/v1/traces`.
    pub path: String,

    /// `otel.headers`: headers for the collector, such as the key of an account.
    ///
    /// Default: none.
    pub headers: Vec<(HeaderName, HeaderValue)>,

    /// `otel.sampler`: share of the traces that are recorded, out of `u64::MAX`, where the client has not decided.
    ///
    /// Default: all.
    pub sample: u64,
}

/// Who sends traces (section `otel.resource`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// `service_name`, or `otel.service_name`.
    ///
    /// Default: `RoadRunner`.
    pub service_name: String,

    /// `service_version`, or `otel.service_version`.
    ///
    /// Default: `1.0.0`.
    pub service_version: String,

    /// `service_namespace`.
    ///
    /// Default: none. RoadRunner: the name and random digits.
    pub service_namespace: Option<String>,

    /// `service_instance_id`.
    ///
    /// Default: `None`, random digits for each process.
    pub service_instance_id: Option<String>,
}

/// Where traces go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exporter {
    /// To a collector.
    Otlp,
    /// To standard output, as JSON.
    Stdout,
    /// To standard error, as JSON.
    Stderr,
}

/// How a collector is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Client {
    /// By requests of HTTP/1.1 with Protocol Buffers in them.
    Http,
    /// By gRPC.
    Grpc,
}

/// Where a collector is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// A name or an address; one of IPv6 without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

// === impl Config ===

impl Default for Config {
    fn default() -> Self {
        Self {
            resource: Resource::default(),
            exporter: Exporter::Otlp,
            client: Client::Http,
            endpoint: Endpoint { host: "127.0.0.1".to_owned(), port: 4318 },
            insecure: false,
            compress: false,
            path: PATH.to_owned(),
            headers: Vec::new(),
            sample: u64::MAX,
        }
    }
}

impl Config {
    /// Reads the section; what is wrong is added to `problems` and read as the default.
    pub fn read(mut section: Section<'_>, problems: &mut Problems) -> Self {
        // Those of RoadRunner that are not here speak formats of their own.
        const EXPORTERS: [(&str, Option<Exporter>); 6] = [
            ("otlp", Some(Exporter::Otlp)),
            ("stdout", Some(Exporter::Stdout)),
            ("stderr", Some(Exporter::Stderr)),
            ("zipkin", None),
            ("jaeger", None),
            ("jaeger_agent", None),
        ];
        const CLIENTS: [(&str, Client); 2] = [("http", Client::Http), ("grpc", Client::Grpc)];
        let mut config = Self::default();
        config.resource.read(&mut section, problems);
        match section.choice("exporter", &EXPORTERS, problems) {
            Some(Some(exporter)) => config.exporter = exporter,
            Some(None) => section.report("exporter", NOT_OTLP, problems),
            None => {}
        }
        if let Some(client) = section.choice("client", &CLIENTS, problems) {
            config.client = client;
        }
        if let Some((endpoint, _)) = section.text("endpoint", problems) {
            match endpoint.parse() {
                Ok(endpoint) => config.endpoint = endpoint,
                Err(NoEndpoint) => section.report("endpoint", &format!("{NoEndpoint}, not {endpoint:?}"), problems),
            }
        }
        config.insecure = section.boolean("insecure", problems).unwrap_or_default();
        config.compress = section.boolean("compress", problems).unwrap_or_default();
        if let Some((path, _)) = section.text("custom_url", problems).filter(|(path, _)| !path.is_empty()) {
            if config.client == Client::Grpc {
                section.report("custom_url", "is for client http alone", problems);
            }
            let path = if path.starts_with('/') { path } else { format!("/{path}") };
            match http::uri::PathAndQuery::try_from(path.as_str()) {
                Ok(_) => config.path = path,
                Err(_) => section.report("custom_url", "must be a path", problems),
            }
        }
        for (name, value) in section.pairs("headers", problems).unwrap_or_default() {
            match (HeaderName::from_str(&name), HeaderValue::from_str(&value)) {
                (Ok(name), Ok(mut value)) => {
                    value.set_sensitive(true);
                    config.headers.push((name, value));
                }
                _ => section.report("headers", &format!("has {name:?}, which is not a header"), problems),
            }
        }
        if let Some(share) = section.fraction("sampler", problems) {
            config.sample = of_all(share);
        }
        section.finish(problems);
        config
    }
}

/// The part `share` of `u64::MAX`.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates, and a share is 0 to 1")]
fn of_all(share: f64) -> u64 {
    (share * 18_446_744_073_709_551_616.0) as u64
}

// === impl Resource ===

impl Default for Resource {
    fn default() -> Self {
        Self {
            service_name: NAME.to_owned(),
            service_version: VERSION.to_owned(),
            service_namespace: None,
            service_instance_id: None,
        }
    }
}

impl Resource {
    fn read(&mut self, otel: &mut Section<'_>, problems: &mut Problems) {
        let text = |section: &mut Section<'_>, key, problems: &mut Problems| {
            section.text(key, problems).map(|(text, _)| text).filter(|text| !text.is_empty())
        };
        // Where RoadRunner had them once.
        let mut name = text(otel, "service_name", problems);
        let mut version = text(otel, "service_version", problems);
        if let Some(mut section) = otel.section("resource", problems) {
            name = text(&mut section, "service_name", problems).or(name);
            version = text(&mut section, "service_version", problems).or(version);
            self.service_namespace = text(&mut section, "service_namespace", problems);
            self.service_instance_id = text(&mut section, "service_instance_id", problems);
            section.finish(problems);
        }
        self.service_name = name.unwrap_or_else(|| NAME.to_owned());
        self.service_version = version.unwrap_or_else(|| VERSION.to_owned());
    }

    /// The same with an instance of its own, if it has none.
    pub(super) fn of_process(&self) -> Self {
        let instance = || {
            let [high, low] = [random(), random()];
            // A UUID of version 4.
            format!(
                "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
                high >> 32,
                high >> 16 & 0xffff,
                high & 0xfff,
                low >> 48 & 0x3fff | 0x8000,
                low & 0xffff_ffff_ffff
            )
        };
        let service_instance_id = Some(self.service_instance_id.clone().unwrap_or_else(instance));
        Self { service_instance_id, ..self.clone() }
    }

    /// Its attributes, by their names in the conventions of OpenTelemetry.
    pub(super) fn attributes(&self) -> Vec<(&'static str, String)> {
        let optional = [
            ("service.namespace", self.service_namespace.clone()),
            ("service.instance.id", self.service_instance_id.clone()),
        ];
        let always = [
            ("service.name", self.service_name.clone()),
            ("service.version", self.service_version.clone()),
            ("process.pid", std::process::id().to_string()),
            ("os.type", std::env::consts::OS.to_owned()),
        ];
        always.into_iter().chain(optional.into_iter().filter_map(|(key, value)| Some((key, value?)))).collect()
    }
}

// === impl Endpoint ===

/// A text is not an endpoint.
#[derive(Debug, thiserror::Error)]
#[error("must be host:port")]
pub struct NoEndpoint;

impl FromStr for Endpoint {
    type Err = NoEndpoint;

    fn from_str(text: &str) -> Result<Self, NoEndpoint> {
        let authority = Authority::from_str(text).map_err(|_| NoEndpoint)?;
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        match authority.port_u16() {
            Some(port) if port > 0 && !host.is_empty() && !text.contains('@') => {
                Ok(Self { host: host.to_owned(), port })
            }
            _ => Err(NoEndpoint),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') { write!(formatter, "[{host}]:{port}") } else { write!(formatter, "{host}:{port}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Config, String> {
        let all = crate::config::Config::parse(&format!("{{version: '3', otel: {{{text}}}}}"));
        all.map(|config| config.otel).map_err(|problems| problems.to_string())
    }

    #[test]
    fn nothing_said_is_what_roadrunner_has() {
        assert_eq!(read(""), Ok(Config::default()));
    }

    #[test]
    fn everything_is_read() {
        let config = read(
            "service_name: old, service_version: '1', resource: {service_name: shop, service_namespace: eu, \
             service_instance_id: a}, insecure: true, compress: true, exporter: otlp, custom_url: in/traces, \
             endpoint: '[::1]:4000', client: http, headers: {X-Key: secret}, sampler: 0.5",
        )
        .expect("a configuration");
        let Resource { service_name, service_version, service_namespace, service_instance_id } = &config.resource;
        assert_eq!((service_name.as_str(), service_version.as_str()), ("shop", "1"));
        assert_eq!((service_namespace.as_deref(), service_instance_id.as_deref()), (Some("eu"), Some("a")));
        assert!(config.insecure && config.compress);
        assert_eq!((config.path.as_str(), config.endpoint.to_string().as_str()), ("/in/traces", "[::1]:4000"));
        assert_eq!(config.headers.len(), 1);
        assert_eq!(config.sample, 1 << 63);
        assert!(!format!("{config:?}").contains("secret"));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, message) in [
            ("endpoint: collector", "otel.endpoint must be host:port, not \"collector\""),
            ("endpoint: 'http://a:4318'", "otel.endpoint must be host:port"),
            ("endpoint: 'a@b:4318'", "otel.endpoint must be host:port"),
            ("client: grpc, custom_url: /x", "otel.custom_url is for client http alone"),
            ("headers: {'a b': x}", "otel.headers has \"a b\", which is not a header"),
            ("sampler: 2", "otel.sampler"),
            ("exporter: zipkin", "otel.exporter is not supported; use otlp"),
            ("exporter: file", "otel.exporter"),
        ] {
            let error = read(text).expect_err(text);
            assert!(error.contains(message), "{text}: {error}");
        }
    }

    #[test]
    fn each_process_has_a_name_of_its_own() {
        let [one, other] = [(); 2].map(|()| Resource::default().of_process().service_instance_id.expect("one"));
        assert_ne!(one, other);
        assert_eq!((one.len(), one.as_bytes()[14]), (36, b'4'));
    }
}
