//! Channels: how visits come about, what they leave in referrer and utm, and how well they sell.

/// A way visitors reach the site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Channel {
    /// Unpaid results of search engines.
    OrganicSearch,
    /// Paid results of search engines.
    PaidSearch,
    /// Paid posts in professional networks.
    LinkedInAds,
    /// Paid posts in private networks.
    MetaAds,
    /// Unpaid posts in networks.
    OrganicSocial,
    /// Newsletters and e-mail sequences.
    Email,
    /// Typed addresses and bookmarks.
    Direct,
    /// Links on other sites.
    Referral,
    /// Answers of AI assistants.
    AiAssistant,
    /// Banners, mostly shown to former visitors.
    Display,
    /// Partners paid by result.
    Affiliate,
    /// Videos, paid or not.
    Video,
    /// Podcasts, events and printed codes.
    Offline,
}

/// How often a channel is met and what it leads to.
#[derive(Debug)]
pub(crate) struct Habits {
    /// The channel.
    pub(crate) channel: Channel,
    /// Its weight for a visitor's first session.
    pub(crate) first_weight: u32,
    /// Its weight for later sessions.
    pub(crate) later_weight: u32,
    /// Conversions in a thousand sessions that come through it.
    pub(crate) converts_per_mille: u32,
    /// What it adds, in a thousand, to later sessions of the same visitor.
    pub(crate) assists_per_mille: u32,
    /// The traces it may leave.
    pub(crate) traces: &'static [Trace],
    /// Its campaigns: name and contents; empty where traffic carries none.
    pub(crate) campaigns: &'static [(&'static str, &'static [&'static str])],
}

/// What one kind of visit leaves behind.
#[derive(Debug)]
pub(crate) struct Trace {
    /// How often it is met, relative to the channel's other traces.
    pub(crate) weight: u32,
    /// The referrer.
    pub(crate) referrer: Option<&'static str>,
    /// Source and medium in utm; without them the visit carries no utm at all.
    pub(crate) utm: Option<(&'static str, &'static str)>,
    /// The name of the click id the visit carries.
    pub(crate) click_id: Option<&'static str>,
}

/// Search words, as paid search reports them.
pub(crate) const TERMS: &[&str] = &[
    "multi touch attribution",
    "b2b attribution software",
    "visitor identification",
    "{keyword:attribution}",
    "acme cloud pricing",
    "+utm +tracking",
    "アトリビューション 分析",
    "marketing attribution größe",
    "λογισμικό απόδοσης",
];

