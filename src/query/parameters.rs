//! Values in the place of `$name`: in the tree of a statement that is to run, where a value becomes
//! a literal and never text, and in a text that a person is to read and paste.
//!
//! Literals let the planner drop what a report was not asked for.

use std::collections::HashMap;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    CastKind, DataType, ExactNumberInfo, Expr, Statement, UnaryOperator, Value, VisitMut as _,
    VisitorMut,
};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

use super::{QueryError, Value as Bound};
use tributary_lake::files;

/// Puts values in the place of a statement's parameters.
pub(super) fn bind(statement: &mut Statement, parameters: &[(&str, Bound)]) {
    _ = statement.visit(&mut Bind { values: literals(parameters) });
}

/// Writes a text with its parameters filled in, ready to run on any engine.
///
/// # Errors
/// [`QueryError::Sql`] if the text is no SQL.
pub fn filled_in(sql: &str, parameters: &[(&str, Bound)]) -> Result<String, QueryError> {
    let texts = parameters.iter().map(|(name, value)| (format!("${name}"), literal_text(value)));
    let values: HashMap<String, String> = texts.collect();
    // Quotes inside of quotes stay doubled, as they are written back as they were read.
    let tokens = Tokenizer::new(&GenericDialect {}, sql)
        .with_unescape(false)
        .tokenize()
        .map_err(|error| QueryError::Sql(error.to_string()))?;
    let texts = tokens.into_iter().map(|token| match &token {
        Token::Placeholder(name) => values.get(name).cloned().unwrap_or_else(|| token.to_string()),
        token => token.to_string(),
    });
    Ok(texts.collect())
}

fn literals(parameters: &[(&str, Bound)]) -> HashMap<String, Expr> {
    parameters.iter().map(|(name, value)| (format!("${name}"), literal(value))).collect()
}

/// Writes a value as a text of SQL.
///
/// The parser's own display takes quotes that are doubled or follow a backslash for escaped ones,
/// and so can't be trusted with a value.
fn literal_text(value: &Bound) -> String {
    match value {
        Bound::Text(Some(text)) => format!("'{}'", text.replace('\'', "''")),
        value => literal(value).to_string(),
    }
}

/// Writes a value as SQL has it, its type included.
fn literal(value: &Bound) -> Expr {
    let (text, data_type) = match value {
        Bound::Text(Some(text)) => {
            return Expr::Value(Value::SingleQuotedString(text.clone()).into());
        }
        Bound::Int(Some(number)) => return number_literal(&number.to_string()),
        Bound::Float(Some(number)) => return number_literal(&format!("{number:?}")),
        Bound::Date(Some(days)) => (Some(files::day(*days)), DataType::Date),
        Bound::Date(None) => (None, DataType::Date),
        Bound::Text(None) => (None, DataType::Varchar(None)),
        Bound::Int(None) => (None, DataType::BigInt(None)),
        Bound::Float(None) => (None, DataType::Double(ExactNumberInfo::None)),
    };
    let value = text.map_or(Value::Null, Value::SingleQuotedString);
    Expr::Cast {
        kind: CastKind::Cast,
        expr: Box::new(Expr::Value(value.into())),
        data_type,
        array: false,
        format: None,
    }
}

fn number_literal(text: &str) -> Expr {
    let number = |text: &str| Expr::Value(Value::Number(text.to_owned(), false).into());
    match text.strip_prefix('-') {
        Some(positive) => Expr::Nested(Box::new(Expr::UnaryOp {
            op: UnaryOperator::Minus,
            expr: Box::new(number(positive)),
        })),
        None => number(text),
    }
}

/// Puts values in the place of `$name`.
struct Bind {
    values: HashMap<String, Expr>,
}

impl VisitorMut for Bind {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if let Expr::Value(value) = expr
            && let Value::Placeholder(name) = &value.value
            && let Some(literal) = self.values.get(name)
        {
            *expr = literal.clone();
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_filled_in_stays_a_value_and_the_rest_stays_as_it_was() {
        let sql = "SELECT 'it''s', \"a\"\"b\", $name -- $name\nFROM t";
        let fill =
            |name: &str| filled_in(sql, &[("name", Bound::Text(Some(name.to_owned())))]).unwrap();
        let filled = fill("' OR 1=1 --");
        assert_eq!(filled, "SELECT 'it''s', \"a\"\"b\", ''' OR 1=1 --' -- $name\nFROM t");
        for (name, literal) in [
            ("\\' OR 1=1 --", "'\\'' OR 1=1 --'"),
            ("a''b", "'a''''b'"),
            ("a\\", "'a\\'"),
            ("$name", "'$name'"),
            ("", "''"),
        ] {
            assert!(fill(name).contains(&format!(", {literal} -- ")), "{name}: {}", fill(name));
        }
    }
}
