//! From files, environment and overrides to typed, checked values.

use std::{
    collections::BTreeMap,
    fmt,
    io::Read as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{At, Config, Document, Effective, Node, Problems, Source, Value, expand::Expand, overrides, toml, yaml};
use crate::program;

/// Files longer than this are refused.
const MAX_BYTES: u64 = 1024 * 1024;
/// Files that are included at most.
const MAX_INCLUDED: usize = 64;
/// The file that is read if nothing else is said, as by RoadRunner.
const DEFAULT_FILE: &str = ".rr.yaml";

/// What a configuration is made of.
///
/// Later ones win: the defaults, the file, the overrides, the included files. Values may name environment variables:
/// `$NAME`, `${NAME}`, `${NAME:-default}`; one that is not set is empty, and a value that becomes empty is as if it were
/// not there.
#[derive(Clone, Debug, Default)]
pub struct Loader {
    /// The file: YAML, JSON or TOML, by its extension, else by its contents. `None`: the defaults.
    pub path: Option<PathBuf>,
    /// Overrides, each `section.key=value`, with values as YAML types them; they make the sections that they name.
    pub overrides: Vec<String>,
    /// A file of environment variables; those of `variables` win.
    pub dotenv: Option<PathBuf>,
    /// Whether keys that are not supported are warned of instead of refused.
    pub lenient: bool,
    /// The folder that included files are relative to.
    ///
    /// Default: the working directory.
    pub directory: PathBuf,
    /// The variables that values may name. `None`: the process's environment.
    pub variables: Option<BTreeMap<String, String>>,
}

/// A configuration that can be used.
#[derive(Debug)]
pub struct Loaded {
    /// All settings.
    pub config: Config,
    /// What has no effect, or not the one that may be expected.
    pub warnings: Problems,
    /// The values in force, and where each comes from.
    pub effective: Effective,
    /// Variables of dotenv files that the environment does not have, in the order of the files.
    pub variables: Vec<(String, String)>,
    /// What has loaded it, and can do so again.
    pub loader: Loader,
}

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file cannot be read.
    #[error("cannot read the configuration {}: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// What was read is not valid.
    #[error("{} is not a valid configuration:\n{problems}{}", Name(path.as_deref()), problems.remedy())]
    Invalid {
        /// The file; `None` if there is none, but overrides.
        path: Option<PathBuf>,
        /// Everything that is wrong.
        problems: Problems,
    },
}

/// Names a configuration in a message.
struct Name<'a>(Option<&'a Path>);

/// Returns the configuration file: the named one, else that of the environment variable `RR_CONFIG`, else `.rr.yaml` in
/// the working directory, if there is one.
pub fn find(named: Option<PathBuf>) -> Option<PathBuf> {
    let given = |path: &PathBuf| !path.as_os_str().is_empty();
    named
        .filter(given)
        .or_else(|| std::env::var_os("RR_CONFIG").map(PathBuf::from).filter(given))
        .or_else(|| Some(PathBuf::from(DEFAULT_FILE)).filter(|path| path.exists()))
}

// === impl Loader ===

impl Loader {
    /// Returns a variable. Each is asked for by name: in an extension of PHP, whose symbols are bound apart from those of
    /// the program, the environment cannot be listed.
    fn variable(&self, name: &str) -> Option<String> {
        match &self.variables {
            Some(variables) => variables.get(name).cloned(),
            // A name that is none would be a panic.
            None if name.is_empty() || name.contains(['=', '\0']) => None,
            None => std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()),
        }
    }

    /// What this configuration is to others of the same machine: its file, else the working directory.
    fn place(&self) -> Option<PathBuf> {
        let directory = program::directory().ok()?;
        Some(self.path.as_ref().map_or_else(|| directory.clone(), |file| directory.join(file)))
    }

    /// Loads the configuration.
    ///
    /// # Errors
    ///
    /// When a file cannot be read, or with everything that is wrong at once: key, place, what was found, what is allowed.
    pub fn load(&self) -> Result<Loaded, Error> {
        let mut load =
            Load { loader: self, variables: Vec::new(), problems: Problems::default(), warnings: Problems::default() };
        let loaded = load.run()?;
        match loaded {
            Some(mut loaded) if load.problems.is_empty() => {
                loaded.config.rpc.place = self.place();
                Ok(Loaded { warnings: load.warnings, ..loaded })
            }
            _ => Err(Error::Invalid { path: self.path.clone(), problems: load.problems }),
        }
    }
}

