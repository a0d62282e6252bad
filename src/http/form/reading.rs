//! A form while it arrives.

use std::sync::Arc;

use bytes::Bytes;
use tracing::warn;

use super::{
    Form, Upload, UploadError, Uploads,
    multipart::{Event, Head, Malformed, Parser},
    spool::Spool,
};

/// The field by which a form says how large its files may be.
const MAX_FILE_SIZE: &[u8] = b"MAX_FILE_SIZE";

/// Takes a form apart.
#[derive(Debug)]
pub(in crate::http) struct Reading {
    parser: Parser,
    uploads: Arc<Uploads>,
    form: Form,
    parts: usize,
    /// Files that were chosen, kept or not.
    files: usize,
    /// Files whose fields have no name.
    nameless: usize,
    /// What the form says of the size of its files.
    said: Option<u64>,
    part: Part,
}

/// The part that arrives.
#[derive(Debug)]
enum Part {
    /// None, or one that is passed over.
    None,
    Field(Vec<u8>, Vec<u8>),
    File(Box<Upload>, Option<Spool>),
}

// === impl Reading ===

impl Reading {
    /// Begins a form of this `Content-Type`.
    ///
    /// # Errors
    ///
    /// When that has no boundary.
    pub(in crate::http) fn new(content_type: &[u8], uploads: Arc<Uploads>) -> Result<Self, Malformed> {
        let parser = Parser::new(content_type)?;
        Ok(Self {
            parser,
            uploads,
            form: Form::default(),
            parts: 0,
            files: 0,
            nameless: 0,
            said: None,
            part: Part::None,
        })
    }

    /// Takes what has arrived. Waits while the disk is behind.
    ///
    /// # Errors
    ///
    /// When the form is malformed.
    pub(in crate::http) async fn feed(&mut self, piece: &[u8]) -> Result<(), Malformed> {
        self.parser.feed(piece);
        while let Some(event) = self.parser.next()? {
            match event {
                Event::Part(head) => self.begin(head)?,
                Event::Data(data) => self.data(data).await,
                Event::End => self.end(true).await,
                Event::Over => {}
            }
        }
        Ok(())
    }

    /// Ends the form.
    pub(in crate::http) async fn finish(mut self) -> Form {
        // PHP, too, takes what has come of a form that ends too early.
        if let Some(rest) = self.parser.rest() {
            self.data(rest).await;
            self.end(false).await;
        }
        self.form
    }

    fn begin(&mut self, head: Head) -> Result<(), Malformed> {
        self.parts += 1;
        if self.parts > self.uploads.parts {
            return Err(Malformed::Parts(self.uploads.parts));
        }
        self.part = match head {
            Head { name: None, file: None, .. } => Part::None,
            Head { name: Some(name), file: None, .. } => Part::Field(name, Vec::new()),
            Head { name, file: Some(client_name), media_type, .. } => {
                let field = name.unwrap_or_else(|| self.number());
                if self.files >= self.uploads.files || !is_balanced(&field) {
                    Part::None
                } else {
                    self.file(field, client_name, media_type)
                }
            }
        };
        Ok(())
    }

    fn file(&mut self, field: Vec<u8>, client_name: Vec<u8>, media_type: Vec<u8>) -> Part {
        self.files += usize::from(!client_name.is_empty());
        let error = match () {
            () if client_name.is_empty() => UploadError::NoFile,
            () if !self.uploads.permits(&client_name) => UploadError::Forbidden,
            // Until it has arrived.
            () => UploadError::Partial,
        };
        let spool = (error == UploadError::Partial).then(|| Spool::new(&self.uploads.store));
        Part::File(Box::new(Upload { field, client_name, media_type, size: 0, outcome: Err(error) }), spool)
    }

    /// The name of a file whose field has none: files of this kind are numbered.
    fn number(&mut self) -> Vec<u8> {
        self.nameless += 1;
        (self.nameless - 1).to_string().into_bytes()
    }

    async fn data(&mut self, data: Bytes) {
        match &mut self.part {
            Part::None => {}
            Part::Field(_, value) => value.extend_from_slice(&data),
            Part::File(upload, place) => {
                let Some(spool) = place else { return };
                upload.size += data.len() as u64;
                let error = if upload.size > self.uploads.file_bytes {
                    UploadError::TooLarge
                } else if self.said.is_some_and(|said| upload.size > said) {
                    UploadError::LargerThanSaid
                } else {
                    match spool.write(data).await {
                        Ok(()) => return,
                        Err(error) => cannot_write(&error),
                    }
                };
                // What was written of it goes with its spool.
                *place = None;
                (upload.size, upload.outcome) = (0, Err(error));
            }
        }
    }

