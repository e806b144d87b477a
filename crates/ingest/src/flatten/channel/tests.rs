//! The table against published vectors, and the resolver against what visits really carry.

use proptest::prelude::{any, proptest};

use super::matchers::{is_paid_medium, is_shop_campaign, says_email};
use super::rules::RULES;
use super::{CHANNELS, Channels, Grouping, Signals, Touch, classify, group};

mod evidence;

/// The test vectors of `dbt-ga4`'s channel macro: source, medium, campaign and channel.
///
/// Its vector of a bare `alibaba` expects Paid Shopping, which contradicts its own macro: without a
/// paid medium a shopping site is Organic Shopping, and that is what is expected here.
const GA4_VECTORS: &[(&str, &str, &str, &str)] = &[
    ("(direct)", "(none)", "", "Direct"),
    ("(direct)", "(not set)", "", "Direct"),
    ("some-source", "some-medium", "some-cross-network-campaign", "Cross-network"),
    ("some-source", "some-medium", "cross-network", "Cross-network"),
    ("alibaba", "", "", "Organic Shopping"),
    ("some-source", "retargeting", "shopping", "Paid Shopping"),
    ("google", "ppc", "", "Paid Search"),
    ("facebook", "retargeting", "", "Paid Social"),
    ("youtube.com", "paid-something", "", "Paid Video"),
    ("youtube.com", "display", "", "Display"),
    ("some-source", "cpc", "", "Paid Other"),
    ("Google Shopping", "", "", "Organic Shopping"),
    ("some-source", "", "some-shopping-campaign", "Organic Shopping"),
    ("facebook", "", "", "Organic Social"),
    ("some-source", "social", "", "Organic Social"),
    ("youtube.com", "", "", "Organic Video"),
    ("some-source", "video", "", "Organic Video"),
    ("bing", "", "", "Organic Search"),
    ("some-source", "organic", "", "Organic Search"),
    ("some-source", "referral", "", "Referral"),
    ("email", "", "", "Email"),
    ("", "e mail", "", "Email"),
    ("some-source", "affiliate", "", "Affiliates"),
    ("some-source", "audio", "", "Audio"),
    ("sms", "", "", "SMS"),
    ("", "sms", "", "SMS"),
    ("some-source", "something-push", "", "Mobile Push Notifications"),
    ("some-source", "mobile-notification", "", "Mobile Push Notifications"),
    ("firebase", "", "", "Mobile Push Notifications"),
    ("some-source", "some-medium", "some-campaign", "Unassigned"),
];

/// Rows of the table that the published vectors leave out.
const MORE_ROWS: &[(&str, &str, &str, &str)] = &[
    ("", "", "", "Direct"),
    ("", "", "spring", "Unassigned"),
    ("(direct)", "(none)", "spring", "Direct"),
    ("alibaba", "cpc", "", "Paid Shopping"),
    ("google", "cpm", "", "Paid Search"),
    ("some-source", "cpm", "", "Display"),
    ("some-source", "Banner", "", "Display"),
    ("linkedin", "paid_social", "spring_launch", "Paid Social"),
    ("  GOOGLE ", " CPC ", "", "Paid Search"),
    ("some-source", "", "workshop", "Unassigned"),
    ("some-source", "sm", "", "Organic Social"),
    ("some-source", "social media", "", "Organic Social"),
    ("some-source", "ai-assistant", "", "AI Assistant"),
    ("some-source", "app", "", "Referral"),
    ("some-source", "link", "", "Referral"),
    ("weekly-e-mail", "", "", "Email"),
    ("some-source", "e_mail", "", "Email"),
];

fn check_group(vector: (&str, &str, &str, &str), grouping: Grouping) {
    let (source, medium, campaign, expected) = vector;
    let (channel, rule) = group(Some(source), Some(medium), Some(campaign), grouping);
    assert_eq!(channel, expected, "{vector:?} {grouping:?} by {rule}");
}

/// Checks channel, source and medium; an absent text is empty.
fn check(signals: Signals<'_>, channel: &str, source: &str, medium: &str) -> Touch {
    let touch = classify(&signals);
    let found = (
        touch.channel.as_ref(),
        touch.source.as_deref().unwrap_or(""),
        touch.medium.as_deref().unwrap_or(""),
    );
    assert_eq!(found, (channel, source, medium), "{signals:?} by {}", touch.rule);
    touch
}

fn referrer(url: &str) -> Signals<'_> {
    let landing_page = Some("https://www.acme.co.uk/pricing");
    Signals { referrer: Some(url), landing_page, ..Signals::default() }
}

fn landing(url: &str) -> Signals<'_> {
    Signals { landing_page: Some(url), ..Signals::default() }
}