/// A configuration being loaded.
struct Load<'a> {
    loader: &'a Loader,
    /// Variables of dotenv files.
    variables: Vec<(String, String)>,
    problems: Problems,
    warnings: Problems,
}

// === impl Load ===

impl Load<'_> {
    /// Returns nothing only if a problem was found.
    fn run(&mut self) -> Result<Option<Loaded>, Error> {
        if let Some(path) = &self.loader.dotenv {
            let text = read(path).map_err(|reason| Error::Unreadable { path: path.clone(), reason })?;
            self.dotenv(&text).map_err(|reason| Error::Unreadable { path: path.clone(), reason })?;
        }
        let mut document = match &self.loader.path {
            None => Document::empty(),
            Some(path) => {
                let text = read(path).map_err(|reason| Error::Unreadable { path: path.clone(), reason })?;
                match Document::parse(path, &text) {
                    Ok(document) => document,
                    Err(problems) => {
                        self.problems.extend(problems);
                        return Ok(None);
                    }
                }
            }
        };
        self.envfile(&document);
        self.expand(&mut document.root);
        for (index, text) in self.loader.overrides.iter().enumerate() {
            self.override_with(&mut document, text, index + 1);
        }
        self.include(&mut document);
        let config = Config::understand(&mut document, self.loader.lenient, &mut self.problems, &mut self.warnings);
        Ok(Some(Loaded {
            loader: self.loader.clone(),
            config,
            warnings: Problems::default(),
            effective: Effective::new(document, self.loader.path.as_deref()),
            variables: std::mem::take(&mut self.variables),
        }))
    }

    fn expand(&mut self, node: &mut Node) {
        let lookup = |name: &str| {
            let own = self.loader.variable(name);
            own.or_else(|| self.variables.iter().find(|(other, _)| other == name).map(|(_, value)| value.clone()))
        };
        Expand::new(&lookup).node(node, "", &mut self.problems, &mut self.warnings);
    }

    /// Adds the variables of a dotenv file that nobody else has set.
    fn dotenv(&mut self, text: &str) -> Result<(), String> {
        for pair in dotenvy::from_read_iter(text.as_bytes()) {
            let (name, value) = pair.map_err(|error| match error {
                // The line itself may hold a secret.
                dotenvy::Error::LineParse(line, _) => {
                    let number =
                        text.lines().position(|other| other.trim() == line.trim()).map_or(0, |index| index + 1);
                    format!("line {number} is not NAME=value")
                }
                error => error.to_string(),
            })?;
            if self.loader.variable(&name).is_none() && self.variables.iter().all(|(other, _)| *other != name) {
                self.variables.push((name, value));
            }
        }
        Ok(())
    }

    /// Reads the dotenv file that key `envfile` names.
    fn envfile(&mut self, document: &Document) {
        let Some(node) = document.root.get("envfile") else { return };
        let Some(name) = node.value.as_text().filter(|name| !name.is_empty()) else { return };
        let folder = self.loader.path.as_deref().and_then(Path::parent).unwrap_or(Path::new(""));
        let path = folder.join(name);
        if let Err(reason) = read(&path).and_then(|text| self.dotenv(&text)) {
            self.problems.add("envfile", node.at.clone(), format!("cannot read {}: {reason}", path.display()));
        }
    }

    fn override_with(&mut self, document: &mut Document, text: &str, number: usize) {
        match overrides::read(text, number) {
            Ok(mut node) => {
                self.expand(&mut node);
                overrides::merge(&mut document.root, node, "", &mut self.warnings);
            }
            Err(problem) => self.problems.push(problem),
        }
    }

    /// Lays the files that key `include` names over the document.
    fn include(&mut self, document: &mut Document) {
        let Some(node) = document.root.get("include").cloned() else { return };
        let names: Option<Vec<(String, At)>> = match &node.value {
            Value::Null => return,
            Value::List(items) => items.iter().map(|item| Some((item.value.as_text()?, item.at.clone()))).collect(),
            value => value
                .as_text()
                .map(|text| text.split_whitespace().map(|name| (name.to_owned(), node.at.clone())).collect()),
        };
        let Some(names) = names else {
            self.problems.add("include", node.at, "must be a list of files, or text with spaces between them");
            return;
        };
        if names.len() > MAX_INCLUDED {
            let message = format!("names {} files, more than the {MAX_INCLUDED} allowed", names.len());
            return self.problems.add("include", node.at, message);
        }
        let version = document.root.get("version").and_then(|node| node.value.as_text());
        let mut seen: Vec<PathBuf> = self.loader.path.iter().filter_map(|path| path.canonicalize().ok()).collect();
        for (name, at) in names {
            let path = self.loader.directory.join(&name);
            if let Ok(path) = path.canonicalize() {
                if seen.contains(&path) {
                    self.problems.add("include", at, format!("names {name}, which is read already"));
                    continue;
                }
                seen.push(path);
            }
            match read(&path) {
                Ok(text) => self.lay_over(document, &path, &text, version.as_deref()),
                Err(reason) => self.problems.add("include", at, format!("cannot read {}: {reason}", path.display())),
            }
        }
    }

    fn lay_over(&mut self, document: &mut Document, path: &Path, text: &str, version: Option<&str>) {
        let source = Source::Included(Arc::from(path.display().to_string()));
        let mut root = match parse(path, text, &source) {
            Ok(root) => root,
            Err(problems) => return self.problems.extend(problems),
        };
        if !matches!(root.value, Value::Map(_) | Value::Null) {
            let message = format!("is {}, but must be a section of keys", root.value.describe());
            return self.problems.add("the file", root.at, message);
        }
        if let Some(include) = root.get("include") {
            let message = "must not stand in an included file; name the files in the first one";
            self.problems.add("include", include.at.clone(), message);
        }
        if let Some(node) = root.get("version")
            && let (Some(own), Some(first)) = (node.value.as_text(), version)
            && own != first
        {
            let message = format!("is \"{own}\", but must be \"{first}\" as in the first file");
            self.problems.add("version", node.at.clone(), message);
        }
        self.expand(&mut root);
        overrides::merge(&mut document.root, root, "", &mut self.warnings);
    }
}

