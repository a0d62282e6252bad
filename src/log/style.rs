//! How an entry becomes bytes.

use std::{env, io::Write};

use tracing::Event;

use super::{
    Level,
    channel::OWN,
    clock::{Layout, Moment},
    config::{Channel, Encoding, Mode},
    escape::Place,
    record::{Recorder, Scratch, decimal, json_string},
};

/// How the entries of a channel are written.
#[derive(Debug)]
pub(super) struct Style {
    form: Form,
    /// How the time is written; `None`: as the form has it.
    time: Option<Layout>,
    ending: String,
    /// Terminals get colours.
    colours: bool,
}

#[derive(Debug)]
enum Form {
    Console,
    Json,
    Raw,
    Custom(Vec<Piece>),
}

/// A piece of the user's own format.
#[derive(Debug)]
enum Piece {
    Text(String),
    Word(Word),
}

/// What stands between two `%` of a format.
#[derive(Clone, Copy, Debug)]
enum Word {
    Time,
    Level,
    Message,
    Attributes,
    Logger,
    File,
    Line,
    Module,
}

/// What is known of an entry besides its message and its fields.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts<'a> {
    pub(super) at: Moment,
    pub(super) level: Level,
    pub(super) channel: &'a str,
    pub(super) file: &'a str,
    pub(super) line: u32,
    pub(super) module: &'a str,
}

// === impl Style ===

impl Style {
    /// `None` for a channel that writes nothing.
    pub(super) fn of(channel: &Channel) -> Option<Self> {
        let form = match (&channel.format, channel.mode) {
            (_, Mode::None) => return None,
            (Some(format), _) => Form::Custom(pieces(format)),
            (None, Mode::Raw) => Form::Raw,
            (None, _) if channel.encoding() == Encoding::Json => Form::Json,
            (None, _) => Form::Console,
        };
        let time = channel.time_format.as_deref().map(Layout::parse);
        Some(Self { form, time, ending: channel.ending().to_owned(), colours: colours() })
    }

    /// Writes an event into `scratch.entry`, for the eyes of a person if `screen`.
    pub(super) fn event(&self, facts: &Facts<'_>, event: &Event<'_>, screen: bool, scratch: &mut Scratch) {
        let mut recorder = self.recorder(screen, scratch);
        event.record(&mut recorder);
        self.assemble(facts, screen, scratch);
    }

    /// Writes a notice of the log's own.
    pub(super) fn notice(
        &self,
        level: Level,
        message: &str,
        fields: &[(&str, &str)],
        screen: bool,
        scratch: &mut Scratch,
    ) {
        let mut recorder = self.recorder(screen, scratch);
        recorder.take("message", message);
        for (name, value) in fields {
            recorder.take(name, value);
        }
        let (at, file, module) = (Moment::now(), file!(), module_path!());
        let facts = Facts { at, level, channel: OWN, file, line: line!(), module };
        self.assemble(&facts, screen, scratch);
    }

    fn recorder<'a>(&'a self, screen: bool, scratch: &'a mut Scratch) -> Recorder<'a> {
        let place = match &self.form {
            Form::Json => Place::Json,
            _ if screen => Place::Screen,
            _ => Place::Line,
        };
        Recorder::new(place, self.time.as_ref(), scratch)
    }

