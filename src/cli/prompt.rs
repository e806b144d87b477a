//! What the prompt of `tributary sql` does while a statement is typed: it completes names with
//! the tab key, and goes on to another line until the statement ends.

use std::collections::BTreeSet;

use rustyline::completion::Completer;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Helper};

use crate::query::Names;

/// Words that statements which read are made of.
const KEYWORDS: [&str; 58] = [
    "ALL",
    "AND",
    "ANTI",
    "AS",
    "ASC",
    "BETWEEN",
    "BY",
    "CASE",
    "CAST",
    "CROSS",
    "DATE",
    "DESC",
    "DESCRIBE",
    "DISTINCT",
    "ELSE",
    "END",
    "EXCEPT",
    "EXISTS",
    "EXPLAIN",
    "EXTRACT",
    "FALSE",
    "FILTER",
    "FIRST",
    "FROM",
    "FULL",
    "GROUP",
    "HAVING",
    "ILIKE",
    "IN",
    "INNER",
    "INTERSECT",
    "INTERVAL",
    "IS",
    "JOIN",
    "LAST",
    "LEFT",
    "LIKE",
    "LIMIT",
    "NOT",
    "NULL",
    "NULLS",
    "OFFSET",
    "ON",
    "OR",
    "ORDER",
    "OVER",
    "PARTITION",
    "QUALIFY",
    "RIGHT",
    "SELECT",
    "SHOW",
    "TABLES",
    "THEN",
    "TRUE",
    "UNION",
    "USING",
    "WHEN",
    "WHERE",
];
/// Words that a table stands behind.
const BEFORE_TABLES: [&str; 3] = ["FROM", "JOIN", "DESCRIBE"];
/// Lines that leave the prompt.
const LEAVING: [&str; 4] = ["exit", "quit", "\\q", ".exit"];

/// Helps typing.
pub(super) struct Typing {
    names: Names,
    columns: BTreeSet<String>,
}

/// Tells whether a line asks to leave the prompt.
pub(super) fn leaves(line: &str) -> bool {
    let word = line.trim().trim_end_matches(';').trim_end();
    LEAVING.iter().any(|leaving| word.eq_ignore_ascii_case(leaving))
}

impl Typing {
    /// Makes a helper that knows these names.
    pub(super) fn new(names: Names) -> Self {
        let columns = names.tables.values().flatten().cloned().collect();
        Self { names, columns }
    }

    /// Returns where the word before `end` starts, and what it can become.
    fn candidates(&self, line: &str, end: usize) -> (usize, Vec<String>) {
        let before = &line[..end];
        let is_of_word = |character: char| character.is_alphanumeric() || "_.".contains(character);
        let start = before.trim_end_matches(is_of_word).len();
        let (before, word) = before.split_at(start);
        if word.is_empty() && !is_behind_table_word(before) {
            return (start, vec![]);
        }
        let found: BTreeSet<String> = if is_behind_table_word(before) {
            starting(self.names.tables.keys(), word).collect()
        } else if let Some((table, column)) = word.rsplit_once('.')
            && let Some(columns) = self.columns_of(line, table)
        {
            starting(columns, column).map(|name| format!("{table}.{name}")).collect()
        } else {
            let names = starting(&self.columns, word)
                .chain(starting(self.names.tables.keys(), word))
                .chain(starting(&self.names.functions, word));
            let is_lower = word.chars().all(|character| !character.is_uppercase());
            let keywords = KEYWORDS.iter().filter(|name| begins(name, word));
            let written =
                |name: &&str| if is_lower { name.to_lowercase() } else { (*name).to_owned() };
            names.chain(keywords.map(written)).collect()
        };
        (start, found.into_iter().collect())
    }

