//! How a metric is made: under the prefix `tributary_`, registered, and at zero from the start.
//!
//! Names, help and labels are constants of the program; one that is used twice or is not valid in
//! Prometheus' terms is a fault that each test of the program meets, so making them panics.

use prometheus::{
    Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
    exponential_buckets,
};

/// A label, and those of its values that are known from the start.
pub type Label = (&'static str, &'static [&'static str]);

/// Makes and registers metrics under the `tributary_` prefix.
#[derive(Debug)]
pub struct Maker<'a> {
    registry: &'a Registry,
}

impl<'a> Maker<'a> {
    /// Registers what it makes here.
    #[must_use]
    pub fn new(registry: &'a Registry) -> Self {
        Self { registry }
    }

    /// A counter.
    #[must_use]
    pub fn counter(&self, name: &str, help: &str) -> IntCounter {
        self.add(IntCounter::with_opts(opts(name, help)).expect(VALID))
    }

    /// Counters by a label, whose known values are there from the start: a rise from nothing is
    /// none to those who watch.
    #[must_use]
    pub fn counters(&self, name: &str, help: &str, label: Label) -> IntCounterVec {
        let (label, values) = label;
        let counters = IntCounterVec::new(opts(name, help), &[label]).expect(VALID);
        for value in values {
            counters.with_label_values(&[value]);
        }
        self.add(counters)
    }

    /// A gauge.
    #[must_use]
    pub fn gauge(&self, name: &str, help: &str) -> IntGauge {
        self.add(IntGauge::with_opts(opts(name, help)).expect(VALID))
    }

    /// Gauges by a label.
    #[must_use]
    pub fn gauges(&self, name: &str, help: &str, (label, _): Label) -> IntGaugeVec {
        self.add(IntGaugeVec::new(opts(name, help), &[label]).expect(VALID))
    }

    /// A histogram of 18 buckets, each twice the one before.
    #[must_use]
    pub fn histogram(&self, name: &str, help: &str, first_bucket: f64) -> Histogram {
        let buckets = exponential_buckets(first_bucket, 2.0, 18).expect(VALID);
        let options = HistogramOpts::from(opts(name, help)).buckets(buckets);
        self.add(Histogram::with_opts(options).expect(VALID))
    }

    fn add<C: prometheus::core::Collector + Clone + 'static>(&self, collector: C) -> C {
        self.registry.register(Box::new(collector.clone())).expect("each name is used once");
        collector
    }
}

const VALID: &str = "names and buckets are constants of the program";

fn opts(name: &str, help: &str) -> Opts {
    Opts::new(format!("tributary_{name}"), help)
}
