//! Settings of the HTTP server (section `http`).

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use http::StatusCode;

use super::{
    AccessLog, BodyConfig, DecodeConfig, FileServerConfig, Layers, Limits, NoDirectory, Proxies, SendfileConfig,
    UploadConfig,
    listeners::{self, Connections, REFUSAL},
};
use crate::{
    channel,
    config::{Problems, Section},
    net::{Address, Endpoint, Terms},
    pool, tls,
};

/// Bytes in the unit of `http.max_request_size`.
pub const MEBIBYTE: u64 = 1024 * 1024;
/// Port of HTTP over TLS.
pub(super) const HTTPS: u16 = 443;
/// The middleware that looks through proxies.
const PROXY_IP_PARSER: &str = "proxy_ip_parser";
/// The middleware that sends files which answers name.
const SENDFILE: &str = "sendfile";

/// Settings of the HTTP server (section `http`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// `http.address`: where to listen, as `host:port`, `:port` (all interfaces), `[v6]:port` or `unix:/path`; and
    /// `http.listeners`: where else, and how.
    ///
    /// Default: `127.0.0.1:8080`, if there are neither `http.listeners` nor a section `http.ssl`. Port 0 takes a free one;
    /// the log names it.
    ///
    /// `http.ssl.address`: where to listen for TLS. Default: `127.0.0.1:443`, if section `http.ssl` is there and none of
    /// `http.listeners` speaks TLS.
    pub listeners: Vec<Listener>,

    /// What `http.limits` says of connections.
    pub connections: Connections,

    /// `http.ssl`: certificates of the listeners for TLS.
    pub tls: Option<tls::Config>,

    /// `http.ssl.redirect`: whether requests in plain text are sent to the listener for TLS.
    ///
    /// Default: `false`.
    pub redirect: bool,

    /// `http.max_request_size`: longest request body, in MiB; a longer one is refused with 413.
    ///
    /// Default (absent or 0): 64. RoadRunner's default is 1000.
    pub max_request_bytes: u64,

    /// `http.body_buffer_size` and `http.stream_request_body`: where request bodies are while they arrive.
    pub bodies: BodyConfig,

    /// `http.reactor`: who drives connections.
    ///
    /// Default: `adaptive`.
    pub reactor: Reactor,

    /// `http.reactor_hold`: for how long no worker of a pool drives connections after two requests of that pool within this
    /// time took a millisecond or longer, or one kept connections waiting.
    ///
    /// Default: 250 ms.
    pub reactor_hold: Duration,

    /// `http.internal_error_code`: status when a worker ends, or goes on, without an answer. 400 to 599.
    ///
    /// Default: 500.
    pub internal_error_code: StatusCode,

    /// `http.limits`: bounds in time and size.
    pub limits: Limits,

    /// `http.http2`: HTTP/2.
    pub http2: Http2,
    /// `http.uploads` and `http.raw_body`: forms with files.
    pub uploads: UploadConfig,
    /// `http.sse`: streams of events.
    pub sse: channel::Config,

    /// `http.decompress_request` and `http.max_decompress_ratio`: compressed bodies.
    pub decode: DecodeConfig,

    /// `http.access_logs` and `http.access_log`: an entry for each request.
    pub access_log: AccessLog,

    /// `http.middleware`: whether `proxy_ip_parser` is on, so that `proxies` are looked through.
    ///
    /// Default: false.
    pub proxy_ip_parser: bool,

    /// `http.middleware` and `http.routes`: the other layers before the workers.
    ///
    /// Default: none.
    pub layers: Layers,

    /// `http.trusted_subnets` and `http.trusted_headers`: whom `proxy_ip_parser` believes what.
    pub proxies: Proxies,

    /// `http.middleware` and `http.sendfile`: files that answers name by `X-Sendfile`.
    pub sendfile: SendfileConfig,

    /// `http.underscores_in_headers`: whether headers with an underscore in their names are passed on to PHP; else they
    /// are dropped. As variables of CGI they cannot be told from those with hyphens.
    ///
    /// Default: false.
    pub underscores_in_headers: bool,

    /// `http.pool`: the workers.
    pub pool: pool::Config,

    /// `http.pools`: further pools, by name, for the routes that name them.
    ///
    /// Default: none.
    pub further_pools: Vec<(String, pool::Config)>,

    /// Section `fileserver`: files at addresses of their own, which no worker has a part in. What this section says of
    /// connections, limits and the access log holds for them, too.
    ///
    /// Default: none.
    pub files: Option<FileServerConfig>,
}

/// Name of the pool of `http.pool`.
const POOL: &str = "http";

/// Whether a pool may be called so: its threads are.
fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// Settings of HTTP/2 (section `http.http2`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Http2 {
    /// `http.http2.h2c`: whether clients may speak it without TLS, if they know so beforehand.
    ///
    /// Default: `false`.
    pub h2c: bool,

    /// `http.http2.max_concurrent_streams`: requests of a connection that may be under way at a time.
    ///
    /// Default (absent or 0): 128.
    pub max_concurrent_streams: u32,
}

