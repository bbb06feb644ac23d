//! A TCP connection that can be cut, held and slowed down, for a script of faults.

mod brake;
mod control;

pub(crate) use brake::Brake;
pub(crate) use control::{Connection, Rate};

use std::{
    future::Future as _,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep, sleep_until},
};

use control::{Allowed, Control};

/// How much is read at once where it matters how much is read.
const SIP: usize = 16 * 1024;

/// A socket that a [`Connection`] has power over; a plain one where there are no faults.
#[derive(Debug)]
pub(crate) struct Wire<S> {
    socket: S,
    control: Option<Arc<Control>>,
    /// Until when nothing is read.
    reading: Pause,
    /// Until when nothing is written.
    writing: Pause,
}

type Pause = Option<Pin<Box<Sleep>>>;

/// A socket that can be closed so that the other side notices.
pub(crate) trait Reset {
    /// Has the connection reset, and not ended in good order, when the socket is dropped.
    fn reset(&self);
}

impl Reset for TcpStream {
    fn reset(&self) {
        if let Err(error) = self.set_zero_linger() {
            tracing::debug!(%error, "a connection is closed instead of reset");
        }
    }
}

impl<S> Wire<S> {
    pub(crate) fn plain(socket: S) -> Self {
        Self {
            socket,
            control: None,
            reading: None,
            writing: None,
        }
    }

    pub(crate) fn controlled(socket: S, brake: Arc<Brake>) -> (Self, Connection) {
        let control = Arc::new(Control::new(brake));
        let wire = Self {
            control: Some(control.clone()),
            ..Self::plain(socket)
        };
        (wire, Connection::of(control))
    }
}

impl<S: Reset> Wire<S> {
    /// What the script allows now, if it allows anything.
    fn allowed(&self, control: &Control) -> io::Result<Allowed> {
        control.allowed().inspect_err(|_| {
            if control.is_reset() {
                self.socket.reset();
            }
        })
    }
}

/// Waits for the end of a pause, and of a freeze of the whole server.
fn released(pause: &mut Pause, brake: &Brake, cx: &mut Context<'_>) -> Poll<()> {
    loop {
        if let Some(sleep) = pause {
            ready!(sleep.as_mut().poll(cx));
            *pause = None;
        }
        match brake.held_until() {
            None => return Poll::Ready(()),
            Some(until) => pause_until(pause, until),
        }
    }
}

fn pause_until(pause: &mut Pause, until: Instant) {
    *pause = Some(Box::pin(sleep_until(until)));
}

impl<S: AsyncRead + Reset + Unpin> AsyncRead for Wire<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let Some(control) = this.control.clone() else {
            return Pin::new(&mut this.socket).poll_read(cx, buf);
        };
        control.wake_up(cx);
        // A cut does not wait for the end of a pause.
        this.allowed(&control)?;
        ready!(released(&mut this.reading, control.brake(), cx));
        let Some(most) = this.allowed(&control)?.bytes else {
            return Pin::new(&mut this.socket).poll_read(cx, buf);
        };
        let mut sip = vec![0; most.min(SIP).min(buf.remaining())];
        let mut part = ReadBuf::new(&mut sip);
        ready!(Pin::new(&mut this.socket).poll_read(cx, &mut part))?;
        let read = part.filled();
        buf.put_slice(read);
        if let Some(until) = control.has_read(read.len()) {
            pause_until(&mut this.reading, until);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Reset + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        let Some(control) = this.control.clone() else {
            return Pin::new(&mut this.socket).poll_write(cx, buf);
        };
        let allowed = this.allowed(&control)?;
        ready!(released(&mut this.writing, control.brake(), cx));
        if !allowed.half_a_message {
            return Pin::new(&mut this.socket).poll_write(cx, buf);
        }
        let all_but_one = &buf[..buf.len().saturating_sub(1)];
        let written = ready!(Pin::new(&mut this.socket).poll_write(cx, all_but_one))?;
        if written == all_but_one.len() {
            control.end();
        }
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.control.is_none() {
            return Pin::new(&mut self.socket).poll_write_vectored(cx, bufs);
        }
        let first = bufs.iter().find(|buf| !buf.is_empty());
        self.poll_write(cx, first.map_or(&[], |buf| buf))
    }

    fn is_write_vectored(&self) -> bool {
        self.control.is_none() && self.socket.is_write_vectored()
    }
}

#[cfg(test)]
mod tests;
