//! Bars that show how far a command is; drawn on a terminal only, as indicatif sees for itself.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Common;

/// How a bar of bytes looks: done, rate, remaining time.
const BYTES: &str = "{spinner} {bytes}/{total_bytes} {wide_bar} {bytes_per_sec} {eta} {msg}";

/// Returns a bar of bytes; of an unknown number, if it is `None`.
pub(super) fn bytes(common: &Common, n_bytes: Option<u64>) -> ProgressBar {
    draw(common, n_bytes.map_or_else(ProgressBar::new_spinner, ProgressBar::new), BYTES)
}

/// Returns a bar of things that are read, such as `events`.
pub(super) fn count(common: &Common, n: u64, what: &str) -> ProgressBar {
    let template = format!("{{spinner}} {{percent}}% {{wide_bar}} {{per_sec}} {what} read {{eta}}");
    draw(common, ProgressBar::new(n), &template)
}

fn draw(common: &Common, bar: ProgressBar, template: &str) -> ProgressBar {
    let target =
        if common.quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    bar.set_draw_target(target);
    let style = ProgressStyle::with_template(template);
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}
