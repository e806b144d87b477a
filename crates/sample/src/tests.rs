//! What sample events promise, checked over thousands of them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Generator, Plan};

fn events(n_events: u64, seed: u64) -> Generator {
    Generator::new(Plan { n_events, seed, ..Plan::default() })
}

fn bodies(n_events: u64, seed: u64) -> Vec<Value> {
    let parse = |body: &str| serde_json::from_str(body).unwrap();
    events(n_events, seed).map(|event| parse(&event.body)).collect()
}

fn share(n_some: usize, n_all: usize) -> f64 {
    f64::from(u32::try_from(n_some).unwrap()) / f64::from(u32::try_from(n_all).unwrap())
}

/// Asserts that the share of bodies a test holds for lies in a range.
fn check_share(
    name: &str,
    bodies: &[Value],
    test: impl Fn(&Value) -> bool,
    range: std::ops::Range<f64>,
) {
    let share = share(bodies.iter().filter(|body| test(body)).count(), bodies.len());
    println!("{name}: {share:.4}");
    assert!(range.contains(&share), "{name}: {share} is outside {range:?}");
}

#[test]
fn same_plan_gives_same_bytes() {
    let first: Vec<_> = events(2_000, 7).collect();
    let second: Vec<_> = events(2_000, 7).collect();
    assert_eq!(first.len(), 2_000);
    assert!(first == second);
    assert!(first != events(2_000, 8).collect::<Vec<_>>());
}

#[test]
fn no_events_are_planned_by_default() {
    assert_eq!(Generator::new(Plan::default()).count(), 0);
}

#[test]
fn plans_of_a_single_day_work() {
    for days in [0, 1, 2] {
        let plan = Plan { n_events: 500, days, ..Plan::default() };
        let end_ms = plan.start_ms + i64::from(days.max(1)) * 86_400_000;
        for event in Generator::new(plan) {
            let body: Value = serde_json::from_str(&event.body).unwrap();
            let start_ms = body["data"]["session"]["createdAt"].as_i64().unwrap();
            assert!((plan.start_ms..end_ms).contains(&start_ms));
        }
    }
}

#[test]
fn ids_are_unique_and_events_in_order() {
    let mut ids = BTreeSet::new();
    let mut sids = BTreeSet::new();
    let mut last_created_ms: i64 = 0;
    for event in events(10_000, 1) {
        // Members are cut out of the text: parsing so many bodies would take most of the time.
        assert_eq!(member(&event.body, "\"id\":\""), event.id);
        assert_eq!((event.id.len(), &event.id[..4]), (30, "evt_"));
        let created_ms = member(&event.body, "\"created\":").parse().unwrap();
        assert!(last_created_ms <= created_ms);
        last_created_ms = created_ms;
        assert!(sids.insert(member(&event.body, "\"sid\":\"").to_owned()));
        assert!(ids.insert(event.id));
    }
    assert_eq!((ids.len(), sids.len()), (10_000, 10_000));
}

#[test]
fn times_rise_and_counts_agree() {
    for body in bodies(3_000, 2) {
        let data = &body["data"];
        let session = &data["session"];
        let steps = session["events"].as_array().unwrap();
        assert!((1..=15).contains(&steps.len()));
        assert_eq!(data["eventCount"], steps.len());
        let mut times = vec![session["createdAt"].as_i64().unwrap()];
        times.extend(steps.iter().map(|step| step["ts"].as_i64().unwrap()));
        times.push(session["lastActivity"].as_i64().unwrap());
        times.push(data["sessionEndedAt"].as_i64().unwrap());
        times.push(data["finalizedAt"].as_i64().unwrap());
        times.push(body["created"].as_i64().unwrap());
        assert!(times.is_sorted());
        assert!(session["endedAt"].is_null() || session["endedAt"] == data["sessionEndedAt"]);
    }
}

#[test]
fn bodies_are_compact_and_of_the_size_wanted() {
    let mut sizes = Vec::new();
    for event in events(4_000, 5) {
        let body: Value = serde_json::from_str(&event.body).unwrap();
        // A compact text has as many bytes as its reprint, whatever the order of keys.
        assert_eq!(body.to_string().len(), event.body.len());
        sizes.push(event.body.len());
    }
    sizes.sort_unstable();
    let (least, median, most) = (sizes[0], sizes[2_000], sizes[3_999]);
    println!("body bytes: {least} least, {median} median, {most} most");
    assert!((4_000..8_000).contains(&median));
}

