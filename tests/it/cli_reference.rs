//! docs/cli.md is made from the definitions of the command line.

use std::fs;
use std::path::Path;

use clap::CommandFactory as _;
use clap_markdown::{MarkdownOptions, help_markdown_command_custom};
use tributary::cli::Cli;

#[test]
fn the_reference_of_the_command_line_is_up_to_date() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/cli.md");
    let options = MarkdownOptions::new()
        .title("The command line".to_owned())
        .show_footer(false)
        .show_table_of_contents(false)
        .show_aliases(false);
    let text = help_markdown_command_custom(&Cli::command(), &options);
    if option_env!("RENEW_DOCS").is_some() {
        fs::write(&file, &text).unwrap();
    }
    assert!(
        fs::read_to_string(file).unwrap() == text,
        "run: RENEW_DOCS=1 cargo test --test it reference"
    );
}
