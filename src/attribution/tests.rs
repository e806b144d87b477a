//! The demo journeys against figures that other programs published or agreed on, and laws that
//! hold for any journeys.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;

use proptest::prelude::*;

use super::*;

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/attribution").join(name)
}

fn demo_text() -> String {
    let file = File::open(fixture("path_data.csv.gz")).unwrap();
    let mut text = String::new();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
    text
}

fn demo() -> Journeys {
    Journeys::from_csv(demo_text().as_bytes()).unwrap()
}

/// The demo journeys, their channels renamed; perhaps without those that ended in nothing.
fn demo_as(rename: fn(&str) -> &str, with_nulls: bool) -> Journeys {
    let mut other = Journeys::default();
    let all = demo();
    for path in all.paths() {
        let names: Vec<&str> = path.steps.iter().map(|at| rename(&all.channels()[*at])).collect();
        let nulls = if with_nulls { path.nulls } else { 0.0 };
        other.add(names, [path.conversions, path.value, nulls]);
    }
    other
}

fn demo_without_nulls() -> Journeys {
    demo_as(|name| name, false)
}

fn journeys(rows: &[(&str, f64, f64, f64)]) -> Journeys {
    let mut journeys = Journeys::default();
    for (path, conversions, value, nulls) in rows {
        let names = parse_path(path).unwrap();
        journeys.add(names.iter().map(AsRef::as_ref), [*conversions, *value, *nulls]);
    }
    journeys
}

fn credits(journeys: &Journeys, model: Model, order: usize) -> BTreeMap<String, (f64, f64)> {
    let rows = attribute(journeys, &[model], order, Weights::default()).unwrap();
    rows.into_iter().map(|row| (row.channel, (row.conversions, row.value))).collect()
}

/// A published table: the first column names the row.
fn table(name: &str) -> BTreeMap<String, BTreeMap<String, f64>> {
    let mut reader = csv::Reader::from_path(fixture(name)).unwrap();
    let header = reader.headers().unwrap().clone();
    let rows = reader.records().map(|record| {
        let record = record.unwrap();
        let cells = header.iter().zip(&record).skip(1);
        let cells = cells.map(|(name, cell)| (name.to_owned(), cell.parse().unwrap()));
        (record[0].to_owned(), cells.collect())
    });
    rows.collect()
}

fn check_demo(journeys: &Journeys, model: Model, column: &str) {
    let expected = table("expected_demo.csv");
    assert_eq!(expected.len(), 12);
    let found = credits(journeys, model, 1);
    assert_eq!(found.len(), 12);
    for (channel, cells) in expected {
        let (conversions, value) = found[&channel];
        let expected = cells[&format!("{column}:conversions")];
        assert!((conversions - expected).abs() < 1e-6, "{column} {channel}: {conversions}");
        if let Some(expected) = cells.get(&format!("{column}:value")) {
            assert!((value - expected).abs() < 1e-6, "{column} {channel}: {value}");
        }
    }
}

#[test]
fn heuristics_give_the_figures_that_several_packages_agree_on() {
    let demo = demo();
    check_demo(&demo, Model::FirstTouch, "first_touch");
    check_demo(&demo, Model::LastTouch, "last_touch");
    check_demo(&demo, Model::Linear, "linear");
    check_demo(&demo, Model::PositionBased, "u_shaped_40_20_40");
    check_demo(&demo, Model::JShaped, "j_shaped_20_20_60");
    check_demo(&demo, Model::InverseJ, "inverse_j_60_20_20");
    check_demo(&demo, Model::LinearUnique, "linear_unique_eq_shapley");
    check_demo(&demo, Model::Shapley, "linear_unique_eq_shapley");
    check_demo(&demo, Model::Participation, "participation");
}

#[test]
fn the_chain_gives_the_figures_of_the_exact_solution() {
    check_demo(&demo(), Model::Markov, "markov1_null");
    check_demo(&demo_without_nulls(), Model::Markov, "markov1_nonull");
}

/// The demo has no Direct; eta stands for it, as in the published column.
#[test]
fn last_non_direct_passes_over_direct() {
    let journeys = demo_as(|name| if name == "eta" { "Direct" } else { name }, true);
    let found = credits(&journeys, Model::LastNonDirect, 1);
    for (channel, cells) in table("expected_demo.csv") {
        let name = if channel == "eta" { "Direct" } else { channel.as_str() };
        let (conversions, value) = found[name];
        assert!((conversions - cells["last_non_eta:conversions"]).abs() < 1e-6, "{channel}");
        assert!((value - cells["last_non_eta:value"]).abs() < 1e-6, "{channel}");
    }
}