    /// Returns the columns of a table, or of the one that the statement gives that name to.
    fn columns_of(&self, line: &str, name: &str) -> Option<&Vec<String>> {
        if let Some(columns) = self.names.tables.get(name) {
            return Some(columns);
        }
        let words: Vec<&str> = line
            .split(|character: char| character.is_whitespace() || ",;()".contains(character))
            .filter(|word| !word.is_empty() && !word.eq_ignore_ascii_case("as"))
            .collect();
        let pair = words.windows(2).find(|pair| pair[1] == name)?;
        self.names.tables.get(pair[0])
    }
}

fn starting<'a>(
    names: impl IntoIterator<Item = &'a String>,
    word: &str,
) -> impl Iterator<Item = String> {
    names.into_iter().filter(move |name| begins(name, word)).cloned()
}

fn begins(name: &str, word: &str) -> bool {
    name.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
}

fn is_behind_table_word(before: &str) -> bool {
    let word = before.trim_end().rsplit(char::is_whitespace).next().unwrap_or_default();
    let is_apart = before.ends_with(char::is_whitespace);
    is_apart && BEFORE_TABLES.iter().any(|name| word.eq_ignore_ascii_case(name))
}

/// Tells whether a text is one or more whole statements: it ends with `;`, not in quotes.
fn is_whole(text: &str) -> bool {
    let text = text.trim_end();
    let n_quotes = |quote| text.matches(quote).count();
    text.is_empty()
        || leaves(text)
        || (text.ends_with(';') && n_quotes('\'') % 2 == 0 && n_quotes('"') % 2 == 0)
}

impl Completer for Typing {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        pos: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        Ok(self.candidates(line, pos))
    }
}

impl Validator for Typing {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        Ok(match is_whole(context.input()) {
            true => ValidationResult::Valid(None),
            false => ValidationResult::Incomplete,
        })
    }
}

impl Hinter for Typing {
    type Hint = String;
}

impl Highlighter for Typing {}

impl Helper for Typing {}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidates(line: &str) -> Vec<String> {
        let columns = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        let tables = [
            ("sessions".to_owned(), columns(&["session_id", "visitor_id"])),
            ("page_views".to_owned(), columns(&["page_path"])),
            ("files.sessions".to_owned(), columns(&["session_id"])),
        ];
        let functions = columns(&["sum", "round"]);
        let typing = Typing::new(Names { tables: tables.into(), functions });
        let (start, found) = typing.candidates(line, line.len());
        found.into_iter().map(|name| format!("{}{name}", &line[..start])).collect()
    }

    #[test]
    fn a_table_stands_behind_from() {
        assert_eq!(candidates("SELECT 1 FROM s"), ["SELECT 1 FROM sessions"]);
        assert_eq!(candidates("from files."), ["from files.sessions"]);
        assert_eq!(candidates("DESCRIBE ").len(), 3);
    }

    #[test]
    fn elsewhere_columns_tables_functions_and_keywords_are_meant() {
        let expected = ["SELECT select", "SELECT session_id", "SELECT sessions"];
        assert_eq!(candidates("SELECT se"), expected);
        assert_eq!(candidates("SEL"), ["SELECT"]);
        assert_eq!(candidates("select r"), ["select right", "select round"]);
        assert!(candidates("SELECT ").is_empty());
    }

    #[test]
    fn a_table_or_its_alias_has_its_own_columns() {
        assert_eq!(candidates("SELECT sessions.v"), ["SELECT sessions.visitor_id"]);
        let line = "SELECT 1 FROM sessions AS s, page_views p WHERE p.";
        assert_eq!(candidates(line), [format!("{line}page_path")]);
        assert_eq!(candidates("SELECT 1 FROM sessions s WHERE S.s"), Vec::<String>::new());
    }

    #[test]
    fn a_statement_ends_with_a_semicolon_that_is_not_in_quotes() {
        for text in ["SELECT 1;", "SELECT ';';\n", "", "quit", " \\q "] {
            assert!(is_whole(text), "{text}");
        }
        for text in ["SELECT 1", "SELECT ';", "SELECT \";"] {
            assert!(!is_whole(text), "{text}");
        }
    }
}