fn utm<'a>(source: &'a str, medium: &'a str) -> Signals<'a> {
    Signals { utm_source: Some(source), utm_medium: Some(medium), ..Signals::default() }
}

#[test]
fn the_table_gives_the_published_channels() {
    for vector in GA4_VECTORS.iter().chain(MORE_ROWS) {
        check_group(*vector, Grouping::Default);
        check_group(*vector, Grouping::Ga4Strict);
    }
}

#[test]
fn absent_everything_is_direct() {
    assert_eq!(group(None, None, None, Grouping::Default), ("Direct", "direct"));
    assert_eq!(group(None, None, None, Grouping::Ga4Strict), ("Direct", "direct"));
}

#[test]
fn the_groupings_differ_where_they_say() {
    let check = |source, by_default, by_ga4| {
        assert_eq!(group(Some(source), None, None, Grouping::Default).0, by_default, "{source}");
        assert_eq!(group(Some(source), None, None, Grouping::Ga4Strict).0, by_ga4, "{source}");
    };
    check("chatgpt.com", "AI Assistant", "Unassigned");
    check("perplexity", "AI Assistant", "Unassigned");
    check("www.google.co.uk", "Organic Search", "Unassigned");
    check("uk.linkedin.com", "Organic Social", "Unassigned");
    check("mastodon.social", "Organic Social", "Unassigned");
    check("google_ads", "Paid Search", "Unassigned");
    check("linkedin", "Organic Social", "Organic Social");
}

#[test]
fn channels_stand_in_the_order_of_the_table() {
    let default_rows = RULES.iter().filter(|rule| rule.name != "ai_assistant_ga4");
    let mut channels: Vec<&str> = default_rows.map(|rule| rule.channel).collect();
    channels.dedup();
    assert_eq!(channels, CHANNELS);
    let mut names: Vec<&str> = RULES.iter().map(|rule| rule.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), RULES.len());
}

#[test]
fn tags_decide_before_all_else() {
    let both = Signals { utm_campaign: Some("Spring"), gclid: Some("x"), ..utm("Mail", "Email") };
    let touch = check(both, "Email", "mail", "email");
    assert_eq!(touch.campaign.as_deref(), Some("spring"));
    assert_eq!((touch.click_id.as_deref(), touch.click_id_type), (Some("x"), Some("gclid")));
    check(utm("linkedin", "paid_social"), "Paid Social", "linkedin", "paid_social");
    check(utm("news%20letter", "E%2Dmail"), "Email", "news letter", "e-mail");
    check(utm("null", "(not set)"), "Direct", "", "");
    check(utm("undefined", " "), "Direct", "", "");
    check(utm("(direct)", "(none)"), "Direct", "(direct)", "");
    check(utm("chatgpt.com", ""), "AI Assistant", "chatgpt.com", "");
}

#[test]
fn tags_of_the_landing_page_fill_in() {
    let url = "https://acme.com/?UTM_Source=Google&amp;utm_medium=paid+search&utm_campaign=a%20b#x";
    let touch = check(landing(url), "Paid Search", "google", "paid search");
    assert_eq!(touch.campaign.as_deref(), Some("a b"));
    let payload = Signals { utm_source: Some("bing"), ..landing(url) };
    check(payload, "Paid Search", "bing", "paid search");
    check(landing("https://acme.com/#?utm_source=x"), "Direct", "", "");
}

#[test]
fn a_campaign_alone_is_not_direct() {
    let campaign = Signals { utm_campaign: Some("spring"), ..Signals::default() };
    check(campaign, "Unassigned", "", "");
    let with_referrer = Signals { referrer: Some("https://www.google.com/"), ..campaign };
    check(with_referrer, "Organic Search", "google", "organic");
    let with_click = Signals { gclid: Some("x"), ..campaign };
    check(with_click, "Paid Search", "google", "cpc");
}

