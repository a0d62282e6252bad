//! Ends HTTP/2 connections that send frames to keep the server busy.
//!
//! A frame that brings no request and no body costs the client nothing, and the server some work. h2 bounds what it
//! remembers of such frames, but answers as many pings as come, and takes as many settings. [`Frames`] follows the frames
//! on their way to hyper and keeps an account: each useless one costs, requests, bodies and answers that are taken bring
//! something in, and so does time. Once there is nothing left, it gives hyper frames that make h2 end the connection with
//! `ENHANCE_YOUR_CALM`; hyper sees no later byte of the client.
//!
//! What h2 bounds itself: CONTINUATION frames of a head, empty and tiny DATA frames that nobody has read, streams that are
//! reset before they were seen, requests that it has to refuse.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::Instant,
};

use super::patience::Written;

/// What a client sends first.
pub(super) const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Bytes in front of each frame's payload.
const HEAD: usize = 9;

/// What a connection has in its account at first, and at most.
const MOST: u32 = 4096;
/// What each second brings.
const PER_SECOND: u32 = 400;
/// What a request brings: a client may send a few frames beside each one.
const PER_REQUEST: u32 = 8;
/// Bytes of bodies that bring 1: clients measure the line by pings.
const RECEIVED: u32 = 4096;
/// Bytes of answers that bring 1: a client says that it took them, and many say so twice.
const SENT: u64 = 256;

/// What ends a connection: a head that is never finished, with more CONTINUATION frames than h2 takes.
const CALM: [u8; HEAD] = [0, 0, 0, CONTINUATION, 0, 0, 0, 0, 1];
const CALM_BEGIN: [u8; HEAD] = [0, 0, 0, HEADERS, 0, 0, 0, 0, 1];

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const PRIORITY: u8 = 2;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;

/// What an answer to a ping costs that was not sent: h2 logs each.
const PONG: u32 = MOST / 2;

/// Flag of SETTINGS and PING.
const ACK: u8 = 1;
/// Flag of DATA and HEADERS.
const END_STREAM: u8 = 1;
/// Flag of HEADERS and CONTINUATION.
const END_HEADERS: u8 = 4;

/// A byte stream of HTTP/2 frames, followed while it is read.
#[derive(Debug)]
pub(super) struct Frames<S> {
    stream: S,
    followed: Followed,
    written: Written,
    /// Bytes written that have not brought anything in yet.
    unpaid: u64,
    /// Once the account was empty: how many bytes were read in place of the client's.
    calmed: Option<usize>,
}

/// Where in a frame the next byte stands, and what came so far.
#[derive(Debug)]
struct Followed {
    at: At,
    account: Account,
    /// Whether the preface and the head of the first frame came.
    begun: bool,
    /// Whether a head is not complete yet.
    in_head: bool,
    /// Heads that were complete.
    heads: u64,
    /// Whether a ping was sent that is not answered yet.
    pinged: bool,
    /// What emptied the account.
    cause: Option<&'static str>,
}

#[derive(Debug)]
enum At {
    /// In the preface, so many bytes before its end.
    Preface(u8),
    /// In the head of a frame.
    Head { bytes: [u8; HEAD], length: usize },
    /// In the payload, so many bytes before its end; whether a request's head ends with it.
    Payload { left: u32, ends_head: bool },
}

/// What a connection may still cost.
#[derive(Debug)]
struct Account {
    left: u32,
    /// When time last brought something in.
    paid: Instant,
}

// === impl Frames ===

impl<S> Frames<S> {
    /// Follows what is read from `stream`.
    pub(super) fn new(stream: S, now: Instant) -> Self {
        let account = Account { left: MOST, paid: now };
        #[expect(clippy::cast_possible_truncation, reason = "24 fits")]
        let at = At::Preface(PREFACE.len() as u8);
        let followed = Followed { at, account, begun: false, in_head: false, heads: 0, pinged: false, cause: None };
        Self { stream, followed, written: Written::default(), unpaid: 0, calmed: None }
    }

    /// Returns whether the client has said that it speaks HTTP/2, and begun to.
    pub(super) fn has_begun(&self) -> bool {
        self.followed.begun
    }

    /// Tells that hyper sends a ping, which the client is to answer.
    pub(super) fn pinged(&mut self) {
        self.followed.pinged = true;
    }

    /// Returns whether a head is not complete yet.
    pub(super) fn is_in_head(&self) -> bool {
        self.followed.in_head
    }

    /// Heads that were complete.
    pub(super) fn heads(&self) -> u64 {
        self.followed.heads
    }

    /// How writing goes on.
    pub(super) fn written(&self) -> &Written {
        &self.written
    }

