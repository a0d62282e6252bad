use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::{Duration, Instant},
};

use super::{channels::LOOKS, *};
use crate::handoff::{Inbox, Seat, Source, flow};

/// Bytes that may be under way to each subscriber.
const CAPACITY: usize = 1024;

type Rooms = Arc<Channels<()>>;

#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn rooms(history: usize) -> Rooms {
    Channels::new(Config { history, ..Config::default() }, Duration::from_secs(60))
}

fn seat() -> Seat<(), ()> {
    Inbox::new(1, 1, 1).seat(0)
}

/// Subscribes, and gives the end that is read.
fn listen_as(rooms: &Rooms, names: &[&[u8]], form: Form, last: Option<&[u8]>) -> Source<()> {
    let (sink, source) = flow(&seat(), CAPACITY);
    assert!(rooms.subscribe(names, form, sink, last));
    source
}

fn listen(rooms: &Rooms, name: &str) -> Source<()> {
    listen_as(rooms, &[name.as_bytes()], Form::Data, None)
}

/// What has come, `!` behind it if the stream was broken off, `.` if it was ended.
fn read(source: &mut Source<()>) -> String {
    read_as(source, Waker::noop())
}

fn read_as(source: &mut Source<()>, waker: &Waker) -> String {
    let mut text = String::new();
    loop {
        match source.poll_next(&mut Context::from_waker(waker)) {
            Poll::Ready(Some(Ok(piece))) => text += std::str::from_utf8(&piece).unwrap(),
            Poll::Ready(Some(Err(_))) => return text + "!",
            Poll::Ready(None) => return text + ".",
            Poll::Pending => return text,
        }
    }
}

fn publish(rooms: &Rooms, names: &[&str], data: &str) -> usize {
    publish_as(rooms, names, data, None)
}

fn publish_as(rooms: &Rooms, names: &[&str], data: &str, id: Option<&str>) -> usize {
    let event = Event { data: data.as_bytes(), id: id.map(str::as_bytes), ..Event::default() };
    let names: Vec<_> = names.iter().map(|name| name.as_bytes()).collect();
    rooms.publish(&names, &Message::new(&event).unwrap())
}

#[test]
fn a_message_reaches_who_listens_each_in_its_form() {
    let rooms = rooms(0);
    let (mut data, mut other) = (listen(&rooms, "a"), listen(&rooms, "b"));
    let mut event = listen_as(&rooms, &[b"a"], Form::Event, None);
    assert_eq!((publish(&rooms, &["a"], "hello"), publish(&rooms, &["c"], "nobody")), (2, 0));
    assert_eq!(
        (read(&mut data), read(&mut event), read(&mut other)),
        ("hello".into(), "data: hello\n\n".into(), "".into())
    );
    let Statistics { subscribers, published, delivered, dropped } = rooms.statistics();
    assert_eq!((subscribers, published, delivered, dropped), (3, 2, 2, 0));
}

#[test]
fn a_reader_is_woken_once_for_what_came_meanwhile() {
    let rooms = rooms(0);
    let mut source = listen(&rooms, "a");
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    assert_eq!(read_as(&mut source, &waker), "");
    publish(&rooms, &["a"], "1");
    publish(&rooms, &["a"], "2");
    assert_eq!(woken.0.load(Ordering::SeqCst), 1);
    assert_eq!(read_as(&mut source, &waker), "12");
    rooms.end();
    assert_eq!(woken.0.load(Ordering::SeqCst), 2);
    assert_eq!(read(&mut source), ".");
}

#[test]
fn who_listens_to_several_channels_gets_a_message_to_them_once() {
    let rooms = rooms(0);
    let mut source = listen_as(&rooms, &[b"a", b"b", b"a"], Form::Data, None);
    assert_eq!((publish(&rooms, &["a", "b", "b"], "1"), publish(&rooms, &["b"], "2")), (1, 1));
    assert_eq!(read(&mut source), "12");
    assert_eq!((rooms.count(b"a"), rooms.count(b"b"), rooms.statistics().subscribers), (1, 1, 1));
    drop(source);
    assert_eq!((rooms.count(b"a"), rooms.count(b"b"), rooms.statistics().subscribers), (0, 0, 0));
    assert!(rooms.state.lock().is_idle(), "empty channels vanish");
}

#[test]
fn who_falls_behind_is_broken_off_behind_what_it_had_and_nobody_else() {
    let rooms = rooms(0);
    let (mut slow, mut quick) = (listen(&rooms, "a"), listen(&rooms, "a"));
    let piece = "x".repeat(100);
    let mut sent = 0;
    while publish(&rooms, &["a"], &piece) == 2 {
        sent += 1;
        assert_eq!(read(&mut quick), piece);
        assert!(sent < 100);
    }
    assert_eq!(read(&mut quick), piece);
    assert_eq!(read(&mut slow), piece.repeat(sent) + "!");
    assert_eq!((rooms.count(b"a"), rooms.statistics().dropped), (1, 1));
    // One that is longer than everything that may be under way goes alone.
    let long = "y".repeat(10 * CAPACITY);
    assert_eq!(publish(&rooms, &["a"], &long), 1);
    assert_eq!(publish(&rooms, &["a"], "more"), 0);
    assert_eq!(read(&mut quick), long + "!");
}