/// One place where the server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// Where.
    pub endpoint: Endpoint,
    /// Whether TLS is spoken.
    pub tls: bool,
}

/// Who drives connections (`http.reactor`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reactor {
    /// `adaptive`: while requests are short, the worker that answers them; otherwise threads of their own.
    #[default]
    Adaptive,
    /// `handoff`: threads of their own, always.
    HandOff,
}

// === impl Config ===

impl Default for Config {
    fn default() -> Self {
        Self {
            listeners: vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)).into()],
            tls: None,
            redirect: false,
            connections: Connections::default(),
            max_request_bytes: 64 * MEBIBYTE,
            bodies: BodyConfig::default(),
            reactor: Reactor::default(),
            internal_error_code: StatusCode::INTERNAL_SERVER_ERROR,
            limits: Limits::default(),
            http2: Http2::default(),
            reactor_hold: Duration::from_millis(250),
            uploads: UploadConfig::default(),
            decode: DecodeConfig::default(),
            sse: channel::Config::default(),
            access_log: AccessLog::default(),
            proxy_ip_parser: false,
            layers: Layers::default(),
            proxies: Proxies::default(),
            sendfile: SendfileConfig::default(),
            underscores_in_headers: false,
            pool: pool::Config::default(),
            further_pools: Vec::new(),
            files: None,
        }
    }
}

impl Default for Http2 {
    fn default() -> Self {
        Self { h2c: false, max_concurrent_streams: 128 }
    }
}

impl Config {
    /// Reads the section; what is wrong is added to `problems` and read as the default.
    pub fn read(mut section: Section<'_>, problems: &mut Problems) -> Self {
        let mut config = Self::default();
        let plain = section.address("address", problems);
        let further = listeners::read(&mut section, problems);
        let ssl = section.section("ssl", problems).filter(|ssl| !ssl.is_empty());
        if plain.is_some() || !further.is_empty() || ssl.is_some() {
            config.listeners = plain.into_iter().flatten().map(Listener::from).chain(further).collect();
        }
        let speaks_tls = config.listeners.iter().any(|listener| listener.tls);
        if speaks_tls && ssl.is_none() {
            section.report("listeners", "asks for TLS, which needs certificates: section http.ssl", problems);
        }
        if let Some(ssl) = ssl {
            config.read_ssl(ssl, speaks_tls, problems);
        }
        if let Some(twice) = config.same_twice() {
            let key = if config.listeners.len() > 2 { "listeners" } else { "address" };
            section.report(key, &format!("is not the only one that asks for {twice}"), problems);
        }
        if let Some(megabytes) = section.integer("max_request_size", 0..=1_048_576, problems)
            && megabytes > 0
        {
            config.max_request_bytes = megabytes * MEBIBYTE;
        }
        config.bodies = BodyConfig::read(&mut section, problems);
        let reactors = [("adaptive", Reactor::Adaptive), ("handoff", Reactor::HandOff)];
        config.reactor = section.choice("reactor", &reactors, problems).unwrap_or_default();
        if let Some(hold) = section.duration("reactor_hold", problems) {
            config.reactor_hold = hold;
        }
        if let Some(code) = section.integer("internal_error_code", 400..=599, problems) {
            config.internal_error_code = u16::try_from(code)
                .ok()
                .and_then(|code| StatusCode::from_u16(code).ok())
                .unwrap_or(config.internal_error_code);
        }
        if let Some(pool) = section.section("pool", problems) {
            config.pool = pool::Config::read(pool, problems);
        }
        if let Some(patience) = config.pool.allocate_timeout {
            config.limits.queue_timeout = Some(patience);
        }
        if let Some(mut limits) = section.section("limits", problems) {
            config.connections = Connections::read(&mut limits, problems);
            config.limits = config.limits.read(limits, problems);
        }
        if let Some(http2) = section.section("http2", problems) {
            config.http2 = Http2::read(http2, problems);
        }
        if let Some(uploads) = section.section("uploads", problems) {
            config.uploads = UploadConfig::read(uploads, problems);
        }
        if let Some(sse) = section.section("sse", problems) {
            config.sse = channel::Config::read(sse, problems);
        }
        if let Some(raw) = section.boolean("raw_body", problems) {
            config.uploads.raw = raw;
        }
        config.decode = DecodeConfig::read(&mut section, problems);
        config.access_log = AccessLog::read(&mut section, problems);
        if let Some(sendfile) = section.section("sendfile", problems) {
            config.sendfile = SendfileConfig::read(sendfile, problems);
        }
        if let Some(names) = section.texts("middleware", problems) {
            // Others are not known to the table of keys, or not yet.
            config.proxy_ip_parser = names.iter().any(|name| name == PROXY_IP_PARSER);
            config.sendfile.honoured = names.iter().any(|name| name == SENDFILE);
        }
        config.layers = Layers::read(&mut section, problems);
        config.proxies = Proxies::read(&mut section, problems);
        if let Some(kept) = section.boolean("underscores_in_headers", problems) {
            config.underscores_in_headers = kept;
        }
        for (name, pool) in section.sections("pools", problems) {
            if name == POOL || !is_name(&name) {
                let what = if name == POOL { "is the name of http.pool" } else { "must be letters, digits, - and _" };
                section.report("pools", &format!("has \"{name}\", which {what}"), problems);
            }
            config.further_pools.push((name, pool::Config::read(pool, problems)));
        }
        let names: Vec<_> = config.pools().map(|(name, _)| name.to_owned()).collect();
        for unknown in config.layers.find_pools(&names) {
            let known = names.join(", ");
            section.report("routes", &format!("names pool \"{unknown}\", but there is only {known}"), problems);
        }
        section.finish(problems);
        config
    }

