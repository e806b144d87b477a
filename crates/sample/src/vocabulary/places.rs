//! Cities visitors come from and companies sit in, and the networks they use.

use std::sync::LazyLock;

use super::names::Tongue;

/// A city with the facts an edge network reports for it.
#[derive(Debug)]
pub(crate) struct Place {
    /// How many people live there, relative to the others.
    pub(crate) weight: u32,
    /// The city.
    pub(crate) city: &'static str,
    /// The state, province or prefecture, and its code.
    pub(crate) region: (&'static str, &'static str),
    /// A postal code.
    pub(crate) postal_code: &'static str,
    /// The country, its ISO 3166 code and its continent.
    pub(crate) country: (&'static str, &'static str, &'static str),
    /// Latitude and longitude in degrees, as text.
    pub(crate) position: (&'static str, &'static str),
    /// IANA time zone and its offset from UTC in minutes in winter.
    pub(crate) timezone: (&'static str, i64),
    /// The edge network's nearest site.
    pub(crate) colo: &'static str,
    /// The metropolitan code, in the United States only.
    pub(crate) metro_code: Option<&'static str>,
    /// Whether it lies in the European Union.
    pub(crate) is_eu: bool,
    /// The top-level domain of local companies.
    pub(crate) local_domain: &'static str,
    /// The language most names there belong to.
    pub(crate) tongue: Tongue,
}

/// The cities of the sample world, from the table beside this file: one city a line, fields parted
/// by commas, no quoting.
pub(crate) static PLACES: LazyLock<Vec<Place>> =
    LazyLock::new(|| include_str!("places.csv").lines().skip(1).map(parse).collect());

/// Networks, invented, with numbers reserved for documentation (RFC 5398).
pub(crate) const NETWORKS: &[(i64, &str)] = &[
    (64_496, "Bluewire Broadband"),
    (64_497, "Tidal Fiber"),
    (64_498, "Nordlys Netz GmbH"),
    (64_499, "Copperline Telecom"),
    (64_500, "Hoshi Network 株式会社"),
    (64_501, "Redes Ñandú S.A."),
    (64_502, "Crescent Mobile"),
    (64_503, "Office Uplink LLC"),
    (65_536, "Meridian Carrier"),
];

/// Hosting networks, where bots come from.
pub(crate) const HOSTING_NETWORKS: &[(i64, &str)] =
    &[(64_508, "Rackhollow Hosting"), (64_509, "Cumulo Compute"), (64_510, "Bitbarn Servers")];

fn parse(line: &'static str) -> Place {
    let fields: Vec<&'static str> = line.split(',').collect();
    let number = |field: &str| field.parse().expect("the table has numbers where they belong");
    Place {
        weight: u32::try_from(number(fields[0])).expect("weights are small"),
        city: fields[1],
        region: (fields[2], fields[3]),
        postal_code: fields[4],
        country: (fields[5], fields[6], fields[7]),
        position: (fields[8], fields[9]),
        timezone: (fields[10], number(fields[11])),
        colo: fields[12],
        metro_code: Some(fields[13]).filter(|code| !code.is_empty()),
        is_eu: fields[14] == "true",
        local_domain: fields[15],
        tongue: Tongue::named(fields[16]),
    }
}
