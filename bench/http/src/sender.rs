//! The loop that sends: one thread, all connections, one wait for whatever happens next.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::fd::OwnedFd;
use rustix::time::Timespec;

use crate::connection::{Connection, Progress};
use crate::pace::Pace;
use crate::tally::Tally;
use crate::webhooks::{Target, Webhooks};

const EVENTS_MAX: usize = 1024;
/// Time for the last answers.
const LAST_ANSWERS: Duration = Duration::from_secs(30);
/// New connections that wait for a server at most, and the time it has to take them: where more
/// wait than it listens for, the system drops one and tries again a second later.
const QUEUE: usize = 32;
const PAUSE: Duration = Duration::from_millis(5);
/// Connections that may break in a run; with more the server is gone.
const BROKEN_MAX: usize = 10_000;

/// Sends webhooks over connections that stay open.
#[derive(Debug)]
pub struct Sender<'a> {
    webhooks: &'a Webhooks,
    target: &'a Target,
    epoll: OwnedFd,
    connections: Vec<Connection>,
    idle: VecDeque<usize>,
    n_broken: usize,
    tally: Tally,
}

impl<'a> Sender<'a> {
    /// Opens all connections.
    ///
    /// # Errors
    /// The system's error.
    pub fn connect(webhooks: &'a Webhooks, target: &'a Target, n: usize) -> anyhow::Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let mut connections = vec![];
        for index in 0..n {
            connections.push(open(&epoll, target, index)?);
            if index % QUEUE == 0 {
                std::thread::sleep(PAUSE);
            }
        }
        let idle = (0..n).collect();
        Ok(Self {
            webhooks,
            target,
            epoll,
            connections,
            idle,
            n_broken: 0,
            tally: Tally::default(),
        })
    }

    /// Sends what is due until nothing is and everything is answered; returns the time that took.
    ///
    /// # Errors
    /// If the server can't be reached any more, or what it answers is no answer.
    pub fn run(mut self, pace: &mut Pace) -> anyhow::Result<(Tally, Duration)> {
        let mut events = Vec::with_capacity(EVENTS_MAX);
        let mut ends: Option<Instant> = None;
        loop {
            let now = Instant::now();
            self.send_due(pace, now)?;
            let next_due = pace.next_due(now);
            let n_on_their_way = self.connections.len() - self.idle.len();
            if next_due.is_none() {
                let ends = *ends.get_or_insert(now + LAST_ANSWERS);
                if n_on_their_way == 0 || now > ends {
                    (0..n_on_their_way).for_each(|_| self.tally.broken());
                    return Ok((self.tally, now - pace.started()));
                }
            }
            let until = next_due.filter(|_| !self.idle.is_empty()).unwrap_or(now + LAST_ANSWERS);
            let timeout = Timespec::try_from(until.saturating_duration_since(now))?;
            epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut events), Some(&timeout))
                .or_else(|error| if error == rustix::io::Errno::INTR { Ok(0) } else { Err(error) })?;
            for event in events.drain(..) {
                let index = usize::try_from(event.data.u64()).context("a connection's number")?;
                self.proceed(index, pace)?;
            }
        }
    }

    /// Sends over free connections what is due.
    fn send_due(&mut self, pace: &mut Pace, now: Instant) -> anyhow::Result<()> {
        while let Some(index) = self.idle.front().copied()
            && let Some(due) = pace.take(now)
        {
            self.idle.pop_front();
            let n = self.tally.n_sent();
            self.tally.sent();
            if let Progress::Broken = self.connections[index].send(self.webhooks, n, due) {
                self.mend(index)?;
            }
        }
        Ok(())
    }

    /// Takes what a connection got, and sends the next webhook over it at once.
    fn proceed(&mut self, index: usize, pace: &mut Pace) -> anyhow::Result<()> {
        let answer = match self.connections[index].proceed(self.webhooks)? {
            Progress::Waiting => return Ok(()),
            Progress::Broken => return self.mend(index),
            Progress::Answered(answer) => answer,
        };
        // A server that closes an idle connection may say so unasked.
        let Some((n, due)) = self.connections[index].take_sent() else { return self.mend(index) };
        let now = Instant::now();
        self.tally.answered(n, answer.status, now - due);
        self.idle.push_back(index);
        if !answer.keeps_open {
            return self.mend(index);
        }
        self.send_due(pace, now)
    }

    /// Connects anew; what was on its way is not acknowledged.
    fn mend(&mut self, index: usize) -> anyhow::Result<()> {
        self.n_broken += 1;
        ensure!(self.n_broken <= BROKEN_MAX, "connections break all the time");
        if self.connections[index].take_sent().is_some() {
            self.tally.broken();
        }
        // An idle connection that the server closed stands in the queue already.
        if !self.idle.contains(&index) {
            self.idle.push_back(index);
        }
        self.connections[index] = open(&self.epoll, self.target, index)?;
        Ok(())
    }
}

fn open(epoll: &OwnedFd, target: &Target, index: usize) -> anyhow::Result<Connection> {
    let address = &target.address;
    let connection = Connection::open(address).with_context(|| format!("connect to {address}"))?;
    let flags = EventFlags::IN | EventFlags::OUT | EventFlags::RDHUP | EventFlags::ET;
    epoll::add(epoll, connection.stream(), EventData::new_u64(index as u64), flags)?;
    Ok(connection)
}
