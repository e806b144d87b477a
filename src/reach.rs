//! Whether the lake can be reached: found out by the task that flushes, told to all others.

use std::sync::Arc;

use tokio::sync::watch;

use crate::metrics::Metrics;

/// Why the lake can't be written now; says nothing that an outsider should not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// It was not asked yet.
    Starting,
    /// It does not answer, or refuses.
    Away,
    /// Nothing of it is there.
    Gone,
    /// Another lake stands in its place.
    Another,
    /// It answers, and someone has to do something.
    Unusable,
}

impl Trouble {
    /// Returns what it is in words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Starting => "the lake is being opened",
            Self::Away => "the lake can't be reached and is tried again",
            Self::Gone => "the lake is not there any more; the ingester's log says what to do",
            Self::Another => "another lake is there; the ingester's log says what to do",
            Self::Unusable => "the lake can't be written; the ingester's log says why",
        }
    }
}

/// What is known of the lake.
#[derive(Debug)]
pub struct Reach {
    state: watch::Sender<State>,
    metrics: Arc<Metrics>,
}

#[derive(Debug, Clone, Copy)]
struct State {
    trouble: Option<Trouble>,
    /// Whether it was ever opened by this process.
    was_open: bool,
}

impl Reach {
    /// Knows nothing yet.
    #[must_use]
    pub fn new(metrics: Arc<Metrics>) -> Self {
        let trouble = Some(Trouble::Starting);
        Self { state: watch::Sender::new(State { trouble, was_open: false }), metrics }
    }

    /// Notes that the lake was opened or written.
    pub fn found(&self) {
        self.metrics.lake_reachable.set(1);
        self.set(State { trouble: None, was_open: true });
    }

    /// Notes that it could not be.
    pub fn lost(&self, trouble: Trouble) {
        self.metrics.lake_reachable.set(0);
        let was_open = self.state.borrow().was_open;
        self.set(State { trouble: Some(trouble), was_open });
    }

    fn set(&self, state: State) {
        self.state.send_replace(state);
    }

    /// Returns why the lake can't be written now, if it can't.
    #[must_use]
    pub fn trouble(&self) -> Option<Trouble> {
        self.state.borrow().trouble
    }

    /// Returns why nothing of the lake can be shown, if nothing can.
    ///
    /// A lake that was open and does not take what is written may still be read.
    #[must_use]
    pub fn hidden(&self) -> Option<Trouble> {
        let State { trouble, was_open } = *self.state.borrow();
        trouble.filter(|trouble| !was_open || matches!(trouble, Trouble::Gone | Trouble::Another))
    }

    /// Waits until the lake was opened.
    pub async fn opened(&self) {
        // The sender is `self`, so that this ends only with what it waits for.
        _ = self.state.subscribe().wait_for(|state| state.was_open).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_open_is_shown_while_it_takes_nothing() {
        let reach = Reach::new(Arc::new(Metrics::new()));
        assert_eq!(reach.hidden(), Some(Trouble::Starting));
        reach.lost(Trouble::Away);
        assert_eq!(reach.hidden(), Some(Trouble::Away));
        reach.found();
        assert_eq!((reach.trouble(), reach.hidden()), (None, None));
        reach.lost(Trouble::Away);
        assert_eq!((reach.trouble(), reach.hidden()), (Some(Trouble::Away), None));
        reach.lost(Trouble::Gone);
        assert_eq!(reach.hidden(), Some(Trouble::Gone));
    }
}