/// All channels with their habits.
pub(crate) const CHANNELS: &[Habits] = &[
    Habits {
        channel: Channel::OrganicSearch,
        first_weight: 300,
        later_weight: 120,
        converts_per_mille: 20,
        assists_per_mille: 2,
        traces: ORGANICSEARCH_TRACES,
        campaigns: &[],
    },
    Habits {
        channel: Channel::PaidSearch,
        first_weight: 130,
        later_weight: 120,
        converts_per_mille: 44,
        assists_per_mille: 14,
        traces: PAIDSEARCH_TRACES,
        campaigns: &[
            ("brand_exact_us", &["rsa_a", "rsa_b"]),
            ("nonbrand_attribution_emea", &["rsa_1", "rsa_2", "rsa_3"]),
            ("competitor-conquest", &["headline_test"]),
            ("DACH | Größe & Wachstum", &["anzeige_1", "anzeige_2"]),
            ("ブランド検索_東京", &["広告A", "広告B"]),
        ],
    },
    Habits {
        channel: Channel::LinkedInAds,
        first_weight: 80,
        later_weight: 60,
        converts_per_mille: 20,
        assists_per_mille: 8,
        traces: LINKEDINADS_TRACES,
        campaigns: &[
            ("spring_launch", &["carousel_a", "carousel_b", "video_15s"]),
            ("abm_tier1_q1", &["single_image", "lead_gen_form"]),
            ("Frühjahrsaktion Köln", &["karussell", "bild"]),
            ("導入事例キャンペーン", &["動画", "バナー"]),
        ],
    },
    Habits {
        channel: Channel::MetaAds,
        first_weight: 60,
        later_weight: 45,
        converts_per_mille: 9,
        assists_per_mille: 3,
        traces: METAADS_TRACES,
        campaigns: &[
            ("retargeting_30d", &["story", "reel_🔥", "feed"]),
            ("lookalike_1pct", &["ugc_1", "ugc_2"]),
            ("حملة الربيع", &["فيديو", "صورة"]),
        ],
    },
    Habits {
        channel: Channel::OrganicSocial,
        first_weight: 70,
        later_weight: 50,
        converts_per_mille: 8,
        assists_per_mille: 2,
        traces: ORGANICSOCIAL_TRACES,
        campaigns: &[("always_on", &["post"]), ("employee_advocacy", &["ceo_post", "team_post"])],
    },
    Habits {
        channel: Channel::Email,
        first_weight: 30,
        later_weight: 170,
        converts_per_mille: 42,
        assists_per_mille: 14,
        traces: EMAIL_TRACES,
        campaigns: &[
            ("monthly_digest_2026_01", &["header", "body_cta", "footer"]),
            ("trial_nurture_3", &["cta_1", "cta_2"]),
            ("Ενημερωτικό δελτίο", &["κουμπί"]),
            ("年末年始のご挨拶", &["本文"]),
            ("webinar follow-up & recording", &["watch"]),
        ],
    },
    Habits {
        channel: Channel::Direct,
        first_weight: 120,
        later_weight: 240,
        converts_per_mille: 22,
        assists_per_mille: 2,
        traces: DIRECT_TRACES,
        campaigns: &[],
    },
    Habits {
        channel: Channel::Referral,
        first_weight: 70,
        later_weight: 45,
        converts_per_mille: 30,
        assists_per_mille: 6,
        traces: REFERRAL_TRACES,
        campaigns: &[("marketplace_listing", &["sidebar", "top"]), ("guest_article", &["inline"])],
    },
    Habits {
        channel: Channel::AiAssistant,
        first_weight: 50,
        later_weight: 40,
        converts_per_mille: 34,
        assists_per_mille: 8,
        traces: AIASSISTANT_TRACES,
        campaigns: &[],
    },
    Habits {
        channel: Channel::Display,
        first_weight: 30,
        later_weight: 50,
        converts_per_mille: 4,
        assists_per_mille: 3,
        traces: DISPLAY_TRACES,
        campaigns: &[
            ("retargeting_pricing_visitors", &["300x250", "728x90", "160x600"]),
            ("prospecting_it", &["970x250"]),
        ],
    },
    Habits {
        channel: Channel::Affiliate,
        first_weight: 20,
        later_weight: 12,
        converts_per_mille: 26,
        assists_per_mille: 5,
        traces: AFFILIATE_TRACES,
        campaigns: &[("partner_4417", &["text_link", "banner"]), ("partner_9023", &["review"])],
    },
    Habits {
        channel: Channel::Video,
        first_weight: 25,
        later_weight: 18,
        converts_per_mille: 10,
        assists_per_mille: 3,
        traces: VIDEO_TRACES,
        campaigns: &[
            ("product_tour_60s", &["skippable", "bumper"]),
            ("tutorials", &["description"]),
        ],
    },
    Habits {
        channel: Channel::Offline,
        first_weight: 15,
        later_weight: 10,
        converts_per_mille: 18,
        assists_per_mille: 3,
        traces: OFFLINE_TRACES,
        campaigns: &[
            ("revops_radio_ep_112", &["host_read"]),
            ("messe_münchen_2026", &["stand_b4"]),
            ("東京展示会", &["パネル"]),
        ],
    },
];

const ORGANICSEARCH_TRACES: &[Trace] = &[
    trace(60, Some("https://www.google.com/"), None, None),
    trace(10, Some("https://www.google.de/"), None, None),
    trace(6, Some("https://www.google.co.jp/"), None, None),
    trace(12, Some("https://www.bing.com/"), None, None),
    trace(7, Some("https://duckduckgo.com/"), None, None),
    trace(3, Some("https://search.yahoo.com/"), None, None),
    trace(2, Some("https://www.ecosia.org/"), None, None),
    trace(2, Some("https://search.brave.com/"), None, None),
    trace(2, Some("https://www.baidu.com/link?url="), None, None),
    trace(2, Some("https://yandex.com/"), None, None),
];

const PAIDSEARCH_TRACES: &[Trace] = &[
    trace(50, Some("https://www.google.com/"), Some(("google", "cpc")), Some("gclid")),
    trace(16, Some("https://www.google.com/"), None, Some("gclid")),
    trace(8, Some("https://www.google.com/"), Some(("google", "ppc")), None),
    trace(6, Some("https://www.google.com/"), Some(("google", "cpc")), Some("gbraid")),
    trace(14, Some("https://www.bing.com/"), Some(("bing", "cpc")), Some("msclkid")),
    trace(6, None, Some(("Google", "CPC")), Some("gclid")),
];

const LINKEDINADS_TRACES: &[Trace] = &[
    trace(50, Some("https://www.linkedin.com/"), Some(("linkedin", "paid_social")), None),
    trace(25, Some("https://www.linkedin.com/"), Some(("linkedin", "cpc")), Some("li_fat_id")),
    trace(15, None, Some(("linkedin", "paid_social")), None),
    trace(10, Some("android-app://com.linkedin.android/"), Some(("LinkedIn", "Paid-Social")), None),
];

