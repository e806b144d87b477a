//! Browsers, crawlers and scripts, by what they send as user agent.

/// The kind of device a browser runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Device {
    /// A desktop or laptop computer.
    Desktop,
    /// A telephone.
    Mobile,
    /// A tablet.
    Tablet,
}

/// A browser people use.
#[derive(Debug)]
pub(crate) struct Browser {
    /// How often it is met, relative to the others.
    pub(crate) weight: u32,
    /// The device it runs on.
    pub(crate) device: Device,
    /// Its user agent; `{v}` stands for the major version.
    pub(crate) user_agent: &'static str,
    /// The first and last major version in use.
    pub(crate) versions: (i64, i64),
}

/// A program that visits by itself.
#[derive(Debug)]
pub(crate) struct Crawler {
    /// Its user agent.
    pub(crate) user_agent: &'static str,
    /// Its category if the edge network knows and verifies it.
    pub(crate) verified_category: Option<&'static str>,
}

/// Browsers and how often they are met.
pub(crate) const BROWSERS: &[Browser] = &[
    Browser {
        weight: 300,
        device: Device::Desktop,
        user_agent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{v}.0.0.0 Safari/537.36",
        versions: (138, 146),
    },
    Browser {
        weight: 210,
        device: Device::Desktop,
        user_agent: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{v}.0.0.0 Safari/537.36",
        versions: (138, 146),
    },
    Browser {
        weight: 90,
        device: Device::Desktop,
        user_agent: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/{v}.1 Safari/605.1.15",
        versions: (17, 19),
    },
    Browser {
        weight: 110,
        device: Device::Desktop,
        user_agent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{v}.0.0.0 Safari/537.36 Edg/{v}.0.0.0",
        versions: (138, 146),
    },
    Browser {
        weight: 45,
        device: Device::Desktop,
        user_agent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:{v}.0) Gecko/20100101 Firefox/{v}.0",
        versions: (140, 148),
    },
    Browser {
        weight: 25,
        device: Device::Desktop,
        user_agent: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:{v}.0) Gecko/20100101 Firefox/{v}.0",
        versions: (140, 148),
    },
    Browser {
        weight: 40,
        device: Device::Desktop,
        user_agent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{v}.0.0.0 Safari/537.36",
        versions: (138, 146),
    },
    Browser {
        weight: 20,
        device: Device::Desktop,
        user_agent: "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:{v}.0) Gecko/20100101 Firefox/{v}.0",
        versions: (140, 148),
    },
    Browser {
        weight: 8,
        device: Device::Desktop,
        user_agent: "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{v}.0.0.0 Safari/537.36",
        versions: (138, 144),
    },
    Browser {
        weight: 8,
        device: Device::Desktop,
        user_agent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{v}.0.0.0 Safari/537.36 OPR/125.0.0.0",
        versions: (140, 144),
    },
    Browser {
        weight: 95,
        device: Device::Mobile,
        user_agent: "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/{v}.6 Mobile/15E148 Safari/604.1",
        versions: (18, 19),
    },
    Browser {
        weight: 70,
        device: Device::Mobile,
        user_agent: "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{v}.0.0.0 Mobile Safari/537.36",
        versions: (136, 146),
    },
    Browser {
        weight: 18,
        device: Device::Mobile,
        user_agent: "Mozilla/5.0 (Linux; Android 14; SAMSUNG SM-S921B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/{v}.0 Chrome/136.0.0.0 Mobile Safari/537.36",
        versions: (27, 29),
    },
    Browser {
        weight: 14,
        device: Device::Mobile,
        user_agent: "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 [LinkedInApp]/9.31.{v}",
        versions: (2210, 2390),
    },
    Browser {
        weight: 12,
        device: Device::Mobile,
        user_agent: "Mozilla/5.0 (Linux; Android 14; Pixel 8 Build/AP2A.240805.005; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/{v}.0.0.0 Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/520.0.0.40.101;]",
        versions: (138, 145),
    },
    Browser {
        weight: 6,
        device: Device::Mobile,
        user_agent: "Mozilla/5.0 (Android 14; Mobile; rv:{v}.0) Gecko/{v}.0 Firefox/{v}.0",
        versions: (140, 148),
    },
    Browser {
        weight: 24,
        device: Device::Tablet,
        user_agent: "Mozilla/5.0 (iPad; CPU OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/{v}.6 Mobile/15E148 Safari/604.1",
        versions: (17, 19),
    },
    Browser {
        weight: 9,
        device: Device::Tablet,
        user_agent: "Mozilla/5.0 (Linux; Android 13; SM-X200) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{v}.0.0.0 Safari/537.36",
        versions: (136, 145),
    },
];

/// Crawlers, scripts and headless browsers.
pub(crate) const CRAWLERS: &[Crawler] = &[
    Crawler {
        user_agent: "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Googlebot/2.1; +http://www.google.com/bot.html) Chrome/143.0.0.0 Safari/537.36",
        verified_category: Some("Search Engine Crawler"),
    },
    Crawler {
        user_agent: "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
        verified_category: Some("Search Engine Crawler"),
    },
    Crawler {
        user_agent: "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko); compatible; GPTBot/1.2; +https://openai.com/gptbot",
        verified_category: Some("AI Crawler"),
    },
    Crawler {
        user_agent: "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; ClaudeBot/1.0; +claudebot@anthropic.com)",
        verified_category: Some("AI Crawler"),
    },
    Crawler {
        user_agent: "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
        verified_category: Some("Search Engine Optimization"),
    },
    Crawler {
        user_agent: "Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)",
        verified_category: Some("Search Engine Crawler"),
    },
    Crawler {
        user_agent: "LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)",
        verified_category: Some("Page Preview"),
    },
    Crawler {
        user_agent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/144.0.0.0 Safari/537.36",
        verified_category: None,
    },
    Crawler {
        user_agent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/109.0.0.0 Safari/537.36",
        verified_category: None,
    },
    Crawler { user_agent: "python-requests/2.32.3", verified_category: None },
    Crawler { user_agent: "Go-http-client/2.0", verified_category: None },
    Crawler {
        user_agent: "Mozilla/5.0 (compatible; SiteProbe/3.1; +https://probe.uptime-lantern.com)",
        verified_category: None,
    },
];

/// Screens of desktop computers: width and height in pixels.
pub(crate) const DESKTOP_SCREENS: &[(i64, i64)] = &[
    (1920, 1080),
    (1920, 1080),
    (1440, 900),
    (1536, 864),
    (1366, 768),
    (2560, 1440),
    (1512, 982),
    (1728, 1117),
    (3840, 2160),
    (1680, 1050),
];

/// Screens of telephones: width and height in pixels.
pub(crate) const MOBILE_SCREENS: &[(i64, i64)] =
    &[(390, 844), (393, 852), (430, 932), (360, 800), (412, 915), (384, 832)];

/// Screens of tablets: width and height in pixels.
pub(crate) const TABLET_SCREENS: &[(i64, i64)] = &[(820, 1180), (1024, 1366), (800, 1280)];
