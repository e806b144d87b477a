//! Macros: queries with named parameters that reports use like tables, `FROM credits(model :=
//! $model)`, one file each in `queries/macros/`.
//!
//! The files are DuckDB's own `CREATE MACRO`, so that every report runs there unchanged. Here a
//! call is replaced by the macro's query with the call's arguments in it before anything is
//! planned: the tree of the statement is changed, never its text.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use datafusion::sql::parser::Statement as ParsedStatement;
use datafusion::sql::sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, MacroDefinition, ObjectName,
    Query, Statement, TableAlias, TableFactor, Value, VisitMut as _, VisitorMut,
};
use datafusion::sql::sqlparser::dialect::DuckDbDialect;
use datafusion::sql::sqlparser::parser::Parser;

use super::parameters::bind;
use super::{QueryError, Value as Bound};

/// The macros, each in its file.
pub const MACROS: [(&str, &str); 16] = [
    ("is_paid_channel", include_str!("../../queries/macros/is_paid_channel.sql")),
    ("unreserved", include_str!("../../queries/macros/unreserved.sql")),
    ("as_part", include_str!("../../queries/macros/as_part.sql")),
    ("part_of", include_str!("../../queries/macros/part_of.sql")),
    ("path_step", include_str!("../../queries/macros/path_step.sql")),
    ("touchpoints_by", include_str!("../../queries/macros/touchpoints_by.sql")),
    ("touches", include_str!("../../queries/macros/touches.sql")),
    ("credits", include_str!("../../queries/macros/credits.sql")),
    ("path_touches", include_str!("../../queries/macros/path_touches.sql")),
    (WALKS, include_str!("../../queries/macros/walks.sql")),
    ("paths", include_str!("../../queries/macros/paths.sql")),
    (EFFECTS, include_str!("../../queries/macros/removal_effects.sql")),
    ("credit_by", include_str!("../../queries/macros/credit_by.sql")),
    ("visited_by", include_str!("../../queries/macros/visited_by.sql")),
    ("cost_by", include_str!("../../queries/macros/cost_by.sql")),
    ("performance", include_str!("../../queries/macros/performance.sql")),
];

/// The macro that is worked out here and not in SQL.
const EFFECTS: &str = "removal_effects";
/// The macro that it is worked out from.
const WALKS: &str = "walks";
/// Calls within calls at most.
const DEPTH_MAX: usize = 8;

/// Arguments of a call by the parameters' names.
type Arguments = HashMap<String, Expr>;

/// A macro as its file defines it.
struct Macro {
    parameters: Vec<(String, Option<Expr>)>,
    definition: MacroDefinition,
}

/// The parsed files.
static PARSED: LazyLock<HashMap<&str, Macro>> = LazyLock::new(|| {
    MACROS.iter().filter_map(|(name, text)| Some((*name, parse(text)?))).collect()
});

/// A call of the macro that gives removal effects, and the table that stands for it.
#[derive(Debug)]
pub(super) struct EffectsCall {
    /// Name of the table that the statement reads instead.
    pub(super) table: String,
    /// Order of the chain.
    pub(super) order: i64,
    /// The query of the walks that they come from, macros replaced; none if nobody asks.
    pub(super) walks: Option<ParsedStatement>,
}

/// Replaces parameters by values and calls of macros by their queries.
///
/// `n_effects` counts the tables named so far. Returns the calls of `removal_effects`, for which
/// the statement now reads tables that the caller provides.
///
/// # Errors
/// [`QueryError::Sql`] if a call has an argument that its macro does not know.
pub(super) fn expand(
    statement: &mut ParsedStatement,
    parameters: &[(&str, Bound)],
    n_effects: &AtomicUsize,
) -> Result<Vec<EffectsCall>, QueryError> {
    let statement = match statement {
        ParsedStatement::Statement(statement) => statement,
        ParsedStatement::Explain(explain) => {
            return expand(&mut explain.statement, parameters, n_effects);
        }
        _ => return Ok(vec![]),
    };
    bind(statement, parameters);
    let mut expander = Expander { depth: 0, effects: vec![], n_effects };
    match statement.visit(&mut expander) {
        ControlFlow::Continue(()) => Ok(expander.effects),
        ControlFlow::Break(reason) => Err(QueryError::Sql(reason)),
    }
}

