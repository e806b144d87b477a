//! Browser, operating system and device of a user agent.
//!
//! Browsers and systems are told by the rules of the ua-parser project, crawlers by the patterns of
//! crawler-user-agents; `.ci/lists` renews both. What kind of device it is follows from the system
//! and from words that browsers write for that purpose. Answers are remembered, since a site sees
//! few user agents many times.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use regex::Regex;
use ua_parser::{Regexes, os, user_agent};

/// Answers are remembered for this many user agents.
const CACHE_ENTRIES_MAX: usize = 4096;
/// What stands behind this many bytes of a user agent is not read, nor remembered.
const TEXT_BYTES_MAX: usize = 1024;

/// In-app browsers that the rules lack: how they name themselves, and what people call them.
const IN_APP: [(&str, &str); 6] = [
    ("LinkedInApp", "LinkedIn"),
    ("BytedanceWebview", "TikTok"),
    ("musical_ly", "TikTok"),
    ("MicroMessenger/", "WeChat"),
    (" GSA/", "Google"),
    (" Teams/", "Microsoft Teams"),
];
/// A view within some app, as the rules call it.
const WEB_VIEW: &str = "Mobile Safari UI/WKWebView";

/// Systems of computers, besides Windows' and those that end in `BSD`.
const DESKTOP: [&str; 14] = [
    "Mac OS X",
    "Mac OS",
    "Linux",
    "Chrome OS",
    "Ubuntu",
    "Kubuntu",
    "Debian",
    "Fedora",
    "Red Hat",
    "CentOS",
    "Linux Mint",
    "Gentoo",
    "openSUSE",
    "Solaris",
];
/// What user agents of televisions and of boxes beside them say.
const TELEVISION: [&str; 9] = [
    "SMART-TV",
    "SmartTV",
    "Smart TV",
    "AppleTV",
    "Apple TV",
    "Android TV",
    "GoogleTV",
    "CrKey",
    "Roku",
];

static RULES: LazyLock<Rules> = LazyLock::new(Rules::new);

/// What a user agent says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Agent {
    /// The browser's name, or the crawler's.
    pub browser: Option<String>,
    /// The operating system's name; of Windows with its version.
    pub os: Option<String>,
    /// `desktop`, `mobile`, `tablet`, `bot` or `other`; `None` if unknown.
    pub device: Option<&'static str>,
}

impl Agent {
    /// Whether the user agent says that it is a crawler.
    #[must_use]
    pub fn is_crawler(&self) -> bool {
        self.device == Some("bot")
    }
}

/// Parses user agents and remembers the answers.
#[derive(Debug, Default)]
pub struct Agents {
    known: HashMap<String, Arc<Agent>>,
}

impl Agents {
    /// Reads a user agent.
    pub fn get(&mut self, text: &str) -> Arc<Agent> {
        let text = &text[..text.floor_char_boundary(TEXT_BYTES_MAX)];
        if let Some(agent) = self.known.get(text) {
            return Arc::clone(agent);
        }
        if self.known.len() >= CACHE_ENTRIES_MAX {
            self.known.clear();
        }
        let agent = Arc::new(RULES.read(text));
        self.known.insert(text.to_owned(), Arc::clone(&agent));
        agent
    }
}

/// The lists, compiled.
struct Rules {
    browsers: user_agent::Extractor<'static>,
    systems: os::Extractor<'static>,
    crawlers: Regex,
}

impl Rules {
    fn new() -> Self {
        const VALID: &str = "the lists of this folder can be read";

        let rules: Regexes<'static> =
            serde_json::from_str(include_str!("user_agent/browsers.json")).expect(VALID);
        let mut browsers = user_agent::Builder::new();
        for rule in rules.user_agent_parsers {
            browsers = browsers.push(rule).expect(VALID);
        }
        let mut systems = os::Builder::new();
        for rule in rules.os_parsers {
            systems = systems.push(rule).expect(VALID);
        }
        let crawlers: Vec<&str> = include_str!("user_agent/crawlers.txt")
            .lines()
            .filter(|line| !line.starts_with('#'))
            .collect();
        Self {
            browsers: browsers.build().expect(VALID),
            systems: systems.build().expect(VALID),
            crawlers: Regex::new(&crawlers.join("|")).expect(VALID),
        }
    }

    fn read(&self, text: &str) -> Agent {
        let system = self.systems.extract(text);
        let os =
            system.as_ref().map(|system| match (system.os.as_ref(), system.major.as_deref()) {
                // The list's word for a version that it does not know.
                ("Windows", None | Some("NT")) => "Windows".to_owned(),
                ("Windows", Some(version)) => format!("Windows {version}"),
                (name, _) => name.to_owned(),
            });
        let in_app = IN_APP.iter().find(|(mark, _)| text.contains(mark));
        let browser = match in_app {
            Some((_, name)) => Some((*name).to_owned()),
            None => self.browsers.extract(text).map(|browser| match browser.family.as_ref() {
                WEB_VIEW => "Mobile Safari".to_owned(),
                name => name.to_owned(),
            }),
        };
        let device = if self.crawlers.is_match(text) {
            Some("bot")
        } else {
            system.map(|system| device(&system.os, text))
        };
        Agent { browser, os, device }
    }
}

