//! The forms.

/// Which settings a form is sent under.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Limits {
    Usual,
    Narrow,
}

/// A form.
pub struct Row {
    pub name: &'static str,
    /// Its `Content-Type`.
    pub kind: String,
    pub body: Vec<u8>,
    pub limits: Limits,
}

// === impl Row ===

impl Row {
    fn new(name: &'static str, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { name, kind: kind.to_owned(), body: body.into(), limits: Limits::Usual }
    }

    /// The same under narrow limits.
    fn narrow(self) -> Self {
        Self { limits: Limits::Narrow, ..self }
    }
}

const MULTIPART: &str = "multipart/form-data; boundary=XX";
const URLENCODED: &str = "application/x-www-form-urlencoded";

/// A part with any header lines.
fn raw(head: &str, contents: &str) -> String {
    format!("--XX\r\n{head}\r\n\r\n{contents}\r\n")
}

fn part(disposition: &str, contents: &str) -> String {
    raw(&format!("Content-Disposition: form-data; {disposition}"), contents)
}

fn field(name: &str, value: &str) -> String {
    part(&format!("name=\"{name}\""), value)
}

/// A file of a field, with this name.
fn file(name: &str, file: &str, contents: &str) -> String {
    raw(
        &format!("Content-Disposition: form-data; name=\"{name}\"; filename=\"{file}\"\r\nContent-Type: text/plain"),
        contents,
    )
}

/// A whole form of these parts.
fn parts(name: &'static str, parts: &[String]) -> Row {
    Row::new(name, MULTIPART, parts.concat() + "--XX--\r\n")
}

/// The same, with a byte that is not UTF-8 in place of each replacement character.
fn bytes(name: &'static str, some: &[String]) -> Row {
    let mut row = parts(name, some);
    row.body = row
        .body
        .split_inclusive(|byte| *byte == 0xbd)
        .flat_map(|piece| {
            let text = piece.strip_suffix("\u{fffd}".as_bytes());
            text.map_or_else(|| piece.to_vec(), |text| [text, b"\xff"].concat())
        })
        .collect();
    row
}

/// A form that is one field with this name in its quotes, and one file.
fn named(name: &'static str, field_name: &str) -> Row {
    parts(name, &[field(field_name, "value"), file(field_name, "f.txt", "file"), field("after", "1")])
}

/// A form that is one file with these parameters.
fn disposition(name: &'static str, disposition: &str) -> Row {
    parts(name, &[part(disposition, "contents"), field("after", "1")])
}

fn url(name: &'static str, body: impl Into<Vec<u8>>) -> Row {
    Row::new(name, URLENCODED, body)
}

pub fn all() -> Vec<Row> {
    [names(), files(), heads(), framing(), types(), limits(), urlencoded()].into_iter().flatten().collect()
}

/// Names of fields.
fn names() -> Vec<Row> {
    vec![
        parts("a field", &[field("a", "1")]),
        parts("duplicated names", &[field("a", "1"), field("b", "2"), field("a", "3")]),
        parts("a list", &[field("a[]", "1"), field("a[]", "2")]),
        parts("a tree", &[field("a[b][c]", "1"), field("a[b][d]", "2"), field("a[e][]", "3")]),
        parts("a list of trees", &[field("a[][b]", "1"), field("a[][b]", "2"), field("a[7]", "x"), field("a[]", "y")]),
        parts("a value, then a tree", &[field("a", "1"), field("a[b]", "2")]),
        parts("a tree, then a value", &[field("a[b]", "2"), field("a", "1")]),
        parts("numbers as keys", &[field("a[10]", "1"), field("a[]", "2"), field("a[-3]", "3"), field("a[01]", "4")]),
        parts("a number as a name", &[field("0", "zero"), field("7[]", "seven")]),
        named("a bracket that is not closed", "a[b"),
        named("a bracket that is not closed in the middle", "a[b][c"),
        named("a bracket that is closed only", "a]b"),
        named("text behind brackets", "a[b]c"),
        named("a bracket first", "[a]"),
        named("brackets in brackets", "a[b[c]]"),
        named("white space in brackets", "a[ ][ b ]"),
        named("dots and spaces", "a.b c"),
        named("dots in brackets", "a[b.c d]"),
        named("a space first", "  a"),
        named("a space last", "a  "),
        named("only spaces", "   "),
        named("an empty name", ""),
        named("UTF-8", "größe[日本]"),
        bytes("bytes that are not UTF-8", &[field("a\u{fffd}", "\u{fffd}"), file("f", "\u{fffd}", "x")]),
        named("a null byte", "a\0b"),
        named("a percent sign, which means nothing here", "a%5B%5D"),
        named("a plus, which means nothing here", "a+b"),
        named("an ampersand", "a&b=c"),
        named("HTML", "<a href='x'>"),
        named("the name of a superglobal", "GLOBALS"),
        named("the name of a cookie's prefix", "__Host-a"),
        named("this", "this"),
        parts("an empty value", &[field("a", "")]),
        parts("a value with line ends", &[field("a", "\r\n1\r\n\n2\r\n")]),
        parts("a value with null bytes", &[field("a", "1\0\x002")]),
        parts("_charset_", &[field("_charset_", "iso-8859-1"), field("a", "é")]),
        parts(
            "a field with a charset",
            &[raw("Content-Disposition: form-data; name=a\r\nContent-Type: text/plain; charset=iso-8859-1", "é")],
        ),
    ]
}