fn parse(text: &str) -> Option<Macro> {
    let statement = Parser::parse_sql(&DuckDbDialect {}, text).ok()?.pop()?;
    let Statement::CreateMacro { args, definition, .. } = statement else { return None };
    let parameters = args.unwrap_or_default();
    let parameters = parameters.into_iter().map(|arg| (arg.name.value, arg.default_expr));
    Some(Macro { parameters: parameters.collect(), definition })
}

/// Puts arguments in the place of the names of a macro's parameters.
struct Substitute {
    arguments: Arguments,
}

impl VisitorMut for Substitute {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if let Expr::Identifier(name) = expr
            && let Some(argument) = self.arguments.get(&name.value)
        {
            *expr = argument.clone();
        }
        ControlFlow::Continue(())
    }
}

/// Replaces calls, and those within what they were replaced by.
struct Expander<'n> {
    depth: usize,
    effects: Vec<EffectsCall>,
    n_effects: &'n AtomicUsize,
}

impl VisitorMut for Expander<'_> {
    type Break = String;

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<String> {
        let TableFactor::Table { name, alias, args: Some(args), .. } = factor else {
            return ControlFlow::Continue(());
        };
        let Some((name, called)) = named(name) else { return ControlFlow::Continue(()) };
        let alias = alias.take();
        let replaced = call(name, called, &args.args).and_then(|arguments| {
            if name == EFFECTS {
                self.effects_table(&arguments, alias)
            } else {
                self.derived(name, called, arguments, alias)
            }
        });
        match replaced {
            Ok(replaced) => {
                *factor = replaced;
                ControlFlow::Continue(())
            }
            Err(reason) => ControlFlow::Break(reason),
        }
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<String> {
        let Expr::Function(function) = expr else { return ControlFlow::Continue(()) };
        let Some((name, called)) = named(&function.name) else {
            return ControlFlow::Continue(());
        };
        let (MacroDefinition::Expr(definition), FunctionArguments::List(list)) =
            (&called.definition, &function.args)
        else {
            return ControlFlow::Continue(());
        };
        match call(name, called, &list.args) {
            Ok(arguments) => {
                let mut definition = definition.clone();
                _ = definition.visit(&mut Substitute { arguments });
                *expr = Expr::Nested(Box::new(definition));
                ControlFlow::Continue(())
            }
            Err(reason) => ControlFlow::Break(reason),
        }
    }
}

