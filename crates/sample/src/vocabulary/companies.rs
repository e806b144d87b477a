//! Parts of company names, industries and investors; all invented.

/// An industry and what its companies say about themselves.
#[derive(Debug)]
pub(crate) struct Industry {
    /// The name, as professional networks write it.
    pub(crate) name: &'static str,
    /// Specialties.
    pub(crate) specialties: &'static [&'static str],
    /// A description, put after the company's name.
    pub(crate) description: &'static str,
}

/// First words of company names.
pub(crate) const FIRST_WORDS: &[&str] = &[
    "Northwind",
    "Tidewater",
    "Bluefern",
    "Copperleaf",
    "Silverbrook",
    "Ironvale",
    "Brightmoor",
    "Oakhaven",
    "Redcliff",
    "Starling",
    "Wrenfield",
    "Larkspur",
    "Foxglove",
    "Hawthorn",
    "Juniper",
    "Saltmarsh",
    "Moonridge",
    "Sunharbor",
    "Greystone",
    "Whitecap",
    "Emberfall",
    "Frostline",
    "Kestrel",
    "Marigold",
    "Nettlewood",
    "Osprey",
    "Pinecrest",
    "Quillon",
    "Ravenna",
    "Sablewood",
    "Thistledown",
    "Umberland",
    "Valbrume",
    "Westerly",
    "Yarrow",
    "Zephyrine",
    "Aldergate",
    "Birchmont",
    "Cinderlake",
    "Dovetail",
    "Eiderdown",
    "Fennimore",
    "Gullwing",
    "Hollowell",
    "Islewright",
    "Jasperfield",
    "Kingfisher",
    "Lanternhill",
    "Mistralis",
    "Nordhaven",
    "Opaline",
    "Palisander",
    "Quartzline",
    "Rosmarin",
    "Stonecrop",
    "Tamarack",
    "Undertow",
    "Verdigris",
    "Windermoor",
    "Xylander",
];

/// Second words of company names.
pub(crate) const SECOND_WORDS: &[&str] = &[
    "Analytics",
    "Logistics",
    "Robotics",
    "Systems",
    "Software",
    "Health",
    "Energy",
    "Foods",
    "Capital",
    "Media",
    "Networks",
    "Security",
    "Mobility",
    "Biotech",
    "Learning",
    "Insurance",
    "Materials",
    "Studios",
    "Commerce",
    "Instruments",
    "Payments",
    "Aerospace",
    "Textiles",
    "Pharma",
    "Consulting",
    "Cloud",
    "Data",
    "Design",
    "Freight",
    "Optics",
];

/// Third words, for worlds with more companies than two words can name.
pub(crate) const THIRD_WORDS: &[&str] = &[
    "Group",
    "Partners",
    "Labs",
    "International",
    "Holdings",
    "Nordic",
    "Pacific",
    "Alpine",
    "Digital",
    "Works",
    "Collective",
    "Ventures",
    "Atlantic",
    "Solutions",
    "Services",
    "Central",
];

/// Industries.
pub(crate) const INDUSTRIES: &[Industry] = &[
    Industry {
        name: "Software Development",
        specialties: &["SaaS", "analytics", "APIs", "data integration", "developer tools"],
        description: "builds software that shows teams what their customers do next.",
    },
    Industry {
        name: "Transportation, Logistics, Supply Chain and Storage",
        specialties: &["freight", "last mile", "cold chain", "warehousing"],
        description: "moves goods between ports, cities and doorsteps, on time & on paper.",
    },
    Industry {
        name: "Financial Services",
        specialties: &["payments", "treasury", "open banking", "risk"],
        description: "gives mid-sized firms one place for payments, credit and cash planning.",
    },
    Industry {
        name: "Hospitals and Health Care",
        specialties: &["telehealth", "clinical data", "medical devices"],
        description: "connects clinics, laboratories and patients.\nFounded by nurses.",
    },
    Industry {
        name: "Maschinenbau",
        specialties: &["Automatisierung", "Robotik", "Prüfstände", "Sondermaschinen"],
        description: "entwickelt Prüfstände und Sondermaschinen für den europäischen Mittelstand.",
    },
    Industry {
        name: "Retail",
        specialties: &["omnichannel", "private label", "loyalty programmes"],
        description: "runs shops on three continents and a “click & collect” service.",
    },
    Industry {
        name: "Renewable Energy Power Generation",
        specialties: &["wind", "solar", "storage", "grid services"],
        description: "plans, builds and operates wind and solar parks.",
    },
    Industry {
        name: "IT Services and IT Consulting",
        specialties: &["cloud migration", "managed services", "security audits"],
        description: "advises public bodies and companies on cloud migration.",
    },
    Industry {
        name: "情報通信業",
        specialties: &["クラウド", "データ分析", "業務改善"],
        description: "は企業のデータ活用を支援するクラウドサービスを提供しています。",
    },
    Industry {
        name: "Higher Education",
        specialties: &["e-learning", "certification", "executive education"],
        description: "teaches professionals online, in six languages.",
    },
];

/// Kinds of funding rounds with the least and the most money raised, in whole US dollars.
pub(crate) const ROUNDS: &[(&str, i64, i64)] = &[
    ("Pre-Seed", 200_000, 1_500_000),
    ("Seed", 1_000_000, 6_000_000),
    ("Series A", 6_000_000, 22_000_000),
    ("Series B", 20_000_000, 60_000_000),
    ("Series C", 50_000_000, 140_000_000),
    ("Debt Financing", 5_000_000, 80_000_000),
];

/// Investors.
pub(crate) const INVESTORS: &[&str] = &[
    "Lanternfish Ventures",
    "Hollow Oak Capital",
    "Σείριος Ventures",
    "Beacon & Byrd",
    "Kaskade Wagniskapital",
    "Third Harbor Partners",
    "青空キャピタル",
    "Fjordlight",
];

/// Endings of a legal name by ISO country code.
pub(crate) const LEGAL_FORMS: &[(&str, &str)] = &[
    ("DE", " GmbH"),
    ("AT", " GmbH"),
    ("CH", " AG"),
    ("GB", " Ltd"),
    ("US", ", Inc."),
    ("FR", " SAS"),
    ("ES", " S.L."),
    ("BR", " Ltda."),
    ("JP", "株式会社"),
    ("PL", " Sp. z o.o."),
    ("SE", " AB"),
    ("DK", " A/S"),
    ("NL", " B.V."),
    ("AU", " Pty Ltd"),
    ("IN", " Pvt Ltd"),
];
