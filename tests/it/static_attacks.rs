//! Paths that try to leave the directory of middleware `static` or of `fileserver`, or to reach what is never served.

use std::{
    fs,
    net::SocketAddr,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use roadrunner::config::Config;

use crate::{
    layers::configured,
    support::{Builder, Client, Server, answer},
};

/// What no response may hold.
const CANARY: &str = "canary-a34f";

/// A folder with a directory `public`, and the canary in everything that must not be served.
pub struct Site {
    pub folder: PathBuf,
    pub server: Server,
    /// Where the files are.
    pub address: SocketAddr,
}

impl Site {
    /// Serves `public` with further settings of the middleware. The worker answers `php:` and the path.
    pub fn new(more: &str, files: &[(&str, &str)]) -> Self {
        Self::serving(files, |builder, dir| {
            configured(builder, &format!("middleware: [static], static: {{dir: '{}', {more}}}", dir.display()));
        })
    }

    /// Serves `public` by `fileserver`, whose `serve` is `items`, each `{public}` in it that directory; `more` are further
    /// keys. The worker answers elsewhere.
    pub fn alone(items: &str, more: &str, files: &[(&str, &str)]) -> Self {
        Self::serving(files, |builder, dir| {
            let items = items.replace("{public}", &dir.display().to_string());
            let http = "http: {address: '127.0.0.1:0'}";
            let text = format!("{http}\nfileserver: {{address: '127.0.0.1:0', serve: [{items}], {more}}}");
            builder.config.http = Config::parse(&text).unwrap().http;
        })
    }

    fn serving(files: &[(&str, &str)], configure: impl FnOnce(&mut Builder, &Path)) -> Self {
        let name = format!("rr-static-{}", roadrunner::http::RequestId::next());
        let folder = fs::canonicalize(std::env::temp_dir()).unwrap().join(name);
        fs::create_dir_all(folder.join("public")).unwrap();
        for (path, contents) in files {
            write(&folder.join(path), contents);
        }
        let mut builder = Builder::new(|envelope| {
            let path = envelope.request.head.uri.path().to_owned();
            envelope.replier.answer(answer(format!("php:{path}")));
        });
        configure(&mut builder, &folder.join("public"));
        let server = builder.start();
        let address = server.addresses.last().and_then(roadrunner::net::Address::tcp).unwrap();
        Self { server, folder, address }
    }

    /// All bytes that come of a path, written as it is.
    fn raw(&self, path: &[u8]) -> Vec<u8> {
        let mut client = Client::connect(self.address);
        client.send([b"GET ", path, b" HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"].concat());
        let all = std::iter::from_fn(|| client.some().ok().filter(|some| !some.is_empty()));
        all.collect::<Vec<_>>().concat()
    }

    pub fn stop(self) {
        self.server.stop();
        fs::remove_dir_all(self.folder).unwrap();
    }
}

pub fn write(path: &Path, contents: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, contents).unwrap();
}

/// What comes of a path.
enum Expected {
    Status(u16),
    /// PHP answers.
    Php,
}

use Expected::{Php, Status};