impl Expander<'_> {
    fn derived(
        &mut self,
        name: &str,
        called: &Macro,
        arguments: Arguments,
        alias: Option<TableAlias>,
    ) -> Result<TableFactor, String> {
        let MacroDefinition::Table(query) = &called.definition else {
            return Err(format!("`{name}` is no table; use it in an expression"));
        };
        let subquery = self.query(query, arguments)?;
        Ok(TableFactor::Derived { lateral: false, subquery, alias, sample: None })
    }

    /// Returns a macro's query with these arguments, the calls within it replaced.
    fn query(&mut self, query: &Query, arguments: Arguments) -> Result<Box<Query>, String> {
        if self.depth == DEPTH_MAX {
            return Err("macros call each other too deep".to_owned());
        }
        let mut query = Box::new(query.clone());
        _ = query.visit(&mut Substitute { arguments });
        self.depth += 1;
        let visited = query.visit(self);
        self.depth -= 1;
        match visited {
            ControlFlow::Continue(()) => Ok(query),
            ControlFlow::Break(reason) => Err(reason),
        }
    }

    fn effects_table(
        &mut self,
        arguments: &Arguments,
        alias: Option<TableAlias>,
    ) -> Result<TableFactor, String> {
        let is_enabled = is_true(&arguments["enabled"])
            .ok_or("`enabled` of `removal_effects` must be a comparison of values, or TRUE")?;
        let order = whole_number(&arguments["chain_order"])
            .ok_or("`chain_order` of `removal_effects` must be a whole number")?;
        let table = format!("{EFFECTS}_{}", self.n_effects.fetch_add(1, Ordering::Relaxed));
        let walks = match (is_enabled, &PARSED[WALKS].definition) {
            (true, MacroDefinition::Table(query)) => {
                let mut own = call(WALKS, &PARSED[WALKS], &[])?;
                own.extend(arguments.clone());
                let query = self.query(query, own)?;
                Some(ParsedStatement::Statement(Box::new(Statement::Query(query))))
            }
            _ => None,
        };
        self.effects.push(EffectsCall { table: table.clone(), order, walks });
        let name = ObjectName::from(vec![Ident::new(table)]);
        Ok(TableFactor::Table {
            name,
            alias,
            args: None,
            with_hints: vec![],
            version: None,
            with_ordinality: false,
            partitions: vec![],
            json_path: None,
            sample: None,
            index_hints: vec![],
        })
    }
}

fn named(name: &ObjectName) -> Option<(&'static str, &'static Macro)> {
    let name = name.to_string();
    PARSED.get_key_value(name.as_str()).map(|(name, found)| (*name, found))
}

/// Gives each parameter its argument or its default.
fn call(name: &str, called: &Macro, given: &[FunctionArg]) -> Result<Arguments, String> {
    let known = || {
        let names: Vec<&str> = called.parameters.iter().map(|(name, _)| name.as_str()).collect();
        names.join(", ")
    };
    let mut arguments = Arguments::new();
    for (at, argument) in given.iter().enumerate() {
        let (parameter, value) = match argument {
            FunctionArg::Named { name, arg: FunctionArgExpr::Expr(value), .. } => {
                (name.value.clone(), value)
            }
            FunctionArg::Unnamed(FunctionArgExpr::Expr(value)) if at < called.parameters.len() => {
                (called.parameters[at].0.clone(), value)
            }
            _ => return Err(format!("`{name}` takes {}", known())),
        };
        if !called.parameters.iter().any(|(known, _)| *known == parameter) {
            return Err(format!("`{name}` has no parameter `{parameter}`; it has {}", known()));
        }
        let value = match value {
            Expr::Value(_) | Expr::Cast { .. } | Expr::Nested(_) => value.clone(),
            other => Expr::Nested(Box::new(other.clone())),
        };
        arguments.insert(parameter, value);
    }
    for (parameter, default) in &called.parameters {
        if let (Some(default), false) = (default, arguments.contains_key(parameter)) {
            arguments.insert(parameter.clone(), default.clone());
        }
        if !arguments.contains_key(parameter) {
            return Err(format!("`{name}` needs `{parameter}`"));
        }
    }
    Ok(arguments)
}

/// Works out a condition made of values alone.
fn is_true(expr: &Expr) -> Option<bool> {
    match expr {
        Expr::Nested(inner) => is_true(inner),
        Expr::Value(value) => match value.value {
            Value::Boolean(is_true) => Some(is_true),
            _ => None,
        },
        Expr::BinaryOp { left, op, right } if op.to_string() == "=" => Some(left == right),
        _ => None,
    }
}

fn whole_number(expr: &Expr) -> Option<i64> {
    match expr {
        Expr::Nested(inner) => whole_number(inner),
        Expr::Value(value) => match &value.value {
            Value::Number(text, _) => text.parse().ok(),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_macro_is_read() {
        for (name, _) in MACROS {
            assert!(PARSED.contains_key(name), "{name}");
        }
    }
}
