//! Companies in full, as enrichment tells them: facts and figures.

use super::company::{self, Company};
use super::random::{Dice, Topic};
use super::vocabulary::companies::{INVESTORS, ROUNDS};
use super::world::World;
use super::writer::Writer;

/// Codes of the enrichment providers.
pub(crate) const PROVIDERS: &[&str] = &["xK9mP", "qR7nL"];

/// Of a thousand companies, how many the provider knows little more of than the name.
const THIN_PER_MILLE: u32 = 60;

/// Writes the next item of an array, or the value of `key`: a company with `_type` full.
///
/// The same company gives the same facts each time; only `enriched_at` differs.
pub(crate) fn write_full(
    writer: &mut Writer,
    key: Option<&str>,
    world: World,
    company: &Company,
    enriched_at: &str,
) {
    let mut dice = Dice::new(world.seed, Topic::Figures, u64::from(company.idx), 0);
    match key {
        Some(key) => writer.open_object(key),
        None => writer.open_item(),
    }
    writer.text("name", &company.name);
    writer.text("_type", "full");
    writer.text("enrichedAt", enriched_at);
    writer.text("provider", dice.pick(PROVIDERS));
    if !dice.chance(THIN_PER_MILLE) {
        company::write_facts(writer, company, &mut dice);
        write_specialties(writer, company, &mut dice);
        write_size(writer, company, &mut dice);
        write_attention(writer, company, &mut dice);
        write_funding(writer, &mut dice);
        write_seo(writer, &mut dice);
    }
    writer.close_object();
}

/// Writes the value of `key`: a company with `_type` basic.
pub(crate) fn write_basic(writer: &mut Writer, key: &str, world: World, company: &Company) {
    let mut dice = Dice::new(world.seed, Topic::Figures, u64::from(company.idx), 1);
    writer.open_object(key);
    writer.text("_type", "basic");
    writer.text("name", &company.name);
    if !dice.chance(3 * THIN_PER_MILLE) {
        company::write_facts(writer, company, &mut dice);
    }
    writer.close_object();
}

fn write_specialties(writer: &mut Writer, company: &Company, dice: &mut Dice) {
    let specialties = company.industry.specialties;
    let n_told = dice.below(5) as usize;
    writer.texts("specialties", specialties.iter().take(n_told).copied());
    if dice.chance(120) {
        return writer.null("taxonomy");
    }
    writer.open_object("taxonomy");
    writer.text_or_null("linkedinIndustry", dice.unless(60, company.industry.name));
    writer.texts("linkedinSpecialties", specialties.iter().take(n_told).copied());
    writer.close_object();
}

fn write_size(writer: &mut Writer, company: &Company, dice: &mut Dice) {
    if dice.chance(150) {
        writer.null("estimatedRevenue");
    } else {
        // From eighty to three hundred thousand dollars a head, rounded to hundred thousands.
        let least = (company.n_employees * dice.between(80, 300) * 1_000).max(200_000);
        let least = least / 100_000 * 100_000;
        writer.open_object("estimatedRevenue");
        writer.number_or_null("min", dice.unless(40, least));
        let most = least * dice.between(2, 5);
        writer.number_or_null("max", dice.unless(80, most));
        writer.text("currency", if dice.chance(850) { "USD" } else { "EUR" });
        writer.close_object();
    }
    if dice.chance(90) {
        return writer.null("headcount");
    }
    writer.open_object("headcount");
    let n_counted = company.n_employees * dice.between(85, 110) / 100;
    writer.number_or_null("total", dice.unless(30, n_counted.max(1)));
    if dice.chance(100) {
        writer.null("growth");
    } else {
        writer.open_object("growth");
        writer.hundredths("mom", dice.between(-220, 380));
        writer.hundredths("qoq", dice.between(-600, 1_100));
        writer.hundredths("yoy", dice.between(-2_500, 6_000));
        writer.close_object();
    }
    writer.close_object();
}

fn write_attention(writer: &mut Writer, company: &Company, dice: &mut Dice) {
    if dice.chance(150) {
        writer.null("webTraffic");
    } else {
        writer.open_object("webTraffic");
        writer.number("monthlyVisitors", company.n_employees * dice.between(20, 2_000));
        writer.hundredths("momGrowthPercent", dice.between(-1_500, 2_000));
        writer.hundredths("qoqGrowthPercent", dice.between(-3_000, 4_500));
        write_traffic_sources(writer, dice);
        writer.close_object();
    }
    if dice.chance(100) {
        return writer.null("linkedinFollowers");
    }
    writer.open_object("linkedinFollowers");
    writer.number("count", company.n_employees * dice.between(3, 90));
    writer.hundredths("momGrowthPercent", dice.between(-100, 400));
    writer.hundredths("qoqGrowthPercent", dice.between(-200, 1_200));
    writer.hundredths("yoyGrowthPercent", dice.between(-500, 5_000));
    writer.close_object();
}

/// Writes shares that add up to a hundred percent.
fn write_traffic_sources(writer: &mut Writer, dice: &mut Dice) {
    if dice.chance(80) {
        return writer.null("trafficSources");
    }
    let social = dice.between(100, 1_500);
    let search = dice.between(2_000, 5_500);
    let paid_referral = dice.between(0, 400);
    let referral = dice.between(200, 1_200);
    writer.open_object("trafficSources");
    writer.hundredths("socialPercent", social);
    writer.hundredths("searchPercent", search);
    writer.hundredths("directPercent", 10_000 - social - search - paid_referral - referral);
    writer.hundredths("paidReferralPercent", paid_referral);
    writer.hundredths("referralPercent", referral);
    writer.close_object();
}

fn write_funding(writer: &mut Writer, dice: &mut Dice) {
    if dice.chance(450) {
        return writer.null("funding");
    }
    let (round, least, most) = dice.pick(ROUNDS);
    let amount = dice.between(least / 100_000, most / 100_000) * 100_000;
    writer.open_object("funding");
    writer.number("totalRaisedUsd", amount + amount * dice.between(0, 18) / 10);
    writer.text_or_null("lastRoundType", dice.unless(50, round));
    writer.number_or_null("lastRoundAmountUsd", dice.unless(120, amount));
    let n_days = dice.between(12, 2_400);
    writer.number_or_null("daysSinceLastRound", dice.unless(80, n_days));
    let n_investors = dice.below(4) as usize;
    let first = dice.below(4) as usize;
    writer.texts("investors", INVESTORS.iter().skip(first).take(n_investors).copied());
    writer.close_object();
}

fn write_seo(writer: &mut Writer, dice: &mut Dice) {
    if dice.chance(250) {
        return writer.null("seo");
    }
    let n_organic_clicks = dice.between(40, 90_000);
    writer.open_object("seo");
    writer.number("monthlyOrganicClicks", n_organic_clicks);
    let n_paid_clicks = dice.between(0, 4_000);
    writer.number_or_null("monthlyPaidClicks", dice.unless(200, n_paid_clicks));
    writer.hundredths("monthlyOrganicValue", n_organic_clicks * dice.between(60, 420));
    let spend = n_paid_clicks * dice.between(1, 6);
    writer.number_or_null("monthlyAdsSpend", dice.unless(200, spend));
    writer.hundredths("averageOrganicRank", dice.between(300, 6_000));
    if dice.chance(300) {
        writer.null("averageAdRank");
    } else {
        writer.hundredths("averageAdRank", dice.between(100, 900));
    }
    writer.number("totalOrganicKeywords", n_organic_clicks / dice.between(2, 9));
    writer.close_object();
}
