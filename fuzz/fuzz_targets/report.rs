//! Reports: any header and value gives an answer, and a value in SQL stays a value.
//!
//! The first line is a value, the second a declaration of a parameter, the rest a report's file.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tributary::attribution::{Journeys, Model, Weights};
use tributary::goal;
use tributary::query::{self, Value, filled_in};
use tributary::report::render::Format;
use tributary::report::{Parameter, Report};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = str::from_utf8(data) else { return };
    let mut lines = text.splitn(3, '\n');
    let mut line = || lines.next().unwrap_or_default();
    let [value, declaration, file] = [line(), line(), line()];
    if let Ok(parameter) = Parameter::parse(declaration)
        && let Ok(value) = parameter.value(value)
    {
        check_literal(&value);
    }
    check_literal(&Value::Text(Some(value.to_owned())));
    if let Ok(report) = Report::parse("fuzz", file) {
        check_report(&report, value);
    }
    _ = query::parse(file);
    _ = goal::parse(value);
    _ = value.parse::<Model>();
    _ = value.parse::<Weights>();
    _ = value.parse::<Format>();
    _ = Journeys::from_csv(file.as_bytes());
});

/// Puts a value into a statement: that stays one statement of one literal.
fn check_literal(value: &Value) {
    let sql = filled_in("SELECT $v AS v", &[("v", value.clone())]).expect("it is SQL");
    let Ok(statements) = query::parse(&sql) else { panic!("no SQL any more: {sql}") };
    assert_eq!(statements.len(), 1, "{sql}");
    if let Value::Text(Some(text)) = value {
        assert_eq!(sql, format!("SELECT '{}' AS v", text.replace('\'', "''")));
    }
}

fn check_report(report: &Report, value: &str) {
    assert!(report.bind(&[]).is_ok());
    for parameter in &report.parameters {
        let given = [(parameter.name.clone(), value.to_owned())];
        if let Ok(values) = report.bind(&given) {
            assert_eq!(values.len(), report.parameters.len());
            _ = filled_in(&report.sql, &values);
        }
    }
    assert!(report.bind(&[("no such".to_owned(), value.to_owned())]).is_err());
}