#[test]
fn every_order_shares_out_all_conversions_and_value() {
    for journeys in [demo(), demo_without_nulls()] {
        for order in 1..=ORDER_MAX {
            let found = credits(&journeys, Model::Markov, order);
            let conversions: f64 = found.values().map(|(conversions, _)| conversions).sum();
            let value: f64 = found.values().map(|(_, value)| value).sum();
            assert!((conversions - 19_785.0).abs() < 1e-6, "order {order}: {conversions}");
            assert!((value - 74_802.971_587_21).abs() < 1e-5, "order {order}: {value}");
        }
    }
}

/// Follows the chain of windows step by step until next to nothing is on its way.
fn chance_by_walking(journeys: &Journeys, order: usize, without: Option<usize>) -> f64 {
    let mut to: BTreeMap<Vec<usize>, BTreeMap<Vec<usize>, f64>> = BTreeMap::new();
    let (conversion, nothing) = (vec![usize::MAX], vec![usize::MAX - 1]);
    for path in journeys.paths() {
        let mut walk = vec![vec![]];
        walk.extend(path.steps.windows(order.min(path.steps.len())).map(<[usize]>::to_vec));
        walk.dedup();
        for pair in walk.windows(2) {
            *to.entry(pair[0].clone()).or_default().entry(pair[1].clone()).or_default() +=
                path.conversions + path.nulls;
        }
        let ends = to.entry(walk[walk.len() - 1].clone()).or_default();
        *ends.entry(conversion.clone()).or_default() += path.conversions;
        *ends.entry(nothing.clone()).or_default() += path.nulls;
    }
    let mut here = BTreeMap::from([(vec![], 1.0)]);
    let mut converted = 0.0;
    while here.values().sum::<f64>() > 1e-14 {
        let mut next = BTreeMap::new();
        for (state, mass) in here {
            let sum: f64 = to[&state].values().sum();
            for (target, weight) in &to[&state] {
                let mass = mass * weight / sum;
                if *target == conversion {
                    converted += mass;
                } else if *target != nothing && without.is_none_or(|gone| !target.contains(&gone)) {
                    *next.entry(target.clone()).or_insert(0.0) += mass;
                }
            }
        }
        here = next;
    }
    converted
}

#[test]
fn a_chain_that_hardly_ever_ends_is_solved_as_exactly() {
    // From a to b and back a million times before one journey ends: p is 1/2 with both, and
    // without b only what ends at a is left.
    let loops = vec!["a > b"; 500].join(" > ");
    let journeys = journeys(&[(&loops, 1.0, 1.0, 0.0), ("a", 1e-3, 1.0, 1e-3)]);
    let effects = removal_effects(&journeys, 1).unwrap();
    let out_of_a = 500.0 + 2e-3;
    let start = 1.0 + 2e-3;
    // By hand: from a on to b with 500/out, ends 1e-3/out either way; from b back with 499/500.
    let back = 499.0 / 500.0;
    let from_a = |on: f64| (1e-3 / out_of_a + on * (1.0 / 500.0)) / (1.0 - on * back);
    let all = from_a(500.0 / out_of_a);
    let without_b = 1e-3 / out_of_a;
    assert!(start > 1.0);
    assert!((effects[0].conversions - 1.0).abs() < 1e-12, "{effects:?}");
    assert!((effects[1].conversions - (1.0 - without_b / all)).abs() < 1e-12, "{effects:?}");
}

#[test]
fn two_touches_and_one_are_shared_as_published() {
    let two = journeys(&[("a > b", 1.0, 10.0, 0.0)]);
    let share = |model| credits(&two, model, 1)["a"].0;
    assert!(close(share(Model::PositionBased), 0.5));
    assert!(close(share(Model::JShaped), 0.25));
    assert!(close(share(Model::InverseJ), 0.75));
    let one = journeys(&[("a", 1.0, 10.0, 0.0)]);
    for model in Model::ALL {
        assert_eq!(credits(&one, model, 1)["a"], (1.0, 10.0), "{model:?}");
    }
}

#[test]
fn a_file_that_can_not_be_read_names_its_line_and_the_remedy() {
    for (text, wanted) in [
        ("way,total_conversions\na,1\n", "`path`"),
        ("path,total_conversions\na,x\n", "line 2: `x` is no total_conversions"),
        ("path,total_conversions\na,1\nb,-1\n", "line 3: `-1`"),
        ("path,total_conversions\na > > b,1\n", "line 2: `a > > b`"),
        ("path,total_conversions\na,nan\n", "line 2: `nan`"),
        ("path,total_conversions\na,1\nFacebook>Email,1\n", "line 3: `Facebook>Email` has a `>`"),
        ("path,total_conversions\n\"a\n>b\",1\n", "line 2: `a >b`"),
        ("path,total_conversions,Path,path\na,1,b,c\n", "header: `path` stands there twice"),
        ("path,total_conversions\n", "no journeys"),
        ("", "header"),
    ] {
        let error = Journeys::from_csv(text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(wanted) && !error.contains('\n'), "{text:?}: {error}");
    }
    let semicolons = "\u{feff}path;total_conversions\na > b;2\n";
    assert_eq!(Journeys::from_csv(semicolons.as_bytes()).unwrap().channels(), ["a", "b"]);
    // As `report paths --format csv` writes it: its own headings, and what a sheet would run quoted.
    let report = "path,n_touches,conversions,value\n'=1 > \\'=1 > a \\> b,3,2,5.5\n";
    let read = Journeys::from_csv(report.as_bytes()).unwrap();
    assert_eq!(read.channels(), ["=1", "'=1", "a > b"]);
    assert_eq!(read.paths().next().map(|path| (path.conversions, path.value)), Some((2.0, 5.5)));
    let error = "time_decay".parse::<Model>().unwrap_err().to_string();
    assert!(error.contains("times") && error.contains("tributary report"), "{error}");
}

