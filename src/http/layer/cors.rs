//! Which pages of other origins may read answers: CORS of the Fetch standard, as a part of the middleware `headers`.
//!
//! What is allowed, and which headers say so, follows RoadRunner. Questions that browsers ask beforehand ("preflight") are
//! answered here, whether or not the answer is yes; a no is the absence of headers. Other requests go on in any case: CORS
//! guards answers from being read, it does not guard the application.

use http::{
    HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
    header::{
        ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
        ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
        ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
    },
};
use tracing::{info, warn};

use super::{Request, cors_origins::Origins, vary};
use crate::config::{Problems, Section};

/// What answers to questions depend on.
const ASKED: [HeaderName; 3] = [ORIGIN, ACCESS_CONTROL_REQUEST_METHOD, ACCESS_CONTROL_REQUEST_HEADERS];

/// Settings (section `http.headers.cors`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cors {
    /// `allowed_origin` and `allowed_origin_regex`.
    origins: Origins,
    /// `allowed_methods`; `None`: all.
    methods: Option<Vec<Method>>,
    /// `allowed_headers`, in small letters; `None`: all.
    headers: Option<Vec<String>>,
    /// `exposed_headers`, as they are said.
    exposed: Option<HeaderValue>,
    /// `allow_credentials`.
    credentials: bool,
    /// `max_age` in seconds, as it is said.
    max_age: Option<HeaderValue>,
    /// `options_success_status`.
    status: StatusCode,
    /// `debug`.
    debug: bool,
}

/// What a request may be answered with.
#[derive(Debug)]
pub(super) enum Verdict {
    /// A question, and all that is to be said to it.
    Preflight(StatusCode, HeaderMap),
    /// Anything else: it goes on, and its answer gets these headers.
    Actual(HeaderMap),
}

// === impl Cors ===

impl Default for Cors {
    fn default() -> Self {
        let headers = ["accept", "content-type", "x-requested-with"];
        Self {
            origins: Origins::All,
            methods: Some(vec![Method::GET, Method::POST, Method::HEAD]),
            headers: Some(headers.map(str::to_owned).to_vec()),
            exposed: None,
            credentials: false,
            max_age: None,
            status: StatusCode::OK,
            debug: false,
        }
    }
}

impl Cors {
    pub(super) fn read(&mut self, mut section: Section<'_>, problems: &mut Problems) {
        if let Some(list) = section.texts("allowed_origin", problems) {
            self.origins = Origins::listed(&list);
        }
        if let Some((expression, _)) = section.text("allowed_origin_regex", problems)
            && !expression.is_empty()
        {
            match Origins::taken(&expression) {
                Ok(origins) => self.origins = origins,
                Err(error) => {
                    let message = format!("is not a regular expression: {error}");
                    section.report("allowed_origin_regex", &message, problems);
                }
            }
        }
        let method = |text: &str| Method::from_bytes(text.as_bytes()).ok();
        if let Some(methods) = section.parsed("allowed_methods", "a method", problems, method)
            && !methods.is_empty()
        {
            self.methods = (!methods.iter().any(|method| method.as_str() == "*")).then_some(methods);
        }
        let name = |text: &str| HeaderName::from_bytes(text.as_bytes()).ok();
        if let Some(names) = section.parsed("allowed_headers", "a header name or `*`", problems, name)
            && !names.is_empty()
        {
            let names: Vec<_> = names.iter().map(|name| name.as_str().to_owned()).collect();
            self.headers = (!names.iter().any(|name| name == "*")).then_some(names);
        }
        if let Some(names) = section.parsed("exposed_headers", "a header name or `*`", problems, name) {
            let names: Vec<_> = names.iter().map(HeaderName::as_str).collect();
            self.exposed = HeaderValue::from_str(&names.join(", ")).ok().filter(|value| !value.is_empty());
        }
        if let Some(credentials) = section.boolean("allow_credentials", problems) {
            self.credentials = credentials;
        }
        if let Some(seconds) = section.integer("max_age", 0..=31_536_000, problems) {
            self.max_age = (seconds > 0).then(|| seconds.into());
        }
        if let Some(status) = section.integer("options_success_status", 200..=299, problems) {
            let status = u16::try_from(status).ok().and_then(|status| StatusCode::from_u16(status).ok());
            self.status = status.unwrap_or(self.status);
        }
        if let Some(debug) = section.boolean("debug", problems) {
            self.debug = debug;
        }
        section.finish(problems);
    }

    /// Says in the log what is set here and can hardly be meant.
    pub(super) fn warn(&self) {
        if self.credentials && self.origins.are_all() {
            warn!(
                "CORS: allow_credentials has no effect, as all origins are allowed: browsers refuse that. Name the origins \
                 in allowed_origin"
            );
        } else if self.credentials && self.origins.take_anybody() {
            warn!(
                "CORS: any site may act with the cookies of its visitors, and read the answers: narrow allowed_origin"
            );
        }
        if let Origins::Taken(_, expression) = &self.origins
            && !expression.ends_with(['$', '*', '+'])
        {
            warn!(expression, "CORS: allowed_origin_regex must take the whole of an origin, unlike in RoadRunner");
        }
    }