const METAADS_TRACES: &[Trace] = &[
    trace(45, Some("https://l.facebook.com/"), Some(("facebook", "paid_social")), Some("fbclid")),
    trace(35, Some("https://l.instagram.com/"), Some(("instagram", "paid_social")), Some("fbclid")),
    trace(12, Some("http://m.facebook.com/"), Some(("fb", "paid")), Some("fbclid")),
    trace(8, None, Some(("meta", "cpm")), Some("fbclid")),
];

const ORGANICSOCIAL_TRACES: &[Trace] = &[
    trace(30, Some("https://www.linkedin.com/"), None, None),
    trace(12, Some("https://lnkd.in/"), None, None),
    trace(14, Some("https://t.co/"), None, None),
    trace(10, Some("https://l.facebook.com/"), None, Some("fbclid")),
    trace(10, Some("https://www.reddit.com/"), None, None),
    trace(8, Some("https://news.ycombinator.com/"), None, None),
    trace(10, Some("https://www.linkedin.com/"), Some(("linkedin", "social")), None),
    trace(6, None, Some(("twitter", "organic_social")), None),
];

const EMAIL_TRACES: &[Trace] = &[
    trace(45, None, Some(("newsletter", "email")), None),
    trace(20, None, Some(("hubspot", "email")), None),
    trace(12, Some("https://mail.google.com/"), Some(("newsletter", "email")), None),
    trace(8, Some("https://outlook.live.com/"), Some(("customerio", "Email")), None),
    trace(10, None, Some(("sales-sequence", "email")), None),
    trace(5, Some("https://webmail.gmx.net/"), None, None),
];

const DIRECT_TRACES: &[Trace] = &[trace(1, None, None, None)];

const REFERRAL_TRACES: &[Trace] = &[
    trace(25, Some("https://www.saas-compass.com/best/attribution-tools"), None, None),
    trace(20, Some("https://stackreviewer.io/products/acme?sort=recent"), None, None),
    trace(
        18,
        Some("https://www.partner-bridgeway.com/marketplace"),
        Some(("bridgeway", "partner")),
        None,
    ),
    trace(14, Some("https://blog.datenwerkstatt-nord.de/vergleich-2026"), None, None),
    trace(10, Some("https://revops-weekly.com/"), Some(("revops-weekly", "referral")), None),
    trace(8, Some("https://en.wikipedia.org/"), None, None),
    trace(5, Some("https://xn--bcher-kva-shop.com/liste"), None, None),
];

const AIASSISTANT_TRACES: &[Trace] = &[
    trace(45, Some("https://chatgpt.com/"), Some(("chatgpt.com", "")), None),
    trace(15, Some("https://chatgpt.com/"), None, None),
    trace(15, Some("https://www.perplexity.ai/"), None, None),
    trace(8, Some("https://claude.ai/"), None, None),
    trace(8, Some("https://gemini.google.com/"), None, None),
    trace(6, Some("https://copilot.microsoft.com/"), None, None),
    trace(3, None, Some(("chatgpt.com", "")), None),
];

const DISPLAY_TRACES: &[Trace] = &[
    trace(
        45,
        Some("https://googleads.g.doubleclick.net/"),
        Some(("google", "display")),
        Some("gclid"),
    ),
    trace(25, Some("https://www.morgenblatt-sample.de/"), Some(("adroll", "display")), None),
    trace(20, None, Some(("dv360", "banner")), None),
    trace(10, Some("https://www.theledger-sample.com/"), Some(("taboola", "native")), None),
];

const AFFILIATE_TRACES: &[Trace] = &[
    trace(
        50,
        Some("https://www.couponlighthouse.com/acme"),
        Some(("partnerstack", "affiliate")),
        None,
    ),
    trace(35, Some("https://toolfinder-weekly.com/"), Some(("impact", "affiliate")), None),
    trace(15, None, Some(("affiliate", "cpa")), None),
];

const VIDEO_TRACES: &[Trace] = &[
    trace(50, Some("https://www.youtube.com/"), None, None),
    trace(25, Some("https://www.youtube.com/"), Some(("youtube", "paid_video")), Some("gclid")),
    trace(20, Some("https://www.youtube.com/"), Some(("youtube", "video")), None),
    trace(5, Some("https://vimeo.com/"), None, None),
];

const OFFLINE_TRACES: &[Trace] = &[
    trace(50, None, Some(("podcast", "audio")), None),
    trace(30, None, Some(("qr", "offline")), None),
    trace(20, None, Some(("event", "qr_code")), None),
];

/// Makes a trace; keeps the tables above to a line a trace.
const fn trace(
    weight: u32,
    referrer: Option<&'static str>,
    utm: Option<(&'static str, &'static str)>,
    click_id: Option<&'static str>,
) -> Trace {
    Trace { weight, referrer, utm, click_id }
}
