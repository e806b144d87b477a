//! What people do and did: titles, skills, schools.

/// A line of work.
#[derive(Debug)]
pub(crate) struct Career {
    /// Titles, the most senior first.
    pub(crate) titles: &'static [&'static str],
    /// Skills.
    pub(crate) skills: &'static [&'static str],
    /// Subjects studied before.
    pub(crate) fields_of_study: &'static [&'static str],
}

/// Lines of work.
pub(crate) const CAREERS: &[Career] = &[
    Career {
        titles: &[
            "Chief Marketing Officer",
            "VP of Marketing",
            "Demand Generation Manager",
            "SEO Specialist",
        ],
        skills: &[
            "Demand Generation",
            "SEO",
            "Marketing Analytics",
            "Copywriting",
            "Paid Media",
            "ABM",
        ],
        fields_of_study: &["Marketing", "Communication Studies", "Psychology"],
    },
    Career {
        titles: &[
            "Chief Revenue Officer",
            "VP of Revenue Operations",
            "RevOps Manager",
            "Sales Operations Analyst",
        ],
        skills: &[
            "Revenue Operations",
            "SQL",
            "Forecasting",
            "CRM",
            "Territory Planning",
            "Pricing",
        ],
        fields_of_study: &["Economics", "Business Administration", "Statistics"],
    },
    Career {
        titles: &[
            "Chief Technology Officer",
            "Head of Data",
            "Senior Data Engineer",
            "Analytics Engineer",
        ],
        skills: &[
            "Data Modeling",
            "Python",
            "Rust",
            "Apache Parquet",
            "Streaming",
            "dbt",
            "Kubernetes",
        ],
        fields_of_study: &["Computer Science", "Informatik", "Mathematics", "情報工学"],
    },
    Career {
        titles: &["Founder & CEO", "Managing Director", "Geschäftsführer", "Chief of Staff"],
        skills: &["Strategy", "Fundraising", "Leadership", "Go-to-market", "Negotiation"],
        fields_of_study: &["Business Administration", "Law", "Industrial Engineering"],
    },
    Career {
        titles: &[
            "Chief Financial Officer",
            "Finance Director",
            "Controller",
            "Procurement Manager",
        ],
        skills: &["Budgeting", "FP&A", "Vendor Management", "IFRS", "Excel"],
        fields_of_study: &["Accounting", "Finance", "Betriebswirtschaftslehre"],
    },
    Career {
        titles: &["VP of Product", "Group Product Manager", "Product Manager", "UX Researcher"],
        skills: &["Product Discovery", "Roadmapping", "A/B Testing", "Figma", "User Research"],
        fields_of_study: &["Human–Computer Interaction", "Design", "Cognitive Science"],
    },
];

/// Degrees.
pub(crate) const DEGREES: &[&str] =
    &["BSc", "BA", "MSc", "MBA", "PhD", "Diplom-Kauffrau", "Licence", "学士"];

/// Schools, invented.
pub(crate) const SCHOOLS: &[&str] = &[
    "Larkspur State University",
    "Universität Falkenau",
    "Northmoor Institute of Technology",
    "École Supérieure de Valbrume",
    "青葉学園大学",
    "Universidad de Río Claro",
    "Πανεπιστήμιο Νέας Αυγής",
    "St. Brannock's College",
    "Harrow Bay Business School",
];

/// Endings of a profile's own summary, after the person's title.
pub(crate) const SUMMARIES: &[&str] = &[
    "I help teams see which work pays off. Previously in consulting; two kids, one sailing boat.",
    "Fifteen years between spreadsheets and stage lights.\nAsk me about attribution — or about bread.",
    "Building calm, measurable growth. “Less noise, more signal.”",
    "データで意思決定を支えます。趣味は山登り。",
    "Je transforme les données en décisions, et les décisions en habitudes.",
];

/// Free mail services.
pub(crate) const FREE_MAIL: &[&str] =
    &["gmail.com", "gmail.com", "outlook.com", "icloud.com", "gmx.de", "yahoo.co.jp", "proton.me"];

/// Services that check e-mail addresses, invented.
pub(crate) const MAIL_CHECKERS: &[&str] = &["mailprobe", "inboxcheck", "verimail"];
