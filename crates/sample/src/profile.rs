//! Enrichment: a person's profile, companies and checked e-mail addresses.

use chrono::{DateTime, SecondsFormat};

use super::company::{self, Company};
use super::figures::{self, PROVIDERS};
use super::person::{self, Person};
use super::random::{Dice, Topic};
use super::vocabulary::careers::{CAREERS, DEGREES, MAIL_CHECKERS, SCHOOLS, SUMMARIES};
use super::world::World;
use super::writer::Writer;

/// A past or side employment: the company and the title held there.
struct Post {
    company: Company,
    title: &'static str,
}

/// Writes the member `enrichment` for a person seen at a moment in Unix milliseconds.
pub(crate) fn write(writer: &mut Writer, world: World, person_idx: u64, seen_ms: i64) {
    let home = person::home(world, person_idx);
    let employer = company::derive(world, home.company_idx);
    let person = person::derive(world, person_idx, home, &employer.domain);
    let mut dice = Dice::new(world.seed, Topic::Career, person_idx, 0);
    let person_at = moment(seen_ms + dice.between(2_000, 8_000));
    let company_at = moment(seen_ms + dice.between(8_100, 12_000));
    let side_post = dice.chance(130).then(|| post(world, &mut dice));
    writer.open_object("enrichment");
    writer.open_object("person");
    write_person(writer, &person, &person_at, &employer, &mut dice);
    write_languages(writer, &person, &mut dice);
    writer.open_array("employments");
    write_employment(writer, world, (&employer, person.title), &company_at, &mut dice);
    if let Some(post) = &side_post {
        write_employment(writer, world, (&post.company, post.title), &company_at, &mut dice);
    }
    writer.close_array();
    write_experience(writer, world, &mut dice);
    write_education(writer, &mut dice);
    writer.close_object();
    writer.open_array("companies");
    if !dice.chance(60) {
        figures::write_full(writer, None, world, &employer, &company_at);
    }
    if let Some(post) = &side_post {
        figures::write_full(writer, None, world, &post.company, &company_at);
    }
    writer.close_array();
    write_validations(writer, &person, &mut dice);
    writer.close_object();
}