#[test]
fn click_ids_without_tags() {
    let check = |query: &str, channel, source, medium, key| {
        let url = format!("https://acme.com/?a=b&{query}");
        let touch = check(landing(&url), channel, source, medium);
        assert_eq!((touch.click_id.as_deref(), touch.click_id_type), (Some("Ab_1"), Some(key)));
    };
    for key in ["gclid", "gbraid", "wbraid", "gclsrc", "gad_source", "gad_campaignid"] {
        check(&format!("{key}=Ab_1"), "Paid Search", "google", "cpc", key);
    }
    check("GCLID=Ab_1", "Paid Search", "google", "cpc", "gclid");
    check("fbclid=z&gclid=Ab_1", "Paid Search", "google", "cpc", "gclid");
    check("dclid=Ab_1", "Display", "google", "display", "dclid");
    check("msclkid=Ab_1", "Paid Search", "bing", "cpc", "msclkid");
    check("yclid=Ab_1", "Paid Search", "yandex", "cpc", "yclid");
    check("li_fat_id=Ab_1", "Paid Social", "linkedin", "cpc", "li_fat_id");
    check("ttclid=Ab_1", "Paid Social", "tiktok", "cpc", "ttclid");
    check("twclid=Ab_1", "Paid Social", "twitter", "cpc", "twclid");
    check("rdt_cid=Ab_1", "Paid Social", "reddit", "cpc", "rdt_cid");
    check("epik=Ab_1", "Paid Social", "pinterest", "cpc", "epik");
    check("ScCid=Ab_1", "Paid Social", "snapchat", "cpc", "sccid");
    check("qclid=Ab_1", "Paid Social", "quora", "cpc", "qclid");
    check("ob_click_id=Ab_1", "Paid Other", "outbrain", "cpc", "ob_click_id");
    check("irclid=Ab_1", "Affiliates", "impact", "affiliate", "irclid");
    check("_kx=Ab_1", "Email", "klaviyo", "email", "_kx");
    check("mc_cid=Ab_1", "Email", "mailchimp", "email", "mc_cid");
    check("mc_eid=Ab_1", "Email", "mailchimp", "email", "mc_eid");
    check("fbclid=Ab_1", "Organic Social", "facebook", "social", "fbclid");
    check("igshid=Ab_1", "Organic Social", "instagram", "social", "igshid");
}

#[test]
fn click_ids_of_the_payload() {
    let gclid = Signals { gclid: Some(" Cj0%4B "), ..Signals::default() };
    let touch = check(gclid, "Paid Search", "google", "cpc");
    assert_eq!(touch.click_id.as_deref(), Some("Cj0K"));
    let fbclid = Signals { fbclid: Some("Iw"), ..Signals::default() };
    check(fbclid, "Organic Social", "facebook", "social");
    let instagram = Signals { referrer: Some("https://l.instagram.com/"), ..fbclid };
    check(instagram, "Organic Social", "instagram", "social");
    let elsewhere = Signals { referrer: Some("https://blog.example/"), ..fbclid };
    check(elsewhere, "Organic Social", "facebook", "social");
    check(Signals { gclid: Some("null"), ..Signals::default() }, "Direct", "", "");
}

#[test]
fn a_click_id_fills_a_missing_medium() {
    let google = Signals { utm_source: Some("google"), gclid: Some("x"), ..Signals::default() };
    check(google, "Paid Search", "google", "cpc");
    let unknown = Signals { utm_source: Some("partner"), ..google };
    check(unknown, "Paid Other", "partner", "cpc");
    let unpaid = Signals { utm_source: Some("fb"), fbclid: Some("x"), ..Signals::default() };
    check(unpaid, "Organic Social", "fb", "");
    let paid = Signals { utm_medium: Some("cpc"), fbclid: Some("x"), ..Signals::default() };
    check(paid, "Paid Social", "facebook", "cpc");
    let mail = Signals { utm_medium: Some("email"), ..referrer("https://www.linkedin.com/") };
    check(mail, "Email", "", "email");
}

#[test]
fn referrers() {
    let check = |url, channel, source, medium| check(referrer(url), channel, source, medium);
    check("https://www.google.com/", "Organic Search", "google", "organic");
    check("https://www.google.com.br/search?q=x", "Organic Search", "google", "organic");
    check("https://duckduckgo.com/", "Organic Search", "duckduckgo", "organic");
    check("https://www.bing.com/search?q=x", "Organic Search", "bing", "organic");
    check("https://drive.google.com/file", "Referral", "drive.google.com", "referral");
    check("https://www.linkedin.com/", "Organic Social", "linkedin", "referral");
    check("https://t.co/abc", "Organic Social", "twitter", "referral");
    check("https://x.com/someone", "Organic Social", "twitter", "referral");
    check("https://news.ycombinator.com/", "Organic Social", "news.ycombinator.com", "referral");
    check("https://www.youtube.com/watch?v=x", "Organic Video", "youtube", "referral");
    check("https://www.amazon.de/", "Organic Shopping", "amazon", "referral");
    check("https://mail.google.com/", "Email", "gmail", "email");
    check("https://mail.initech.example/", "Email", "mail.initech.example", "email");
    check("https://eur01.safelinks.protection.outlook.com/?url=x", "Email", "outlook", "email");
    check("https://ad.doubleclick.net/x", "Paid Other", "doubleclick", "paid");
    check("https://www.googleadservices.com/pagead", "Paid Search", "google", "paid");
    check("https://Blog.Example.org/post", "Referral", "blog.example.org", "referral");
    check("not a url", "Direct", "", "");
    check("$direct", "Direct", "", "");
}

