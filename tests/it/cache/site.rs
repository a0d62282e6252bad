//! A server with a cache whose clock the test sets, before workers that answer as they are told.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use parking_lot::Mutex;
use roadrunner::http::{Answer, Clock};

use crate::{
    layers::configured,
    support::{Builder, Client, Response, Server},
};

/// What workers answer to a path.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    /// Lines `name: value`.
    pub headers: String,
    /// The body; `#` stands for the number of the answer.
    pub body: String,
}

/// What a worker was asked.
#[derive(Clone, Debug)]
pub struct Call {
    pub method: String,
    pub headers: HeaderMap,
}

#[derive(Default)]
struct State {
    replies: HashMap<String, Reply>,
    calls: HashMap<String, Vec<Call>>,
}

/// The server.
pub struct Site {
    pub server: Server,
    pub clock: Clock,
    state: Arc<Mutex<State>>,
}

impl Reply {
    pub fn new(headers: &str) -> Self {
        Self { status: 200, headers: headers.to_owned(), body: "#".to_owned() }
    }

    pub fn status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    pub fn body(self, body: &str) -> Self {
        Self { body: body.to_owned(), ..self }
    }

    fn answer(&self, number: usize, asked: &HeaderMap) -> Answer {
        let headers = || self.headers.lines().filter_map(|line| line.split_once(": "));
        let etag = headers().find(|(name, _)| name.eq_ignore_ascii_case("etag")).map(|(_, value)| value);
        let known = asked.get("if-none-match").and_then(|value| value.to_str().ok());
        let unchanged = self.status == 200 && etag.is_some() && known == etag;
        let status = if unchanged { StatusCode::NOT_MODIFIED } else { StatusCode::from_u16(self.status).unwrap() };
        let body = if unchanged { String::new() } else { self.body.replace('#', &number.to_string()) };
        let mut answer = Answer::new(status, bytes::Bytes::from(body));
        for (name, value) in headers() {
            answer.append(name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap()).unwrap();
        }
        answer
    }
}

impl Site {
    pub fn new() -> Self {
        Self::with("")
    }

    /// With further settings of the section `cache`.
    pub fn with(settings: &str) -> Self {
        Self::configured(&format!("middleware: [cache], cache: {{{settings}}}"))
    }

    /// With this section `http`.
    pub fn configured(http: &str) -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let told = Arc::clone(&state);
        let mut builder = Builder::new(move |envelope| {
            let head = &envelope.request.head;
            let path = head.uri.path().to_owned();
            let answer = {
                let mut state = told.lock();
                let calls = state.calls.entry(path.clone()).or_default();
                calls.push(Call { method: head.method.to_string(), headers: head.headers.clone() });
                let number = calls.len();
                state.replies.get(&path).map(|reply| reply.answer(number, &head.headers))
            };
            envelope.replier.answer(answer.unwrap_or_else(|| Answer::new(StatusCode::NOT_FOUND, bytes::Bytes::new())));
        });
        configured(&mut builder, http);
        let clock = Clock::by_hand();
        builder.config.http.layers.set_clock(&clock);
        Self { server: builder.start(), clock, state }
    }

    /// What workers answer to a path from now on.
    pub fn reply(&self, path: &str, reply: Reply) {
        self.state.lock().replies.insert(path.to_owned(), reply);
    }

    /// What workers were asked for a path.
    pub fn calls(&self, path: &str) -> Vec<Call> {
        self.state.lock().calls.get(path).cloned().unwrap_or_default()
    }

    /// Lets some seconds pass.
    pub fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// A date, as the cache's clock has it now, but for so many seconds.
    pub fn date(seconds: i64) -> String {
        let base = UNIX_EPOCH + Clock::START;
        let time: SystemTime = if seconds < 0 {
            base - Duration::from_secs(seconds.unsigned_abs())
        } else {
            base + Duration::from_secs(seconds.unsigned_abs())
        };
        httpdate::fmt_http_date(time)
    }

    /// A request with these header lines.
    #[track_caller]
    pub fn ask(&self, method: &str, target: &str, lines: &str) -> Response {
        let mut client = Client::connect(self.server.address);
        let host = if lines.to_ascii_lowercase().contains("host:") { "" } else { "Host: a.test\r\n" };
        let lines: String = lines.lines().map(|line| format!("{line}\r\n")).collect();
        client.send(format!("{method} {target} HTTP/1.1\r\n{host}{lines}\r\n"));
        if method == "HEAD" { client.response_without_body() } else { client.response() }
    }

    #[track_caller]
    pub fn get(&self, target: &str, lines: &str) -> Response {
        self.ask("GET", target, lines)
    }
}
