//! `tributary completions SHELL`.

use clap::CommandFactory as _;

use super::{Cli, output};

#[derive(Debug, clap::Args)]
#[group(skip)]
pub(super) struct Args {
    /// Shell to complete in
    shell: clap_complete::Shell,
}

pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    let mut script = vec![];
    clap_complete::generate(args.shell, &mut Cli::command(), "tributary", &mut script);
    output::print(&script)
}
