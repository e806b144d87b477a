//! `tributary man`: manual pages, made from the definitions of the command line.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Command, CommandFactory as _};
use clap_mangen::Man;

use super::{Cli, Usage, output};

#[derive(Debug, clap::Args)]
#[group(skip)]
pub(super) struct Args {
    /// Command whose page is printed; without it that of the program
    command: Option<String>,
    /// Folder to write all pages to
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    directory: Option<PathBuf>,
}

pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    if let Some(folder) = &args.directory {
        let name = folder.display();
        std::fs::create_dir_all(folder).with_context(|| format!("folder `{name}`"))?;
        return clap_mangen::generate_to(Cli::command(), folder)
            .with_context(|| format!("manual pages in `{name}`"));
    }
    let mut page = vec![];
    Man::new(find(args.command.as_deref())?).render(&mut page)?;
    output::print(&page)
}

fn find(name: Option<&str>) -> Result<Command, Usage> {
    let mut program = Cli::command().disable_help_subcommand(true);
    program.build();
    let Some(name) = name else { return Ok(program) };
    program
        .find_subcommand(name)
        .cloned()
        .ok_or_else(|| Usage(format!("there is no command `{name}`; `tributary help` lists them")))
}