    /// Returns the frames that were too many.
    pub(super) fn flood(&self) -> Option<&'static str> {
        self.calmed.and(self.followed.cause)
    }

    pub(super) fn into_stream(self) -> S {
        self.stream
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Frames<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.calmed.is_none() && !this.followed.is_over() {
            let before = buffer.filled().len();
            ready!(Pin::new(&mut this.stream).poll_read(context, buffer))?;
            let Err(passed) = this.followed.follow(&buffer.filled()[before..]) else { return Poll::Ready(Ok(())) };
            buffer.set_filled(before + passed);
            // Nothing read at all would be the end.
            if passed > 0 {
                return Poll::Ready(Ok(()));
            }
        }
        let calmed = this.calmed.get_or_insert(0);
        while buffer.remaining() > 0 {
            let frame = if *calmed < HEAD { &CALM_BEGIN } else { &CALM };
            let rest = &frame[*calmed % HEAD..];
            let length = rest.len().min(buffer.remaining());
            buffer.put_slice(&rest[..length]);
            *calmed += length;
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> Frames<S> {
    fn note(&mut self, result: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        let result = self.written.note(result);
        if let Poll::Ready(Ok(length)) = result {
            self.unpaid += length as u64;
            let earned = u32::try_from(self.unpaid / SENT).unwrap_or(MOST);
            self.unpaid %= SENT;
            self.followed.account.earn(earned);
        }
        result
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Frames<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.note(result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.note(result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_flush(context);
        self.written.note_flush(result)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

// === impl Followed ===

impl Followed {
    /// Returns whether nothing more of the client is to be read: the account is empty, and a frame has just ended.
    fn is_over(&self) -> bool {
        self.cause.is_some() && matches!(self.at, At::Head { length: 0, .. })
    }

    /// Follows `bytes`. Once the account is empty, returns how many of them end the last frame that passes.
    fn follow(&mut self, mut bytes: &[u8]) -> Result<(), usize> {
        let all = bytes.len();
        while !bytes.is_empty() {
            if self.is_over() {
                return Err(all - bytes.len());
            }
            let step = match &mut self.at {
                At::Preface(left) => {
                    let step = bytes.len().min(usize::from(*left));
                    *left -= u8::try_from(step).unwrap_or(*left);
                    if *left == 0 {
                        self.at = At::BEGIN;
                    }
                    step
                }
                At::Head { bytes: head, length } => {
                    let step = bytes.len().min(HEAD - *length);
                    head[*length..*length + step].copy_from_slice(&bytes[..step]);
                    *length += step;
                    if *length == HEAD {
                        let head = *head;
                        self.frame(head);
                    }
                    step
                }
                At::Payload { left, ends_head } => {
                    let step = bytes.len().min(*left as usize);
                    *left -= u32::try_from(step).unwrap_or(*left);
                    if *left == 0 {
                        let ends_head = *ends_head;
                        self.end(ends_head);
                    }
                    step
                }
            };
            bytes = &bytes[step..];
        }
        Ok(())
    }

    /// A frame begins.
    fn frame(&mut self, head: [u8; HEAD]) {
        let [high, middle, low, kind, flags, ..] = head;
        let length = u32::from_be_bytes([0, high, middle, low]);
        self.begun = true;
        match kind {
            DATA => self.account.earn(length / RECEIVED),
            HEADERS => {
                self.account.earn(PER_REQUEST);
                self.in_head = true;
            }
            _ => {}
        }
        let (mut cost, name) = cost(kind, flags, length);
        if kind == PING && flags & ACK != 0 && std::mem::take(&mut self.pinged) {
            cost = 0;
        }
        if cost > 0 && self.cause.is_none() && !self.account.pay(cost) {
            self.cause = Some(name);
        }
        let ends_head = matches!(kind, HEADERS | CONTINUATION) && flags & END_HEADERS != 0;
        if length == 0 {
            self.end(ends_head);
        } else {
            self.at = At::Payload { left: length, ends_head };
        }
    }

    /// A frame has ended.
    fn end(&mut self, ends_head: bool) {
        if ends_head {
            self.in_head = false;
            self.heads += 1;
        }
        self.at = At::BEGIN;
    }
}

impl At {
    const BEGIN: Self = Self::Head { bytes: [0; HEAD], length: 0 };
}

/// What a frame costs, and its name. Those that make the server answer cost more than those that it only reads.
fn cost(kind: u8, flags: u8, length: u32) -> (u32, &'static str) {
    match kind {
        DATA => (if length == 0 && flags & END_STREAM == 0 { 4 } else { 0 }, "empty DATA"),
        HEADERS => (0, "HEADERS"),
        PRIORITY => (1, "PRIORITY"),
        // With the request before it.
        RST_STREAM => (20, "RST_STREAM"),
        SETTINGS => (if flags & ACK == 0 { 20 } else { 1 }, "SETTINGS"),
        PING => (if flags & ACK == 0 { 4 } else { PONG }, "PING"),
        GOAWAY => (20, "GOAWAY"),
        WINDOW_UPDATE => (1, "WINDOW_UPDATE"),
        CONTINUATION => (1, "CONTINUATION"),
        _ => (1, "frames of unknown types"),
    }
}

// === impl Account ===

impl Account {
    fn earn(&mut self, amount: u32) {
        self.left = self.left.saturating_add(amount).min(MOST);
    }

    /// Takes `amount` out, if it is there. The clock is read only if it is not.
    fn pay(&mut self, amount: u32) -> bool {
        if self.left < amount {
            self.pay_in(Instant::now());
        }
        let (left, short) = self.left.overflowing_sub(amount);
        if !short {
            self.left = left;
        }
        !short
    }

    /// Time brings something in.
    fn pay_in(&mut self, now: Instant) {
        let since = now.saturating_duration_since(self.paid);
        let earned = since.as_millis().saturating_mul(u128::from(PER_SECOND)) / 1000;
        if earned > 0 {
            self.earn(u32::try_from(earned).unwrap_or(MOST));
            self.paid = now;
        }
    }
}

#[cfg(test)]
mod tests;