    /// The part ends, or the body within it.
    async fn end(&mut self, whole: bool) {
        match std::mem::replace(&mut self.part, Part::None) {
            Part::None => {}
            Part::Field(name, value) => {
                if name.eq_ignore_ascii_case(MAX_FILE_SIZE) {
                    self.said = size(&value);
                }
                self.form.fields.push((name, value));
            }
            Part::File(mut upload, spool) => {
                if let Some(spool) = spool {
                    if whole {
                        let finished = spool.finish().await.map(|(_, spooled)| spooled);
                        upload.outcome = finished.map_err(|error| cannot_write(&error));
                    }
                    if upload.outcome.is_err() {
                        upload.size = 0;
                    }
                }
                if upload.outcome.is_err() {
                    // PHP says nothing of what is not there.
                    upload.media_type.clear();
                }
                self.form.files.push(*upload);
            }
        }
    }
}

/// Whether all brackets of a field's name are closed, with nothing between them and behind them: PHP takes no file of
/// another name.
fn is_balanced(name: &[u8]) -> bool {
    let mut open = 0_usize;
    for (at, byte) in name.iter().enumerate() {
        match byte {
            b'[' => open += 1,
            b']' if open == 0 || name.get(at + 1).is_some_and(|next| *next != b'[') => return false,
            b']' => open -= 1,
            _ => {}
        }
    }
    open == 0
}

/// The number at the start of a text, as PHP reads it: none is 0, which stands for no bound; below 0 nothing may come.
fn size(text: &[u8]) -> Option<u64> {
    let text = text.trim_ascii_start();
    let negative = text.starts_with(b"-");
    let digits = text.strip_prefix(b"-").or_else(|| text.strip_prefix(b"+")).unwrap_or(text);
    let digits = digits.iter().take_while(|byte| byte.is_ascii_digit());
    let number = digits.fold(0_u64, |number, digit| number.saturating_mul(10).saturating_add(u64::from(digit - b'0')));
    (number > 0).then_some(if negative { 0 } else { number })
}

