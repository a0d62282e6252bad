//! Starting other programs from inside PHP.
//!
//! PHP loads extensions so that they find symbols in their own libraries first. Of the variable `environ` there are then
//! two: the executable's, which the C library uses, and the C library's own, which the standard library sees and which
//! nobody ever sets. So [`std::env::vars_os`] is empty here, a [`Command`] without changes to its environment starts a
//! program that has none, and one with changes may lose them. [`std::env::var`] is not affected.
#![allow(unsafe_code, reason = "finding the true environ, and exec between fork and exec")]

use std::{
    collections::BTreeMap,
    ffi::{CStr, CString, OsStr, OsString},
    io,
    os::unix::{
        ffi::{OsStrExt, OsStringExt},
        process::CommandExt,
    },
    process::Command,
};

use nix::unistd::execvpe;

/// A program to be started with what this process has in its environment, and more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The words of the command line; the first one is the program, looked for in `PATH` if it has no slash.
    words: Vec<CString>,
    /// As `NAME=value`.
    environment: Vec<CString>,
}

/// The environment of this process.
///
/// No other thread may change it meanwhile: to be called before the workers start.
pub fn environment() -> BTreeMap<OsString, OsString> {
    let mut variables = BTreeMap::new();
    // SAFETY: `environ` is a `char **` wherever it is found, and lives as long as the process.
    let mut place = unsafe {
        let environ = libc::dlsym(libc::RTLD_DEFAULT, c"environ".as_ptr()).cast::<*const *const libc::c_char>();
        if environ.is_null() { std::ptr::null() } else { *environ }
    };
    // SAFETY: an array of C strings that ends with null, which nobody changes now.
    while let Some(entry) = unsafe { place.as_ref() }.filter(|entry| !entry.is_null()) {
        // SAFETY: as above.
        let bytes = unsafe { CStr::from_ptr(*entry) }.to_bytes();
        if let Some(at) = bytes.iter().position(|byte| *byte == b'=') {
            variables.insert(OsString::from_vec(bytes[..at].to_vec()), OsString::from_vec(bytes[at + 1..].to_vec()));
        }
        // SAFETY: the end was not reached.
        place = unsafe { place.add(1) };
    }
    variables
}

// === impl Program ===

impl Program {
    /// A program by its command line, with these variables beside the present ones.
    ///
    /// # Errors
    ///
    /// When there is no word, or one with a NUL in it.
    pub fn new<W, N, V>(
        words: impl IntoIterator<Item = W>,
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> io::Result<Self>
    where
        W: AsRef<OsStr>,
        N: Into<OsString>,
        V: Into<OsString>,
    {
        let mut environment = environment();
        environment.extend(variables.into_iter().map(|(name, value)| (name.into(), value.into())));
        let words =
            words.into_iter().map(|word| CString::new(word.as_ref().as_bytes())).collect::<Result<Vec<_>, _>>()?;
        if words.is_empty() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the command line is empty"));
        }
        let environment = environment.into_iter().map(|(name, value)| {
            let mut entry = name.into_vec();
            entry.push(b'=');
            entry.extend(value.into_vec());
            CString::new(entry)
        });
        Ok(Self { words, environment: environment.collect::<Result<_, _>>()? })
    }

    /// Puts the program in the place of this process. Returns only if that is not possible.
    pub fn exec(&self) -> io::Error {
        match execvpe(&self.words[0], &self.words, &self.environment) {
            Ok(never) => match never {},
            Err(error) => error.into(),
        }
    }

    /// The program for the standard library: to redirect, to spawn, to wait for. Its words and environment are set.
    pub fn command(&self) -> Command {
        let mut command = Command::new(OsStr::from_bytes(self.words[0].to_bytes()));
        let program = self.clone();
        // SAFETY: between fork and exec, the closure only calls exec; it allocates a list of pointers, which the
        // allocators of glibc and musl allow there.
        unsafe { command.pre_exec(move || Err(program.exec())) };
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_has_the_present_variables_and_more() {
        let program = Program::new(["sh", "-c", "printf %s \"$PATH $ADDED\""], [("ADDED", "one two")]).unwrap();
        let output = program.command().output().unwrap();
        let path = std::env::var("PATH").unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("{path} one two"));
    }

    #[test]
    fn what_cannot_be_started_is_an_error() {
        let none = Program::new(["/no/such/program"], [("", ""); 0]).unwrap().command().spawn().unwrap_err();
        assert_eq!(none.kind(), io::ErrorKind::NotFound);
        assert!(Program::new([""; 0], [("", ""); 0]).is_err());
        assert!(Program::new(["a\0b"], [("", ""); 0]).is_err());
    }
}