const ROWS: &[(&str, Expected)] = &[
    // Upwards, in every spelling.
    ("/../secret.txt", Status(400)),
    ("/../../../../../../etc/passwd", Status(400)),
    ("/a/../../secret.txt", Status(400)),
    ("/a/..", Status(400)),
    ("/..", Status(400)),
    ("/./../secret.txt", Status(400)),
    ("//../secret.txt", Status(400)),
    ("/%2e%2e/secret.txt", Status(400)),
    ("/%2E%2E/secret.txt", Status(400)),
    ("/.%2e/secret.txt", Status(400)),
    ("/%2e./secret.txt", Status(400)),
    ("/..%2fsecret.txt", Status(400)),
    ("/..%2Fsecret.txt", Status(400)),
    ("/%2e%2e%2fsecret.txt", Status(400)),
    ("/a%2f..%2f..%2fsecret.txt", Status(400)),
    ("/..%5csecret.txt", Status(400)),
    ("/..\\secret.txt", Status(400)),
    ("/a\\..\\..\\secret.txt", Status(400)),
    ("/a/..%5c..%5csecret.txt", Status(400)),
    ("/..%20/secret.txt", Status(400)),
    ("/..%00/secret.txt", Status(400)),
    // Decoded once and no more: what then begins with a dot, is hidden.
    ("/%252e%252e/secret.txt", Php),
    ("/..%252fsecret.txt", Status(404)),
    ("/%25%32%65%25%32%65/secret.txt", Php),
    ("/..%255csecret.txt", Status(404)),
    // Bytes that are no UTF-8, or a longer form of other ones.
    ("/%c0%ae%c0%ae/secret.txt", Php),
    ("/..%c0%afsecret.txt", Php),
    ("/%e0%80%ae%e0%80%ae/secret.txt", Php),
    ("/%f0%80%80%ae/secret.txt", Php),
    ("/..%c1%9csecret.txt", Php),
    ("/%u002e%u002e/secret.txt", Php),
    ("/%uff0e%uff0e/secret.txt", Php),
    ("/%ef%bc%8e%ef%bc%8e/secret.txt", Php),
    ("/%fe%80%80%80%80%ae/secret.txt", Php),
    // What ends a name elsewhere.
    ("/a.txt%00.png", Status(400)),
    ("/index.php%00.png", Status(400)),
    ("/%00", Status(400)),
    ("/index.php%0a", Php),
    ("/index.php%0d%0aX-Injected:%20x", Php),
    ("/index.php%20", Php),
    ("/index.php.", Php),
    ("/index.php...", Php),
    ("/index.php%20.", Php),
    ("/index.php::$DATA", Php),
    ("/index.php/", Php),
    ("/index.php/a.txt", Php),
    ("/index.php;.txt", Php),
    ("/index.php%3f.txt", Php),
    ("/index.php%23.txt", Php),
    // Sources and settings.
    ("/index.php", Php),
    ("/INDEX.PHP", Php),
    ("/index.pHp", Php),
    ("/page.phtml", Php),
    ("/app.phar", Php),
    ("/composer.json", Php),
    ("/composer.lock", Php),
    ("/COMPOSER.JSON", Php),
    ("/rr.yaml", Php),
    ("/dump.sql", Php),
    ("/a.txt~", Php),
    ("/a.txt.bak", Php),
    ("/%63omposer.json", Php),
    // Hidden names.
    ("/.env", Status(404)),
    ("/.ENV", Status(404)),
    ("/%2eenv", Status(404)),
    ("/.env.local", Status(404)),
    ("/.rr.yaml", Status(404)),
    ("/.git/config", Status(404)),
    ("/.git/", Status(404)),
    ("/a/.hidden.txt", Status(404)),
    ("/.htaccess", Status(404)),
    ("/.well-known/.env", Status(404)),
    ("/a/.well-known/x.txt", Status(404)),
    ("/...", Status(404)),
    ("/....//secret.txt", Status(404)),
    // Links that lead out, by themselves or by a directory; one that leads to what is never served.
    ("/link.txt", Php),
    ("/absolute.txt", Php),
    ("/up/secret.txt", Php),
    ("/up/public/a.txt", Status(200)),
    ("/env.txt", Php),
    ("/source.txt", Php),
    ("/proc/self/environ", Php),
    ("/loop.txt", Php),
    // What is no file.
    ("/fifo.txt", Php),
    ("/a.txt/", Php),
    ("/a.txt/x.txt", Php),
    ("/folder.txt", Php),
    // Other spellings of what is there.
    ("/a.txt", Status(200)),
    ("//a.txt", Status(200)),
    ("/./a.txt", Status(200)),
    ("/%61.txt", Status(200)),
    ("/a%2etxt", Status(200)),
    ("/A.TXT", Php),
    ("/a.txt%20", Php),
    ("/a.txt.", Php),
    ("/a%2ftxt", Php),
    ("/%.txt", Php),
    ("/a%.txt", Php),
    ("/a%4.txt", Php),
    ("http://test/../secret.txt", Status(400)),
    ("http://test/a.txt", Status(200)),
    ("http://test//../a.txt", Status(400)),
];

const FILES: &[(&str, &str)] = &[
    ("public/a.txt", "public"),
    ("public/folder.txt/b.txt", "public"),
    ("public/index.php", CANARY),
    ("public/page.phtml", CANARY),
    ("public/app.phar", CANARY),
    ("public/composer.json", CANARY),
    ("public/composer.lock", CANARY),
    ("public/rr.yaml", CANARY),
    ("public/dump.sql", CANARY),
    ("public/a.txt~", CANARY),
    ("public/a.txt.bak", CANARY),
    ("public/.env", CANARY),
    ("public/.env.local", CANARY),
    ("public/.rr.yaml", CANARY),
    ("public/.git/config", CANARY),
    ("public/.htaccess", CANARY),
    ("public/a/.hidden.txt", CANARY),
    ("public/a/.well-known/x.txt", CANARY),
    ("public/.well-known/.env", CANARY),
    ("public/.../x.txt", CANARY),
    ("secret.txt", CANARY),
    ("public-too/secret.txt", CANARY),
];

/// A site with all settings that look for more than files with endings.
fn site(more: &str) -> Site {
    linked(Site::new(more, FILES))
}

