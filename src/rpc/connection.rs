//! One connection: frames come in, answers go out, in the order in which they are there.

use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader, ReadHalf, WriteHalf},
    runtime::Handle,
    sync::{Notify, OwnedSemaphorePermit, watch},
    task::JoinSet,
    time::timeout,
};
use tracing::debug;

use super::{
    Call, Codec, Fault, Reply,
    frame::{self, Broken, ERROR, HEAD, Head},
    methods::From,
    running::Begun,
    server::Room,
};

/// Bytes that are read at a time.
const READ: usize = 16 * 1024;
/// Frames up to this length do not count as memory of all.
const SMALL: u32 = 64 * 1024;
/// A buffer of answers that has grown beyond this is given back once it is empty.
const KEPT: usize = 64 * 1024;

/// The state of a connection, shared by those who read, answer and write.
#[derive(Debug)]
pub(super) struct Line {
    state: Mutex<State>,
    /// There is something to write, or nothing more will come.
    news: Notify,
    /// There may be room for another call.
    room: Notify,
    /// The connection is to end.
    left: Notify,
    /// False once no further call will come.
    attended: watch::Sender<bool>,
}

#[derive(Debug)]
struct State {
    /// Answers that are not written yet.
    answers: Vec<u8>,
    /// Bytes that are being written.
    sending: usize,
    /// Calls under way.
    calls: usize,
    /// No further call will come.
    ended: bool,
    /// When the last call came or was answered.
    since: Instant,
    left: bool,
}

/// A call as it came.
struct Frame {
    number: u32,
    flags: u8,
    /// Length of the method's name.
    name: usize,
    /// The name and the argument.
    payload: Bytes,
    /// Holds room for a long one.
    memory: Option<OwnedSemaphorePermit>,
}

/// Why nothing more is read.
#[derive(Debug, thiserror::Error)]
enum End {
    #[error(transparent)]
    Broken(#[from] Broken),
    #[error("a frame of {length} bytes is longer than the {most} allowed")]
    TooLong { number: u32, flags: u8, length: u32, most: u32 },
    #[error("the rest of a frame does not come")]
    Slow,
    #[error(transparent)]
    Lost(#[from] io::Error),
}

/// Serves a connection until it ends, its client takes nothing, or the room is closed.
pub(super) async fn serve<S: AsyncRead + AsyncWrite>(stream: S, line: Arc<Line>, room: Arc<Room>, from: From) {
    let (reader, writer) = tokio::io::split(stream);
    let mut calls = JoinSet::new();
    let reading = async {
        if let Err(end) = line.read(reader, &room, from, &mut calls).await {
            debug!(reason = %end, "RPC connection is not read on");
        }
        line.end();
        // What is under way is still answered.
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = reading => {}
        written = line.write(writer, room.limits.patience) => {
            if let Err(error) = written {
                debug!(%error, "RPC connection is lost");
            }
        }
        () = line.left.notified() => {}
    }
}

// === impl Line ===

impl Line {
    pub(super) fn new() -> Arc<Self> {
        let state =
            State { answers: Vec::new(), sending: 0, calls: 0, ended: false, since: Instant::now(), left: false };
        Arc::new(Self {
            state: Mutex::new(state),
            news: Notify::new(),
            room: Notify::new(),
            left: Notify::new(),
            attended: watch::channel(true).0,
        })
    }

    /// Since when there has been nothing to do; `None`: there is.
    pub(super) fn idle_since(&self) -> Option<Instant> {
        let state = self.state.lock();
        (state.calls == 0 && state.answers.is_empty() && state.sending == 0).then_some(state.since)
    }

    /// Ends the connection, whatever it does.
    pub(super) fn leave(&self) {
        self.state.lock().left = true;
        self.left.notify_one();
    }

    /// Takes calls until none can come.
    async fn read<S: AsyncRead>(
        self: &Arc<Self>,
        reader: ReadHalf<S>,
        room: &Arc<Room>,
        from: From,
        calls: &mut JoinSet<()>,
    ) -> Result<(), End> {
        let mut reader = BufReader::with_capacity(READ, reader);
        let mut closing = room.closing();
        loop {
            while !self.has_room(room) {
                self.room.notified().await;
            }
            tokio::select! {
                biased;
                () = closing.reached() => return Ok(()),
                // For the next call a client may take its time.
                begun = reader.fill_buf() => if begun?.is_empty() { return Ok(()) },
            }
            let frame = timeout(room.limits.patience, next(&mut reader, room)).await.unwrap_or(Err(End::Slow));
            match frame {
                Ok(frame) => self.take(frame, room, from, calls),
                Err(end) => {
                    if let End::TooLong { number, flags, .. } = end {
                        self.answer(number, flags, "", Err(Fault::new(end.to_string())), room);
                    }
                    return Err(end);
                }
            }
            while calls.try_join_next().is_some() {}
        }
    }

    fn has_room(&self, room: &Room) -> bool {
        let state = self.state.lock();
        state.calls < room.limits.calls && state.answers.len() + state.sending < room.limits.unread
    }

    /// Lets a call be answered.
    fn take(self: &Arc<Self>, frame: Frame, room: &Arc<Room>, from: From, calls: &mut JoinSet<()>) {
        self.touch();
        let Frame { number, flags, name, payload, memory } = frame;
        let (method, call) = match understand(flags, name, &payload) {
            Ok(call) => (call.method.clone(), call),
            Err((method, fault)) => return self.answer(number, flags, &method, Err(fault), room),
        };
        let started = Instant::now();
        match room.begin(call, from, &Handle::current(), memory) {
            Begun::Done(reply) => {
                log(&method, &reply, started);
                self.answer(number, flags, &method, reply, room);
            }
            Begun::Running(running) => {
                self.begin();
                let (line, room) = (Arc::clone(self), Arc::clone(room));
                calls.spawn(async move {
                    let attended = running.attended();
                    let reply = tokio::select! {
                        biased;
                        reply = running.reply() => reply,
                        () = line.unattended(&room), if attended => Err(Fault::new("the wait was given up")),
                    };
                    line.finish(number, flags, &method, reply, &room, started);
                });
            }
        }
    }

    fn finish(&self, number: u32, flags: u8, method: &str, reply: Reply, room: &Room, started: Instant) {
        log(method, &reply, started);
        self.answer(number, flags, method, reply, room);
        self.state.lock().calls -= 1;
        self.news.notify_one();
        self.room.notify_one();
    }

    /// Leaves an answer to be written.
    fn answer(&self, number: u32, flags: u8, method: &str, reply: Reply, room: &Room) {
        // What cannot be read is told in words, whatever it was to be.
        let codec = Codec::of(flags).unwrap_or(Codec::Raw).flag();
        let most = room.limits.frame as usize;
        let reply = reply.and_then(|body| {
            let length = body.len();
            let fault = || Fault::new(format!("the result has {length} bytes, more than the {most} allowed"));
            (length <= most).then_some(body).ok_or_else(fault)
        });
        let (flags, body) = match reply {
            Ok(body) => (codec, body),
            Err(fault) => (codec | ERROR, fault.to_string().into_bytes()),
        };
        let mut state = self.state.lock();
        state.since = Instant::now();
        // Both are far shorter than a frame can be.
        let _ = frame::write(&mut state.answers, flags, number, method, &body);
        drop(state);
        self.news.notify_one();
    }

    /// Writes answers until all are written and no more can come.
    async fn write<S: AsyncWrite>(&self, mut writer: WriteHalf<S>, patience: Duration) -> io::Result<()> {
        let mut sending = Vec::new();
        loop {
            let over = {
                let mut state = self.state.lock();
                std::mem::swap(&mut state.answers, &mut sending);
                state.sending = sending.len();
                state.ended && state.calls == 0
            };
            if sending.is_empty() {
                if over {
                    return writer.shutdown().await;
                }
                self.news.notified().await;
                continue;
            }
            let mut rest = &sending[..];
            while !rest.is_empty() {
                let written = timeout(patience, writer.write(rest)).await;
                match written.map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "its client takes nothing"))?? {
                    0 => return Err(io::ErrorKind::WriteZero.into()),
                    length => rest = &rest[length..],
                }
            }
            sending.clear();
            if sending.capacity() > KEPT {
                sending = Vec::new();
            }
            self.state.lock().sending = 0;
            self.room.notify_one();
        }
    }

