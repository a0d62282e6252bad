//! `doctor`: looks for what hurts a server of this place.

use super::{
    Options, Php, Worker, console, exit, pid,
    place::{Place, Problem},
};
use crate::{
    config::Config,
    doctor::{self, Finding, Verdict},
    server::{Identity, acceptor, refuse_root},
};

/// Prints one line for each thing that was looked at. Returns the exit code.
pub(super) fn run(options: &Options, php: &dyn Php) -> Result<u8, Problem> {
    let place = Place::go(options)?;
    let mut findings = Vec::new();
    let config = match place.loader(options).load() {
        Ok(loaded) => {
            let name =
                place.file.as_ref().map_or_else(|| "none, defaults".to_owned(), |file| file.display().to_string());
            findings.push(match loaded.warnings.iter().count() {
                0 => Finding::ok("configuration", name),
                count => {
                    Finding::warn("configuration", format!("{name}, with {count} warnings"), "see rr config --check")
                }
            });
            findings.extend(configured(&loaded.config, &place));
            loaded.config
        }
        Err(error) => {
            let first = error.to_string().lines().map(str::trim).collect::<Vec<_>>().join(" ");
            findings.push(Finding::fail("configuration", first, "see rr config --check"));
            Config::default()
        }
    };
    findings.splice(0..0, doctor::examine(php, &config, &place.directory));
    if options.json {
        console::print(&serde_json::to_string_pretty(&findings).map_err(|error| Problem::failure(error.to_string()))?);
    } else {
        for finding in &findings {
            console::print(&finding.to_string());
        }
    }
    let fails = findings.iter().any(|finding| finding.verdict == Verdict::Fail);
    Ok(if fails { exit::FAILURE } else { exit::OK })
}

/// What the configuration names, held against this machine.
fn configured(config: &Config, place: &Place) -> Vec<Finding> {
    let mut findings = Vec::new();
    let worker = Worker::parse(&config.server.command).and_then(|worker| worker.path());
    findings.push(match worker {
        Ok(script) => Finding::ok("server.command", format!("runs {}", script.display())),
        Err(reason) => Finding::fail("server.command", reason, "the command line of the workers: php worker.php"),
    });
    match Identity::of(&config.server) {
        Ok(_) if refuse_root(&config.server, false).is_err() => {
            let remedy = "server.user, or another user who starts it; else rr serve --allow-root";
            findings.push(Finding::warn("server.user", "the server would be root, which is refused", remedy));
        }
        Ok(None) => {}
        Ok(Some(identity)) => findings.push(match identity.is_possible() {
            Ok(()) => Finding::ok("server.user", "can be assumed"),
            Err(reason) => Finding::fail("server.user", reason.to_string(), "start as root, or leave the keys out"),
        }),
        Err(reason) => findings.push(Finding::fail("server.user", reason.to_string(), "an existing user and group")),
    }
    findings.extend(certificates(config));
    let running = pid::read(&pid::path(&place.directory)).ok().filter(|pid| pid::is_ours(*pid));
    for endpoint in config.endpoints() {
        findings.push(match (doctor::endpoint(&endpoint), running) {
            (Finding { verdict: Verdict::Fail, topic, .. }, Some(pid)) => {
                Finding::ok(topic, format!("taken, and a server runs here: process {pid}"))
            }
            (finding, _) => finding,
        });
    }
    if let Err(reason) = config.http.check_directories() {
        findings.push(Finding::fail("fileserver", reason.to_string(), "a directory that is there"));
    }
    findings
}

/// Whether the certificates for TLS can be used, and how long.
fn certificates(config: &Config) -> Option<Finding> {
    let topic = "http.ssl";
    match acceptor(config) {
        Ok(acceptor) => acceptor.map(|acceptor| match acceptor.expires() {
            (date, false) => Finding::ok(topic, format!("certificates until {date}")),
            (date, true) => Finding::warn(topic, format!("a certificate expired on {date}"), "a new certificate"),
        }),
        Err(reason) => Some(Finding::fail(topic, reason.to_string(), "files that can be used, see docs/tls.md")),
    }
}