/// Files and their names.
fn files() -> Vec<Row> {
    vec![
        parts("a file", &[file("f", "f.txt", "contents"), field("after", "1")]),
        parts("an empty file", &[file("f", "f.txt", "")]),
        parts("no file was chosen", &[file("f", "", "")]),
        parts("no name, but contents", &[file("f", "", "contents")]),
        parts("a list of files", &[file("f[]", "a", "1"), file("f[]", "b", "22")]),
        parts("a tree of files", &[file("f[a][b]", "a", "1"), file("f[a][c]", "b", "22")]),
        parts("files with holes", &[file("f[]", "a", "1"), file("f[]", "", ""), file("f[]", "b", "22")]),
        parts("duplicated files", &[file("f", "a", "1"), file("f", "b", "22")]),
        parts("a file, then a list", &[file("f", "a", "1"), file("f[]", "b", "22")]),
        parts("a list, then a file", &[file("f[]", "a", "1"), file("f", "b", "22")]),
        parts("a file and a field of one name", &[file("f", "a", "1"), field("f", "2")]),
        parts("a file that looks like a boundary", &[file("f", "a", "--XX\r\n-XX--\r\n\r\n--X")]),
        parts("a path of Windows", &[file("f", "C:\\fakepath\\a.txt", "x")]),
        parts("a path of Unix", &[file("f", "../../etc/passwd", "x")]),
        parts("a path with both", &[file("f", "a\\b/c\\d.txt", "x")]),
        parts("a folder", &[file("f", "a/", "x")]),
        parts("a name that is a dot", &[file("f", "..", "x")]),
        parts("a file's name in UTF-8", &[file("f", "größe 日本.txt", "x")]),
        parts("a file's name with a percent sign", &[file("f", "a%22b%0d%0a.txt", "x")]),
        parts("a file's name with a null byte", &[file("f", "a\0b.txt", "x")]),
        parts("a file's name with white space around", &[file("f", " a.txt ", "x")]),
        disposition("a quote that is escaped", r#"name="f"; filename="a\"b.txt""#),
        disposition("a backslash that is escaped", r#"name="f"; filename="a\\b.txt""#),
        disposition("a backslash before another character", r#"name="f"; filename="a\b\c.txt""#),
        disposition("a backslash last", r#"name="f"; filename="a\""#),
        disposition("a name with an escaped quote", r#"name="a\"b"; filename="f""#),
        disposition("single quotes", "name='f'; filename='a b.txt'"),
        disposition("no quotes", "name=f; filename=a.txt"),
        disposition("no quotes, but white space", "name=f ; filename=a b.txt ; x=y"),
        disposition("white space around =", r#"name = "f" ; filename = "a.txt""#),
        disposition("a semicolon in quotes", r#"name="f;x=y"; filename="a;b.txt""#),
        disposition("RFC 5987", "name=\"f\"; filename*=UTF-8''gr%C3%B6%C3%9Fe.txt"),
        disposition("RFC 5987 beside a plain name", "name=\"f\"; filename=\"plain\"; filename*=UTF-8''gr%C3%B6.txt"),
        disposition("parameters twice", r#"name="a"; name="b"; filename="c"; filename="d""#),
        disposition("the file's name first", r#"filename="c"; name="a""#),
        disposition("parameters in capitals", r#"NAME="f"; FileName="a.txt""#),
        disposition("a quote that is not closed", r#"name="f; filename="a.txt""#),
        disposition("a file without a name of its field", r#"filename="a.txt""#),
        disposition("neither name", "x=y"),
        disposition("nothing behind =", "name=; filename=x"),
    ]
}

/// Heads of parts.
fn heads() -> Vec<Row> {
    let long = "x".repeat(4000);
    vec![
        parts("no headers at all", &["--XX\r\n\r\nlost\r\n".to_owned(), field("a", "1")]),
        parts("no Content-Disposition", &[raw("Content-Type: text/plain", "lost"), field("a", "1")]),
        parts("headers in capitals", &[raw("CONTENT-DISPOSITION: form-data; name=\"a\"", "1")]),
        parts("a header without white space", &[raw("Content-Disposition:form-data;name=\"a\"", "1")]),
        parts("another disposition", &[raw("Content-Disposition: attachment; name=\"a\"; filename=\"b\"", "1")]),
        parts("no disposition, only a name", &[raw("Content-Disposition: name=\"a\"", "1"), field("b", "2")]),
        parts("folded headers", &[raw("Content-Disposition: form-data;\r\n name=\"a\";\r\n\tfilename=\"b\"", "1")]),
        parts("a folded value", &[raw("Content-Disposition: form-data; name=\"a\r\n b\"", "1")]),
        parts("a line without a colon", &[raw("nonsense\r\nContent-Disposition: form-data; name=\"a\"", "1")]),
        parts(
            "a transfer encoding, which is not undone",
            &[raw("Content-Disposition: form-data; name=\"a\"\r\nContent-Transfer-Encoding: base64", "YWJj")],
        ),
        parts(
            "a type with parameters",
            &[raw(
                "Content-Disposition: form-data; name=f; filename=f\r\nContent-Type: text/html; charset=\"utf-8\"; x=y",
                "1",
            )],
        ),
        parts("a file without a type", &[raw("Content-Disposition: form-data; name=f; filename=f", "1")]),
        parts("an empty type", &[raw("Content-Disposition: form-data; name=f; filename=f\r\nContent-Type:", "1")]),
        parts(
            "Content-Disposition twice",
            &[raw("Content-Disposition: form-data; name=\"a\"\r\nContent-Disposition: form-data; name=\"b\"", "1")],
        ),
        parts("a long header", &[raw(&format!("X-Long: {long}\r\nContent-Disposition: form-data; name=\"a\""), "1")]),
        parts("a long name", &[field(&long, "1"), field("b", "2")]),
        parts("a long name of a file", &[file("f", &long, "1"), field("b", "2")]),
        parts(
            "a header of 20 000 bytes",
            &[
                raw(&format!("X-Long: {}\r\nContent-Disposition: form-data; name=\"a\"", long.repeat(5)), "1"),
                field("b", "2"),
            ],
        ),
        parts(
            "many headers",
            &[raw(
                &(0..50).fold("Content-Disposition: form-data; name=\"a\"".to_owned(), |head, number| {
                    format!("{head}\r\nX-{number}: y")
                }),
                "1",
            )],
        ),
    ]
}

/// Where parts begin and end.
fn framing() -> Vec<Row> {
    let type_with = |boundary: &str| format!("multipart/form-data; boundary={boundary}");
    let with = |name: &'static str, parameter: &str, boundary: &str| {
        let body = [field("a", "1"), file("f", "f", "2")].concat() + "--XX--\r\n";
        Row::new(name, &type_with(parameter), body.replace("XX", boundary))
    };
    let long = "b".repeat(70);
    let longer = "b".repeat(71);
    let huge = "b".repeat(6000);
    let body = [field("a", "1"), file("f", "f", "2")].concat();
    vec![
        Row::new("a preamble and an epilogue", MULTIPART, format!("before\r\n{body}--XX--\r\nafter\r\n{body}")),
        Row::new("line ends before the first boundary", MULTIPART, format!("\r\n\r\n{body}--XX--\r\n")),
        Row::new("bare line feeds", MULTIPART, format!("{body}--XX--\r\n").replace("\r\n", "\n")),
        Row::new("no last line end", MULTIPART, format!("{body}--XX--")),
        Row::new("no dashes behind the last boundary", MULTIPART, format!("{body}--XX\r\n")),
        Row::new("no last boundary behind a file", MULTIPART, body.clone()),
        Row::new("no last boundary behind a field", MULTIPART, field("a", "1") + &field("b", "2")),
        Row::new("an end within a file", MULTIPART, body[..body.len() - 3].to_owned()),
        Row::new("an end within a head", MULTIPART, body.clone() + "--XX\r\nContent-Disposition: form-da"),
        Row::new(
            "an end behind a head",
            MULTIPART,
            body.clone() + "--XX\r\nContent-Disposition: form-data; name=b\r\n\r\n",
        ),
        Row::new("an end within a boundary", MULTIPART, body.clone() + "--X"),
        Row::new(
            "white space behind a boundary",
            MULTIPART,
            format!("{body}--XX--\r\n").replace("--XX\r\n", "--XX  \r\n"),
        ),
        Row::new("text behind a boundary", MULTIPART, format!("{body}--XX--\r\n").replace("--XX\r\n", "--XXtext\r\n")),
        Row::new("no parts", MULTIPART, "--XX--\r\n"),
        Row::new("an empty body", MULTIPART, ""),
        Row::new("a body without a boundary", MULTIPART, "nothing of this kind"),
        with("a boundary in quotes", "\"XX y\"", "XX y"),
        with("an odd boundary", "'()+_,-./:=?", "'()+_,-./:=?"),
        with("a boundary that begins with dashes", "----WebKitFormBoundary7MA4", "----WebKitFormBoundary7MA4"),
        with("a boundary of 70 characters", &long, &long),
        with("a boundary of 71 characters", &longer, &longer),
        with("a boundary of 6000 characters", &huge, &huge),
        with("a parameter behind the boundary", "XX; charset=utf-8", "XX"),
        with("a comma behind the boundary", "XX, y", "XX"),
        Row::new(
            "a parameter before the boundary",
            "multipart/form-data; charset=utf-8; boundary=XX",
            format!("{body}--XX--"),
        ),
        Row::new("an empty boundary", &type_with(""), body.replace("XX", "")),
        Row::new("an empty boundary in quotes", &type_with("\"\""), body.replace("XX", "")),
        Row::new("no boundary", "multipart/form-data", body.clone()),
        Row::new("a boundary that is not that of the type", &type_with("YY"), body),
    ]
}

/// Types of bodies.
fn types() -> Vec<Row> {
    let body = field("a", "1") + "--XX--";
    vec![
        Row::new("the type in capitals", "Multipart/Form-Data; Boundary=XX", body.clone()),
        Row::new("white space before the parameter", "multipart/form-data ;  boundary = XX", body.clone()),
        Row::new("no white space", "multipart/form-data;boundary=XX", body.clone()),
        Row::new("a comma instead of a semicolon", "multipart/form-data, boundary=XX", body.clone()),
        Row::new("multipart/mixed", "multipart/mixed; boundary=XX", body),
        Row::new("no form", "text/plain", "a=1"),
        Row::new("no type", "", "a=1"),
        Row::new("urlencoded in capitals", "APPLICATION/X-WWW-Form-Urlencoded", "a=1"),
        Row::new("urlencoded with a charset", "application/x-www-form-urlencoded; charset=utf-8", "a=1"),
        Row::new("urlencoded and a comma", "application/x-www-form-urlencoded, x", "a=1"),
    ]
}

/// What is too much.
fn limits() -> Vec<Row> {
    let many = |count: usize, part: fn(usize) -> String| (0..count).map(part).collect::<Vec<_>>();
    let said = |text: &str| field("MAX_FILE_SIZE", text);
    vec![
        parts("1 000 fields", &many(1000, |number| field(&format!("a{number}"), "x"))),
        parts("1 000 elements of a list", &many(1000, |_| field("a[]", "x"))),
        parts("1 001 fields", &many(1001, |number| field(&format!("a{number}"), "x"))),
        parts("25 files", &many(25, |number| file(&format!("f{number}"), "f", "x"))),
        parts("1 021 parts", &many(1021, |number| field(&format!("a{number}"), "x"))),
        parts("a file as large as it may be", &[file("f", "f", &"x".repeat(1024)), field("a", "1")]).narrow(),
        parts("a file that is too large", &[file("f", "f", &"x".repeat(1025)), field("a", "1")]).narrow(),
        parts("a forbidden ending", &[file("f", "f.PHP", "x"), field("a", "1")]).narrow(),
        parts("too many files", &[file("f", "f", "x"), file("g", "g", "x"), file("h", "h", "x"), field("a", "1")])
            .narrow(),
        parts(
            "too many files, some not chosen",
            &[file("e", "", ""), file("f", "f", "x"), file("g", "g", "x"), file("h", "h", "x")],
        )
        .narrow(),
        parts("as many fields as there may be", &many(5, |number| field(&format!("a{number}"), "x"))).narrow(),
        parts("too many fields", &many(6, |number| field(&format!("a{number}"), "x"))).narrow(),
        parts("too many parts", &many(7, |number| field(&format!("a{number}"), "x"))).narrow(),
        parts("as deep as it may be", &[field("a[b][c]", "1"), field("a[b][c][d]", "1")]).narrow(),
        parts("too deep", &[field("a[b][c][d][e][f]", "1"), file("a[b][c][d][e][f]", "f", "x")]).narrow(),
        parts("a body that is too large", &[field("a", &"x".repeat(1 << 20))]).narrow(),
        parts("a file that the form says is too large", &[said("3"), file("f", "f", "123"), file("g", "g", "1234")]),
        parts("MAX_FILE_SIZE behind the file", &[file("f", "f", "1234"), said("3")]),
        parts("MAX_FILE_SIZE is no number", &[said("3x"), file("f", "f", "1234")]),
        parts("MAX_FILE_SIZE is zero", &[said("0"), file("f", "f", "1234")]),
        parts("MAX_FILE_SIZE is negative", &[said("-1"), file("f", "f", "1234")]),
        parts("MAX_FILE_SIZE twice", &[said("3"), said("5"), file("f", "f", "1234")]),
        url("urlencoded: too many fields", "a=1&b=2&c=3&d=4&e=5&f=6").narrow(),
        url("urlencoded: too deep", "a[b][c][d][e]=1&x=1").narrow(),
    ]
}

/// `application/x-www-form-urlencoded`.
fn urlencoded() -> Vec<Row> {
    vec![
        url("urlencoded: duplicated names", "a=1&b=2&a=3"),
        url("urlencoded: lists", "a[]=1&a[]=2&a[x]=3&a=4&b=1&b[]=2"),
        url("urlencoded: encoded brackets", "a%5Bb%5D%5B%5D=1&a%5Bb%5D%5B%5D=2"),
        url("urlencoded: broken brackets", "a[b=1&c]d=2&e[f]g=3&[h]=4&i[j[k]]=5&l[=6"),
        url("urlencoded: plus and percent", "a+b=c+d%20e%2B&x=%u0041"),
        url("urlencoded: invalid percent", "a=%&b=%4&c=%zz&%=d&e=%41%"),
        url("urlencoded: null bytes", "a%00b=1&c=%00&d%00[e]=2"),
        url("urlencoded: semicolons", "a=1;b=2&c;d=3"),
        url("urlencoded: no values", "a&b=&=c&&d"),
        url("urlencoded: many =", "a=b=c&d==e"),
        url("urlencoded: empty", ""),
        url("urlencoded: only separators", "&&&=&"),
        url("urlencoded: dots and spaces", "a.b=1&c d=2&+e=3&f+=4&g[h.i]=5&%20=6"),
        url("urlencoded: UTF-8 and others", "gr%C3%B6%C3%9Fe=%ff&日本=é".as_bytes()),
        url("urlencoded: line ends", "a=1\r\n&b=2\n"),
        url("urlencoded: _charset_", "_charset_=iso-8859-1&a=%E9"),
        url("urlencoded: numbers", "0=a&1[]=b&a[0]=c&a[00]=d&a[-1]=e&a[]=f"),
        url("urlencoded: names of superglobals", "GLOBALS=1&_SERVER[x]=2&this=3&__Secure-a=4"),
        url("urlencoded: a long value", format!("a={}&b=1", "x".repeat(100_000))),
    ]
}
