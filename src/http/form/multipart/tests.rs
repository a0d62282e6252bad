use super::*;

const TYPE: &[u8] = b"multipart/form-data; boundary=XX";

/// All parts of `body`, which comes in pieces of `size` bytes; `true` once the last boundary was passed.
fn parts(body: &[u8], size: usize) -> (Vec<(Head, Vec<u8>)>, bool) {
    let mut parser = Parser::new(TYPE).unwrap();
    let mut parts: Vec<(Head, Vec<u8>)> = Vec::new();
    for piece in body.chunks(size) {
        parser.feed(piece);
        while let Some(event) = parser.next().unwrap() {
            match event {
                Event::Part(head) => parts.push((head, Vec::new())),
                Event::Data(data) => parts.last_mut().unwrap().1.extend_from_slice(&data),
                Event::End | Event::Over => {}
            }
        }
    }
    if let Some(rest) = parser.rest() {
        parts.last_mut().unwrap().1.extend_from_slice(&rest);
    }
    (parts, parser.is_over())
}

fn head(name: &str, file: Option<&str>, media_type: &str) -> Head {
    Head {
        name: Some(name.into()),
        file: file.map(|file| file.into()),
        media_type: media_type.into(),
        headers: Vec::new(),
    }
}

#[test]
fn parts_are_found_however_the_body_is_cut() {
    let body = b"preamble\r\n--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\none\r\n--XX  \r\n\
        content-disposition: form-data; filename=\"f.txt\"; name=b\r\nContent-Type: text/plain; charset=x\r\n\r\n\
        \r\n--X\r\n\r--XX\n\r\n--XX\r\nContent-Disposition: form-data; name=\"empty\"\r\n\r\n\r\n--XX--\r\nepilogue\r\n--XX\r\n";
    for size in [1, 2, 3, 5, 7, 11, 64, body.len()] {
        let (parts, over) = parts(body, size);
        assert!(over);
        assert_eq!(
            parts,
            [
                (head("a", None, ""), b"one".to_vec()),
                (head("b", Some("f.txt"), "text/plain"), b"\r\n--X\r\n\r--XX\n".to_vec()),
                (head("empty", None, ""), Vec::new()),
            ],
            "in pieces of {size}"
        );
    }
}

#[test]
fn bare_line_feeds_are_line_ends() {
    let body = b"--XX\nContent-Disposition: form-data; name=a\n\none\n--XX--\n";
    assert_eq!(parts(body, 4), (vec![(head("a", None, ""), b"one".to_vec())], true));
}

#[test]
fn names_are_quoted_or_not() {
    for (given, name, file) in [
        (r#"form-data; name="a b""#, "a b", None),
        ("form-data; name=a", "a", None),
        ("form-data; name='a'", "a", None),
        (r#"form-data; name="a\"b\\c\d""#, r#"a"b\c\d"#, None),
        (r#"form-data; name="a;b=c"; filename="x;y""#, "a;b=c", Some("x;y")),
        (r#"form-data; filename="C:\dir\x.txt"; name="a""#, "a", Some(r"C:\dir\x.txt")),
        (r#"form-data; NAME="a"; FileName="""#, "a", Some("")),
        (r#"form-data; filename*=UTF-8''%41; name="a""#, "a", None),
        (r#"form-data; name="unended"#, "unended", None),
        ("form-data; flag; name=a ; filename = b", "a", Some("b")),
        ("form-data;\r\n name=\"folded\"", "folded", None),
    ] {
        let body = format!("--XX\r\nContent-Disposition: {given}\r\n\r\nx\r\n--XX--");
        assert_eq!(parts(body.as_bytes(), 1000).0[0].0, head(name, file, ""), "{given}");
    }
    let nameless = b"--XX\r\nContent-Disposition: form-data\r\n\r\nx\r\n--XX--";
    assert_eq!(parts(nameless, 1000).0[0].0, Head::default());
}

#[test]
fn a_body_that_ends_too_early_gives_what_has_come() {
    let body = b"--XX\r\nContent-Disposition: form-data; name=a\r\n\r\nhalf of it\r\n--X";
    assert_eq!(parts(body, 3), (vec![(head("a", None, ""), b"half of it".to_vec())], false));
    assert_eq!(parts(b"nothing at all", 3), (vec![], false));
    assert_eq!(parts(b"", 3), (vec![], false));
}

#[test]
fn boundaries_and_heads_have_bounds() {
    for wrong in ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=\"\""] {
        assert_eq!(Parser::new(wrong.as_bytes()).unwrap_err(), Malformed::Boundary, "{wrong}");
    }
    let long = format!("multipart/form-data; boundary={}", "x".repeat(BOUNDARY + 1));
    assert_eq!(Parser::new(long.as_bytes()).unwrap_err(), Malformed::Boundary);
    assert!(Parser::new(b"multipart/form-data; charset=x; boundary=\"a b\"").is_ok());
    let mut parser = Parser::new(TYPE).unwrap();
    parser.feed(b"--XX\r\nContent-Disposition: form-data; name=a");
    parser.feed(&vec![b'x'; HEAD]);
    assert_eq!(parser.next(), Err(Malformed::Head));
}

#[test]
fn contents_without_a_boundary_are_passed_on_in_pieces() {
    let mut parser = Parser::new(TYPE).unwrap();
    parser.feed(b"--XX\r\nContent-Disposition: form-data; name=a\r\n\r\n");
    assert!(matches!(parser.next(), Ok(Some(Event::Part(_)))));
    for _ in 0..100 {
        parser.feed(&[b'\n'; 1000]);
        while parser.next().unwrap().is_some() {}
        assert!(parser.buffer.len() < 10);
    }
}

#[test]
fn other_text_behind_a_boundary_makes_it_none() {
    let body = b"--XXy\r\nlost\r\n--XX\t\r\nContent-Disposition: form-data; name=a\r\n\r\none\r\n--XX\r\n\
        Content-Disposition: form-data; name=b\r\n\r\ntwo\r\n--XXX\r\n--XX--";
    for size in [1, 2, 3, body.len()] {
        let found = [(head("a", None, ""), b"one".to_vec()), (head("b", None, ""), b"two".to_vec())];
        assert_eq!(parts(body, size), (found.to_vec(), true), "in pieces of {size}");
    }
}

#[test]
fn the_first_header_and_the_last_parameter_count() {
    let disposition = |lines: &str| {
        let body = format!("--XX\r\n{lines}\r\n\r\nx\r\n--XX--");
        parts(body.as_bytes(), 1000).0.swap_remove(0).0
    };
    let twice =
        "Content-Disposition: form-data; name=a; name=b; filename=c; filename=d\r\ncontent-disposition: x; name=z";
    assert_eq!(disposition(twice), head("b", Some("d"), ""));
    assert_eq!(disposition("Content-Disposition: name=a"), head("a", None, ""));
    assert_eq!(disposition("Content-Disposition: x; name=a b; filename=\"c\0.php\""), head("a", Some("c"), ""));
    let types = "Content-Disposition: x; name=a; filename=c\r\nContent-Type: a/b ;c=d\r\nContent-Type: e/f";
    assert_eq!(disposition(types), head("a", Some("c"), "a/b"));
}
