//! Programs beside the server: how they are started, and what they say.
//!
//! For `server`, whose initial command is one, and for `service`.

use std::{
    io::{self, PipeReader},
    os::unix::process::{CommandExt, ExitStatusExt},
    process::{Child, ExitStatus, Stdio},
};

use nix::unistd::Uid;

use crate::{
    accounts::{self, Account},
    process,
    program::{self, Variables},
};

/// Longest line of output that is taken in one piece, in bytes.
const LINE: usize = 8 * 1024;

/// A program to start.
#[derive(Clone, Copy, Debug)]
pub struct Program<'a> {
    /// Its words.
    pub command: &'a [String],
    /// What its environment has beside, or instead of, the server's.
    pub env: &'a [(String, String)],
    /// The user to run it as, and the key that says so.
    pub user: Option<(&'a str, &'a str)>,
}

/// Bytes of output on their way to lines.
#[derive(Debug, Default)]
pub struct Lines {
    begun: Vec<u8>,
}

// === impl Program ===

impl Program<'_> {
    /// Starts it in a process group of its own, so that what it starts can be ended with it, with no descriptor of this
    /// process, every signal and the limits that this process was started with. What it says comes through one pipe. It is
    /// told to terminate when the calling thread ends.
    ///
    /// `environment` is that of the server.
    ///
    /// # Errors
    ///
    /// When there is no such program or user, or the system refuses.
    pub fn start(&self, environment: &Variables) -> io::Result<(Child, PipeReader)> {
        let Self { command, env, user } = *self;
        let (reader, writer) = io::pipe()?;
        let variables = env.iter().map(|(name, value)| (name.into(), value.into()));
        let mut command = program::command(command, environment.clone().into_iter().chain(variables).collect())?;
        command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
        command.process_group(0);
        if let Some((key, user)) = user {
            let Account { uid, gid, .. } = accounts::user(key, user).map_err(io::Error::other)?;
            if uid != Uid::effective() {
                if !Uid::effective().is_root() {
                    let message = format!("{key} is \"{user}\", but only root may become another user");
                    return Err(io::Error::new(io::ErrorKind::PermissionDenied, message));
                }
                command.uid(uid.as_raw()).gid(gid.as_raw());
            }
        }
        process::pass_on(&mut command, Vec::new(), true);
        // The command, which holds the other end of the pipe, too, ends here.
        Ok((command.spawn()?, reader))
    }
}

// === impl Lines ===

impl Lines {
    /// Adds what was read. Each line that is complete, or too long for one piece, is given to `take`.
    pub fn push(&mut self, bytes: &[u8], mut take: impl FnMut(&str)) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            for part in piece.chunks(LINE) {
                if self.begun.len() + part.len() > LINE {
                    self.end(&mut take);
                }
                self.begun.extend_from_slice(part);
            }
            if piece.ends_with(b"\n") {
                self.end(&mut take);
            }
        }
    }

    /// Gives the last line, which nothing has ended, to `take`.
    pub fn end(&mut self, mut take: impl FnMut(&str)) {
        let text = String::from_utf8_lossy(&self.begun);
        let text = text.trim_end();
        if !text.is_empty() {
            take(text);
        }
        self.begun.clear();
    }
}

/// How a program has ended, to follow its name.
pub fn ending(status: ExitStatus) -> String {
    match status.signal() {
        Some(signal) => format!("was ended by signal {signal}"),
        None => format!("ended with exit code {}", status.code().unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn lines(pieces: &[&[u8]]) -> Vec<String> {
        let (mut lines, mut taken) = (Lines::default(), Vec::new());
        for piece in pieces {
            lines.push(piece, |line| taken.push(line.to_owned()));
        }
        lines.end(|line| taken.push(line.to_owned()));
        taken
    }

    #[test]
    fn output_becomes_lines_however_it_is_cut() {
        assert_eq!(lines(&[b"one\ntwo\n"]), ["one", "two"]);
        assert_eq!(lines(&[b"o", b"ne\r\n\n  \ntw", b"o"]), ["one", "two"]);
        assert_eq!(lines(&[b"a\xffb\n"]), ["a\u{fffd}b"]);
        assert!(lines(&[b"", b"\n"]).is_empty());
    }

    #[test]
    fn long_lines_come_in_pieces() {
        let long = "x".repeat(2 * LINE + 1);
        let taken = lines(&[long.as_bytes(), b"\nnext"]);
        assert_eq!(taken.iter().map(String::len).collect::<Vec<_>>(), [LINE, LINE, 1, 4]);
    }

    #[test]
    fn a_program_is_apart_from_what_starts_it() {
        let command = ["sh", "-c", "ps -o pgid= -p $$; echo $$; ls /proc/self/fd; echo $NAME >&2"].map(str::to_owned);
        let env = [("NAME".to_owned(), "value".to_owned())];
        let program = Program { command: &command, env: &env, user: None };
        let (mut child, mut output) = program.start(&program::environment()).unwrap();
        let mut text = String::new();
        output.read_to_string(&mut text).unwrap();
        assert!(child.wait().unwrap().success());
        let words: Vec<_> = text.split_whitespace().collect();
        assert_eq!(words[0], words[1], "{text}");
        // The last one is that of the directory that is listed.
        assert_eq!(words[2..], ["0", "1", "2", "3", "value"], "{text}");
    }

    #[test]
    fn who_cannot_be_started_is_said() {
        let command = ["true".to_owned()];
        let start = |user| {
            let program = Program { command: &command, env: &[], user: Some(("service.a.user", user)) };
            program.start(&program::environment())
        };
        let error = start("no-such-user").unwrap_err().to_string();
        assert_eq!(error, "service.a.user is \"no-such-user\", but there is no such user");
        if !Uid::effective().is_root() {
            let error = start("0").unwrap_err().to_string();
            assert_eq!(error, "service.a.user is \"0\", but only root may become another user");
        }
        let (mut child, _) = start(&Uid::effective().to_string()).unwrap();
        assert!(child.wait().unwrap().success(), "oneself anybody may be");
    }
}
