//! Companies: name, domain, place and size, and how an event tells them.

use super::random::{Dice, Topic};
use super::vocabulary::companies::{
    FIRST_WORDS, INDUSTRIES, Industry, LEGAL_FORMS, SECOND_WORDS, THIRD_WORDS,
};
use super::vocabulary::places::{PLACES, Place};
use super::world::World;
use super::writer::Writer;

/// A company, derived from its number.
#[derive(Debug)]
pub(crate) struct Company {
    /// Its number.
    pub(crate) idx: u32,
    /// Its name, with the legal form in some cases.
    pub(crate) name: String,
    /// Its domain; no other company has it.
    pub(crate) domain: String,
    /// Its name in plain letters and hyphens.
    pub(crate) slug: String,
    /// Its industry.
    pub(crate) industry: &'static Industry,
    /// Where it sits.
    pub(crate) place: &'static Place,
    /// How many people it says it employs.
    pub(crate) n_employees: i64,
    /// The year it was founded.
    pub(crate) founded_year: i64,
}

/// Derives where company `idx` sits.
pub(crate) fn place(world: World, idx: u32) -> &'static Place {
    let mut dice = Dice::new(world.seed, Topic::Company, u64::from(idx), 0);
    dice.weigh(&PLACES, |place| place.weight)
}

/// Derives company `idx`.
pub(crate) fn derive(world: World, idx: u32) -> Company {
    let place = place(world, idx);
    let mut dice = Dice::new(world.seed, Topic::Company, u64::from(idx), 1);
    let words = words(idx);
    let slug = words.to_lowercase().replace(' ', "-");
    let host = if idx.is_multiple_of(3) { slug.replace('-', "") } else { slug.clone() };
    let domain = match dice.below(100) {
        0..52 => format!("{host}.com"),
        52..62 => format!("{host}.io"),
        _ => format!("{host}.{}", place.local_domain),
    };
    let name = if dice.chance(400) { legal_name(&words, place) } else { words };
    Company {
        idx,
        name,
        domain,
        slug: format!("{slug}-sample"),
        industry: dice.choose(INDUSTRIES),
        place,
        n_employees: n_employees(idx, &mut dice),
        founded_year: dice.between(1890, 2024).max(dice.between(1975, 2024)),
    }
}

/// Writes the members full and basic companies share, after name and type.
pub(crate) fn write_facts(writer: &mut Writer, company: &Company, dice: &mut Dice) {
    writer.text_or_null("domain", dice.unless(20, &company.domain));
    let linkedin_url = format!("https://www.linkedin.com/company/{}", company.slug);
    writer.text_or_null("linkedinUrl", dice.unless(60, linkedin_url));
    let linkedin_id = (90_000_000 + i64::from(company.idx)).to_string();
    writer.text_or_null("linkedinId", dice.unless(100, linkedin_id));
    let logo_url = format!("https://media.lanternhill-images.com/logos/{}.png", company.slug);
    writer.text_or_null("logoUrl", dice.unless(400, logo_url));
    writer.text_or_null("website", dice.unless(80, format!("https://www.{}", company.domain)));
    write_address(writer, company.place, dice);
    let description = format!("{} {}", company.name, company.industry.description);
    writer.text_or_null("description", dice.unless(250, description));
    writer.text_or_null("industry", dice.unless(50, company.industry.name));
    writer.number_or_null("employeeCount", dice.unless(90, company.n_employees));
    writer.number_or_null("foundedYear", dice.unless(200, company.founded_year));
}

fn write_address(writer: &mut Writer, place: &Place, dice: &mut Dice) {
    if dice.chance(80) {
        return writer.null("address");
    }
    writer.open_object("address");
    writer.text_or_null("locality", dice.unless(40, place.city));
    writer.text_or_null("region", dice.unless(120, place.region.0));
    writer.text_or_null("postalCode", dice.unless(350, place.postal_code));
    writer.text("country", place.country.0);
    writer.text("countryCode", place.country.1);
    writer.close_object();
}

/// Gives the words of a company's name, different for each number.
fn words(idx: u32) -> String {
    let mut left = idx as usize;
    let first = FIRST_WORDS[left % FIRST_WORDS.len()];
    left /= FIRST_WORDS.len();
    // Neighbours in rank get different second words, too.
    let second = SECOND_WORDS[(left + idx as usize * 7) % SECOND_WORDS.len()];
    left /= SECOND_WORDS.len();
    if left == 0 {
        return format!("{first} {second}");
    }
    let third = THIRD_WORDS[(left - 1) % THIRD_WORDS.len()];
    match (left - 1) / THIRD_WORDS.len() {
        0 => format!("{first} {second} {third}"),
        n_rounds => format!("{first} {second} {third} {}", n_rounds + 1),
    }
}

fn legal_name(words: &str, place: &Place) -> String {
    let form = LEGAL_FORMS.iter().find(|(code, _)| *code == place.country.1);
    match form {
        Some(("JP", form)) => format!("{form} {words}"),
        Some((_, form)) => format!("{words}{form}"),
        None => words.to_owned(),
    }
}

/// Draws a size that fits the company's rank: low numbers have many people among the visitors.
fn n_employees(idx: u32, dice: &mut Dice) -> i64 {
    let size = 60_000 / (i64::from(idx) + 4);
    (size + dice.between(3, 240)) * dice.between(60, 160) / 100
}
