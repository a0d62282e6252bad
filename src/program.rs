//! Starting other programs from inside PHP.
//!
//! PHP loads extensions so that they find symbols in their own libraries first. Of the variable `environ` there are then
//! two: the executable's, which the C library uses, and the C library's own, which the standard library sees and which
//! nobody ever sets. So [`std::env::vars_os`] is empty here, a [`Command`] without changes to its environment starts a
//! program that has none, and one with changes may lose them. [`std::env::var`] is not affected.
#![allow(unsafe_code, reason = "finding and setting the true environ")]

use std::{
    collections::BTreeMap,
    ffi::{CStr, CString, OsStr, OsString},
    io,
    os::unix::{
        ffi::{OsStrExt, OsStringExt},
        fs::MetadataExt,
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::Command,
    ptr,
};

use libc::c_char;

/// Names and values.
pub type Variables = BTreeMap<OsString, OsString>;

/// The environment of this process.
///
/// No other thread may change it meanwhile: to be called before the workers start.
pub fn environment() -> Variables {
    let mut variables = Variables::new();
    // SAFETY: the place of a variable that lives as long as the process.
    let mut entry = unsafe { true_environ().as_ref() }.map_or(ptr::null(), |first| *first);
    // SAFETY: an array of C strings that ends with null, which nobody changes now.
    while let Some(text) = unsafe { entry.as_ref() }.filter(|text| !text.is_null()) {
        // SAFETY: as above.
        let bytes = unsafe { CStr::from_ptr(*text) }.to_bytes();
        if let Some(at) = bytes.iter().position(|byte| *byte == b'=') {
            variables.insert(OsString::from_vec(bytes[..at].to_vec()), OsString::from_vec(bytes[at + 1..].to_vec()));
        }
        // SAFETY: the end was not reached.
        entry = unsafe { entry.add(1) };
    }
    variables
}

/// The working directory, by the way that the shell came to it if it says so: symbolic links in it are not resolved then.
///
/// # Errors
///
/// When it is gone.
pub fn directory() -> io::Result<PathBuf> {
    let identity = |path: &Path| path.metadata().map(|data| (data.dev(), data.ino())).ok();
    let by_shell = std::env::var_os("PWD").map(PathBuf::from).filter(|path| path.is_absolute());
    match by_shell.filter(|path| identity(path).is_some_and(|it| Some(it) == identity(Path::new(".")))) {
        Some(path) => Ok(path),
        None => std::env::current_dir(),
    }
}

/// A command of these words, the first of which is the program, with exactly these variables.
///
/// # Errors
///
/// When there is no word, or a NUL in one of them or in a variable.
pub fn command<W: AsRef<OsStr>>(words: &[W], variables: Variables) -> io::Result<Command> {
    let (program, arguments) =
        words.split_first().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the command line is empty"))?;
    let mut command = Command::new(program);
    command.args(arguments);
    set_environment(&mut command, variables)?;
    Ok(command)
}

/// Puts a program in the place of this process; as [`command`]. Returns only if that is not possible.
pub fn exec<W: AsRef<OsStr>>(words: &[W], variables: Variables) -> io::Error {
    let mut command = match command(words, variables) {
        Ok(command) => command,
        Err(error) => return error,
    };
    // SAFETY: the place of a variable that lives as long as the process.
    let before = unsafe { true_environ().as_ref() }.copied();
    let error = command.exec();
    if let Some(before) = before {
        // SAFETY: as above. What it now points to ends with the command.
        unsafe { *true_environ() = before };
    }
    error
}

/// Gives a command exactly these variables, whichever way the standard library starts it.
///
/// # Errors
///
/// When a variable has a NUL in it.
pub fn set_environment(command: &mut Command, variables: Variables) -> io::Result<()> {
    let entries = variables
        .into_iter()
        .map(|(name, value)| CString::new([name.as_bytes(), b"=", value.as_bytes()].concat()))
        .collect::<Result<Vec<_>, _>>()?;
    let pointers = entries.iter().map(|entry| entry.as_ptr()).chain([ptr::null()]).collect();
    let list = List { environ: true_environ(), pointers, _entries: entries };
    // SAFETY: between fork and exec, or before an exec, the closure writes one pointer, to a list that it owns.
    unsafe { command.pre_exec(move || list.put()) };
    Ok(())
}

/// The `environ` that the C library uses: the first one, beginning with the executable.
fn true_environ() -> *mut *const *const c_char {
    // SAFETY: the main program is open already, so this only gives its handle; the name is a C string.
    unsafe {
        let main = libc::dlopen(ptr::null(), libc::RTLD_LAZY);
        if main.is_null() { ptr::null_mut() } else { libc::dlsym(main, c"environ".as_ptr()).cast() }
    }
}

/// An environment as the C library has it, and the place where it goes.
struct List {
    environ: *mut *const *const c_char,
    /// With a null at the end.
    pointers: Vec<*const c_char>,
    /// What the pointers point to.
    _entries: Vec<CString>,
}

// SAFETY: the pointers are to texts that are owned beside them and never change, and to a variable of the process.
unsafe impl Send for List {}
// SAFETY: as above.
unsafe impl Sync for List {}

// === impl List ===

impl List {
    /// Makes it the environment, for as long as it lives.
    unsafe fn put(&self) -> io::Result<()> {
        if self.environ.is_null() {
            return Err(io::ErrorKind::Unsupported.into());
        }
        // SAFETY: the caller's: there is one thread.
        unsafe { *self.environ = self.pointers.as_ptr() };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(more: &[(&str, &str)]) -> Variables {
        environment().into_iter().chain(more.iter().map(|(name, value)| (name.into(), value.into()))).collect()
    }

    #[test]
    fn a_command_has_exactly_these_variables() {
        let mut variables = variables(&[("ADDED", "one two")]);
        variables.remove(OsStr::new("HOME"));
        let output =
            command(&["sh", "-c", "printf %s \"$PATH $ADDED ${HOME-none}\""], variables).unwrap().output().unwrap();
        let path = std::env::var("PATH").unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("{path} one two none"));
    }

    #[test]
    fn what_cannot_be_started_is_an_error() {
        let none = command(&["/no/such/program"], Variables::new()).unwrap().spawn().unwrap_err();
        assert_eq!(none.kind(), io::ErrorKind::NotFound);
        assert!(command(&[""; 0], Variables::new()).is_err());
        assert!(command(&["true"], variables(&[("A", "a\0b")])).is_err());
    }
}
