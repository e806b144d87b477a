//! Addresses, hosts, user agents and channels: any text gives an answer that keeps its promises.

#![no_main]

use std::cell::RefCell;

use libfuzzer_sys::fuzz_target;
use tributary_ingest::flatten::account::{
    account_domain, email_domain, host_of, is_freemail, path_of, referrer_host, registrable_domain,
};
use tributary_ingest::flatten::channel::{Channels, Grouping, Signals, UserRule, classify, group};
use tributary_ingest::flatten::identity::person_key;
use tributary_ingest::flatten::time;
use tributary_ingest::flatten::user_agent::Agents;

thread_local! {
    static AGENTS: RefCell<Agents> = RefCell::new(Agents::default());
}

fuzz_target!(|data: &[u8]| {
    let Ok(text) = str::from_utf8(data) else { return };
    let mut lines = text.splitn(4, '\n');
    let mut line = || lines.next().unwrap_or_default();
    let [url, referrer, source, medium] = [line(), line(), line(), line()];
    check_host(url);
    check_host(referrer);
    check_channel(url, referrer, source, medium);
    for text in [url, referrer, source] {
        AGENTS.with_borrow_mut(|agents| {
            let first = agents.get(text);
            assert_eq!(first, agents.get(text));
        });
        let key = person_key(Some(text), Some(medium), Some(text), None);
        assert!(key.is_none_or(|key| !key.is_empty()));
        if let Some(ms) = time::parse(text) {
            assert!(ms >= 0 && time::day(ms).is_some(), "{text}");
        }
        _ = account_domain(Some(text), &[Some(url)], &[Some(referrer), None]);
        _ = is_freemail(text);
    }
    if let Ok(table) = text.parse::<toml::Table>() {
        check_rule(toml::Value::Table(table), url, referrer);
    }
});

fn check_host(url: &str) {
    if let Some(host) = host_of(url) {
        let host = host.into_owned();
        assert!(!host.is_empty() && host.len() <= 255, "{host:?}");
        assert!(!host.contains(['/', '@', '?', '#', ' ', '\\', '\n']), "{host:?}");
        assert_eq!(host, host.to_lowercase());
        if let Some(domain) = registrable_domain(&host) {
            assert!(host == domain || host.ends_with(&format!(".{domain}")), "{host} {domain}");
            assert_eq!(registrable_domain(&domain), Some(domain.clone()), "{host}");
        }
    }
    if let Some(path) = path_of(url) {
        assert!(path.starts_with('/') && !path.contains(['?', '#']), "{path:?}");
    }
    _ = referrer_host(url);
    if let Some(domain) = email_domain(url) {
        assert!(domain.contains('.') && !domain.contains('@'), "{domain:?}");
    }
}

fn check_channel(url: &str, referrer: &str, source: &str, medium: &str) {
    let signals = Signals {
        landing_page: Some(url),
        referrer: Some(referrer),
        utm_source: Some(source),
        utm_medium: Some(medium),
        utm_campaign: Some(url),
        ..Signals::default()
    };
    let touch = classify(&signals);
    assert!(!touch.channel.is_empty() && !touch.rule.is_empty());
    assert_eq!(touch, classify(&signals));
    for text in [&touch.source, &touch.medium, &touch.campaign].into_iter().flatten() {
        assert!(!text.is_empty() && text.trim() == text, "{text:?}");
    }
    assert_eq!(touch.click_id.is_some(), touch.click_id_type.is_some());
    _ = Channels::default().classify_link(url);
    for grouping in [Grouping::Default, Grouping::Ga4Strict] {
        let (channel, rule) = group(Some(source), Some(medium), Some(url), grouping);
        assert!(!channel.is_empty() && !rule.is_empty());
    }
}

fn check_rule(value: toml::Value, url: &str, referrer: &str) {
    let Ok(rule) = UserRule::from_toml(value) else { return };
    let channels = Channels { rules: vec![rule], ..Channels::default() };
    let signals =
        Signals { landing_page: Some(url), referrer: Some(referrer), ..Signals::default() };
    _ = channels.classify(&signals);
}
