//! Browser, operating system and device of a user agent.
//!
//! Parsing is the woothee library's; this file turns its answers into our words and remembers
//! them, since a site sees few user agents many times.

use std::collections::HashMap;
use std::sync::Arc;

use woothee::parser::Parser;

/// Answers are remembered for this many user agents.
const CACHE_ENTRIES_MAX: usize = 4096;
/// What stands behind this many bytes of a user agent is not read, nor remembered.
const TEXT_BYTES_MAX: usize = 1024;
/// What the library says when it does not know.
const UNKNOWN: &str = "UNKNOWN";

/// What a user agent says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Agent {
    /// The browser's name, or the crawler's.
    pub browser: Option<String>,
    /// The operating system's name.
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
#[derive(Default)]
pub struct Agents {
    parser: Parser,
    known: HashMap<String, Arc<Agent>>,
}

impl std::fmt::Debug for Agents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Agents").field("n_known", &self.known.len()).finish_non_exhaustive()
    }
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
        let agent = Arc::new(parse(&self.parser, text));
        self.known.insert(text.to_owned(), Arc::clone(&agent));
        agent
    }
}

fn parse(parser: &Parser, text: &str) -> Agent {
    let Some(found) = parser.parse(text) else { return Agent::default() };
    let known = |name: &str| (name != UNKNOWN && !name.is_empty()).then(|| name.to_owned());
    let device = match found.category {
        "pc" => Some("desktop"),
        "smartphone" | "mobilephone" if is_tablet(text) => Some("tablet"),
        "smartphone" | "mobilephone" => Some("mobile"),
        "crawler" => Some("bot"),
        "appliance" | "misc" => Some("other"),
        _ => None,
    };
    Agent { browser: known(found.name), os: known(found.os), device }
}

/// Tablets say so: iPads by name, Android's by the absence of `Mobile`.
fn is_tablet(text: &str) -> bool {
    text.contains("iPad")
        || text.contains("Tablet")
        || (text.contains("Android") && !text.contains("Mobile"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, browser: &str, os: &str, device: &str) {
        let agent = Agents::default().get(text);
        let got = (agent.browser.as_deref(), agent.os.as_deref(), agent.device);
        assert_eq!(got, (Some(browser), Some(os), Some(device)), "{text}");
    }

    #[test]
    fn well_known_user_agents_are_recognised() {
        let windows = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 \
                       (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36";
        check(windows, "Chrome", "Windows 10", "desktop");
        let iphone = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 \
                      (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1";
        check(iphone, "Safari", "iPhone", "mobile");
        let ipad = "Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 \
                    (KHTML, like Gecko) Version/16.6 Mobile/15E148 Safari/604.1";
        check(ipad, "Safari", "iPad", "tablet");
        let tablet = "Mozilla/5.0 (Linux; Android 13; SM-X906C) AppleWebKit/537.36 \
                      (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36";
        check(tablet, "Chrome", "Android", "tablet");
    }

    #[test]
    fn crawlers_are_bots_and_the_unknown_stays_unknown() {
        let google = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";
        assert!(Agents::default().get(google).is_crawler());
        assert_eq!(*Agents::default().get("something else"), Agent::default());
        assert_eq!(*Agents::default().get(""), Agent::default());
    }
}