    /// `speaks_tls`: one of the listeners does so already.
    fn read_ssl(&mut self, mut section: Section<'_>, speaks_tls: bool, problems: &mut Problems) {
        let default = || (!speaks_tls).then(|| vec![SocketAddr::from((Ipv4Addr::LOCALHOST, HTTPS)).into()]);
        let addresses = section.address("address", problems).or_else(default);
        let listeners = addresses.into_iter().flatten().map(Listener::encrypted);
        self.listeners.extend(listeners);
        self.redirect = section.boolean("redirect", problems).unwrap_or_default();
        self.tls = Some(tls::Config::read(&mut section, problems));
        section.finish(problems);
    }

    /// An address that two listeners ask for.
    fn same_twice(&self) -> Option<&Address> {
        let addresses = self.addresses();
        let any_port = |address: &Address| address.tcp().is_some_and(|address| address.port() == 0);
        let again = |at: usize, address: &Address| addresses[at + 1..].contains(&address);
        let twice = addresses.iter().enumerate().find(|(at, address)| !any_port(address) && again(*at, address));
        twice.map(|(_, twice)| *twice)
    }

    /// All pools, by name: that of `http.pool` first.
    pub fn pools(&self) -> impl Iterator<Item = (&str, &pool::Config)> {
        let further = self.further_pools.iter().map(|(name, pool)| (name.as_str(), pool));
        std::iter::once((POOL, &self.pool)).chain(further)
    }

    /// Has every pool log its slow requests, unless the threshold is 0.
    pub fn log_slow(&mut self, slow: &pool::SlowLog) {
        for pool in std::iter::once(&mut self.pool).chain(self.further_pools.iter_mut().map(|(_, pool)| pool)) {
            pool.limits.slow = (!slow.threshold.is_zero()).then(|| slow.clone());
        }
    }

    /// Where HTTP is served.
    pub fn addresses(&self) -> Vec<&Address> {
        self.listeners.iter().map(|listener| &listener.endpoint.address).collect()
    }

    /// Looks whether the directories of the server of files are there.
    ///
    /// # Errors
    ///
    /// When one is not.
    pub fn check_directories(&self) -> Result<(), NoDirectory> {
        self.files.as_ref().map_or(Ok(()), FileServerConfig::check)
    }

    /// What is to be bound: for all listeners, then for the server of files.
    pub fn endpoints(&self) -> Vec<Endpoint> {
        let endpoint = |Listener { endpoint, tls }: &Listener| {
            let refusal = if *tls { tls::NO_ROOM } else { REFUSAL };
            Endpoint { terms: Terms { refusal, ..endpoint.terms }, ..endpoint.clone() }
        };
        let files = self.files.iter().flat_map(FileServerConfig::endpoints);
        self.listeners.iter().map(endpoint).chain(files).collect()
    }
}

// === impl Http2 ===

impl Http2 {
    fn read(mut section: Section<'_>, problems: &mut Problems) -> Self {
        let mut http2 = Self::default();
        if let Some(h2c) = section.boolean("h2c", problems) {
            http2.h2c = h2c;
        }
        if let Some(most) = section.integer("max_concurrent_streams", 0..=10_000, problems)
            && most > 0
        {
            http2.max_concurrent_streams = u32::try_from(most).unwrap_or(u32::MAX);
        }
        section.finish(problems);
        http2
    }
}

// === impl Listener ===

impl Listener {
    /// One at which TLS is spoken.
    pub fn encrypted(endpoint: impl Into<Endpoint>) -> Self {
        Self { endpoint: endpoint.into(), tls: true }
    }
}

impl<T: Into<Endpoint>> From<T> for Listener {
    fn from(endpoint: T) -> Self {
        Self { endpoint: endpoint.into(), tls: false }
    }
}