    /// Decides.
    pub(super) fn decide(&self, request: &Request) -> Verdict {
        let headers = request.headers();
        let asked = headers.get(ACCESS_CONTROL_REQUEST_METHOD).filter(|asked| !asked.is_empty());
        let mut said = HeaderMap::new();
        let decision = match asked.filter(|_| request.method() == Method::OPTIONS) {
            Some(asked) => {
                let decision = self.preflight(headers, asked, &mut said);
                said.insert(VARY, vary::joined(&ASKED));
                self.log(request, "preflight", decision);
                return Verdict::Preflight(self.status, said);
            }
            None => self.actual(headers, request.method(), &mut said),
        };
        self.log(request, "actual", decision);
        Verdict::Actual(said)
    }

    fn log(&self, request: &Request, kind: &str, decision: Result<(), &'static str>) {
        if self.debug {
            let shown = |name| request.headers().get(name).map(|value| String::from_utf8_lossy(value.as_bytes()));
            info!(
                origin = shown(ORIGIN).as_deref(),
                method = %request.method(),
                asked_method = shown(ACCESS_CONTROL_REQUEST_METHOD).as_deref(),
                asked_headers = shown(ACCESS_CONTROL_REQUEST_HEADERS).as_deref(),
                kind,
                decision = decision.err().unwrap_or("allowed"),
                "CORS"
            );
        }
    }

    /// What is said to a question; nothing if the answer is no, for which the reason is returned.
    fn preflight(&self, headers: &HeaderMap, asked: &HeaderValue, said: &mut HeaderMap) -> Result<(), &'static str> {
        let origin = self.origin(headers)?;
        if !self.takes_method(asked.as_bytes()) {
            return Err("method refused");
        }
        let names = || headers.get_all(ACCESS_CONTROL_REQUEST_HEADERS);
        if let Some(allowed) = &self.headers
            && !names().iter().all(|names| are_allowed(names.as_bytes(), allowed))
        {
            return Err("header refused");
        }
        said.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        // To name what was asked for is enough, and works for `*` together with credentials.
        said.insert(ACCESS_CONTROL_ALLOW_METHODS, asked.clone());
        for names in names().iter().filter(|names| !names.is_empty()) {
            said.append(ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
        }
        self.say_credentials(said);
        if let Some(seconds) = &self.max_age {
            said.insert(ACCESS_CONTROL_MAX_AGE, seconds.clone());
        }
        Ok(())
    }

    /// What is added to an answer.
    fn actual(&self, headers: &HeaderMap, method: &Method, said: &mut HeaderMap) -> Result<(), &'static str> {
        let origin = self.origin(headers)?;
        if !self.takes_method(method.as_str().as_bytes()) {
            return Err("method refused");
        }
        said.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        if let Some(exposed) = &self.exposed {
            said.insert(ACCESS_CONTROL_EXPOSE_HEADERS, exposed.clone());
        }
        self.say_credentials(said);
        Ok(())
    }

    /// What is said of the origin of a request that names one which is allowed.
    fn origin(&self, headers: &HeaderMap) -> Result<HeaderValue, &'static str> {
        let mut origins = headers.get_all(ORIGIN).iter();
        let origin = origins.next().filter(|origin| !origin.is_empty()).ok_or("no origin")?;
        if origins.next().is_some() || !origin.to_str().is_ok_and(|origin| self.origins.allow(origin)) {
            return Err("origin refused");
        }
        Ok(if self.origins.are_all() { HeaderValue::from_static("*") } else { origin.clone() })
    }

    fn takes_method(&self, method: &[u8]) -> bool {
        method == b"OPTIONS"
            || self
                .methods
                .as_ref()
                .is_none_or(|methods| methods.iter().any(|known| known.as_str().as_bytes() == method))
    }

    /// Never for all origins: browsers would refuse the answer to a request with credentials, and those without need no
    /// such word.
    fn say_credentials(&self, said: &mut HeaderMap) {
        if self.credentials && !self.origins.are_all() {
            said.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
    }
}

/// Whether all of the header names in a list with commas are allowed.
fn are_allowed(names: &[u8], allowed: &[String]) -> bool {
    let mut names = names.split(|byte| *byte == b',').map(<[u8]>::trim_ascii).filter(|name| !name.is_empty());
    names.all(|name| allowed.iter().any(|allowed| allowed.as_bytes().eq_ignore_ascii_case(name)))
}

/// Adds what was decided to the headers of an answer, in the place of what the application says about the same.
pub(super) fn add(headers: &mut HeaderMap, said: HeaderMap) {
    let mut last = None;
    for (name, value) in said {
        match (name, &last) {
            (Some(name), _) => {
                headers.insert(&name, value);
                last = Some(name);
            }
            (None, Some(name)) => drop(headers.append(name, value)),
            (None, None) => {}
        }
    }
}
