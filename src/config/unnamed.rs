//! Sections of middleware that nothing names: they say a lot and do nothing.

use super::{
    Document, Node, Problems, Value,
    keys::{self, Class},
};

/// Warns of each section of a middleware whose name is not in the list that would put it to use: `http.middleware`, or that
/// of a route, which has what section `http` says as well.
///
/// The document must have been checked: it has keys of the table only.
pub(super) fn warn(document: &Document, warnings: &mut Problems) {
    let Some(http) = document.root.get("http") else { return };
    let usual = names(http).unwrap_or_default();
    let routes: Vec<_> = match http.get("routes").map(|routes| &routes.value) {
        Some(Value::List(routes)) => routes.iter().collect(),
        _ => Vec::new(),
    };
    let named_by = |route: &Node, name: &str| names(route).as_ref().unwrap_or(&usual).iter().any(|other| other == name);
    for name in known() {
        let used = named_by(http, name) || routes.iter().any(|route| named_by(route, name));
        if !used {
            say(http, "http.", name, "http.middleware", warnings);
        }
        for route in routes.iter().filter(|route| !named_by(route, name)) {
            say(route, "http.routes.", name, "the middleware of this route", warnings);
        }
    }
}

/// Warns of a section, if it is there and says anything.
fn say(within: &Node, path: &str, name: &str, list: &str, warnings: &mut Problems) {
    let Value::Map(entries) = &within.value else { return };
    let Some(entry) = entries.iter().find(|entry| entry.is(name)) else { return };
    if matches!(&entry.node.value, Value::Map(keys) if !keys.is_empty()) {
        let danger = if name == "basic_auth" { ": nobody is asked for a password" } else { "" };
        let message = format!("has no effect, because {list} does not name {name}{danger}");
        warnings.add(format!("{path}{name}"), entry.at.clone(), message);
    }
}

/// The names in a list of middleware; `None`: there is no list.
fn names(within: &Node) -> Option<Vec<String>> {
    match &within.get("middleware")?.value {
        Value::List(items) => Some(items.iter().filter_map(|item| item.value.as_text()).collect()),
        value => value.as_text().map(|text| text.split(',').map(|name| name.trim().to_owned()).collect()),
    }
}

/// The names that are honoured.
fn known() -> impl Iterator<Item = &'static str> {
    let list = keys::table().find("http").and_then(|http| http.find("middleware"));
    let row = list.and_then(|list| list.row.as_ref()).filter(|row| row.class == Class::Honoured);
    let words = row.and_then(|row| row.kind.strip_prefix("some ")).unwrap_or_default();
    words.split('|').filter(|word| !word.starts_with(['(', '[']))
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Config, Source, yaml},
        *,
    };

    /// The warnings about section `http` with these lines.
    fn warnings(http: &str) -> String {
        let lines: String = http.lines().map(|line| format!("  {line}\n")).collect();
        let mut document = Document { root: yaml::parse(&format!("http:\n{lines}"), &Source::File, "YAML").unwrap() };
        let (mut problems, mut warnings) = (Problems::default(), Problems::default());
        Config::understand(&mut document, false, &mut problems, &mut warnings);
        assert_eq!(problems.to_string(), "");
        warnings.to_string()
    }

    #[test]
    fn sections_that_nothing_names_are_warned_of() {
        for (http, expected) in [
            (
                "static: {dir: public}\nmiddleware: [gzip]\nsendfile: {roots: [a]}",
                "  line 2: http.static has no effect, because http.middleware does not name static\n  \
                 line 4: http.sendfile has no effect, because http.middleware does not name sendfile",
            ),
            (
                "headers:\n  cors:\n    max_age: 1\n",
                "  line 2: http.headers has no effect, because http.middleware does not name headers",
            ),
            (
                "Static: {Dir: public}",
                "  line 2: http.static has no effect, because http.middleware does not name static",
            ),
            (
                "cache: {max_size: 1}\nmiddleware: ''",
                "  line 2: http.cache has no effect, because http.middleware does not name cache",
            ),
            (
                "basic_auth: {users: {a: b}}",
                "  line 2: http.basic_auth has no effect, because http.middleware does not name basic_auth: nobody is asked for a password",
            ),
            (
                "middleware: [limit]\nroutes:\n  - {prefix: /a, limit: {concurrency: 1}, timeout: {after: 1s}}\n  - {prefix: /b, middleware: [], limit: {concurrency: 2}}",
                "  line 4: http.routes.timeout has no effect, because the middleware of this route does not name timeout\n  \
                 line 5: http.routes.limit has no effect, because the middleware of this route does not name limit",
            ),
            (
                "rate_limit: {requests: 5}\nroutes: [{prefix: /a, middleware: [gzip]}]",
                "  line 2: http.rate_limit has no effect, because http.middleware does not name rate_limit",
            ),
        ] {
            assert_eq!(warnings(http), expected, "{http}");
        }
    }

    #[test]
    fn sections_that_count_somewhere_are_not() {
        for http in [
            "middleware: [static]",
            "middleware: [gzip, static]\nstatic: {dir: public}",
            "middleware: 'gzip , static'\nstatic: {dir: public}",
            // For the sake of a route.
            "rate_limit: {requests: 5}\nroutes: [{prefix: /a, middleware: [rate_limit]}]",
            "middleware: []\nheaders: {security: basic}\nroutes: [{prefix: /a}, {prefix: /b, middleware: headers}]",
            // A route has the list of section http.
            "middleware: [limit]\nroutes: [{prefix: /a, limit: {concurrency: 1}}]",
            "middleware: [limit]\nroutes: [{prefix: /a, middleware: ~, limit: {concurrency: 1}}]",
            // Nothing is said.
            "static:\ncache: {}\ngzip: ~",
            // What is not the section of a middleware.
            "trusted_subnets: [10.0.0.0/8]\nuploads: {dir: /tmp}",
        ] {
            assert_eq!(warnings(http), "", "{http}");
        }
    }
}
