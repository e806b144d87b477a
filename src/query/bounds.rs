//! How large a statement may be: told from its tokens, before anything recurses over it.
//!
//! The parser limits brackets, but `1 + 1 + …`, `a OR b OR …`, chains of casts, joins and unions
//! nest without any, and parser, planner and optimizer recurse over what they make of it. A stack
//! that overflows ends the process, so such links are counted: what is nested is never deeper
//! than their number. Lists, such as those of `IN`, don't nest and count as nothing.

use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

use super::QueryError;

/// Bytes of a text of statements at most.
const TEXT_BYTES_MAX: usize = 1 << 20;
/// Operators, joins and set operations of a statement at most.
const LINKS_MAX: usize = 500;

/// Words that link what is before them to what follows.
const LINKING: [Keyword; 23] = [
    Keyword::AND,
    Keyword::AT,
    Keyword::BETWEEN,
    Keyword::COLLATE,
    Keyword::DIV,
    Keyword::EXCEPT,
    Keyword::ILIKE,
    Keyword::IN,
    Keyword::INTERSECT,
    Keyword::IS,
    Keyword::JOIN,
    Keyword::LIKE,
    Keyword::MATCH,
    Keyword::MINUS,
    Keyword::NOT,
    Keyword::OR,
    Keyword::OVERLAPS,
    Keyword::PIVOT,
    Keyword::RLIKE,
    Keyword::SIMILAR,
    Keyword::UNION,
    Keyword::UNPIVOT,
    Keyword::XOR,
];

/// Words behind which a comma separates no tables.
const AFTER_TABLES: [Keyword; 9] = [
    Keyword::SELECT,
    Keyword::WHERE,
    Keyword::GROUP,
    Keyword::HAVING,
    Keyword::ORDER,
    Keyword::LIMIT,
    Keyword::UNION,
    Keyword::WINDOW,
    Keyword::ON,
];

/// Checks that each statement of a text is small enough.
///
/// # Errors
/// [`QueryError::Sql`] if one is not, or if the text has no tokens of SQL.
pub(super) fn check(text: &str) -> Result<(), QueryError> {
    if text.len() > TEXT_BYTES_MAX {
        let reason = format!("{} bytes of SQL are too many, at most {TEXT_BYTES_MAX}", text.len());
        return Err(QueryError::Sql(reason));
    }
    let tokens = Tokenizer::new(&GenericDialect {}, text)
        .tokenize()
        .map_err(|error| QueryError::Sql(error.to_string()))?;
    let tokens: Vec<Token> =
        tokens.into_iter().filter(|token| !matches!(token, Token::Whitespace(_))).collect();
    for statement in tokens.split(|token| *token == Token::SemiColon) {
        let n_links = count(statement);
        if n_links > LINKS_MAX {
            return Err(QueryError::Sql(format!(
                "statement has {n_links} operators, joins and set operations, at most {LINKS_MAX}; \
                 use lists such as IN (…)"
            )));
        }
    }
    Ok(())
}

/// Counts what may nest in a statement.
fn count(tokens: &[Token]) -> usize {
    let mut n_links = 0;
    // Whether a comma separates tables, for each open bracket.
    let mut in_tables = vec![false];
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::LParen => {
                n_links += usize::from(is_as(tokens, at));
                in_tables.push(false);
            }
            Token::RParen => {
                in_tables.pop();
                if in_tables.is_empty() {
                    in_tables.push(false);
                }
            }
            Token::Comma => n_links += usize::from(in_tables.last() == Some(&true)),
            Token::Word(word) => {
                n_links += usize::from(LINKING.contains(&word.keyword));
                if let Some(in_tables) = in_tables.last_mut() {
                    *in_tables = word.keyword == Keyword::FROM
                        || (*in_tables && !AFTER_TABLES.contains(&word.keyword));
                }
            }
            token => n_links += usize::from(!is_plain(token)),
        }
    }
    n_links
}

/// Tells whether the bracket there opens a common table expression.
fn is_as(tokens: &[Token], at: usize) -> bool {
    let before = |n: usize| at.checked_sub(n).and_then(|at| tokens.get(at));
    let is = |token: Option<&Token>, wanted| matches!(token, Some(Token::Word(word)) if word.keyword == wanted);
    is(before(1), Keyword::AS) || is(before(1), Keyword::MATERIALIZED)
}

/// Tells whether a token is a value, or separates without nesting.
fn is_plain(token: &Token) -> bool {
    matches!(
        token,
        Token::EOF
            | Token::Number(..)
            | Token::Char(_)
            | Token::SingleQuotedString(_)
            | Token::DoubleQuotedString(_)
            | Token::DollarQuotedString(_)
            | Token::NationalStringLiteral(_)
            | Token::EscapedStringLiteral(_)
            | Token::UnicodeStringLiteral(_)
            | Token::HexStringLiteral(_)
            | Token::Placeholder(_)
            | Token::Period
            | Token::RBracket
            | Token::LBrace
            | Token::RBrace
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_refused(text: &str) -> bool {
        check(text).is_err()
    }

    #[test]
    fn chains_are_refused_however_they_are_made() {
        for (name, text) in [
            ("plus", format!("SELECT 1{}", "+1".repeat(501))),
            ("or", format!("SELECT 1 FROM t WHERE a{}", " OR a".repeat(501))),
            ("cast", format!("SELECT 1{}", "::int".repeat(501))),
            ("is null", format!("SELECT 1{}", " IS NULL".repeat(501))),
            ("subscript", format!("SELECT a{}", "[1]".repeat(501))),
            ("concat", format!("SELECT a{}", "||a".repeat(501))),
            ("union", format!("SELECT 1{}", " UNION ALL SELECT 1".repeat(501))),
            ("join", format!("SELECT 1 FROM a{}", " JOIN a USING (x)".repeat(501))),
            ("tables", format!("SELECT 1 FROM a{}", ", a".repeat(501))),
            ("with", format!("WITH a AS (SELECT 1){} SELECT 1", ", a AS (SELECT 1)".repeat(501))),
            ("at", format!("SELECT a{}", " AT TIME ZONE 'UTC'".repeat(501))),
        ] {
            assert!(is_refused(&text), "{name}");
        }
    }

    #[test]
    fn lists_strings_and_many_statements_are_not() {
        for text in [
            format!("SELECT 1 WHERE a IN (1{})", ", 1".repeat(20_000)),
            format!("SELECT a{} FROM t", ", a".repeat(5000)),
            format!("SELECT a FROM t, u ORDER BY 1{}", ", 1".repeat(5000)),
            format!("SELECT '{}'", "+1".repeat(5000)),
            "SELECT 1 + 1 + 1;\n".repeat(5000),
        ] {
            assert!(!is_refused(&text), "{}", &text[..40]);
        }
        assert!(is_refused(&" ".repeat(TEXT_BYTES_MAX + 1)));
    }

    #[test]
    fn every_bundled_report_is_far_below() {
        for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/queries")).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "sql") {
                check(&std::fs::read_to_string(path).unwrap()).unwrap();
            }
        }
    }
}
