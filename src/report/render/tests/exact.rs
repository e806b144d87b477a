//! The exact text of each text format, with rows and without.

use super::{Format, RecordBatch, render, render_text, sample};

const OBJECTS: [&str; 3] = [
    concat!(
        r#"{"channel":"Paid","title":"a|b \\ \"q\", x\nnext\tcol \u001b[31mred "#,
        "\u{202e}",
        r#"","revenue":1234.50004,"sessions":9223372036854775807,"at":"2026-02-16T00:00:00Z","#,
        r#""day":"2026-02-16","won":true,"tags":["a,b",null]}"#,
    ),
    concat!(
        r#"{"channel":"広告🎉","title":""#,
        "e\u{301}",
        r#"","revenue":null,"sessions":-1,"at":"2026-02-16T08:30:00.120Z","day":null,"#,
        r#""won":false,"tags":null}"#,
    ),
    concat!(
        r#"{"channel":null,"title":"","revenue":null,"sessions":null,"at":null,"#,
        r#""day":"1970-01-01","won":null,"tags":["\""]}"#,
    ),
];

fn check(format: Format, expected: &str) {
    assert_eq!(render_text(format, &sample()), expected);
}

fn check_empty(format: Format, expected: &str) {
    let schema = sample().schema();
    let nothing = render(format, schema.clone(), &[]);
    assert_eq!(String::from_utf8(nothing).unwrap(), expected);
    let empty_batch = render(format, schema.clone(), &[RecordBatch::new_empty(schema)]);
    assert_eq!(String::from_utf8(empty_batch).unwrap(), expected);
}

#[test]
fn table() {
    let expected = "\
channel  title                                           revenue             sessions  at                        day         won    tags
───────  ──────────────────────────────────────────────  ───────  ───────────────────  ────────────────────────  ──────────  ─────  ────────────
Paid     a|b \\ \"q\", x\\nnext\\tcol \\u{1b}[31mred \\u{202e}   1234.5  9223372036854775807  2026-02-16 00:00:00Z      2026-02-16  true   [\"a,b\",null]
広告🎉   e\u{301}                                                                         -1  2026-02-16 08:30:00.120Z              false
                                                             NaN                                                 1970-01-01         [\"\\\"\"]
(3 rows)
";
    check(Format::Table, expected);
}

#[test]
fn csv() {
    let expected = "\
channel,title,revenue,sessions,at,day,won,tags
Paid,\"a|b \\ \"\"q\"\", x\nnext\tcol \u{1b}[31mred \u{202e}\",1234.50004,9223372036854775807,\
2026-02-16T00:00:00Z,2026-02-16,true,\"[\"\"a,b\"\",null]\"
広告🎉,e\u{301},,-1,2026-02-16T08:30:00.120Z,,false,
,,NaN,,,1970-01-01,,\"[\"\"\\\"\"\"\"]\"
";
    check(Format::Csv, expected);
}

#[test]
fn json() {
    check(Format::Json, &format!("[\n{}\n]\n", OBJECTS.join(",\n")));
}

#[test]
fn ndjson() {
    check(Format::Ndjson, &format!("{}\n", OBJECTS.join("\n")));
}

#[test]
fn markdown() {
    let expected = "\
| channel | title                                                  | revenue |            sessions | at                       | day        | won   | tags          |
| ------- | ------------------------------------------------------ | ------: | ------------------: | ------------------------ | ---------- | ----- | ------------- |
| Paid    | a\\|b \\\\ \"q\", x<br>next\\\\tcol \\\\u{1b}\\[31mred \\\\u{202e} |  1234.5 | 9223372036854775807 | 2026-02-16 00:00:00Z     | 2026-02-16 | true  | \\[\"a,b\",null] |
| 広告🎉  | e\u{301}                                                      |         |                  -1 | 2026-02-16 08:30:00.120Z |            | false |               |
|         |                                                        |     NaN |                     |                          | 1970-01-01 |       | \\[\"\\\\\"\"]      |
";
    check(Format::Markdown, expected);
}

#[test]
fn table_without_rows() {
    let expected = "\
channel  title  revenue  sessions  at  day  won  tags
───────  ─────  ───────  ────────  ──  ───  ───  ────
(0 rows)
";
    check_empty(Format::Table, expected);
}

#[test]
fn csv_without_rows() {
    check_empty(Format::Csv, "channel,title,revenue,sessions,at,day,won,tags\n");
}

#[test]
fn json_without_rows() {
    check_empty(Format::Json, "[]\n");
}

#[test]
fn ndjson_without_rows() {
    check_empty(Format::Ndjson, "");
}

#[test]
fn markdown_without_rows() {
    let expected = "\
| channel | title | revenue | sessions | at  | day | won | tags |
| ------- | ----- | ------: | -------: | --- | --- | --- | ---- |
";
    check_empty(Format::Markdown, expected);
}

#[test]
fn format_names_read_back() {
    for format in Format::ALL {
        assert_eq!(format.name().parse(), Ok(format));
    }
    let error = "xlsx".parse::<Format>().unwrap_err();
    let expected =
        "unknown format \"xlsx\": expected one of table, csv, json, ndjson, markdown, parquet";
    assert_eq!(error.to_string(), expected);
}
