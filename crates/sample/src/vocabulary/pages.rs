//! The tracked web sites and their pages.

/// A web site with the pixel on it.
#[derive(Debug)]
pub(crate) struct Site {
    /// How many of the visitors come to it, relative to the others.
    pub(crate) weight: u32,
    /// The pixel's id.
    pub(crate) pixel_id: &'static str,
    /// The tag the pixel was loaded with, if any.
    pub(crate) tenant: Option<&'static str>,
    /// Scheme and host.
    pub(crate) origin: &'static str,
    /// The name that stands in page titles.
    pub(crate) name: &'static str,
}

/// A page of every site.
#[derive(Debug)]
pub(crate) struct Page {
    /// How often it is opened, relative to the others.
    pub(crate) weight: u32,
    /// Its path.
    pub(crate) path: &'static str,
    /// Its title, before the site's name.
    pub(crate) title: &'static str,
}

/// The tracked sites.
pub(crate) const SITES: &[Site] = &[
    Site {
        weight: 50,
        pixel_id: "mdb_pxl_01KCA4XTN5R8S2V9QJ7WB3DMEH",
        tenant: Some("acme-cloud"),
        origin: "https://www.acme-cloud.com",
        name: "Acme Cloud",
    },
    Site {
        weight: 20,
        pixel_id: "mdb_pxl_01KCB71Q4ZD6M0YFKX8ATV2RGN",
        tenant: Some("ws_harbor_metrics"),
        origin: "https://www.harbor-metrics.io",
        name: "Harbor Metrics",
    },
    Site {
        weight: 12,
        pixel_id: "mdb_pxl_01KCDW9E3HJ5T7B6PNS0CKQ8YM",
        tenant: Some("customer_1042"),
        origin: "https://www.lumen-desk.co.uk",
        name: "Lumen Desk",
    },
    Site {
        weight: 18,
        pixel_id: "mdb_pxl_01KCA4XTN5R8S2V9QJ7WB3DMEH",
        tenant: None,
        origin: "https://www.acme-cloud.de",
        name: "Acme Cloud Deutschland",
    },
];

/// Pages a session may begin on.
pub(crate) const LANDING_PAGES: &[Page] = &[
    Page { weight: 240, path: "/", title: "The data platform for revenue teams" },
    Page { weight: 110, path: "/pricing", title: "Pricing" },
    Page { weight: 80, path: "/product", title: "Product" },
    Page { weight: 60, path: "/product/attribution", title: "Multi-touch attribution" },
    Page { weight: 60, path: "/demo", title: "Book a demo" },
    Page {
        weight: 70,
        path: "/blog/first-touch-vs-last-touch",
        title: "First touch or last touch? A “friendly” argument",
    },
    Page {
        weight: 50,
        path: "/blog/we-moved-our-lake-to-parquet",
        title: "We moved our lake to Parquet 🚀 (and slept well)",
    },
    Page {
        weight: 40, path: "/blog/utm-hygiene", title: "UTM hygiene: 12 rules & a checklist ✅"
    },
    Page { weight: 40, path: "/compare/spreadsheets", title: "Compared with spreadsheets" },
    Page { weight: 30, path: "/solutions/b2b-saas", title: "For B2B SaaS" },
    Page { weight: 24, path: "/webinars/spring", title: "Webinar: spring release" },
    Page { weight: 18, path: "/de/preise", title: "Preise für Teams jeder Größe" },
    Page { weight: 14, path: "/ja/pricing", title: "料金プラン" },
    Page {
        weight: 10, path: "/el/", title: "Η πλατφόρμα δεδομένων για ομάδες πωλήσεων"
    },
    Page {
        weight: 10, path: "/ar/", title: "منصة البيانات لفرق الإيرادات"
    },
    Page { weight: 10, path: "/fr/tarifs", title: "Tarifs — à chaque équipe son forfait" },
];

/// Pages a session goes on to.
pub(crate) const INNER_PAGES: &[Page] = &[
    Page { weight: 90, path: "/pricing", title: "Pricing" },
    Page { weight: 80, path: "/product", title: "Product" },
    Page { weight: 70, path: "/product/attribution", title: "Multi-touch attribution" },
    Page { weight: 50, path: "/product/integrations", title: "Integrations" },
    Page { weight: 60, path: "/customers", title: "Customer stories" },
    Page { weight: 40, path: "/customers/tidewater", title: "How Tidewater halved its ad spend" },
    Page { weight: 50, path: "/docs", title: "Documentation" },
    Page { weight: 36, path: "/docs/quickstart", title: "Quick start" },
    Page { weight: 30, path: "/docs/api#webhooks", title: "API: webhooks" },
    Page { weight: 40, path: "/blog", title: "Blog" },
    Page { weight: 34, path: "/about", title: "About us" },
    Page { weight: 20, path: "/careers", title: "Careers" },
    Page { weight: 24, path: "/security", title: "Security & compliance" },
    Page { weight: 22, path: "/contact", title: "Contact" },
    Page { weight: 22, path: "/demo", title: "Book a demo" },
    Page { weight: 8, path: "/search?q=caf%C3%A9+%26+co", title: "Search: “café & co”" },
    Page { weight: 6, path: "/legal/privacy", title: "Privacy" },
];

/// The price list, the first page on the way to a conversion.
pub(crate) const PRICING: Page = Page { weight: 1, path: "/pricing", title: "Pricing" };

/// The page with the form for a demo.
pub(crate) const DEMO: Page = Page { weight: 1, path: "/demo", title: "Book a demo" };

/// The page after the demo form.
pub(crate) const THANK_YOU: Page = Page { weight: 1, path: "/thank-you", title: "Thank you 🎉" };

/// The page with the form for an account.
pub(crate) const SIGN_UP: Page = Page { weight: 1, path: "/signup", title: "Create your account" };

/// Texts of links and buttons people click.
pub(crate) const BUTTONS: &[&str] =
    &["Start free", "See pricing", "Talk to sales", "Read the docs", "Watch 2 min", "もっと見る"];

/// Addresses on other sites that pages link to.
pub(crate) const OUTLINKS: &[&str] = &[
    "https://github.com/acme-cloud-sample/pixel",
    "https://status.acme-cloud.com/",
    "https://www.linkedin.com/company/acme-cloud-sample",
    "https://marketplace.partner-bridgeway.com/acme?ref=site&tier=gold",
    "https://www.youtube.com/watch?v=sample00001",
];

/// Titles of videos on the pages.
pub(crate) const VIDEOS: &[&str] =
    &["Product tour", "Attribution in 90 seconds", "Kundenstimme: Müller & Söhne", "導入事例"];

/// Plans people ask for, with the yearly value in whole US dollars.
pub(crate) const PLANS: &[(&str, i64)] =
    &[("starter", 1_188), ("team", 5_988), ("business", 18_000), ("enterprise", 60_000)];