#[test]
fn who_takes_nothing_is_broken_off_and_who_has_nothing_to_take_is_not() {
    let rooms = rooms(0);
    let (mut stalled, _silent) = (listen(&rooms, "a"), listen(&rooms, "b"));
    let mut reading = listen(&rooms, "a");
    publish(&rooms, &["a"], "1");
    let now = Instant::now();
    for look in 1..=3 * LOOKS {
        assert_eq!(rooms.count(b"a"), if look <= LOOKS + 1 { 2 } else { 1 }, "before look {look}");
        assert_eq!(read(&mut reading), "1");
        rooms.look(now);
        if rooms.count(b"a") == 1 {
            publish(&rooms, &["a"], "1");
        } else {
            // Too little to take in a look's time is no stall, but something new each time is none either.
            let _ = publish(&rooms, &["a"], "1");
        }
    }
    assert!(read(&mut stalled).ends_with('!'));
    assert_eq!((rooms.count(b"a"), rooms.count(b"b")), (1, 1));
}

#[test]
fn a_client_that_comes_again_gets_what_it_has_missed() {
    let rooms = rooms(3);
    let again = |last: &str| listen_as(&rooms, &[b"a", b"b"], Form::Event, Some(last.as_bytes()));
    let first = again("");
    for (name, id) in [("a", "1"), ("b", "2"), ("a", "3"), ("a", "4")] {
        publish_as(&rooms, &[name], "", Some(id));
    }
    drop(first);
    publish_as(&rooms, &["a"], "", Some("5"));
    let ids = |mut source: Source<()>| read(&mut source).replace("\ndata: \n\n", "").replace("id: ", "");
    assert_eq!(ids(again("2")), "345");
    assert_eq!(ids(again("5")), "");
    assert_eq!(ids(again("1")), "2345", "it is forgotten: all that is left");
    let mut live = again("4");
    publish_as(&rooms, &["b"], "", Some("6"));
    assert_eq!(read(&mut live), "id: 5\ndata: \n\nid: 6\ndata: \n\n");
    drop(live);
    assert!(!rooms.state.lock().is_idle());
    rooms.look(Instant::now() + Duration::from_mins(6));
    assert!(rooms.state.lock().is_idle(), "nobody came again");
}

#[test]
fn pings_go_to_streams_of_events() {
    let rooms = rooms(0);
    let (mut data, mut event) = (listen(&rooms, "a"), listen_as(&rooms, &[b"a", b"b"], Form::Event, None));
    rooms.ping();
    assert_eq!((read(&mut data), read(&mut event)), (String::new(), ":\n\n".into()));
}

#[test]
fn a_closed_channel_ends_its_streams_and_leaves_others() {
    let rooms = rooms(9);
    let mut both = listen_as(&rooms, &[b"a", b"b"], Form::Data, None);
    let mut other = listen(&rooms, "b");
    publish(&rooms, &["a"], "last");
    assert_eq!((rooms.close(b"a"), rooms.close(b"a")), (1, 0));
    assert_eq!((read(&mut both), read(&mut other)), ("last.".into(), "".into()));
    assert_eq!((rooms.count(b"a"), rooms.count(b"b"), rooms.statistics().subscribers), (0, 1, 1));
}

#[test]
fn nobody_subscribes_once_the_server_ends_or_the_client_has_gone() {
    let rooms = rooms(0);
    let (sink, source) = flow::<_, _, ()>(&seat(), CAPACITY);
    drop(source);
    assert!(!rooms.subscribe(&[b"a"], Form::Data, sink, None));
    let mut before = listen(&rooms, "a");
    rooms.end();
    let (sink, mut after) = flow(&seat(), CAPACITY);
    assert!(!rooms.subscribe(&[b"a"], Form::Data, sink, None));
    assert_eq!((read(&mut before), read(&mut after)), (".".into(), ".".into()));
    assert_eq!((publish(&rooms, &["a"], "1"), rooms.statistics().subscribers), (0, 0));
}

#[test]
fn subscribers_come_and_go_while_others_publish() {
    const PUBLISHED: usize = 2000;
    // Who stands still for all that is ever published must not be broken off for it.
    const ROOM: usize = 1 << 20;
    let rooms = rooms(5);
    std::thread::scope(|scope| {
        let come_and_go = |name: &'static str| {
            let rooms = &rooms;
            scope.spawn(move || {
                for _ in 0..500 {
                    let (sink, mut source) = flow(&seat(), ROOM);
                    assert!(rooms.subscribe(&[name.as_bytes(), b"all"], Form::Data, sink, Some(b"")));
                    publish(rooms, &[name], "x");
                    assert!(read(&mut source).contains('x'));
                }
            })
        };
        let threads = ["a", "b", "a"].map(come_and_go);
        let mut published = 0;
        while !threads.iter().all(|thread| thread.is_finished()) {
            if published < PUBLISHED {
                publish(&rooms, &["all", "a"], "y");
                published += 1;
            }
            rooms.ping();
        }
    });
    assert_eq!((rooms.statistics().subscribers, rooms.count(b"all")), (0, 0));
}

#[test]
fn the_keeper_pings_and_ends() {
    let config = Config { ping_interval: Some(Duration::from_millis(10)), history: 0 };
    let rooms: Rooms = Channels::new(config, Duration::from_secs(60));
    let keeper = Keeper::start(&rooms).unwrap();
    let mut source = listen_as(&rooms, &[b"a"], Form::Event, None);
    let (begun, mut seen) = (Instant::now(), String::new());
    while seen.len() < 9 {
        seen += &read(&mut source);
        assert!(begun.elapsed() < Duration::from_secs(60), "{seen:?}");
        std::thread::yield_now();
    }
    assert!(seen.starts_with(":\n\n:\n\n"), "{seen:?}");
    drop((source, keeper));
}