fn rows() -> impl Strategy<Value = Vec<(String, f64, f64, f64)>> {
    let step = prop::sample::select(vec!["Direct", "Email", "Paid Search", "Display", "Referral"]);
    let path = prop::collection::vec(step, 1..7).prop_map(|steps| steps.join(" > "));
    let row = (path, 0..5u32, 0..9u32);
    let row = row.prop_map(|(path, conversions, nulls)| {
        (path, f64::from(conversions), f64::from(conversions) * 2.5, f64::from(nulls))
    });
    prop::collection::vec(row, 1..12)
}

fn gather(rows: &[(String, f64, f64, f64)]) -> Journeys {
    let rows: Vec<_> = rows.iter().map(|(p, c, v, n)| (p.as_str(), *c, *v, *n)).collect();
    journeys(&rows)
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-9 * (1.0 + a.abs())
}

proptest! {
    #[test]
    fn credit_sums_to_what_there_is(rows in rows(), order in 1..=ORDER_MAX) {
        let journeys = gather(&rows);
        let total: f64 = rows.iter().map(|row| row.1).sum();
        for model in Model::ALL.into_iter().filter(|model| *model != Model::Participation) {
            let found = credits(&journeys, model, order);
            let sum: f64 = found.values().map(|(conversions, _)| conversions).sum();
            prop_assert!(close(sum, total), "{:?}: {} of {}", model, sum, total);
        }
    }

    #[test]
    fn the_order_of_rows_does_not_matter(rows in rows(), order in 1..=ORDER_MAX) {
        let backwards: Vec<_> = rows.iter().rev().cloned().collect();
        for model in Model::ALL {
            let one = credits(&gather(&rows), model, order);
            let other = credits(&gather(&backwards), model, order);
            for (channel, (conversions, _)) in &one {
                prop_assert!(close(*conversions, other[channel].0), "{:?} {}", model, channel);
            }
        }
    }

    #[test]
    fn a_channel_that_nobody_converts_with_changes_nothing_else(rows in rows()) {
        let mut more = rows.clone();
        more.push(("Unseen".to_owned(), 0.0, 0.0, 0.0));
        for model in Model::ALL {
            let with = credits(&gather(&more), model, 1);
            for (channel, (conversions, _)) in credits(&gather(&rows), model, 1) {
                prop_assert!(close(conversions, with[&channel].0), "{:?} {}", model, channel);
            }
            prop_assert_eq!(with["Unseen"].0, 0.0);
        }
    }

    #[test]
    fn the_solution_is_what_walking_the_chain_comes_to(rows in rows(), order in 1..=ORDER_MAX) {
        let journeys = gather(&rows);
        let rows: Vec<_> = rows.into_iter().filter(|row| row.1 + row.3 > 0.0).collect();
        prop_assume!(rows.iter().any(|row| row.1 > 0.0));
        let walked = gather(&rows);
        let all = chance_by_walking(&walked, order, None);
        for effect in removal_effects(&journeys, order).unwrap() {
            prop_assert!((0.0..=1.0).contains(&effect.conversions));
            let Some(gone) = walked.channels().iter().position(|c| *c == effect.channel) else {
                prop_assert_eq!(effect.conversions, 0.0);
                continue;
            };
            let rest = chance_by_walking(&walked, order, Some(gone));
            prop_assert!((effect.conversions - (1.0 - rest / all)).abs() < 1e-9);
        }
    }

    #[test]
    fn linear_is_shapley_where_no_channel_comes_twice(rows in rows()) {
        let once = |row: &(String, f64, f64, f64)| {
            let mut names: Vec<&str> = row.0.split(" > ").collect();
            let n = names.len();
            names.sort_unstable();
            names.dedup();
            names.len() == n
        };
        let rows: Vec<_> = rows.into_iter().filter(once).collect();
        let journeys = gather(&rows);
        let linear = credits(&journeys, Model::Linear, 1);
        for (channel, (conversions, _)) in credits(&journeys, Model::Shapley, 1) {
            prop_assert!(close(conversions, linear[&channel].0));
        }
    }
}