#[test]
fn shares_are_plausible() {
    let bodies = bodies(8_000, 3);
    let check = |name, test: fn(&Value) -> bool, range| check_share(name, &bodies, test, range);
    check("bots", |body| verdict(body)["score"].as_i64().is_some_and(|s| s < 30), 0.02..0.06);
    check("verified bots", |body| verdict(body)["verifiedBot"] == true, 0.01..0.05);
    check("unrecognised", |body| body["data"]["enrichment"].is_null(), 0.20..0.30);
    check("conversions", has_goal, 0.02..0.045);
    check("no tenant", |body| body["data"]["session"]["tenant"].is_null(), 0.1..0.3);
    check("utm in the landing page", has_utm_in_landing_page, 0.1..0.4);
}

#[test]
fn better_channels_convert_better() {
    let mut sums: BTreeMap<bool, (usize, usize)> = BTreeMap::new();
    for body in bodies(20_000, 4) {
        let utm = &body["data"]["session"]["utm"];
        let sum = match utm["medium"].as_str() {
            Some("cpc" | "email") => sums.entry(true).or_default(),
            Some("display" | "paid_social") => sums.entry(false).or_default(),
            _ => continue,
        };
        sum.0 += usize::from(has_goal(&body));
        sum.1 += 1;
    }
    let rate = |is_better| share(sums[&is_better].0, sums[&is_better].1);
    println!("conversion rates: {:.4} and {:.4}", rate(true), rate(false));
    assert!(rate(true) > 1.5 * rate(false));
}

#[test]
fn visitors_come_back_by_other_ways() {
    let mut ways: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut patterns = BTreeSet::new();
    for body in bodies(10_000, 6) {
        let session = &body["data"]["session"];
        let utm = &session["utm"];
        let way = format!("{} {} {}", utm["source"], utm["medium"], session["referrer"]);
        patterns.insert(way.clone());
        ways.entry(session["vid"].to_string()).or_default().push(way);
    }
    let returning = share(ways.values().filter(|ways| ways.len() > 1).count(), ways.len());
    let is_mixed = |ways: &&Vec<String>| ways.iter().any(|way| *way != ways[0]);
    let mixed = share(ways.values().filter(is_mixed).count(), ways.len());
    println!("returning {returning:.3}, by other ways {mixed:.3}, {} patterns", patterns.len());
    assert!(returning > 0.3 && mixed > 0.25 && patterns.len() >= 8);
}

#[test]
fn domains_belong_to_one_company_and_addresses_to_one_person() {
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    let mut people: BTreeMap<String, String> = BTreeMap::new();
    let mut vids: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for body in bodies(10_000, 9) {
        let enrichment = &body["data"]["enrichment"];
        for company in enrichment["companies"].as_array().into_iter().flatten() {
            if let (Some(domain), name) = (company["domain"].as_str(), company["name"].to_string())
            {
                assert_eq!(*names.entry(domain.to_owned()).or_insert(name.clone()), name);
            }
        }
        let person = &enrichment["person"];
        let profile = person["linkedinUrl"].to_string();
        if let Some(email) = person["email"].as_str() {
            assert_eq!(*people.entry(email.to_owned()).or_insert(profile.clone()), profile);
        }
        if !enrichment.is_null() {
            let vid = body["data"]["session"]["vid"].to_string();
            vids.entry(profile).or_default().insert(vid);
        }
    }
    let n_with_two = vids.values().filter(|vids| vids.len() == 2).count();
    println!("{} companies, {} people, {n_with_two} with two", names.len(), vids.len());
    assert!(n_with_two > 50 && vids.values().all(|vids| vids.len() <= 2));
}

fn has_goal(body: &Value) -> bool {
    let steps = body["data"]["session"]["events"].as_array().unwrap();
    let paths: Vec<&str> = steps.iter().filter_map(|step| step["url"].as_str()).collect();
    let is_goal = |step: &Value| step["signal"] == "demo_requested" || step["signal"] == "signup";
    let has_goal = steps.iter().any(is_goal);
    assert_eq!(has_goal, paths.iter().any(|path| path.ends_with("/thank-you")));
    has_goal
}

fn verdict(body: &Value) -> &Value {
    &body["data"]["session"]["network"]["botManagement"]
}

fn has_utm_in_landing_page(body: &Value) -> bool {
    body["data"]["session"]["landingPage"].as_str().is_some_and(|url| url.contains("?utm_"))
}

/// Cuts out what follows `key`, up to the next quote or comma.
fn member<'a>(body: &'a str, key: &str) -> &'a str {
    let (_, rest) = body.split_once(key).unwrap();
    rest.split(['"', ',']).next().unwrap()
}