    /// A call is under way.
    pub(super) fn begin(&self) {
        self.state.lock().calls += 1;
    }

    /// Something has come.
    pub(super) fn touch(&self) {
        self.state.lock().since = Instant::now();
    }

    /// Returns when no further call will come, or be taken.
    async fn unattended(&self, room: &Room) {
        let (mut attended, mut closing) = (self.attended.subscribe(), room.closing());
        tokio::select! {
            // The sender lives with the connection.
            _ = attended.wait_for(|attended| !attended) => {}
            () = closing.reached() => {}
        }
    }

    /// Nothing more will come.
    fn end(&self) {
        self.attended.send_replace(false);
        self.state.lock().ended = true;
        self.news.notify_one();
    }

    #[cfg(test)]
    pub(super) fn is_left(&self) -> bool {
        self.state.lock().left
    }
}

fn log(method: &str, reply: &Reply, started: Instant) {
    let seconds = started.elapsed().as_secs_f32();
    match reply {
        Ok(_) => debug!(method, seconds, "RPC call"),
        Err(fault) => debug!(method, seconds, %fault, "RPC call failed"),
    }
}

/// Reads a frame that has begun.
async fn next<R: AsyncRead + Unpin>(reader: &mut BufReader<R>, room: &Room) -> Result<Frame, End> {
    let mut head = [0; HEAD];
    reader.read_exact(&mut head).await?;
    let Head { flags, options, length } = Head::read(head)?;
    if options != 2 {
        return Err(Broken::Options(options).into());
    }
    let number = reader.read_u32_le().await?;
    let name = reader.read_u32_le().await?;
    let most = room.limits.frame;
    if length > most {
        return Err(End::TooLong { number, flags, length, most });
    }
    let mut memory = None;
    if length > SMALL {
        let kibibytes = length.div_ceil(1024);
        // Never closed.
        memory = Arc::clone(&room.memory).acquire_many_owned(kibibytes).await.ok();
    }
    // It grows with what comes, not with what is announced.
    let mut payload = Vec::with_capacity(length.min(SMALL) as usize);
    reader.take(u64::from(length)).read_to_end(&mut payload).await?;
    if payload.len() < length as usize {
        return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
    }
    Ok(Frame { number, flags, name: name as usize, payload: payload.into(), memory })
}

/// Makes a call of a frame, or says what is wrong with it and of which method it is.
fn understand(flags: u8, name: usize, payload: &Bytes) -> Result<Call, (String, Fault)> {
    let wrong = |reason: &str| Err((String::new(), Fault::new(reason)));
    let Some(method) = payload.get(..name) else {
        return wrong("the name of the method is longer than its frame");
    };
    let Ok(method) = std::str::from_utf8(method).map(str::to_owned) else {
        return wrong("the name of the method is not UTF-8");
    };
    match Codec::of(flags) {
        Some(codec) => Ok(Call { method, codec, body: payload.slice(name..) }),
        None => Err((method, Fault::new(format!("unknown codec: the flags of the frame are {flags:#04x}")))),
    }
}
