use std::{task::Waker, time::Duration};

use super::*;

/// A frame with a payload of `length` bytes.
fn frame(kind: u8, flags: u8, length: usize) -> Vec<u8> {
    let size = u32::try_from(length).unwrap().to_be_bytes();
    let mut frame = vec![size[1], size[2], size[3], kind, flags, 0, 0, 0, 1];
    frame.resize(HEAD + length, 0xff);
    frame
}

fn followed() -> Followed {
    let mut followed = Frames::new((), Instant::now()).followed;
    followed.follow(PREFACE).unwrap();
    followed
}

/// How many of such frames pass.
fn passed(frame: &[u8]) -> usize {
    let mut followed = followed();
    (0..100_000).take_while(|_| followed.follow(frame).is_ok()).count()
}

#[test]
fn each_useless_frame_is_bounded() {
    for (kind, flags, length, most) in [
        (PING, 0, 8, 1100),
        (PING, ACK, 8, 3),
        (SETTINGS, 0, 0, 220),
        (SETTINGS, 0, 6, 220),
        (PRIORITY, 0, 5, 4300),
        (RST_STREAM, 0, 4, 220),
        (WINDOW_UPDATE, 0, 4, 4300),
        (CONTINUATION, 0, 0, 4300),
        (GOAWAY, 0, 8, 220),
        (DATA, 0, 0, 1100),
        (0x77, 0, 3, 4300),
    ] {
        let passed = passed(&frame(kind, flags, length));
        // Time brings some more in.
        assert!(passed + 1 > most * 9 / 11 && passed <= most, "{kind}: {passed}");
    }
}

#[test]
fn an_answer_to_a_ping_that_was_sent_costs_nothing() {
    let mut followed = followed();
    followed.pinged = true;
    followed.follow(&frame(PING, ACK, 8)).unwrap();
    assert_eq!((followed.account.left, followed.pinged), (MOST, false));
}

#[test]
fn a_reset_of_each_request_is_a_flood() {
    let both = [frame(HEADERS, END_HEADERS | END_STREAM, 20), frame(RST_STREAM, 0, 4)].concat();
    let passed = passed(&both);
    assert!(passed > 300 && passed < 400, "{passed}");
}

#[test]
fn what_clients_do_goes_on_for_ever() {
    // A request with a few frames beside it, bodies with pings, and empty ends of bodies.
    let request = [
        frame(HEADERS, 0, 50),
        frame(CONTINUATION, END_HEADERS, 50),
        frame(PRIORITY, 0, 5),
        frame(WINDOW_UPDATE, 0, 4),
        frame(WINDOW_UPDATE, 0, 4),
        frame(DATA, 0, 16_384),
        frame(PING, 0, 8),
        frame(DATA, END_STREAM, 0),
    ];
    assert_eq!(passed(&request.concat()), 100_000);
    // One request in ten is given up.
    let mut requests = frame(HEADERS, END_HEADERS | END_STREAM, 20).repeat(10);
    requests.extend(frame(RST_STREAM, 0, 4));
    assert_eq!(passed(&requests), 100_000);
}

#[test]
fn time_and_answers_bring_something_in() {
    let mut account = Account { left: 0, paid: Instant::now() };
    account.pay_in(account.paid + Duration::from_millis(500));
    assert_eq!(account.left, PER_SECOND / 2);
    account.pay_in(account.paid + Duration::from_hours(1));
    assert_eq!(account.left, MOST);

    let mut frames = Frames::new(tokio::io::sink(), Instant::now());
    frames.followed.account.left = 0;
    for _ in 0..100 {
        let written = Pin::new(&mut frames).poll_write(&mut Context::from_waker(Waker::noop()), &[0; 100]);
        assert!(matches!(written, Poll::Ready(Ok(100))));
    }
    assert_eq!(frames.followed.account.left, 39);
    assert_eq!(frames.written().bytes, 10_000);
}

#[test]
fn heads_are_followed_however_the_bytes_are_cut() {
    let bytes = [
        PREFACE.as_slice(),
        &frame(SETTINGS, 0, 12),
        &frame(HEADERS, END_STREAM, 300),
        &frame(CONTINUATION, 0, 0),
        &frame(CONTINUATION, END_HEADERS, 7),
        &frame(DATA, END_STREAM, 5),
        &frame(HEADERS, END_HEADERS | END_STREAM, 1),
        &frame(HEADERS, END_STREAM, 10),
    ]
    .concat();
    for size in [1, 2, 8, 9, 10, 33, 1000] {
        let mut followed = Frames::new((), Instant::now()).followed;
        assert!(!followed.begun);
        for piece in bytes.chunks(size) {
            followed.follow(piece).unwrap();
        }
        assert!(followed.begun && followed.in_head);
        assert_eq!((followed.heads, followed.is_over()), (2, false), "in pieces of {size}");
    }
}

#[test]
fn a_flood_ends_at_the_end_of_a_frame_with_frames_that_end_the_connection() {
    let ping = frame(PING, 0, 8);
    let flood = [PREFACE.as_slice(), &ping.repeat(3000)].concat();
    for size in [7, 17, 1024, 8192] {
        let mut frames = Frames::new(flood.as_slice(), Instant::now());
        let mut read = Vec::new();
        while frames.calmed.is_none_or(|calmed| calmed < 100) {
            let mut piece = vec![0; size];
            let mut buffer = ReadBuf::new(&mut piece);
            let poll = Pin::new(&mut frames).poll_read(&mut Context::from_waker(Waker::noop()), &mut buffer);
            assert!(matches!(poll, Poll::Ready(Ok(()))) && !buffer.filled().is_empty());
            read.extend_from_slice(buffer.filled());
        }
        assert_eq!(frames.flood(), Some("PING"));
        let calm = [CALM_BEGIN, CALM, CALM].concat();
        let passed = read.windows(calm.len()).position(|window| window == calm).unwrap();
        assert_eq!((passed - PREFACE.len()) % ping.len(), 0, "in pieces of {size}");
        assert_eq!(&read[..passed], &flood[..passed]);
    }
}