fn device(system: &str, text: &str) -> &'static str {
    if TELEVISION.iter().any(|mark| text.contains(mark)) {
        return "other";
    }
    // Tablets say so: iPads by name, Android's by the absence of `Mobile`.
    let is_mobile = text.contains("Mobile") || text.contains("Phone");
    if text.contains("iPad") || text.contains("Tablet") || (system == "Android" && !is_mobile) {
        return "tablet";
    }
    match system {
        "Windows Phone" | "Windows Mobile" | "Windows CE" => "mobile",
        _ if system.starts_with("Windows") || system.ends_with("BSD") => "desktop",
        _ if DESKTOP.contains(&system) => "desktop",
        "iOS" => "mobile",
        _ if is_mobile => "mobile",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, browser: &str, os: &str, device: &str) {
        let agent = Agents::default().get(text);
        let got = (agent.browser.as_deref(), agent.os.as_deref(), agent.device);
        assert_eq!(got, (Some(browser), Some(os), Some(device)), "{text}");
    }

    /// User agents as the browsers' makers document them.
    #[test]
    fn well_known_user_agents_are_recognised() {
        const APPLE: &str = "AppleWebKit/605.1.15 (KHTML, like Gecko)";
        const CHROME: &str = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0";
        let windows = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)";
        check(&format!("{windows} {CHROME} Safari/537.36"), "Chrome", "Windows 10", "desktop");
        let edge = format!("{windows} {CHROME} Safari/537.36 Edg/131.0.0.0");
        check(&edge, "Edge", "Windows 10", "desktop");
        let firefox =
            "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0";
        check(firefox, "Firefox", "Ubuntu", "desktop");
        let book = format!("Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {CHROME} Safari/537.36");
        check(&book, "Chrome", "Chrome OS", "desktop");
        let mac = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)";
        let safari = format!("{mac} {APPLE} Version/17.5 Safari/605.1.15");
        check(&safari, "Safari", "Mac OS X", "desktop");
        let iphone = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X)";
        let safari = format!("{iphone} {APPLE} Version/17.5 Mobile/15E148 Safari/604.1");
        check(&safari, "Mobile Safari", "iOS", "mobile");
        let ipad = "Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X)";
        let safari = format!("{ipad} {APPLE} Version/16.6 Mobile/15E148 Safari/604.1");
        check(&safari, "Mobile Safari", "iOS", "tablet");
        let tablet = format!("Mozilla/5.0 (Linux; Android 13; SM-X906C) {CHROME} Safari/537.36");
        check(&tablet, "Chrome", "Android", "tablet");
        let phone = format!("Mozilla/5.0 (Linux; Android 10; K) {CHROME} Mobile Safari/537.36");
        check(&phone, "Chrome Mobile", "Android", "mobile");
        let television = "Mozilla/5.0 (SMART-TV; LINUX; Tizen 6.0) AppleWebKit/537.36 \
                          (KHTML, like Gecko) 76.0.3809.146/6.0 TV Safari/537.36";
        check(television, "Safari", "Tizen", "other");
    }

    #[test]
    fn browsers_within_apps_have_the_apps_name() {
        let iphone = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) \
                      AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148";
        for (mark, name) in [
            ("[LinkedInApp]/9.27.1", "LinkedIn"),
            ("Instagram 309.0.0.28.117 (iPhone14,5; iOS 17_1)", "Instagram"),
            ("[FBAN/FBIOS;FBDV/iPhone14,2;FBSN/iOS;FBSV/17.1]", "Facebook"),
            ("musical_ly_31.5.0 BytedanceWebview/d8a21c6", "TikTok"),
            ("MicroMessenger/8.0.40(0x18002831) NetType/WIFI", "WeChat"),
            ("Snapchat/12.55.0.40 (like Safari/604.1)", "Snapchat"),
            ("", "Mobile Safari"),
        ] {
            check(&format!("{iphone} {mark}"), name, "iOS", "mobile");
        }
    }

    #[test]
    fn crawlers_are_bots_and_the_unknown_stays_unknown() {
        for text in [
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; \
             +http://www.bing.com/bingbot.htm) Chrome/116.0.1938.76 Safari/537.36",
            "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; \
             +https://openai.com/gptbot)",
            "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; ClaudeBot/1.0; \
             +claudebot@anthropic.com)",
            "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; PerplexityBot/1.0; \
             +https://perplexity.ai/perplexitybot)",
            "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
            "LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)",
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) \
             HeadlessChrome/120.0.0.0 Safari/537.36",
            "curl/8.5.0",
            "python-requests/2.32.3",
        ] {
            assert!(Agents::default().get(text).is_crawler(), "{text}");
        }
        assert_eq!(*Agents::default().get("something else"), Agent::default());
        assert_eq!(*Agents::default().get(""), Agent::default());
    }
}
