//! Files that nobody should have: a clear error, in bounded time and memory, and never a panic.

use std::{
    fmt::Write as _,
    fs,
    path::Path,
    time::{Duration, Instant},
};

use roadrunner::config::Loader;

use super::{Folder, files, loader};

/// Far more than any of these takes, also in a debug build on a busy machine.
const BOUND: Duration = Duration::from_secs(20);

#[track_caller]
fn error(loader: &Loader) -> String {
    let started = Instant::now();
    let error = loader.load().expect_err("the file must be refused").to_string();
    assert!(started.elapsed() < BOUND, "{:?}", started.elapsed());
    assert!(error.len() < 20_000, "{} bytes of error", error.len());
    error
}

#[test]
fn files_that_are_too_long_are_refused() {
    let folder = Folder::new("long");
    for name in ["a.yaml", "a.json", "a.toml"] {
        let text = error(&folder.loader(name, vec![b'#'; 10 * 1024 * 1024]));
        assert!(text.ends_with("it has 10485760 bytes, more than the 1048576 allowed"), "{text}");
    }
    let endless = Loader { path: Some("/dev/zero".into()), ..loader(&[]) };
    assert!(error(&endless).ends_with("it has 1048577 bytes, more than the 1048576 allowed"));
}

#[test]
fn what_is_not_text_is_refused() {
    let folder = Folder::new("bytes");
    for name in ["a.yaml", "a.json", "a.toml", "a"] {
        let text = error(&folder.loader(name, b"http:\n  address: \xff\xfe\n"));
        assert!(text.ends_with("it is not UTF-8, byte 17 is invalid"), "{text}");
    }
    let folder_instead = Loader { path: Some("/".into()), ..loader(&[]) };
    assert!(error(&folder_instead).contains("Is a directory"));
}

#[test]
fn aliases_cannot_make_a_file_large() {
    let mut text = "x-a: &a [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
    for (before, name) in ('a'..='i').zip('b'..) {
        let list = format!("*{before},").repeat(10);
        let _ = writeln!(text, "x-{name}: &{name} [{list}]");
    }
    let folder = Folder::new("aliases");
    assert!(error(&folder.loader("a.yaml", text)).contains("more than 100000 values"));
}

#[test]
fn what_is_nested_deeply_is_refused() {
    let folder = Folder::new("deep");
    for (name, text) in [
        ("a.yaml", "x: ".to_owned() + &"[".repeat(100_000)),
        ("b.yaml", (0..1000).fold(String::new(), |text, depth| text + &" ".repeat(depth) + "a:\n")),
        ("a.json", "{\"a\":".repeat(50_000)),
        ("a.toml", "a = ".to_owned() + &"[".repeat(100_000)),
        ("b.toml", format!("{} = 1", vec!["a"; 10_000].join("."))),
        ("c.toml", format!("[{}]\n", vec!["a"; 10_000].join("."))),
    ] {
        error(&folder.loader(name, text));
    }
}

#[test]
fn many_keys_are_reported_in_bounded_time_and_length() {
    let folder = Folder::new("many");
    let unknown = (0..90_000).fold(String::new(), |text, number| text + &format!("k{number}:\n"));
    let text = error(&folder.loader("a.yaml", &unknown));
    assert!(text.contains("line 1: k0 is not a known key") && text.ends_with("and 89900 more"), "{text}");
    let twice = "http:\n".repeat(90_000);
    assert!(error(&folder.loader("b.yaml", twice)).ends_with("and 89899 more"));
    let services = (0..30_000).fold("kv:\n".to_owned(), |text, number| text + &format!(" k{number}: {{driver: a}}\n"));
    let included = folder.write("c.yaml", &services);
    let text = error(&folder.loader("d.yaml", format!("include: [{}]\n{services}", included.display())));
    assert!(text.contains("not supported yet: kv"), "{text}");
}

