//! What a machine can check of the repository's rules.

mod imports;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use tributary_ingest::schema::{Column, ColumnType, sql_type};

const FILE_LINES_MAX: usize = 400;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Where sources of the program and its crates are.
const SOURCES: [&str; 4] = ["src", "crates/ingest/src", "crates/lake/src", "crates/sample/src"];

/// Returns all sources, with their text.
fn sources() -> impl Iterator<Item = (String, String)> {
    SOURCES.iter().flat_map(|folder| files(folder, "rs"))
}

/// Returns the files below a folder with this extension, with their text.
fn files(folder: &str, extension: &str) -> Vec<(String, String)> {
    let mut found = vec![];
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                let name = path.strip_prefix(root()).unwrap().display().to_string();
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    assert!(!found.is_empty(), "{folder} holds no .{extension}");
    found
}

#[test]
fn every_file_says_what_it_is_and_stays_short() {
    for (name, text) in sources().chain(files("tests/it", "rs")) {
        assert!(text.starts_with("//!"), "{name} does not start with //!");
        let n_lines = text.lines().count();
        assert!(n_lines <= FILE_LINES_MAX, "{name} has {n_lines} lines");
    }
}

/// Returns what stands before a file's own tests.
fn program(text: &str) -> &str {
    text.split("#[cfg(test)]").next().unwrap_or_default()
}

/// Crates can't import what they don't name; this is about the stages within one.
#[test]
fn imports_follow_the_drawing() {
    let stages = [
        "verify",
        "journal",
        "flatten",
        "receive",
        "flush",
        "attribution",
        "query",
        "report",
        "web",
        "app",
        "cli",
    ];
    let allowed: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("verify", &[][..]),
        ("journal", &[]),
        ("flatten", &[]),
        ("receive", &[]),
        ("flush", &[]),
        ("attribution", &[]),
        ("query", &["attribution"]),
        ("report", &["query"]),
        ("web", &["report", "query"]),
    ]);
    for (name, text) in files("src", "rs").into_iter().chain(files("crates/ingest/src", "rs")) {
        let path = name.trim_start_matches("crates/ingest/").trim_start_matches("src/");
        let stage = path.split(['/', '.']).next().unwrap();
        let Some(allowed) = allowed.get(stage).filter(|_| !path.ends_with("tests.rs")) else {
            continue;
        };
        for other in stages.iter().filter(|other| **other != stage && !allowed.contains(other)) {
            let import = format!("crate::{other}");
            assert!(!program(&text).contains(&import), "{name} uses {import}");
        }
    }
}

#[test]
fn modules_do_not_import_in_circles() {
    let mut circles = vec![];
    for folder in SOURCES {
        let below = format!("{folder}/");
        let files = files(folder, "rs").into_iter().filter_map(|(name, text)| {
            let is_test = name.ends_with("tests.rs") || name.contains("/tests/");
            // Not `program`: some files have a helper for tests in their middle.
            let text = text.split("#[cfg(test)]\nmod ").next()?.to_owned();
            (!is_test).then(|| (name.trim_start_matches(&below).to_owned(), text))
        });
        let found = imports::circles(&files.collect::<Vec<_>>());
        circles.extend(found.into_iter().map(|circle| format!("{folder}:\n{circle}")));
    }
    assert!(circles.is_empty(), "{}", circles.join("\n"));
}

#[test]
fn each_library_stays_in_its_place() {
    for (library, places) in [
        ("datafusion::", &["src/query"][..]),
        ("deltalake_core::", &["crates/lake"]),
        ("delta_kernel::", &["crates/lake"]),
        ("axum::", &["src/receive", "src/web"]),
        ("env::var", &["src/config"]),
        ("SystemTime::now", &["crates/ingest/src/clock.rs"]),
        ("Instant::now", &["crates/ingest/src/clock.rs"]),
    ] {
        for (name, text) in sources() {
            let is_home = places.iter().any(|place| name.starts_with(place));
            assert!(is_home || !text.contains(library), "{name} names {library}");
        }
    }
}

#[test]
fn there_is_one_arrow_one_parquet_one_object_store_and_one_datafusion() {
    let lock: toml::Table = fs::read_to_string(root().join("Cargo.lock")).unwrap().parse().unwrap();
    for wanted in [
        "arrow",
        "parquet",
        "object_store",
        "datafusion",
        "deltalake-core",
        "tokio",
        "axum",
        "hyper",
    ] {
        let packages = lock["package"].as_array().unwrap();
        let n = packages.iter().filter(|package| package["name"].as_str() == Some(wanted)).count();
        assert_eq!(n, 1, "{wanted} is there {n} times");
    }
}

