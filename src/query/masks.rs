//! What of a relation is shown where people's names and addresses are hidden.
//!
//! A mask stands above each table and view that SQL can name, and so below every query. Our own
//! views are worked out beneath it, from what the files hold: who a visitor is and which goals were
//! met comes out as without it. A text that nobody has decided on is hidden.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field};
use async_trait::async_trait;
use datafusion::catalog::view::ViewTable;
use datafusion::catalog::{MemorySchemaProvider, SchemaProvider, TableProvider};
use datafusion::common::{Column, Result, TableReference};
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::{Expr, LogicalPlanBuilder, ScalarUDF, TableType, cast, lit};
use datafusion::scalar::ScalarValue;

use super::goals;
use super::pseudonym::{How, MaskKey, Masked};

/// Texts that tell people apart.
const PEOPLE: &[&str] = &["person_key", "person", "email", "prid", "gclid", "fbclid", "click_id"];
/// Texts that visitors or other systems write and reports count by.
const TEXTS: &[&str] = &[
    "signal",
    "visitor_id",
    "path",
    "landing_path",
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "utm_term",
    "utm_content",
    "source",
    "medium",
    "campaign",
    "term",
    "content",
    "conversion",
    "conversion_id",
    "external_id",
    "stage",
];
/// Addresses of pages.
const URLS: &[&str] = &["landing_page", "exit_page", "referrer", "url", "outlink"];
/// Texts that are shown as they are: ids of events, names of companies, places and programs, and
/// words of our own.
const SHOWN: &[&str] = &[
    "event_id",
    "tenant",
    "session_id",
    "webhook_id",
    "pixel_id",
    "type",
    "event_type",
    "_type",
    "version",
    "host",
    "landing_host",
    "referrer_host",
    "browser",
    "os",
    "device",
    "timezone",
    "country",
    "city",
    "region",
    "region_code",
    "continent",
    "asn_name",
    "colo",
    "metro_code",
    "verified_bot_category",
    "channel",
    "channel_rule",
    "click_id_type",
    "company_domain",
    "account",
    "name",
    "industry",
    "provider",
    "enriched_at",
    "address_country",
    "address_country_code",
    "address_locality",
    "address_region",
    "estimated_revenue_currency",
    "funding_last_round_type",
    "taxonomy_linkedin_industry",
    "location_country",
    "location_country_code",
    "location_locality",
    "location_region",
    "location_city",
    "location_state",
    "professional_company_name",
    "validity",
    "error_code",
    "reason",
    "signature_scheme",
    "currency",
    "origin",
    "headcount_band",
    "revenue_band",
    "company_country",
    "last_funding",
];
/// What is hidden though it is no text.
const HIDDEN: &[&str] = &[
    "latitude",
    "longitude",
    "demographics_has_children",
    "demographics_is_homeowner",
    "demographics_is_married",
];

/// What becomes of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mask {
    Shown,
    Masked(How),
    Hidden,
}

impl Mask {
    fn of(field: &Field) -> Self {
        let is_in = |names: &[&str]| names.contains(&field.name().as_str());
        match field.data_type() {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
                let masks = [
                    (PEOPLE, Self::Masked(How::Person)),
                    (TEXTS, Self::Masked(How::Text)),
                    (URLS, Self::Masked(How::Url)),
                    (SHOWN, Self::Shown),
                ];
                let found = masks.into_iter().find(|(names, _)| is_in(names));
                found.map_or(Self::Hidden, |(_, mask)| mask)
            }
            _ if is_in(HIDDEN) => Self::Hidden,
            DataType::Null | DataType::Boolean => Self::Shown,
            kind if kind.is_numeric() || kind.is_temporal() => Self::Shown,
            _ => Self::Hidden,
        }
    }
}

/// A schema whose relations are masked, but for those that statements bring themselves.
#[derive(Debug)]
pub(super) struct MaskedSchema {
    below: Arc<dyn SchemaProvider>,
    /// The schema's name, if its tables are called by it.
    name: Option<&'static str>,
    of_statements: MemorySchemaProvider,
    key: MaskKey,
}

impl MaskedSchema {
    pub(super) fn new(
        below: Arc<dyn SchemaProvider>,
        name: Option<&'static str>,
        key: &MaskKey,
    ) -> Self {
        let of_statements = MemorySchemaProvider::new();
        Self { below, name, of_statements, key: key.clone() }
    }

    fn mask(&self, name: &str, table: Arc<dyn TableProvider>) -> Result<Arc<dyn TableProvider>> {
        let reference = match self.name {
            Some(schema) => TableReference::partial(schema, name),
            None => TableReference::bare(name),
        };
        let scan = LogicalPlanBuilder::scan(reference, provider_as_source(table), None)?;
        let columns: Vec<_> = scan.schema().iter().map(|field| masked(field, &self.key)).collect();
        let columns = columns.into_iter().collect::<Result<Vec<Expr>>>()?;
        Ok(Arc::new(ViewTable::new(scan.project(columns)?.build()?, None)))
    }
}