#[test]
fn variables_cannot_make_a_file_large() {
    let folder = Folder::new("variables");
    let mut loader = folder.loader("a.yaml", format!("server: {{command: \"{}\"}}\n", "$A".repeat(200_000)));
    loader.variables.get_or_insert_default().insert("A".to_owned(), "a".repeat(100_000));
    assert!(error(&loader).contains("server.command names environment variables that are too long"));
}

#[test]
fn includes_are_bounded_and_do_not_go_round() {
    let folder = Folder::new("includes");
    let first = folder.loader("a.yaml", "include: [b.yaml, a.yaml, ./b.yaml]\n");
    folder.write("b.yaml", "include: [a.yaml]\n");
    let name = folder.0.join("b.yaml");
    assert_eq!(
        error(&first),
        format!(
            "{} is not a valid configuration:\n  line 1: include names a.yaml, which is read already\n  \
             line 1: include names ./b.yaml, which is read already\n  {} line 1: include must not stand in an included \
             file; name the files in the first one",
            folder.0.join("a.yaml").display(),
            name.display()
        )
    );
    let many = folder.loader("c.yaml", format!("include: [{}]\n", "b.yaml,".repeat(1000)));
    assert!(error(&many).contains("include names 1000 files, more than the 64 allowed"));
    assert!(error(&folder.loader("d.yaml", "include: {a: b}\n")).contains("include must be a list of files"));
    folder.write("e.yaml", "- 1\n");
    assert!(error(&folder.loader("f.yaml", "include: e.yaml\n")).contains("e.yaml line 1: the file is a list"));
}

/// A small generator of numbers (xorshift); the seed is printed by the assertions that use it.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound.max(1) as u64).unwrap()
    }
}

/// Files with parts cut out, doubled, swapped and overwritten, and overrides of the same kind: never a panic.
#[test]
fn no_text_makes_the_loader_panic() {
    const PIECES: [&str; 22] = [
        ":",
        "- ",
        "{",
        "}",
        "[",
        "]",
        "&a ",
        "*a",
        "<<: *a",
        "\n",
        "\"",
        "'",
        "|\n",
        ">-\n",
        "? ",
        "!!str ",
        "$",
        "${A:-",
        "=",
        "\t",
        "[[http]]",
        "\u{feff}é",
    ];
    let folder = Folder::new("random");
    let texts: Vec<_> = files::files().iter().map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect();
    let seconds = std::env::var("RR_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(3);
    let (started, mut dice, mut rounds) = (Instant::now(), Dice(0x9e37_79b9_7f4a_7c15), 0_u32);
    while started.elapsed() < Duration::from_secs(seconds) || rounds < 200 {
        let (path, text) = &texts[dice.below(texts.len())];
        let mut characters: Vec<char> = text.chars().collect();
        for _ in 0..=dice.below(6) {
            let at = dice.below(characters.len() + 1);
            let end = (at + dice.below(40)).min(characters.len());
            match dice.below(4) {
                0 => drop(characters.drain(at..end)),
                1 => drop(characters.splice(at..at, PIECES[dice.below(PIECES.len())].chars())),
                2 => {
                    let part: Vec<_> = characters[at..end].to_vec();
                    let to = dice.below(characters.len() + 1);
                    drop(characters.splice(to..to, part));
                }
                _ => characters.truncate(at.max(1)),
            }
        }
        let text: String = characters.into_iter().collect();
        let name = format!("a.{}", Path::new(path).extension().unwrap().to_string_lossy());
        let mut loader = folder.loader(&name, &text);
        let cut = dice.below(text.len());
        let line = text.char_indices().map(|(index, _)| index).find(|index| *index >= cut).unwrap_or(0);
        loader.overrides = text[line..].lines().take(3).map(|line| line.replacen(": ", "=", 1)).collect();
        loader.lenient = dice.below(2) == 0;
        let once = Instant::now();
        let result = loader.load();
        let shown = match &result {
            Ok(loaded) => loaded.effective.text() + &loaded.warnings.to_string(),
            Err(error) => error.to_string(),
        };
        assert!(shown.len() < 1_000_000 && once.elapsed() < BOUND, "{text}");
        rounds += 1;
    }
}