fn moment(time_ms: i64) -> String {
    let time = DateTime::from_timestamp_millis(time_ms).unwrap_or_default();
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn post(world: World, dice: &mut Dice) -> Post {
    let company = company::derive(world, dice.below(world.n_companies));
    let career = dice.choose(CAREERS);
    let title = dice.pick(career.titles);
    Post { company, title }
}

fn write_person(
    writer: &mut Writer,
    person: &Person,
    enriched_at: &str,
    employer: &Company,
    dice: &mut Dice,
) {
    writer.text("linkedinUrl", &format!("https://www.linkedin.com/in/{}", person.handle));
    writer.text("enrichedAt", enriched_at);
    writer.text("provider", dice.pick(PROVIDERS));
    writer.text_or_null("firstName", dice.unless(10, person.name.0));
    writer.text_or_null("lastName", dice.unless(10, person.name.1));
    writer.text_or_null("fullName", dice.unless(10, &person.full_name));
    writer.text_or_null("linkedinId", dice.unless(300, format!("ACoAA{}", person.handle)));
    let headline = format!("{} at {}", person.title, employer.name);
    writer.text_or_null("headline", dice.unless(120, headline));
    let summary = format!("{}. {}", person.title, dice.pick(SUMMARIES));
    writer.text_or_null("summary", dice.unless(450, summary));
    let picture = format!("https://media.lanternhill-images.com/people/{}.jpg", person.handle);
    writer.text_or_null("profilePictureUrl", dice.unless(400, picture));
    match &person.email {
        Some(email) => writer.text("email", email),
        // A missing address is told as null or not at all.
        None if dice.chance(700) => writer.null("email"),
        None => {}
    }
    write_location(writer, person, dice);
    let n_connections = dice.between(12, 700).min(500);
    writer.number_or_null("connections", dice.unless(150, n_connections));
    let n_skills = dice.below(6) as usize;
    writer.texts("skills", person.career.skills.iter().take(n_skills).copied());
}

fn write_languages(writer: &mut Writer, person: &Person, dice: &mut Dice) {
    let mut languages = vec!["English"];
    if person.language != "English" {
        languages.insert(0, person.language);
    }
    if dice.chance(300) {
        languages.clear();
    }
    writer.texts("languages", languages);
}

fn write_location(writer: &mut Writer, person: &Person, dice: &mut Dice) {
    if dice.chance(70) {
        return writer.null("location");
    }
    let place = person.home.place;
    writer.open_object("location");
    writer.text_or_null("locality", dice.unless(80, place.city));
    writer.text_or_null("region", dice.unless(160, place.region.0));
    writer.text_or_null("postalCode", dice.unless(900, place.postal_code));
    writer.text("country", place.country.0);
    writer.text("countryCode", place.country.1);
    let raw = format!("{}, {}, {}", place.city, place.region.0, place.country.0);
    writer.text_or_null("raw", dice.unless(60, raw));
    writer.close_object();
}

fn write_employment(
    writer: &mut Writer,
    world: World,
    (company, title): (&Company, &str),
    enriched_at: &str,
    dice: &mut Dice,
) {
    writer.open_item();
    writer.text("title", title);
    figures::write_full(writer, Some("company"), world, company, enriched_at);
    let start = format!("{}-{:02}", dice.between(2012, 2025), dice.between(1, 12));
    writer.text_or_null("startDate", dice.unless(60, start));
    writer.null("endDate");
    writer.text_or_null("location", dice.unless(350, company.place.city));
    let description = "Owns planning, budget & reporting for the region.";
    writer.text_or_null("description", dice.unless(800, description));
    writer.close_object();
}

fn write_experience(writer: &mut Writer, world: World, dice: &mut Dice) {
    let mut year = dice.between(2008, 2011);
    writer.open_array("experience");
    for _ in 0..dice.below(3) {
        let post = post(world, dice);
        let next_year = year + dice.between(1, 4);
        writer.open_item();
        writer.text("title", post.title);
        figures::write_basic(writer, "company", world, &post.company);
        writer.text("startDate", &format!("{year}-{:02}", dice.between(1, 12)));
        let end = format!("{next_year}-{:02}", dice.between(1, 12));
        writer.text_or_null("endDate", dice.unless(100, end));
        writer.text_or_null("location", dice.unless(500, post.company.place.city));
        writer.null("description");
        writer.close_object();
        year = next_year + 1;
    }
    writer.close_array();
}

fn write_education(writer: &mut Writer, dice: &mut Dice) {
    writer.open_array("education");
    for _ in 0..dice.below(3) {
        let start_year = dice.between(1985, 2018);
        let end_year = start_year + dice.between(1, 5);
        writer.open_item();
        writer.text("instituteName", dice.pick(SCHOOLS));
        let degree = dice.pick(DEGREES);
        writer.text_or_null("degree", dice.unless(150, degree));
        let career = dice.choose(CAREERS);
        let field_of_study = dice.pick(career.fields_of_study);
        writer.text_or_null("fieldOfStudy", dice.unless(200, field_of_study));
        writer.text_or_null("startDate", dice.unless(100, start_year.to_string()));
        writer.text_or_null("endDate", dice.unless(100, end_year.to_string()));
        writer.null("instituteLinkedinId");
        writer.null("instituteLogoUrl");
        writer.close_object();
    }
    writer.close_array();
}

fn write_validations(writer: &mut Writer, person: &Person, dice: &mut Dice) {
    writer.open_array("emailValidations");
    if let Some(email) = person.email.as_ref().filter(|_| !dice.chance(100)) {
        let validity = match dice.below(100) {
            0..62 => Some("valid"),
            62..72 if person.is_work_email => Some("catch_all"),
            72..84 if person.is_work_email => Some("valid_catch_all"),
            62..90 => Some("valid"),
            90..96 => Some("invalid"),
            _ => None,
        };
        writer.open_item();
        writer.text("email", email);
        writer.text_or_null("validity", validity);
        writer.text("provider", dice.pick(MAIL_CHECKERS));
        if validity.is_some() {
            writer.null("error");
        } else {
            writer.open_object("error");
            writer.text("code", "TIMEOUT");
            writer.text("message", "Provider timed out");
            writer.close_object();
        }
        writer.close_object();
    }
    writer.close_array();
}
