//! A keep-alive connection that has one webhook at a time on its way.

use std::io::{self, ErrorKind, IoSlice, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Instant;

use crate::answer::{self, Answer};
use crate::webhooks::Webhooks;

/// Answers are shorter than this, so that one read gets them.
const READ_BYTES: usize = 4096;

/// What became of the webhook that is on its way.
#[derive(Debug)]
pub enum Progress {
    /// Nothing yet.
    Waiting,
    /// It was answered.
    Answered(Answer),
    /// The connection broke.
    Broken,
}

/// A connection.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    /// Number of the webhook that is on its way, and since when its latency counts.
    sent: Option<(u64, Instant)>,
    head: Vec<u8>,
    n_written: usize,
    /// What has arrived of an answer.
    answer: Vec<u8>,
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// The system's error.
    pub fn open(address: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        Ok(Self { stream, sent: None, head: vec![], n_written: 0, answer: vec![] })
    }

    /// Returns the socket.
    #[must_use]
    pub fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Returns the webhook that is on its way, and forgets it.
    pub fn take_sent(&mut self) -> Option<(u64, Instant)> {
        self.sent.take()
    }

    /// Sends the `n`th webhook, due at `due`; what does not fit goes when the socket is writable.
    pub fn send(&mut self, webhooks: &Webhooks, n: u64, due: Instant) -> Progress {
        webhooks.write_head(n, &mut self.head);
        self.n_written = 0;
        self.answer.clear();
        self.sent = Some((n, due));
        self.write(webhooks.rest(n))
    }

    /// Goes on with what the socket is ready for.
    ///
    /// # Errors
    /// If what arrived is no answer.
    pub fn proceed(&mut self, webhooks: &Webhooks) -> anyhow::Result<Progress> {
        if let Some((n, _)) = self.sent
            && let Progress::Broken = self.write(webhooks.rest(n))
        {
            return Ok(Progress::Broken);
        }
        self.read()
    }

    fn write(&mut self, rest: &[u8]) -> Progress {
        while self.n_written < self.head.len() + rest.len() {
            let of_head = self.n_written.min(self.head.len());
            let of_rest = self.n_written - of_head;
            let parts = [IoSlice::new(&self.head[of_head..]), IoSlice::new(&rest[of_rest..])];
            match self.stream.write_vectored(&parts) {
                Ok(n_bytes) => self.n_written += n_bytes,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Progress::Broken,
            }
        }
        Progress::Waiting
    }

    fn read(&mut self) -> anyhow::Result<Progress> {
        let mut bytes = [0; READ_BYTES];
        loop {
            let n_bytes = match self.stream.read(&mut bytes) {
                Ok(0) => return Ok(Progress::Broken),
                Ok(n_bytes) => n_bytes,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    return Ok(Progress::Waiting);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(_) => return Ok(Progress::Broken),
            };
            let answer = if self.answer.is_empty() {
                answer::parse(&bytes[..n_bytes])?
            } else {
                self.answer.extend_from_slice(&bytes[..n_bytes]);
                answer::parse(&self.answer)?
            };
            if let Some(answer) = answer {
                return Ok(Progress::Answered(answer));
            }
            if self.answer.is_empty() {
                self.answer.extend_from_slice(&bytes[..n_bytes]);
            }
        }
    }
}