/// Adds links, and a file that is none.
fn linked(site: Site) -> Site {
    let public = site.folder.join("public");
    for (target, link) in [
        ("../secret.txt", "link.txt"),
        ("..", "up"),
        (".env", "env.txt"),
        ("index.php", "source.txt"),
        ("/proc", "proc"),
        ("loop.txt", "loop.txt"),
    ] {
        symlink(target, public.join(link)).unwrap();
    }
    symlink(site.folder.join("secret.txt"), public.join("absolute.txt")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        public.join("fifo.txt"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RWXU,
        0,
    )
    .unwrap();
    site
}

fn status(bytes: &[u8]) -> u16 {
    let text = String::from_utf8_lossy(bytes);
    text.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok()).unwrap_or_else(|| panic!("{text:?}"))
}

#[test]
fn no_path_leads_to_what_is_not_served() {
    let site = site("");
    for (path, expected) in ROWS {
        // The second time, what may be kept in memory is.
        for _ in 0..2 {
            let bytes = site.raw(path.as_bytes());
            let text = String::from_utf8_lossy(&bytes);
            assert!(!text.contains(CANARY) && !text.contains("root:"), "{path}: {text}");
            match expected {
                Status(expected) => {
                    assert_eq!(status(&bytes), *expected, "{path}: {text}");
                    assert!(!text.contains("php:"), "{path}: {text}");
                    assert_eq!(text.ends_with("\r\n\r\npublic"), *expected == 200, "{path}: {text}");
                }
                Php => assert!(status(&bytes) == 400 || text.contains("\r\n\r\nphp:"), "{path}: {text}"),
            }
        }
    }
    site.stop();
}

#[test]
fn nor_do_very_long_and_unreadable_ones() {
    let site = site("index: [index.html], listing: true, fallback: /a.txt, precompressed: true");
    for path in [
        format!("/{}secret.txt", "../".repeat(2000)),
        format!("/{}.txt", "x".repeat(256)),
        format!("/{}.txt", "x".repeat(20_000)),
        format!("/{}a.txt", "x/".repeat(3000)),
        format!("/{}a.txt", "./".repeat(3000)),
        format!("/{}", "%2e%2e%2f".repeat(1000)),
        "/\u{fffd}/a.txt".to_owned(),
    ] {
        let bytes = site.raw(path.as_bytes());
        assert!(!String::from_utf8_lossy(&bytes).contains(CANARY), "{path}");
        assert!([200, 400, 404].contains(&status(&bytes)), "{path}");
    }
    for path in [&b"/\xff\xfe.txt"[..], b"/\xc0\xae\xc0\xae/secret.txt", b"/..\x01/secret.txt", b"/a\x00.txt"] {
        let bytes = site.raw(path);
        assert!(!String::from_utf8_lossy(&bytes).contains(CANARY), "{path:?}");
    }
    site.stop();
}

#[test]
fn the_same_holds_with_every_switch_on() {
    let site =
        site("index: [index.html, a.txt], listing: true, fallback: /a.txt, precompressed: true, calculate_etag: true");
    for (path, _) in ROWS {
        for path in [(*path).to_owned(), format!("{path}/"), format!("{path}?a=b"), format!("{path}%2f")] {
            let bytes = site.raw(path.as_bytes());
            assert!(!String::from_utf8_lossy(&bytes).contains(CANARY), "{path}");
        }
    }
    let page = String::from_utf8(site.raw(b"/folder.txt/")).unwrap();
    assert!(page.contains("b.txt"), "{page}");
    let page = String::from_utf8(site.raw(b"/up/")).unwrap();
    assert!(!page.contains("public-too"), "{page}");
    site.stop();
}

#[test]
fn the_same_holds_for_files_at_an_address_of_their_own() {
    for (items, prefix) in [
        ("{prefix: /, root: '{public}'}", ""),
        ("{prefix: /, root: '{public}', compress: true, cache_duration: 60}", ""),
        ("{prefix: /m/n/, root: '{public}'}, {prefix: /m, root: '{public}/a'}", "/m/n"),
    ] {
        let site = linked(Site::alone(items, "", FILES));
        for (path, expected) in ROWS.iter().filter(|(path, _)| prefix.is_empty() || path.starts_with('/')) {
            let path = format!("{prefix}{path}");
            for _ in 0..2 {
                let bytes = site.raw(path.as_bytes());
                let text = String::from_utf8_lossy(&bytes);
                assert!(!text.contains(CANARY) && !text.contains("root:") && !text.contains("php:"), "{path}: {text}");
                match expected {
                    Status(expected) => assert_eq!(status(&bytes), *expected, "{path}: {text}"),
                    Php => assert!([400, 404].contains(&status(&bytes)), "{path}: {text}"),
                }
            }
        }
        assert_eq!(site.server.calls(), 0, "a worker was asked");
        site.stop();
    }
}
