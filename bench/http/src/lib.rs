//! What the HTTP benchmarks are made of: a generator of signed webhooks that costs little.
//!
//! The generator shares the processors with what it measures, so everything that can be done
//! before the clock starts is done before: events are read into memory, and most are signed. What
//! is left of a webhook is one write, one read, and a head of some 300 bytes.
//!
//! [`sender`] is the loop; [`webhooks`] makes requests of [`events`] and [`signing`]; [`pace`]
//! says when, unless a [`watch`] pauses it; [`connection`] and [`answer`] speak HTTP; [`tally`] counts.

pub mod answer;
pub mod connection;
pub mod events;
pub mod pace;
pub mod sender;
pub mod signing;
pub mod tally;
pub mod watch;
pub mod webhooks;