/// Returns what stands in a column's place, under its name.
fn masked(
    (relation, field): (Option<&TableReference>, &Arc<Field>),
    key: &MaskKey,
) -> Result<Expr> {
    let column = Expr::Column(Column::new(relation.cloned(), field.name()));
    Ok(match Mask::of(field) {
        Mask::Shown => column,
        Mask::Masked(how) => {
            let masked = ScalarUDF::from(Masked::new(how, key));
            let masked = match field.data_type() {
                DataType::Utf8 => masked.call(vec![column]),
                other => cast(masked.call(vec![cast(column, DataType::Utf8)]), other.clone()),
            };
            masked.alias(field.name())
        }
        Mask::Hidden => lit(ScalarValue::try_from(field.data_type())?).alias(field.name()),
    })
}

#[async_trait]
impl SchemaProvider for MaskedSchema {
    fn table_names(&self) -> Vec<String> {
        self.below.table_names().into_iter().chain(self.of_statements.table_names()).collect()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        match self.below.table(name).await? {
            // Goals are settings.
            Some(table) if self.name.is_some() && goals::is_relation(name) => Ok(Some(table)),
            Some(table) => self.mask(name, table).map(Some),
            None => self.of_statements.table(name).await,
        }
    }

    async fn table_type(&self, name: &str) -> Result<Option<TableType>> {
        match self.below.table_type(name).await? {
            None => self.of_statements.table_type(name).await,
            found => Ok(found),
        }
    }

    fn register_table(
        &self,
        name: String,
        table: Arc<dyn TableProvider>,
    ) -> Result<Option<Arc<dyn TableProvider>>> {
        self.of_statements.register_table(name, table)
    }

    fn deregister_table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        self.of_statements.deregister_table(name)
    }

    fn table_exist(&self, name: &str) -> bool {
        self.below.table_exist(name) || self.of_statements.table_exist(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::{CATALOG, Engine, FILES_SCHEMA, Limits, Scope, VIEWS_SCHEMA};
    use tributary_ingest::flatten::TABLES;
    use tributary_lake::{Lake, Location};

    /// Texts that are hidden by a decision and not for want of one.
    const HIDDEN_TEXTS: &[&str] = &[
        "landing_title",
        "title",
        "user_agent",
        "ip",
        "postal_code",
        "options",
        "props",
        "domain",
        "website",
        "description",
        "linkedin_id",
        "linkedin_url",
        "logo_url",
        "address_postal_code",
        "first_name",
        "last_name",
        "full_name",
        "headline",
        "summary",
        "profile_picture_url",
        "location_postal_code",
        "location_raw",
        "demographics_first_name",
        "demographics_last_name",
        "professional_job_title",
        "error_message",
        "body",
    ];

    async fn engine() -> Engine {
        let folder = tempfile::tempdir().unwrap();
        let lake = Lake::open(&Location::Folder(folder.path().to_owned()), &[]).unwrap();
        let limits =
            Limits { memory_bytes_max: 1 << 24, spill_bytes_max: 1 << 24, partitions: None };
        Engine::open(&lake, &TABLES, &[], limits).await.unwrap()
    }

    /// Returns each relation's name and columns.
    async fn relations(engine: &Engine) -> Vec<(String, arrow::datatypes::SchemaRef)> {
        let mut relations = vec![];
        for schema_name in [FILES_SCHEMA, VIEWS_SCHEMA] {
            let schema = engine.context.catalog(CATALOG).unwrap().schema(schema_name).unwrap();
            for name in schema.table_names() {
                let table = schema.table(&name).await.unwrap().unwrap();
                relations.push((format!("{schema_name}.{name}"), table.schema()));
            }
            relations.sort_by(|one, other| one.0.cmp(&other.0));
        }
        relations
    }

    #[tokio::test]
    async fn somebody_has_decided_on_every_text() {
        let known = [PEOPLE, TEXTS, URLS, SHOWN, HIDDEN_TEXTS];
        for (relation, schema) in relations(&engine().await).await {
            let bare = relation.rsplit('.').next().unwrap();
            for field in schema.fields().iter().filter(|_| !goals::is_relation(bare)) {
                let is_text = matches!(field.data_type(), DataType::Utf8 | DataType::Utf8View);
                let n = known.iter().filter(|names| names.contains(&field.name().as_str())).count();
                assert!(
                    n == 1 || !is_text,
                    "{relation}.{} stands in {n} lists: may it name a person?",
                    field.name()
                );
            }
        }
    }

    #[tokio::test]
    async fn masks_leave_names_and_types_of_columns() {
        let engine = engine().await;
        let scope = Scope { mask: Some(MaskKey::random()), ..Scope::default() };
        let masked = relations(&engine.scoped(&scope).await.unwrap()).await;
        let plain = relations(&engine).await;
        assert_eq!(masked.len(), plain.len());
        for ((name, masked), (_, plain)) in masked.iter().zip(&plain) {
            let columns = |schema: &arrow::datatypes::SchemaRef| -> Vec<(String, DataType)> {
                let of = |field: &Arc<Field>| (field.name().clone(), field.data_type().clone());
                schema.fields().iter().map(of).collect()
            };
            assert_eq!(columns(masked), columns(plain), "{name}");
        }
    }
}