#[test]
fn referrers_that_are_ai_assistants() {
    for (url, source) in [
        ("https://chatgpt.com/", "chatgpt"),
        ("https://chat.openai.com/", "chatgpt"),
        ("https://www.perplexity.ai/search", "perplexity"),
        ("https://claude.ai/", "claude"),
        ("https://gemini.google.com/app", "gemini"),
        ("https://copilot.microsoft.com/", "copilot"),
        ("https://www.bing.com/chat?q=x", "copilot"),
        ("https://x.com/i/grok", "grok"),
        ("https://chat.deepseek.com/", "deepseek"),
        ("android-app://com.openai.chatgpt/", "chatgpt"),
    ] {
        check(referrer(url), "AI Assistant", source, "ai-assistant");
        let strict = Channels { grouping: Grouping::Ga4Strict, rules: vec![] };
        assert_eq!(strict.classify(&referrer(url)).channel, "AI Assistant");
    }
}

#[test]
fn referrers_that_are_apps() {
    let check = |url, channel, source, medium| check(referrer(url), channel, source, medium);
    check("android-app://com.linkedin.android/", "Organic Social", "linkedin", "referral");
    check("android-app://com.linkedin.android", "Organic Social", "linkedin", "referral");
    check("android-app://com.google.android.gm/", "Email", "gmail", "email");
    check(
        "android-app://com.google.android.googlequicksearchbox/https/www.google.com",
        "Organic Search",
        "google",
        "organic",
    );
    check("android-app://com.Slack/", "Referral", "slack", "app");
    check("android-app://org.example.reader/", "Referral", "org.example.reader", "app");
    check("android-app://com.android.chrome/", "Direct", "", "");
}

#[test]
fn referrers_that_are_no_origin() {
    for url in [
        "https://acme.co.uk/",
        "https://blog.acme.co.uk/post",
        "http://WWW.ACME.CO.UK:8080",
        "https://checkout.stripe.com/pay",
        "https://www.paypal.com/",
        "https://calendly.com/dana/30min",
        "https://acme.okta.com/login",
        "https://accounts.google.com/o/oauth2",
        "https://login.microsoftonline.com/",
    ] {
        check(referrer(url), "Direct", "", "");
    }
    check(referrer("https://initech.co.uk/"), "Referral", "initech.co.uk", "referral");
}

#[test]
fn patterns_match_as_their_expressions_do() {
    for medium in ["cpc", "cpm", "xcpv", "ppc", "retargeting", "paid", "paid social"] {
        assert!(is_paid_medium(medium), "{medium}");
    }
    for medium in ["", "ppcx", "unpaid", "retargeting-2", "organic"] {
        assert!(!is_paid_medium(medium), "{medium}");
    }
    for campaign in
        ["shop", "eshop", "my-shop", "2shop", "shopping", "windowshopping", "workshop shop"]
    {
        assert!(is_shop_campaign(campaign), "{campaign}");
    }
    for campaign in ["", "workshop", "barbershop", "photoshop", "sho"] {
        assert!(!is_shop_campaign(campaign), "{campaign}");
    }
    for text in ["email", "e-mail", "e_mail", "e mail", "the email list"] {
        assert!(says_email(text), "{text}");
    }
    for text in ["", "mail", "e--mail", "gmail", "e"] {
        assert!(!says_email(text), "{text}");
    }
}

proptest! {
    #[test]
    fn no_evidence_panics(
        source in any::<Option<String>>(),
        medium in any::<Option<String>>(),
        campaign in any::<Option<String>>(),
        query in ".*",
        host in ".*",
    ) {
        let landing_page = format!("https://acme.com/?{query}");
        for referrer in [host.clone(), format!("https://{host}"), format!("android-app://{host}")] {
            let touch = classify(&Signals {
                utm_term: None,
                utm_content: None,
                utm_source: source.as_deref(),
                utm_medium: medium.as_deref(),
                utm_campaign: campaign.as_deref(),
                gclid: Some(&query),
                fbclid: Some(&host),
                landing_page: Some(&landing_page),
                referrer: Some(&referrer),
            });
            assert!(CHANNELS.contains(&touch.channel.as_ref()));
            let alone = Signals { referrer: Some(&referrer), ..Signals::default() };
            assert!(CHANNELS.contains(&classify(&alone).channel.as_ref()));
        }
    }

    #[test]
    fn a_touch_is_grouped_as_its_own_fields(host in "([a-z]{1,8}\\.){1,3}(com|de|co\\.uk)") {
        let url = format!("https://{host}/");
        let touch = classify(&referrer(&url));
        let (source, medium) = (touch.source.as_deref(), touch.medium.as_deref());
        let regrouped = group(source, medium, touch.campaign.as_deref(), Grouping::Default);
        assert_eq!(regrouped, (touch.channel.as_ref(), touch.rule.as_ref()));
    }
}