/// Reads a file of text.
fn read(path: &Path) -> Result<String, String> {
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    // One byte more than is allowed: what has no length, such as a pipe, is bounded, too.
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > MAX_BYTES {
        let length = std::fs::metadata(path).map_or(0, |metadata| metadata.len()).max(MAX_BYTES + 1);
        return Err(format!("it has {length} bytes, more than the {MAX_BYTES} allowed"));
    }
    let text = String::from_utf8(bytes)
        .map_err(|error| format!("it is not UTF-8, byte {} is invalid", error.utf8_error().valid_up_to()))?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

// === impl Document ===

impl Document {
    /// Parses the text of a file in the language that its extension, else the text says.
    ///
    /// # Errors
    ///
    /// What is not of that language, beyond a bound, or there twice.
    pub fn parse(path: &Path, text: &str) -> Result<Self, Problems> {
        parse(path, text, &Source::File).map(|root| Self { root })
    }
}

fn parse(path: &Path, text: &str, source: &Source) -> Result<Node, Problems> {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
    match extension.as_deref() {
        Some("toml") => toml::parse(text, source),
        Some("json") => yaml::parse(text, source, "JSON"),
        Some("yaml" | "yml") => yaml::parse(text, source, "YAML"),
        _ if is_toml(text) => toml::parse(text, source),
        _ => yaml::parse(text, source, "YAML"),
    }
}

/// Returns whether the first line that says something is one that only TOML has: `[section]` or `key = value`.
fn is_toml(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.next().is_some_and(|line| {
        let name =
            |text: &str| !text.is_empty() && text.chars().all(|next| next.is_alphanumeric() || "._-\" ".contains(next));
        let section = line.trim_start_matches('[').trim_end_matches(']');
        (line.starts_with('[') && line.ends_with(']') && name(section))
            || line.split_once('=').is_some_and(|(key, _)| name(key))
    })
}

// === impl Name ===

impl fmt::Display for Name<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(path) => write!(formatter, "{}", path.display()),
            None => formatter.write_str("what the overrides say"),
        }
    }
}
