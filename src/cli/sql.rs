//! `tributary sql [QUERY]`: a statement, a file, standard input, or a prompt.

use std::io::{self, IsTerminal as _, Read as _};
use std::path::PathBuf;

use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{CompletionType, Config, Editor};
use tokio::signal::unix::SignalKind;

use super::prompt::{self, Typing};
use super::{Common, Usage, output, reading, stdout};
use crate::query::{self, Engine, Statement};
use crate::shutdown;
use tributary_ingest::text;

const PROMPT: &str = "tributary> ";
/// The prompt's history, in the user's home.
const HISTORY: &str = ".tributary_history";

#[derive(Debug, clap::Args)]
#[group(skip)]
pub(super) struct Args {
    /// Statements that read; without them standard input is read
    query: Option<String>,
    /// File of statements
    #[arg(short, long, value_name = "FILE", conflicts_with = "query")]
    file: Option<PathBuf>,
    #[command(flatten)]
    reading: reading::Args,
    #[command(flatten)]
    output: output::Args,
}

pub(super) async fn run(common: &Common, args: Args) -> anyhow::Result<()> {
    output::check(&args.output)?;
    let text = match (&args.query, &args.file) {
        (Some(query), _) => query.clone(),
        (None, Some(path)) => text::read(path)
            .map_err(|error| Usage(format!("can't read `{}`: {error}", path.display())))?,
        (None, None) if io::stdin().is_terminal() => return ask(common, &args).await,
        (None, None) => {
            let mut text = String::new();
            io::stdin().read_to_string(&mut text)?;
            text
        }
    };
    let statements = query::parse(&text)?;
    if statements.is_empty() {
        return Err(Usage("there is no statement to run; give a query".to_owned()).into());
    }
    if statements.len() > 1 && args.output.holds_one_answer() {
        let message = format!(
            "{} statements have as many answers; give one for a file or parquet",
            statements.len()
        );
        return Err(Usage(message).into());
    }
    shutdown::unless_interrupted(super::ENDING, async {
        let engine = args.reading.engine(common).await?;
        answer(&engine, &args, statements).await?;
        if args.output.is_for_eyes() {
            args.reading.tell_of_waiting(common);
        }
        Ok(())
    })
    .await
}

/// Reads statements that end with `;`, with history; neither an error nor an interrupt, which
/// gives up the statement that runs, ends it.
async fn ask(common: &Common, args: &Args) -> anyhow::Result<()> {
    let engine = args.reading.engine(common).await?;
    let config = Config::builder().completion_type(CompletionType::List).build();
    let mut editor: Editor<Typing, FileHistory> = Editor::with_config(config)?;
    editor.set_helper(Some(Typing::new(engine.names().await?)));
    let history = crate::config::variable("HOME").map(|home| PathBuf::from(home).join(HISTORY));
    if let Some(path) = &history {
        // A first use has no history.
        _ = editor.load_history(path);
    }
    output::tell(
        "Statements end with `;`, Tab completes names, SHOW TABLES; lists the tables, Ctrl-D leaves.",
    );
    args.reading.tell_of_waiting(common);
    loop {
        let text = match editor.readline(PROMPT) {
            Ok(text) if text.trim().is_empty() => continue,
            Ok(text) if prompt::leaves(&text) => break,
            Ok(text) => text,
            Err(ReadlineError::Interrupted) => continue,
            Err(ReadlineError::Eof) => break,
            // The prompt is all that breaks a pipe here.
            Err(ReadlineError::Io(error)) => return Err(stdout::marked(error).into()),
            Err(error) => return Err(error.into()),
        };
        editor.add_history_entry(text.trim())?;
        let answered = shutdown::unless_interrupted([SignalKind::interrupt()], async {
            answer(&engine, args, query::parse(&text)?).await
        })
        .await;
        if let Err(error) = answered {
            if stdout::is_closed_pipe(&error) {
                return Err(error);
            }
            output::tell(&format!("error: {error}"));
        }
    }
    if let Some(path) = &history {
        editor.save_history(path)?;
    }
    Ok(())
}

async fn answer(engine: &Engine, args: &Args, statements: Vec<Statement>) -> anyhow::Result<()> {
    for statement in statements {
        output::write(&args.output, engine.run_statement(statement, &[]).await?).await?;
    }
    Ok(())
}
