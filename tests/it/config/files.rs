use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use roadrunner::config::{Loader, check, print};

use super::{FOLDER, loader};

/// Returns the files that are loaded, those that others include aside.
pub(super) fn files() -> Vec<PathBuf> {
    let entries = fs::read_dir(FOLDER).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        entries.filter(|path| path.is_file() && !path.to_string_lossy().ends_with(".expected")).collect();
    // A build without TOML refuses them.
    let has_toml = |path: &PathBuf| fs::read_to_string(expected_of(path)).is_ok_and(|text| text.contains("toml"));
    files.retain(|path| cfg!(feature = "toml") || !has_toml(path));
    files.sort();
    files
}

fn expected_of(path: &Path) -> PathBuf {
    PathBuf::from(format!("{}.expected", path.display()))
}

/// Returns the loader of a file, as the lines with `$` say.
pub(super) fn loader_of(path: &Path) -> Loader {
    let expected = fs::read_to_string(expected_of(path)).unwrap_or_default();
    let mut loader = Loader { path: Some(path.to_owned()), ..loader(&[]) };
    for line in expected.lines().filter_map(|line| line.strip_prefix("$ ")) {
        match line.split_once(' ') {
            Some(("-o", text)) => loader.overrides.push(text.to_owned()),
            Some(("--dotenv", name)) => loader.dotenv = Some(Path::new(FOLDER).join(name)),
            _ => {
                let (name, value) = line.split_once('=').unwrap();
                loader.variables.get_or_insert_default().insert(name.to_owned(), value.to_owned());
            }
        }
    }
    loader
}

/// Says what comes of a file: errors, and what they are if lenient; then all values that are not defaults.
fn outcome(mut loader: Loader) -> String {
    let mut text = String::new();
    let mut loaded = check(&loader);
    if let Err(error) = &loaded {
        let _ = writeln!(text, "{error}");
        loader.lenient = true;
        loaded = check(&loader);
        text += "--- lenient\n";
    }
    match loaded {
        Ok(warnings) => {
            let _ = writeln!(text, "{warnings}\n--- in force");
            let values = print(&loader).unwrap();
            values.lines().filter(|line| !line.contains("# default")).for_each(|line| {
                let _ = writeln!(text, "{}", line.trim_end());
            });
        }
        Err(_) if text.contains("not supported") => {
            let _ = writeln!(text, "{}", loaded.unwrap_err());
        }
        Err(_) => text += "the same\n",
    }
    text
}

#[test]
fn every_file_has_its_expected_result() {
    let mut different = Vec::new();
    let files = files();
    assert!(files.len() >= 20, "{}", files.len());
    for path in files {
        let expected = fs::read_to_string(expected_of(&path)).unwrap_or_default();
        let head: String =
            expected.lines().filter(|line| line.starts_with('$')).map(|line| format!("{line}\n")).collect();
        let found = head + &outcome(loader_of(&path));
        if found == expected {
            continue;
        }
        if std::env::var_os("UPDATE").is_some() {
            fs::write(expected_of(&path), &found).unwrap();
        } else {
            different.push(format!("{}:\n{found}", path.display()));
        }
    }
    assert!(different.is_empty(), "not as expected:\n{}", different.join("\n"));
}

#[test]
fn no_documented_key_is_unknown() {
    let error = check(&loader_of(&Path::new(FOLDER).join("reference.yaml"))).unwrap_err().to_string();
    assert!(!error.contains("not a known key") && !error.contains(" more"), "{error}");
}

/// What `print` writes is a configuration of the same meaning.
#[test]
fn what_is_printed_can_be_loaded_again() {
    for path in files() {
        let original = Loader { lenient: true, ..loader_of(&path) };
        let Ok(first) = original.load() else { continue };
        let text = print(&original).unwrap();
        let folder = super::Folder::new(&format!("again-{}", path.file_name().unwrap().to_string_lossy()));
        // Included files are part of what is printed, and secrets are not.
        let text: String = text
            .lines()
            .filter(|line| !line.starts_with("include:") && !line.starts_with("envfile:"))
            .map(|line| format!("{line}\n"))
            .collect();
        let again = folder.loader("again.yaml", &text);
        let mut second = again.load().unwrap_or_else(|error| panic!("{}: {error}\n{text}", path.display()));
        // It is another file.
        second.config.rpc.place.clone_from(&first.config.rpc.place);
        if !text.contains("***") {
            assert_eq!(first.config, second.config, "{}:\n{text}", path.display());
        }
    }
}
