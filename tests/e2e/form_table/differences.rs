//! Where our server says something else than php-fpm, and why. The table in `docs/bodies.md` sums this up.

/// A difference.
pub struct Difference {
    /// The row.
    pub name: &'static str,
    /// What our server says.
    pub ours: &'static str,
    pub reason: &'static str,
}

const fn row(name: &'static str, ours: &'static str, reason: &'static str) -> Difference {
    Difference { name, ours, reason }
}

const MALFORMED: &str = "400 The form is malformed";
const NOTHING: &str = r#"{"post":[],"files":[]}"#;
const WHOLE: &str = r#"{"post":{"a":"1"},"files":{"f":{"name":"f","full_path":"f","type":"text/plain","tmp_name":"da4b9237bacccdf19c0760cab7aec4a8359010b0","error":0,"size":1}}}"#;

const NO_BOUNDARY: &str = "a multipart body must say its boundary (RFC 2046 5.1.1); PHP goes on without a form";
const LENGTH: &str = "boundaries have at most 70 characters (RFC 2046 5.1.1)";
const COMMA: &str =
    "a comma separates no parameters (RFC 9110 8.3.1): it is a body of another type, passed on as it is";
const REFUSED: &str = "what is too much is refused; PHP drops the rest of the form and goes on";

pub const ALL: [Difference; 18] = [
    row(
        "white space in brackets",
        r#"{"post":{"a":[{" b ":"value"}],"after":"1"},"files":{"a":{"name":[{" b ":"f.txt"}],"full_path":[{" b ":"f.txt"}],"type":[{" b ":"text/plain"}],"tmp_name":[{" b ":"971c419dd609331343dee105fffd0f4608dc0bf2"}],"error":[{" b ":0}],"size":[{" b ":4}]}}}"#,
        "names of files are read by the rules for names of fields",
    ),
    row(
        "white space around =",
        r#"{"post":{"after":"1"},"files":{"f":{"name":"a.txt","full_path":"a.txt","type":"","tmp_name":"4a756ca07e9487f482465a99e8286abc86ba4dc7","error":0,"size":8}}}"#,
        "the name can be told; PHP gives the whole form up",
    ),
    row(
        "neither name",
        r#"{"post":{"after":"1"},"files":[]}"#,
        "a part without a name is passed over; PHP gives up what comes behind it, too",
    ),
    row(
        "a preamble and an epilogue",
        WHOLE,
        "the form ends at its last boundary (RFC 2046 5.1.1); PHP takes parts behind it",
    ),
    row("white space behind a boundary", WHOLE, "white space may stand there (RFC 2046 5.1.1); PHP finds no boundary"),
    row("a boundary of 71 characters", MALFORMED, LENGTH),
    row("a boundary of 6000 characters", MALFORMED, LENGTH),
    row("an empty boundary", MALFORMED, NO_BOUNDARY),
    row("an empty boundary in quotes", MALFORMED, NO_BOUNDARY),
    row("no boundary", MALFORMED, NO_BOUNDARY),
    row(
        "white space before the parameter",
        r#"{"post":{"a":"1"},"files":[]}"#,
        "white space may stand around the semicolon (RFC 9110 5.6.6); PHP knows no such type",
    ),
    row("a comma instead of a semicolon", NOTHING, COMMA),
    row("urlencoded and a comma", NOTHING, COMMA),
    row("1 021 parts", MALFORMED, REFUSED),
    row("too many parts", MALFORMED, REFUSED),
    row("a body that is too large", "413 The request body is too large", REFUSED),
    row(
        "a forbidden ending",
        r#"{"post":{"a":"1"},"files":{"f":{"name":"f.PHP","full_path":"f.PHP","type":"","tmp_name":"","error":8,"size":0}}}"#,
        "PHP has no list of endings",
    ),
    row(
        "urlencoded: too many fields",
        r#"{"post":{"a":"1","b":"2","c":"3","d":"4","e":"5"},"files":[]}"#,
        "`max_input_vars` are taken; PHP takes one more of such a body",
    ),
];
