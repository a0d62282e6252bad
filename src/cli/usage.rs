//! The texts of `--help`.

use std::fmt::Write as _;

use super::arguments::{COMMANDS, FLAGS, Flag, POOLS};

/// The names of all commands.
pub(super) fn names() -> String {
    COMMANDS.iter().map(|(name, ..)| *name).collect::<Vec<_>>().join(", ")
}

/// The help of one command, or of all.
pub(super) fn text(command: Option<&str>) -> String {
    let mut text = String::new();
    if let Some((name, _, help)) = command.and_then(|command| COMMANDS.iter().find(|(name, ..)| *name == command)) {
        let pools = if POOLS.contains(name) { " [pool…]" } else { "" };
        let _ = writeln!(text, "rr {name}: {help}\n\nUsage: rr {name}{pools} [flags]\n\nFlags:");
        flags(&mut text, |flag| flag.commands.is_empty() || flag.commands.contains(name));
        return text.trim_end().to_owned();
    }
    text.push_str("RoadRunner inside PHP.\n\nUsage: rr <command> [flags]\n\nCommands:\n");
    for (name, _, help) in COMMANDS {
        let _ = writeln!(text, "  {name:<25} {help}");
    }
    text.push_str("\nFlags of all commands:\n");
    flags(&mut text, |flag| flag.commands.is_empty());
    text.push_str("\nrr <command> --help says more.");
    text
}

fn flags(text: &mut String, wanted: impl Fn(&Flag) -> bool) {
    let row = |text: &mut String, short: Option<u8>, long: &str, help: &str| {
        let short = short.map_or_else(|| "    ".to_owned(), |letter| format!("-{}, ", char::from(letter)));
        let _ = writeln!(text, "  {:<25} {help}", format!("{short}--{long}"));
    };
    for flag in FLAGS.iter().filter(|flag| wanted(flag)) {
        let long = flag.value.map_or_else(|| flag.long.to_owned(), |value| format!("{} {value}", flag.long));
        row(text, flag.short, &long, flag.help);
    }
    row(text, Some(b'h'), "help", "this text");
    row(text, Some(b'v'), "version", "the versions of RoadRunner that this is compatible with and of itself");
}