    fn assemble(&self, facts: &Facts<'_>, screen: bool, scratch: &mut Scratch) {
        let Scratch { entry, message, fields, .. } = scratch;
        match &self.form {
            Form::Raw => entry.extend_from_slice(message),
            Form::Json => {
                let _ = write!(entry, r#"{{"level":"{}","ts":"#, facts.level.lower());
                match &self.time {
                    None => decimal(facts.at.nanoseconds(), entry),
                    Some(layout) => {
                        let mut time = Vec::new();
                        layout.write(&facts.at, &mut time);
                        json_string(&String::from_utf8_lossy(&time), entry);
                    }
                }
                entry.extend_from_slice(br#","logger":"#);
                json_string(facts.channel, entry);
                entry.extend_from_slice(br#","msg":""#);
                entry.extend_from_slice(message);
                entry.push(b'"');
                entry.extend_from_slice(fields);
                entry.push(b'}');
            }
            Form::Console => {
                self.time(facts, entry);
                entry.push(b' ');
                coloured(screen && self.colours, facts.level.colour(), facts.level.upper(), 5, entry);
                entry.push(b' ');
                coloured(screen && self.colours, "32", facts.channel, 6, entry);
                entry.push(b' ');
                entry.extend_from_slice(message);
                entry.extend_from_slice(fields);
            }
            Form::Custom(pieces) => {
                for piece in pieces {
                    match piece {
                        Piece::Text(text) => entry.extend_from_slice(text.as_bytes()),
                        Piece::Word(Word::Time) => self.time(facts, entry),
                        Piece::Word(Word::Level) => entry.extend_from_slice(facts.level.upper().as_bytes()),
                        Piece::Word(Word::Message) => entry.extend_from_slice(message),
                        Piece::Word(Word::Attributes) => {
                            entry.extend_from_slice(fields.strip_prefix(b" ").unwrap_or(fields));
                        }
                        Piece::Word(Word::Logger) => entry.extend_from_slice(facts.channel.as_bytes()),
                        Piece::Word(Word::File) => entry.extend_from_slice(facts.file.as_bytes()),
                        Piece::Word(Word::Line) => drop(write!(entry, "{}", facts.line)),
                        Piece::Word(Word::Module) => entry.extend_from_slice(facts.module.as_bytes()),
                    }
                }
            }
        }
        entry.extend_from_slice(self.ending.as_bytes());
    }

    fn time(&self, facts: &Facts<'_>, to: &mut Vec<u8>) {
        match &self.time {
            Some(layout) => layout.write(&facts.at, to),
            None => facts.at.write(to),
        }
    }
}

/// Whether terminals may be sent colours (<https://no-color.org>).
fn colours() -> bool {
    env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
        && env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Takes a format apart. What is no known word stays as it is.
fn pieces(format: &str) -> Vec<Piece> {
    let words = [
        ("%time%", Word::Time),
        ("%level%", Word::Level),
        ("%message%", Word::Message),
        ("%attrs%", Word::Attributes),
        ("%logger%", Word::Logger),
        ("%source_file%", Word::File),
        ("%source_line%", Word::Line),
        ("%source_func%", Word::Module),
    ];
    let mut pieces = Vec::new();
    let mut rest = format;
    while let Some(first) = rest.chars().next() {
        if let Some((word, piece)) = words.iter().find(|(word, _)| rest.starts_with(word)) {
            pieces.push(Piece::Word(*piece));
            rest = &rest[word.len()..];
            continue;
        }
        match pieces.last_mut() {
            Some(Piece::Text(text)) => text.push(first),
            _ => pieces.push(Piece::Text(first.to_string())),
        }
        rest = &rest[first.len_utf8()..];
    }
    pieces
}

/// Writes `text`, filled up to `width`.
fn coloured(colours: bool, colour: &str, text: &str, width: usize, to: &mut Vec<u8>) {
    let _ = if colours { write!(to, "\x1b[{colour}m{text:width$}\x1b[0m") } else { write!(to, "{text:width$}") };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_sees_colours_and_lines_that_belong_together() {
        for (colours, level, channel) in
            [(true, "\x1b[33mWARN \x1b[0m", "\x1b[32mlogs  \x1b[0m"), (false, "WARN ", "logs  ")]
        {
            let style = Style { form: Form::Console, time: Some(Layout::parse("")), ending: "\n".to_owned(), colours };
            let mut scratch = Scratch::default();
            style.notice(Level::Warn, "one\ntwo\x1b[2J", &[("field", "a\nb")], true, &mut scratch);
            let line = String::from_utf8(scratch.entry).unwrap();
            assert_eq!(line, format!(" {level} {channel} one\n    two\\u{{1b}}[2J field=\"a\\nb\"\n"));
        }
    }
}