fn cannot_write(error: &std::io::Error) -> UploadError {
    warn!(%error, "Uploaded file cannot be written");
    UploadError::CannotWrite
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;
    use crate::http::{RequestId, form::Store};

    struct Folder(std::path::PathBuf);

    impl Folder {
        fn new() -> Self {
            let path = std::env::temp_dir().join(format!("rr-test-{}", RequestId::next()));
            fs::create_dir(&path).unwrap();
            Self(path)
        }

        fn uploads(&self) -> Uploads {
            Uploads {
                store: Arc::new(Store::new(&self.0)),
                forbid: vec![".php".to_owned()],
                allow: Vec::new(),
                file_bytes: 1 << 20,
                files: 3,
                parts: 8,
            }
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let left = fs::read_dir(&self.0).unwrap().count();
            fs::remove_dir_all(&self.0).unwrap();
            assert!(left == 0 || std::thread::panicking(), "{left} directories are left");
        }
    }

    fn read(uploads: Uploads, body: &[u8], size: usize) -> Result<Form, Malformed> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut reading = Reading::new(b"multipart/form-data; boundary=XX", Arc::new(uploads))?;
            for piece in body.chunks(size) {
                reading.feed(piece).await?;
            }
            Ok(reading.finish().await)
        })
    }

    fn part(disposition: &str, contents: &[u8]) -> Vec<u8> {
        let head = format!("--XX\r\nContent-Disposition: form-data; {disposition}\r\nContent-Type: a/b\r\n\r\n");
        [head.as_bytes(), contents, b"\r\n"].concat()
    }

    fn body(parts: &[Vec<u8>]) -> Vec<u8> {
        [parts.concat().as_slice(), b"--XX--\r\n"].concat()
    }

    fn error(upload: &Upload) -> Option<UploadError> {
        upload.outcome.as_ref().err().copied()
    }

    fn contents(upload: &Upload) -> Vec<u8> {
        fs::read(upload.outcome.as_ref().unwrap().path()).unwrap()
    }

    #[test]
    fn files_go_to_disk_and_fields_do_not() {
        let folder = Folder::new();
        let large: Vec<u8> = (0..700_000_u32).map(|index| (index % 251) as u8).collect();
        let body = body(&[
            part("name=\"a\"", b"1"),
            part("name=\"f[x]\"; filename=\"dir/large.bin\"", &large),
            part("name=\"empty\"; filename=\"e\"", b""),
            part("name=\"a\"", b"2"),
        ]);
        for size in [1000, 65_536, body.len()] {
            let form = read(folder.uploads(), &body, size).unwrap();
            assert_eq!(form.fields, [(b"a".to_vec(), b"1".to_vec()), (b"a".to_vec(), b"2".to_vec())]);
            let [file, empty] = &form.files[..] else { panic!("{:?}", form.files) };
            assert_eq!((&file.field[..], &file.client_name[..]), (&b"f[x]"[..], &b"dir/large.bin"[..]));
            assert_eq!((&file.media_type[..], file.size), (&b"a/b"[..], 700_000));
            assert!(contents(file) == large);
            assert_eq!((empty.size, contents(empty)), (0, vec![]));
            let paths: Vec<_> =
                form.files.iter().map(|file| file.outcome.as_ref().unwrap().path().to_owned()).collect();
            drop(form);
            assert!(!paths.iter().any(|path| Path::exists(path)));
        }
    }

    #[test]
    fn files_that_may_not_be_kept_say_why() {
        let folder = Folder::new();
        let body = body(&[
            part("name=\"none\"; filename=\"\"", b""),
            part("name=\"bad\"; filename=\"a.PHP\"", b"<?php"),
            part("name=\"large\"; filename=\"b\"", &vec![0; (1 << 20) + 1]),
        ]);
        let form = read(folder.uploads(), &body, 4096).unwrap();
        let errors: Vec<_> = form.files.iter().map(error).collect();
        assert_eq!(errors, [Some(UploadError::NoFile), Some(UploadError::Forbidden), Some(UploadError::TooLarge)]);
        assert!(form.files.iter().all(|file| file.size == 0));
        let allowed = Uploads { allow: vec![".txt".to_owned()], ..folder.uploads() };
        let sent = super::tests::body(&[part("name=a; filename=a.txt", b"x"), part("name=b; filename=b.bin", b"x")]);
        let form = read(allowed, &sent, 4096).unwrap();
        assert_eq!(form.files.iter().map(error).collect::<Vec<_>>(), [None, Some(UploadError::Forbidden)]);
    }

    #[test]
    fn a_form_says_how_large_its_files_may_be() {
        let folder = Folder::new();
        let body = body(&[
            part("name=MAX_FILE_SIZE", b"3"),
            part("name=a; filename=a", b"123"),
            part("name=b; filename=b", b"1234"),
        ]);
        let form = read(folder.uploads(), &body, 4096).unwrap();
        assert_eq!(form.files.iter().map(error).collect::<Vec<_>>(), [None, Some(UploadError::LargerThanSaid)]);
    }

    #[test]
    fn a_body_that_ends_within_a_file_leaves_no_part_of_it() {
        let folder = Folder::new();
        let mut body = part("name=a", b"1");
        body.extend_from_slice(&part("name=f; filename=f", b"half")[..]);
        body.truncate(body.len() - 3);
        let form = read(folder.uploads(), &body, 5).unwrap();
        assert_eq!((form.fields.len(), error(&form.files[0])), (1, Some(UploadError::Partial)));
    }

    #[test]
    fn parts_and_files_are_counted() {
        let folder = Folder::new();
        let files: Vec<_> = (0..5).map(|number| part(&format!("name=f{number}; filename=f"), b"x")).collect();
        assert_eq!(read(folder.uploads(), &body(&files), 4096).unwrap().files.len(), 3);
        let fields = vec![part("name=a", b"x"); 9];
        assert_eq!(read(folder.uploads(), &body(&fields), 4096).unwrap_err(), Malformed::Parts(8));
    }

    #[test]
    fn names_and_sizes_are_read_as_by_php() {
        let names = ["a", "a[b][]", "a[b[c", "a[b]c", "a]b", "[a]", "a[b[c]]"];
        let balanced = names.map(|name| is_balanced(name.as_bytes()));
        assert_eq!(balanced, [true, true, false, false, false, true, false], "{names:?}");
        let sizes = ["3", " 3x", "+3", "0", "", "x", "-1", "99999999999999999999"];
        let read = [Some(3), Some(3), Some(3), None, None, None, Some(0), Some(u64::MAX)];
        assert_eq!(sizes.map(|text| size(text.as_bytes())), read);
    }

    #[test]
    fn files_that_were_not_chosen_do_not_count_and_nameless_ones_are_numbered() {
        let folder = Folder::new();
        let not_chosen = (0..4).map(|_| part("name=e; filename=\"\"", b""));
        let chosen = (0..3).map(|_| part("filename=f", b"x"));
        let form = read(folder.uploads(), &body(&not_chosen.chain(chosen).collect::<Vec<_>>()), 4096).unwrap();
        let fields: Vec<_> = form.files.iter().map(|file| &file.field[..]).collect();
        assert_eq!(fields, [&b"e"[..], b"e", b"e", b"e", b"0", b"1", b"2"]);
        assert!(form.files[0].media_type.is_empty() && form.files[4].media_type == b"a/b");
    }

    #[test]
    fn a_directory_that_cannot_be_written_to_is_an_error_of_the_file() {
        let folder = Folder::new();
        let uploads = Uploads { store: Arc::new(Store::new(folder.0.join("missing"))), ..folder.uploads() };
        let form = read(uploads, &body(&[part("name=f; filename=f", b"x"), part("name=a", b"1")]), 4096).unwrap();
        assert_eq!((error(&form.files[0]), form.fields.len()), (Some(UploadError::CannotWrite), 1));
    }
}
