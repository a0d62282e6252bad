use std::{
    io::{BufRead, BufReader, Read, pipe},
    os::unix::net::UnixStream,
    thread,
    time::{Duration, Instant},
};

use super::{super::queue::CAPACITY, PATIENCE, queue};

/// Far more lines than pipe and queue hold.
const LINES: usize = 200_000;
/// With which an entry of a test ends.
const FILL: &str = "...................................................\n";

/// Reads to the end; gives the lines that arrived and the sum of those that were reported as dropped.
fn count(reader: impl Read) -> (usize, u64) {
    let (mut lines, mut dropped) = (0, 0);
    for line in BufReader::new(reader).lines() {
        let line = line.unwrap();
        match line.split_once(" dropped=") {
            Some((_, rest)) => dropped += rest.split_once(' ').unwrap().0.parse::<u64>().unwrap(),
            None => lines += 1,
        }
    }
    (lines, dropped)
}

#[test]
fn a_reader_that_does_not_read_holds_nobody_up_and_hears_what_it_missed() {
    let (reader, writer) = pipe().unwrap();
    let queue = queue(writer);
    let writer = queue.start().unwrap();
    let start = Instant::now();
    thread::scope(|scope| {
        for thread in 0..8 {
            let queue = &queue;
            scope.spawn(move || {
                for number in 0..LINES / 8 {
                    queue.push(format!("{thread} {number} {FILL}").as_bytes());
                }
            });
        }
    });
    assert!(start.elapsed() < PATIENCE, "{:?}", start.elapsed());
    let dropped = queue.dropped();
    assert!(dropped > 0);
    let counted = thread::spawn(move || count(reader));
    assert!(queue.flush(Instant::now() + PATIENCE));
    queue.push(b"last\n");
    assert!(queue.end(Instant::now() + PATIENCE));
    writer.join().unwrap();
    drop(queue);
    let (lines, reported) = counted.join().unwrap();
    assert_eq!(reported, dropped);
    assert_eq!(lines as u64 + reported, LINES as u64 + 1);
}

#[test]
fn lines_of_one_thread_keep_their_order() {
    let (reader, writer) = pipe().unwrap();
    let queue = queue(writer);
    let writer = queue.start().unwrap();
    let read = thread::spawn(move || BufReader::new(reader).lines().map(Result::unwrap).collect::<Vec<_>>());
    for number in 0..2000 {
        queue.push(format!("{number}\n").as_bytes());
    }
    assert!(queue.end(Instant::now() + PATIENCE));
    writer.join().unwrap();
    drop(queue);
    assert!(read.join().unwrap().iter().map(|line| line.parse::<usize>().unwrap()).eq(0..2000));
}

#[test]
fn an_end_is_not_held_up_by_an_output_that_hangs() {
    let (reader, writer) = pipe().unwrap();
    let (socket, peer) = UnixStream::pair().unwrap();
    for queue in [queue(writer), queue(socket)] {
        let writer = queue.start().unwrap();
        for _ in 0..5000 {
            queue.push([FILL; 20].concat().as_bytes());
        }
        let start = Instant::now();
        assert!(!queue.flush(start + Duration::from_millis(50)));
        assert!(queue.end(start + Duration::from_millis(100)), "the writer gives up");
        writer.join().unwrap();
        assert!(start.elapsed() < PATIENCE / 2, "{:?}", start.elapsed());
        assert!(queue.dropped() > 0, "what is given up counts as dropped");
        // After the end whoever logs writes, but not for long.
        queue.push(FILL.as_bytes());
    }
    drop((reader, peer));
}

#[test]
fn a_reader_that_has_gone_costs_nothing_but_the_lines() {
    let (reader, writer) = pipe().unwrap();
    drop(reader);
    let queue = queue(writer);
    let writer = queue.start().unwrap();
    for _ in 0..100 {
        queue.push(FILL.as_bytes());
    }
    assert!(queue.flush(Instant::now() + PATIENCE), "settled, though not written");
    assert!(queue.end(Instant::now() + PATIENCE));
    writer.join().unwrap();
    assert_eq!(queue.dropped(), 100);
}

#[test]
fn a_long_entry_is_not_cut() {
    let (reader, writer) = pipe().unwrap();
    let queue = queue(writer);
    let writer = queue.start().unwrap();
    let read = thread::spawn(move || {
        let mut text = String::new();
        BufReader::new(reader).read_to_string(&mut text).unwrap();
        text.len()
    });
    let long = vec![b'x'; 3 * CAPACITY];
    queue.push(&long);
    assert!(queue.end(Instant::now() + PATIENCE));
    writer.join().unwrap();
    drop(queue);
    assert_eq!(read.join().unwrap(), long.len());
}

#[test]
fn without_a_writer_whoever_logs_writes() {
    let (mut reader, writer) = pipe().unwrap();
    let queue = queue(writer);
    queue.push(b"before\n");
    let thread = queue.start().unwrap();
    queue.push(b"while\n");
    assert!(queue.end(Instant::now() + PATIENCE));
    thread.join().unwrap();
    queue.push(b"after\n");
    drop(queue);
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    assert_eq!(text, "before\nwhile\nafter\n");
}
