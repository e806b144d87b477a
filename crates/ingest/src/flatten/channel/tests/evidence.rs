//! What advertisers' tags, click ids and odd hosts say together: cases in which Google's table alone
//! goes wrong, seen in other projects' suites.

use super::super::{Channels, Grouping, Signals, classify, group};
use super::{check, landing, referrer, utm};

/// Media that Google's, Microsoft's, `LinkedIn`'s and `TikTok`'s advertisers were seen to use, and
/// media that name another channel.
#[test]
fn an_ads_click_id_makes_a_visit_paid_unless_the_medium_names_another_channel() {
    let alone = check;
    let check = |query: &str, source, medium, channel| {
        let url = format!("https://acme.com/?utm_source={source}&utm_medium={medium}&{query}=Ab_1");
        check(landing(&url), channel, source, medium);
        let strict = Channels { grouping: Grouping::Ga4Strict, rules: vec![] };
        let by_tags = group(Some(source), Some(medium), None, Grouping::Ga4Strict).0;
        assert_eq!(strict.classify(&landing(&url)).channel, by_tags, "{url}");
    };
    for medium in [
        "pmax",
        "performance-max",
        "sem",
        "ads",
        "adwords",
        "search",
        "demandgen",
        "google-ads",
        "text",
    ] {
        check("gclid", "google", medium, "Paid Search");
        check("gad_source", "google", medium, "Paid Search");
        check("gclid", "youtube", medium, "Paid Video");
    }
    check("msclkid", "bing", "sem", "Paid Search");
    for medium in ["ads", "sponsored", "boosted", "promo"] {
        check("li_fat_id", "linkedin", medium, "Paid Social");
    }
    check("ttclid", "tiktok", "ads", "Paid Social");
    check("gclid", "partner", "pmax", "Paid Other");
    check("dclid", "google", "dfa", "Display");
    for (medium, channel) in [
        ("email", "Email"),
        ("affiliate", "Affiliates"),
        ("sms", "SMS"),
        ("audio", "Audio"),
        ("push", "Mobile Push Notifications"),
        ("organic", "Organic Search"),
        ("banner", "Display"),
    ] {
        check("gclid", "partner", medium, channel);
    }
    check("gclid", "google", "banner", "Display");
    for unproven in ["fbclid", "igshid"] {
        check(unproven, "facebook", "sponsored", "Organic Social");
    }
    let medium_alone = landing("https://acme.com/?utm_medium=pmax&gclid=Ab_1");
    alone(medium_alone, "Paid Search", "google", "pmax");
}

#[test]
fn spend_lies_on_the_channel_of_the_visits_that_it_brings() {
    let channels = Channels::default();
    for (source, medium, channel) in [
        ("google", "pmax", "Paid Search"),
        ("linkedin", "sponsored", "Paid Social"),
        ("partner", "banner", "Display"),
        ("google", "cpc", "Paid Search"),
        ("newsletter", "email", "Email"),
    ] {
        let spend = channels.classify_spend(&utm(source, medium));
        let visit = channels.classify(&Signals { gclid: Some("Ab_1"), ..utm(source, medium) });
        assert_eq!((spend.channel.as_ref(), visit.channel.as_ref()), (channel, channel));
    }
}

/// Google's own list goes before any medium, as Google has it; our additions do not.
#[test]
fn an_added_source_gives_way_to_a_medium_that_says_how_a_link_was_sent() {
    for source in ["substack", "telegram", "discord", "github", "chatgpt"] {
        for (medium, channel) in [
            ("email", "Email"),
            ("e-mail", "Email"),
            ("sms", "SMS"),
            ("affiliate", "Affiliates"),
            ("audio", "Audio"),
            ("web_push", "Mobile Push Notifications"),
        ] {
            check(utm(source, medium), channel, source, medium);
        }
    }
    check(utm("facebook", "email"), "Organic Social", "facebook", "email");
    check(utm("substack", "newsletter"), "Organic Social", "substack", "newsletter");
}

#[test]
fn a_referrer_tells_what_kind_of_ad_googles_click_id_stands_for() {
    let check = |url, channel, source, medium| {
        check(Signals { gclid: Some("x"), ..referrer(url) }, channel, source, medium);
    };
    check("https://www.youtube.com/", "Paid Video", "youtube", "cpc");
    check("android-app://com.google.android.youtube/", "Paid Video", "youtube", "cpc");
    check("https://googleads.g.doubleclick.net/", "Display", "google", "display");
    check("https://tpc.googlesyndication.com/", "Display", "google", "display");
    check("https://www.google.de/", "Paid Search", "google", "cpc");
    check("https://blog.example/", "Paid Search", "google", "cpc");
}

/// Hosts of other projects' lists: Matomo's, Snowplow's, Plausible's and Umami's.
#[test]
fn referrers_of_webmail_and_of_numbered_search_servers() {
    let channel = |host: &str| classify(&referrer(&format!("https://{host}/x"))).channel;
    for host in [
        "deref-gmx.net",
        "deref-gmx.fr",
        "lightmailer-bs.gmx.net",
        "deref-1und1-02.de",
        "deref-web-02.de",
        "email.ionos.de",
        "mailbusiness.ionos.co.uk",
        "3c-bap.web.de",
        "mail01.orange.fr",
        "wmail.orange.fr",
        "email.bluewin.ch",
        "upcmail.hispeed.ch",
        "us-mg6.yom.mail.yahoo.net",
        "email.telstra.com",
        "touch.mail.ru",
        "proton.me",
        "webmail2.example.org",
    ] {
        assert_eq!(channel(host), "Email", "{host}");
    }
    for host in [
        "encrypted.google.com",
        "www2.google.com",
        "ipv6.google.com",
        "us.yhs4.search.yahoo.com",
        "s2-eu4.startpage.com",
        "s13-us4.ixquick.com",
        "clck.yandex.ru",
        "clck.yandex.com.tr",
    ] {
        assert_eq!(channel(host), "Organic Search", "{host}");
    }
    assert_eq!(channel("pplx.ai"), "AI Assistant");
    assert_eq!(channel("fb.com"), "Organic Social");
    for host in
        ["statics.teams.cdn.office.net", "teams.microsoft.com", "mailtrap.io", "support.google.com"]
    {
        assert_eq!(channel(host), "Referral", "{host}");
    }
}