#[test]
fn every_report_is_in_the_catalog_and_in_the_readme() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let catalog = tributary::report::Catalog::bundled().unwrap();
    let mut n_files = 0;
    for entry in fs::read_dir(root().join("queries")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        if path.is_dir() || name == "duckdb" {
            continue;
        }
        n_files += 1;
        let report = catalog.find(name).unwrap();
        assert_eq!(report.sql, fs::read_to_string(&path).unwrap());
        assert!(readme.contains(&format!("`{name}`")), "README.md does not name `{name}`");
    }
    assert_eq!(n_files, catalog.reports().len());
}

#[test]
fn every_view_and_macro_has_its_file() {
    let known = [("views", &tributary::query::VIEWS[..]), ("macros", &tributary::query::MACROS)];
    for (folder, known) in known {
        for entry in fs::read_dir(root().join("queries").join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            assert!(known.iter().any(|(known, _)| *known == name), "{name}");
        }
    }
}

/// `queries/duckdb.sql` is what `tributary schema --duckdb` prints for the default lake.
#[test]
fn the_script_for_duckdb_is_up_to_date() {
    use tributary::{goal, query::duckdb};
    use tributary_ingest::flatten::TABLES;

    let script = duckdb::script("./lake", &TABLES, &goal::default_goals());
    let file = fs::read_to_string(root().join("queries/duckdb.sql")).unwrap();
    assert!(script == file, "run: tributary schema --duckdb > queries/duckdb.sql");
}

#[test]
fn every_fixture_is_used() {
    let mut tests: String = files("tests", "rs").into_iter().map(|(_, text)| text).collect();
    tests.extend(files("tests", "py").into_iter().map(|(_, text)| text));
    tests.extend(sources().map(|(_, text)| text));
    for entry in fs::read_dir(root().join("fixtures")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(tests.contains(&name), "fixtures/{name} is used by no test");
    }
}

#[test]
fn every_table_begins_alike_and_names_a_column_once() {
    for table in tributary_ingest::flatten::TABLES {
        let names: Vec<&str> = table.columns.iter().map(|column| column.name).collect();
        assert_eq!(
            names[..4],
            ["event_id", "tenant", "session_id", "visitor_id"],
            "{}",
            table.name
        );
        assert!(names.contains(&table.time), "{} has no {}", table.name, table.time);
        let mut sorted = names.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted.len(), names.len(), "{} has a name twice", table.name);
    }
}

/// Returns the rows of the list of a table's columns in docs/tables.md: name, type and meaning.
fn documented(text: &str, table: &str) -> Vec<String> {
    let heading = format!("\n## `{table}`\n");
    let (_, section) = text.split_once(&heading).unwrap_or_else(|| panic!("no section {table}"));
    let section = section.split("\n## ").next().unwrap();
    let (_, list) =
        section.split_once("| column | type | meaning |\n| --- | --- | --- |\n").unwrap();
    list.lines().take_while(|line| line.starts_with("| ")).map(str::to_owned).collect()
}

/// Adds the rows that there should be for columns, those of an object's fields below it.
fn expect(rows: &mut Vec<String>, prefix: &str, columns: &[Column]) {
    for column in columns {
        let name = format!("{prefix}{}", column.name);
        let (kind, fields): (String, &[Column]) = match column.column_type {
            ColumnType::Struct(fields) => ("STRUCT".to_owned(), fields),
            ColumnType::Structs(fields) => ("STRUCT[]".to_owned(), fields),
            ColumnType::Time => ("TIMESTAMPTZ".to_owned(), &[]),
            kind => (sql_type(kind), &[]),
        };
        rows.push(format!("| `{name}` | {kind} | {} |", column.doc));
        expect(rows, &format!("{name}."), fields);
    }
}

#[test]
fn the_documented_tables_are_the_tables() {
    let text = fs::read_to_string(root().join("docs/tables.md")).unwrap();
    for table in tributary_ingest::flatten::TABLES {
        let mut expected = vec![];
        expect(&mut expected, "", table.columns);
        let mut found = documented(&text, table.name);
        // What the partition's day is differs from table to table.
        let date = found.pop().unwrap();
        assert!(date.starts_with("| `date` | DATE | "), "{}: {date}", table.name);
        for row in &expected {
            assert!(found.contains(row), "docs/tables.md, {}: there is no line {row}", table.name);
        }
        assert_eq!(found, expected, "docs/tables.md, {}", table.name);
    }
    let headings = text.lines().filter(|line| line.starts_with("## `")).count();
    assert_eq!(
        headings,
        tributary_ingest::flatten::TABLES.len(),
        "docs/tables.md has other tables"
    );
}
