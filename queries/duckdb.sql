-- Opens a lake in DuckDB as the reports of tributary see it; made by `tributary schema --duckdb`.
-- For another lake, first: SET VARIABLE lake = 's3://bucket/lake';
SET TimeZone = 'UTC';
SET VARIABLE lake = coalesce(getvariable('lake'), './lake');
CREATE SCHEMA IF NOT EXISTS files;

SET VARIABLE n_sessions = (SELECT count(*) FROM glob(getvariable('lake') || '/sessions/date=*/*.parquet'));
CREATE OR REPLACE VIEW files.sessions AS FROM query(CASE WHEN getvariable('n_sessions') > 0
    THEN 'SELECT * FROM read_parquet(getvariable(''lake'') || ''/sessions/date=*/*.parquet'', hive_partitioning = true, union_by_name = true) UNION ALL BY NAME SELECT CAST(NULL AS VARCHAR) AS "event_id", CAST(NULL AS VARCHAR) AS "tenant", CAST(NULL AS VARCHAR) AS "session_id", CAST(NULL AS VARCHAR) AS "visitor_id", CAST(NULL AS VARCHAR) AS "pixel_id", CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS "received_at", CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS "created_at", CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS "started_at", CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS "last_activity_at", CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS "ended_at", CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS "finalized_at", CAST(NULL AS BIGINT) AS "duration_ms", CAST(NULL AS BIGINT) AS "event_count", CAST(NULL AS BIGINT) AS "pageview_count", CAST(NULL AS VARCHAR) AS "landing_page", CAST(NULL AS VARCHAR) AS "landing_title", CAST(NULL AS VARCHAR) AS "landing_host", CAST(NULL AS VARCHAR) AS "landing_path", CAST(NULL AS VARCHAR) AS "exit_page", CAST(NULL AS VARCHAR) AS "referrer", CAST(NULL AS VARCHAR) AS "referrer_host", CAST(NULL AS VARCHAR) AS "utm_source", CAST(NULL AS VARCHAR) AS "utm_medium", CAST(NULL AS VARCHAR) AS "utm_campaign", CAST(NULL AS VARCHAR) AS "utm_term", CAST(NULL AS VARCHAR) AS "utm_content", CAST(NULL AS VARCHAR) AS "gclid", CAST(NULL AS VARCHAR) AS "fbclid", CAST(NULL AS VARCHAR) AS "user_agent", CAST(NULL AS VARCHAR) AS "browser", CAST(NULL AS VARCHAR) AS "os", CAST(NULL AS VARCHAR) AS "device", CAST(NULL AS BIGINT) AS "screen_width", CAST(NULL AS BIGINT) AS "screen_height", CAST(NULL AS VARCHAR) AS "timezone", CAST(NULL AS VARCHAR) AS "ip", CAST(NULL AS VARCHAR) AS "country", CAST(NULL AS VARCHAR) AS "city", CAST(NULL AS VARCHAR) AS "region", CAST(NULL AS VARCHAR) AS "region_code", CAST(NULL AS VARCHAR) AS "postal_code", CAST(NULL AS DOUBLE) AS "latitude", CAST(NULL AS DOUBLE) AS "longitude", CAST(NULL AS VARCHAR) AS "continent", CAST(NULL AS BIGINT) AS "asn", CAST(NULL AS VARCHAR) AS "asn_name", CAST(NULL AS VARCHAR) AS "colo", CAST(NULL AS VARCHAR) AS "metro_code", CAST(NULL AS BOOLEAN) AS "is_eu", CAST(NULL AS BIGINT) AS "bot_score", CAST(NULL AS BOOLEAN) AS "verified_bot", CAST(NULL AS BOOLEAN) AS "corporate_proxy", CAST(NULL AS VARCHAR) AS "verified_bot_category", CAST(NULL AS VARCHAR) AS "options", CAST(NULL AS VARCHAR) AS "person_key", CAST(NULL AS VARCHAR) AS "email", CAST(NULL AS VARCHAR) AS "company_domain", CAST(NULL AS BOOLEAN) AS "is_bot", CAST(NULL AS VARCHAR) AS "channel", CAST(NULL AS VARCHAR) AS "channel_rule", CAST(NULL AS VARCHAR) AS "source", CAST(NULL AS VARCHAR) AS "medium", CAST(NULL AS VARCHAR) AS "campaign", CAST(NULL AS VARCHAR) AS "click_id_type", CAST(NULL AS DATE) AS "date" WHERE FALSE'
    ELSE 'SELECT CAST(NULL AS VARCHAR) AS "event_id", CAST(NULL AS VARCHAR) AS "tenant", CAST(NULL AS VARCHAR) AS "session_id", CAST(NULL AS VARCHAR) AS "visitor_id", CAST(NULL AS VARCHAR) AS "pixel_id", CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS "received_at", CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS "created_at", CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS "started_at", CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS "last_activity_at", CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS "ended_at", CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS "finalized_at", CAST(NULL AS BIGINT) AS "duration_ms", CAST(NULL AS BIGINT) AS "event_count", CAST(NULL AS BIGINT) AS "pageview_count", CAST(NULL AS VARCHAR) AS "landing_page", CAST(NULL AS VARCHAR) AS "landing_title", CAST(NULL AS VARCHAR) AS "landing_host", CAST(NULL AS VARCHAR) AS "landing_path", CAST(NULL AS VARCHAR) AS "exit_page", CAST(NULL AS VARCHAR) AS "referrer", CAST(NULL AS VARCHAR) AS "referrer_host", CAST(NULL AS VARCHAR) AS "utm_source", CAST(NULL AS VARCHAR) AS "utm_medium", CAST(NULL AS VARCHAR) AS "utm_campaign", CAST(NULL AS VARCHAR) AS "utm_term", CAST(NULL AS VARCHAR) AS "utm_content", CAST(NULL AS VARCHAR) AS "gclid", CAST(NULL AS VARCHAR) AS "fbclid", CAST(NULL AS VARCHAR) AS "user_agent", CAST(NULL AS VARCHAR) AS "browser", CAST(NULL AS VARCHAR) AS "os", CAST(NULL AS VARCHAR) AS "device", CAST(NULL AS BIGINT) AS "screen_width", CAST(NULL AS BIGINT) AS "screen_height", CAST(NULL AS VARCHAR) AS "timezone", CAST(NULL AS VARCHAR) AS "ip", CAST(NULL AS VARCHAR) AS "country", CAST(NULL AS VARCHAR) AS "city", CAST(NULL AS VARCHAR) AS "region", CAST(NULL AS VARCHAR) AS "region_code", CAST(NULL AS VARCHAR) AS "postal_code", CAST(NULL AS DOUBLE) AS "latitude", CAST(NULL AS DOUBLE) AS "longitude", CAST(NULL AS VARCHAR) AS "continent", CAST(NULL AS BIGINT) AS "asn", CAST(NULL AS VARCHAR) AS "asn_name", CAST(NULL AS VARCHAR) AS "colo", CAST(NULL AS VARCHAR) AS "metro_code", CAST(NULL AS BOOLEAN) AS "is_eu", CAST(NULL AS BIGINT) AS "bot_score", CAST(NULL AS BOOLEAN) AS "verified_bot", CAST(NULL AS BOOLEAN) AS "corporate_proxy", CAST(NULL AS VARCHAR) AS "verified_bot_category", CAST(NULL AS VARCHAR) AS "options", CAST(NULL AS VARCHAR) AS "person_key", CAST(NULL AS VARCHAR) AS "email", CAST(NULL AS VARCHAR) AS "company_domain", CAST(NULL AS BOOLEAN) AS "is_bot", CAST(NULL AS VARCHAR) AS "channel", CAST(NULL AS VARCHAR) AS "channel_rule", CAST(NULL AS VARCHAR) AS "source", CAST(NULL AS VARCHAR) AS "medium", CAST(NULL AS VARCHAR) AS "campaign", CAST(NULL AS VARCHAR) AS "click_id_type", CAST(NULL AS DATE) AS "date" WHERE FALSE' END);

SET VARIABLE n_pageviews = (SELECT count(*) FROM glob(getvariable('lake') || '/pageviews/date=*/*.parquet'));
CREATE OR REPLACE VIEW files.pageviews AS FROM query(CASE WHEN getvariable('n_pageviews') > 0
    THEN 'SELECT * FROM read_parquet(getvariable(''lake'') || ''/pageviews/date=*/*.parquet'', hive_partitioning = true, union_by_name = true) UNION ALL BY NAME SELECT CAST(NULL AS VARCHAR) AS "event_id", CAST(NULL AS VARCHAR) AS "tenant", CAST(NULL AS VARCHAR) AS "session_id", CAST(NULL AS VARCHAR) AS "visitor_id", CAST(NULL AS BIGINT) AS "position", CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS "viewed_at", CAST(NULL AS VARCHAR) AS "signal", CAST(NULL AS VARCHAR) AS "url", CAST(NULL AS VARCHAR) AS "host", CAST(NULL AS VARCHAR) AS "path", CAST(NULL AS VARCHAR) AS "title", CAST(NULL AS VARCHAR) AS "referrer", CAST(NULL AS VARCHAR) AS "outlink", CAST(NULL AS VARCHAR) AS "props", CAST(NULL AS VARCHAR) AS "version", CAST(NULL AS BIGINT) AS "dwell_ms", CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS "finalized_at", CAST(NULL AS VARCHAR) AS "channel", CAST(NULL AS VARCHAR) AS "source", CAST(NULL AS VARCHAR) AS "medium", CAST(NULL AS VARCHAR) AS "campaign", CAST(NULL AS VARCHAR) AS "term", CAST(NULL AS VARCHAR) AS "content", CAST(NULL AS DATE) AS "date" WHERE FALSE'
    ELSE 'SELECT CAST(NULL AS VARCHAR) AS "event_id", CAST(NULL AS VARCHAR) AS "tenant", CAST(NULL AS VARCHAR) AS "session_id", CAST(NULL AS VARCHAR) AS "visitor_id", CAST(NULL AS BIGINT) AS "position", CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS "viewed_at", CAST(NULL AS VARCHAR) AS "signal", CAST(NULL AS VARCHAR) AS "url", CAST(NULL AS VARCHAR) AS "host", CAST(NULL AS VARCHAR) AS "path", CAST(NULL AS VARCHAR) AS "title", CAST(NULL AS VARCHAR) AS "referrer", CAST(NULL AS VARCHAR) AS "outlink", CAST(NULL AS VARCHAR) AS "props", CAST(NULL AS VARCHAR) AS "version", CAST(NULL AS BIGINT) AS "dwell_ms", CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS "finalized_at", CAST(NULL AS VARCHAR) AS "channel", CAST(NULL AS VARCHAR) AS "source", CAST(NULL AS VARCHAR) AS "medium", CAST(NULL AS VARCHAR) AS "campaign", CAST(NULL AS VARCHAR) AS "term", CAST(NULL AS VARCHAR) AS "content", CAST(NULL AS DATE) AS "date" WHERE FALSE' END);

SET VARIABLE n_utm = (SELECT count(*) FROM glob(getvariable('lake') || '/utm/date=*/*.parquet'));
CREATE OR REPLACE VIEW files.utm AS FROM query(CASE WHEN getvariable('n_utm') > 0
    THEN 'SELECT * FROM read_parquet(getvariable(''lake'') || ''/utm/date=*/*.parquet'', hive_partitioning = true, union_by_name = true) UNION ALL BY NAME SELECT CAST(NULL AS VARCHAR) AS "event_id", CAST(NULL AS VARCHAR) AS "tenant", CAST(NULL AS VARCHAR) AS "session_id", CAST(NULL AS VARCHAR) AS "visitor_id", CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS "touched_at", CAST(NULL AS VARCHAR) AS "utm_source", CAST(NULL AS VARCHAR) AS "utm_medium", CAST(NULL AS VARCHAR) AS "utm_campaign", CAST(NULL AS VARCHAR) AS "utm_term", CAST(NULL AS VARCHAR) AS "utm_content", CAST(NULL AS VARCHAR) AS "click_id", CAST(NULL AS VARCHAR) AS "click_id_type", CAST(NULL AS VARCHAR) AS "referrer", CAST(NULL AS VARCHAR) AS "referrer_host", CAST(NULL AS VARCHAR) AS "landing_page", CAST(NULL AS VARCHAR) AS "channel", CAST(NULL AS VARCHAR) AS "person_key", CAST(NULL AS VARCHAR) AS "company_domain", CAST(NULL AS BOOLEAN) AS "is_bot", CAST(NULL AS VARCHAR) AS "channel_rule", CAST(NULL AS VARCHAR) AS "source", CAST(NULL AS VARCHAR) AS "medium", CAST(NULL AS VARCHAR) AS "campaign", CAST(NULL AS VARCHAR) AS "landing_path", CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS "finalized_at", CAST(NULL AS DATE) AS "date" WHERE FALSE'
    ELSE 'SELECT CAST(NULL AS VARCHAR) AS "event_id", CAST(NULL AS VARCHAR) AS "tenant", CAST(NULL AS VARCHAR) AS "session_id", CAST(NULL AS VARCHAR) AS "visitor_id", CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS "touched_at", CAST(NULL AS VARCHAR) AS "utm_source", CAST(NULL AS VARCHAR) AS "utm_medium", CAST(NULL AS VARCHAR) AS "utm_campaign", CAST(NULL AS VARCHAR) AS "utm_term", CAST(NULL AS VARCHAR) AS "utm_content", CAST(NULL AS VARCHAR) AS "click_id", CAST(NULL AS VARCHAR) AS "click_id_type", CAST(NULL AS VARCHAR) AS "referrer", CAST(NULL AS VARCHAR) AS "referrer_host", CAST(NULL AS VARCHAR) AS "landing_page", CAST(NULL AS VARCHAR) AS "channel", CAST(NULL AS VARCHAR) AS "person_key", CAST(NULL AS VARCHAR) AS "company_domain", CAST(NULL AS BOOLEAN) AS "is_bot", CAST(NULL AS VARCHAR) AS "channel_rule", CAST(NULL AS VARCHAR) AS "source", CAST(NULL AS VARCHAR) AS "medium", CAST(NULL AS VARCHAR) AS "campaign", CAST(NULL AS VARCHAR) AS "landing_path", CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS "finalized_at", CAST(NULL AS DATE) AS "date" WHERE FALSE' END);

SET VARIABLE n_companies = (SELECT count(*) FROM glob(getvariable('lake') || '/companies/date=*/*.parquet'));
CREATE OR REPLACE VIEW files.companies AS FROM query(CASE WHEN getvariable('n_companies') > 0
    THEN 'SELECT * FROM read_parquet(getvariable(''lake'') || ''/companies/date=*/*.parquet'', hive_partitioning = true, union_by_name = true) UNION ALL BY NAME SELECT CAST(NULL AS VARCHAR) AS "event_id", CAST(NULL AS VARCHAR) AS "tenant", CAST(NULL AS VARCHAR) AS "session_id", CAST(NULL AS VARCHAR) AS "visitor_id", CAST(NULL AS VARCHAR) AS "event_type", CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS "created_at", CAST(NULL AS BIGINT) AS "position", CAST(NULL AS VARCHAR) AS "company_domain", CAST(NULL AS VARCHAR) AS "_type", CAST(NULL AS VARCHAR) AS "name", CAST(NULL AS VARCHAR) AS "domain", CAST(NULL AS VARCHAR) AS "website", CAST(NULL AS VARCHAR) AS "industry", CAST(NULL AS VARCHAR) AS "description", CAST(NULL AS BIGINT) AS "employee_count", CAST(NULL AS BIGINT) AS "founded_year", CAST(NULL AS VARCHAR) AS "linkedin_id", CAST(NULL AS VARCHAR) AS "linkedin_url", CAST(NULL AS VARCHAR) AS "logo_url", CAST(NULL AS VARCHAR) AS "provider", CAST(NULL AS VARCHAR) AS "enriched_at", CAST(NULL AS VARCHAR[]) AS "specialties", CAST(NULL AS VARCHAR) AS "address_country", CAST(NULL AS VARCHAR) AS "address_country_code", CAST(NULL AS VARCHAR) AS "address_locality", CAST(NULL AS VARCHAR) AS "address_postal_code", CAST(NULL AS VARCHAR) AS "address_region", CAST(NULL AS VARCHAR) AS "estimated_revenue_currency", CAST(NULL AS DOUBLE) AS "estimated_revenue_max", CAST(NULL AS DOUBLE) AS "estimated_revenue_min", CAST(NULL AS BIGINT) AS "funding_days_since_last_round", CAST(NULL AS VARCHAR[]) AS "funding_investors", CAST(NULL AS DOUBLE) AS "funding_last_round_amount_usd", CAST(NULL AS VARCHAR) AS "funding_last_round_type", CAST(NULL AS DOUBLE) AS "funding_total_raised_usd", CAST(NULL AS DOUBLE) AS "headcount_growth_mom", CAST(NULL AS DOUBLE) AS "headcount_growth_qoq", CAST(NULL AS DOUBLE) AS "headcount_growth_yoy", CAST(NULL AS BIGINT) AS "headcount_total", CAST(NULL AS BIGINT) AS "linkedin_followers_count", CAST(NULL AS DOUBLE) AS "linkedin_followers_mom_growth_percent", CAST(NULL AS DOUBLE) AS "linkedin_followers_qoq_growth_percent", CAST(NULL AS DOUBLE) AS "linkedin_followers_yoy_growth_percent", CAST(NULL AS DOUBLE) AS "seo_average_ad_rank", CAST(NULL AS DOUBLE) AS "seo_average_organic_rank", CAST(NULL AS DOUBLE) AS "seo_monthly_ads_spend", CAST(NULL AS BIGINT) AS "seo_monthly_organic_clicks", CAST(NULL AS DOUBLE) AS "seo_monthly_organic_value", CAST(NULL AS BIGINT) AS "seo_monthly_paid_clicks", CAST(NULL AS BIGINT) AS "seo_total_organic_keywords", CAST(NULL AS VARCHAR) AS "taxonomy_linkedin_industry", CAST(NULL AS VARCHAR[]) AS "taxonomy_linkedin_specialties", CAST(NULL AS DOUBLE) AS "web_traffic_mom_growth_percent", CAST(NULL AS BIGINT) AS "web_traffic_monthly_visitors", CAST(NULL AS DOUBLE) AS "web_traffic_qoq_growth_percent", CAST(NULL AS DOUBLE) AS "web_traffic_traffic_sources_direct_percent", CAST(NULL AS DOUBLE) AS "web_traffic_traffic_sources_paid_referral_percent", CAST(NULL AS DOUBLE) AS "web_traffic_traffic_sources_referral_percent", CAST(NULL AS DOUBLE) AS "web_traffic_traffic_sources_search_percent", CAST(NULL AS DOUBLE) AS "web_traffic_traffic_sources_social_percent", CAST(NULL AS DATE) AS "date" WHERE FALSE'
    ELSE 'SELECT CAST(NULL AS VARCHAR) AS "event_id", CAST(NULL AS VARCHAR) AS "tenant", CAST(NULL AS VARCHAR) AS "session_id", CAST(NULL AS VARCHAR) AS "visitor_id", CAST(NULL AS VARCHAR) AS "event_type", CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS "created_at", CAST(NULL AS BIGINT) AS "position", CAST(NULL AS VARCHAR) AS "company_domain", CAST(NULL AS VARCHAR) AS "_type", CAST(NULL AS VARCHAR) AS "name", CAST(NULL AS VARCHAR) AS "domain", CAST(NULL AS VARCHAR) AS "website", CAST(NULL AS VARCHAR) AS "industry", CAST(NULL AS VARCHAR) AS "description", CAST(NULL AS BIGINT) AS "employee_count", CAST(NULL AS BIGINT) AS "founded_year", CAST(NULL AS VARCHAR) AS "linkedin_id", CAST(NULL AS VARCHAR) AS "linkedin_url", CAST(NULL AS VARCHAR) AS "logo_url", CAST(NULL AS VARCHAR) AS "provider", CAST(NULL AS VARCHAR) AS "enriched_at", CAST(NULL AS VARCHAR[]) AS "specialties", CAST(NULL AS VARCHAR) AS "address_country", CAST(NULL AS VARCHAR) AS "address_country_code", CAST(NULL AS VARCHAR) AS "address_locality", CAST(NULL AS VARCHAR) AS "address_postal_code", CAST(NULL AS VARCHAR) AS "address_region", CAST(NULL AS VARCHAR) AS "estimated_revenue_currency", CAST(NULL AS DOUBLE) AS "estimated_revenue_max", CAST(NULL AS DOUBLE) AS "estimated_revenue_min", CAST(NULL AS BIGINT) AS "funding_days_since_last_round", CAST(NULL AS VARCHAR[]) AS "funding_investors", CAST(NULL AS DOUBLE) AS "funding_last_round_amount_usd", CAST(NULL AS VARCHAR) AS "funding_last_round_type", CAST(NULL AS DOUBLE) AS "funding_total_raised_usd", CAST(NULL AS DOUBLE) AS "headcount_growth_mom", CAST(NULL AS DOUBLE) AS "headcount_growth_qoq", CAST(NULL AS DOUBLE) AS "headcount_growth_yoy", CAST(NULL AS BIGINT) AS "headcount_total", CAST(NULL AS BIGINT) AS "linkedin_followers_count", CAST(NULL AS DOUBLE) AS "linkedin_followers_mom_growth_percent", CAST(NULL AS DOUBLE) AS "linkedin_followers_qoq_growth_percent", CAST(NULL AS DOUBLE) AS "linkedin_followers_yoy_growth_percent", CAST(NULL AS DOUBLE) AS "seo_average_ad_rank", CAST(NULL AS DOUBLE) AS "seo_average_organic_rank", CAST(NULL AS DOUBLE) AS "seo_monthly_ads_spend", CAST(NULL AS BIGINT) AS "seo_monthly_organic_clicks", CAST(NULL AS DOUBLE) AS "seo_monthly_organic_value", CAST(NULL AS BIGINT) AS "seo_monthly_paid_clicks", CAST(NULL AS BIGINT) AS "seo_total_organic_keywords", CAST(NULL AS VARCHAR) AS "taxonomy_linkedin_industry", CAST(NULL AS VARCHAR[]) AS "taxonomy_linkedin_specialties", CAST(NULL AS DOUBLE) AS "web_traffic_mom_growth_percent", CAST(NULL AS BIGINT) AS "web_traffic_monthly_visitors", CAST(NULL AS DOUBLE) AS "web_traffic_qoq_growth_percent", CAST(NULL AS DOUBLE) AS "web_traffic_traffic_sources_direct_percent", CAST(NULL AS DOUBLE) AS "web_traffic_traffic_sources_paid_referral_percent", CAST(NULL AS DOUBLE) AS "web_traffic_traffic_sources_referral_percent", CAST(NULL AS DOUBLE) AS "web_traffic_traffic_sources_search_percent", CAST(NULL AS DOUBLE) AS "web_traffic_traffic_sources_social_percent", CAST(NULL AS DATE) AS "date" WHERE FALSE' END);

SET VARIABLE n_people = (SELECT count(*) FROM glob(getvariable('lake') || '/people/date=*/*.parquet'));
CREATE OR REPLACE VIEW files.people AS FROM query(CASE WHEN getvariable('n_people') > 0
    THEN 'SELECT * FROM read_parquet(getvariable(''lake'') || ''/people/date=*/*.parquet'', hive_partitioning = true, union_by_name = true) UNION ALL BY NAME SELECT CAST(NULL AS VARCHAR) AS "event_id", CAST(NULL AS VARCHAR) AS "tenant", CAST(NULL AS VARCHAR) AS "session_id", CAST(NULL AS VARCHAR) AS "visitor_id", CAST(NULL AS VARCHAR) AS "event_type", CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS "created_at", CAST(NULL AS VARCHAR) AS "person_key", CAST(NULL AS VARCHAR) AS "email", CAST(NULL AS VARCHAR) AS "first_name", CAST(NULL AS VARCHAR) AS "last_name", CAST(NULL AS VARCHAR) AS "full_name", CAST(NULL AS VARCHAR) AS "headline", CAST(NULL AS VARCHAR) AS "summary", CAST(NULL AS VARCHAR) AS "linkedin_id", CAST(NULL AS VARCHAR) AS "linkedin_url", CAST(NULL AS VARCHAR) AS "profile_picture_url", CAST(NULL AS BIGINT) AS "connections", CAST(NULL AS VARCHAR[]) AS "skills", CAST(NULL AS VARCHAR[]) AS "languages", CAST(NULL AS VARCHAR) AS "provider", CAST(NULL AS VARCHAR) AS "enriched_at", CAST(NULL AS VARCHAR) AS "location_country", CAST(NULL AS VARCHAR) AS "location_country_code", CAST(NULL AS VARCHAR) AS "location_locality", CAST(NULL AS VARCHAR) AS "location_postal_code", CAST(NULL AS VARCHAR) AS "location_raw", CAST(NULL AS VARCHAR) AS "location_region", CAST(NULL AS STRUCT(title VARCHAR, company STRUCT(_type VARCHAR, name VARCHAR, domain VARCHAR, website VARCHAR, industry VARCHAR, description VARCHAR, employee_count BIGINT, founded_year BIGINT, linkedin_id VARCHAR, linkedin_url VARCHAR, logo_url VARCHAR, provider VARCHAR, enriched_at VARCHAR, specialties VARCHAR[], address_country VARCHAR, address_country_code VARCHAR, address_locality VARCHAR, address_postal_code VARCHAR, address_region VARCHAR, estimated_revenue_currency VARCHAR, estimated_revenue_max DOUBLE, estimated_revenue_min DOUBLE, funding_days_since_last_round BIGINT, funding_investors VARCHAR[], funding_last_round_amount_usd DOUBLE, funding_last_round_type VARCHAR, funding_total_raised_usd DOUBLE, headcount_growth_mom DOUBLE, headcount_growth_qoq DOUBLE, headcount_growth_yoy DOUBLE, headcount_total BIGINT, linkedin_followers_count BIGINT, linkedin_followers_mom_growth_percent DOUBLE, linkedin_followers_qoq_growth_percent DOUBLE, linkedin_followers_yoy_growth_percent DOUBLE, seo_average_ad_rank DOUBLE, seo_average_organic_rank DOUBLE, seo_monthly_ads_spend DOUBLE, seo_monthly_organic_clicks BIGINT, seo_monthly_organic_value DOUBLE, seo_monthly_paid_clicks BIGINT, seo_total_organic_keywords BIGINT, taxonomy_linkedin_industry VARCHAR, taxonomy_linkedin_specialties VARCHAR[], web_traffic_mom_growth_percent DOUBLE, web_traffic_monthly_visitors BIGINT, web_traffic_qoq_growth_percent DOUBLE, web_traffic_traffic_sources_direct_percent DOUBLE, web_traffic_traffic_sources_paid_referral_percent DOUBLE, web_traffic_traffic_sources_referral_percent DOUBLE, web_traffic_traffic_sources_search_percent DOUBLE, web_traffic_traffic_sources_social_percent DOUBLE), description VARCHAR, start_date VARCHAR, end_date VARCHAR, location VARCHAR)[]) AS "employments", CAST(NULL AS STRUCT(title VARCHAR, company STRUCT(_type VARCHAR, name VARCHAR, domain VARCHAR, website VARCHAR, industry VARCHAR, description VARCHAR, employee_count BIGINT, founded_year BIGINT, linkedin_id VARCHAR, linkedin_url VARCHAR, logo_url VARCHAR, address_country VARCHAR, address_country_code VARCHAR, address_locality VARCHAR, address_postal_code VARCHAR, address_region VARCHAR), description VARCHAR, start_date VARCHAR, end_date VARCHAR, location VARCHAR)[]) AS "experience", CAST(NULL AS STRUCT(institute_name VARCHAR, degree VARCHAR, field_of_study VARCHAR, start_date VARCHAR, end_date VARCHAR, institute_linkedin_id VARCHAR, institute_logo_url VARCHAR)[]) AS "education", CAST(NULL AS VARCHAR) AS "company_domain", CAST(NULL AS DATE) AS "date" WHERE FALSE'
    ELSE 'SELECT CAST(NULL AS VARCHAR) AS "event_id", CAST(NULL AS VARCHAR) AS "tenant", CAST(NULL AS VARCHAR) AS "session_id", CAST(NULL AS VARCHAR) AS "visitor_id", CAST(NULL AS VARCHAR) AS "event_type", CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS "created_at", CAST(NULL AS VARCHAR) AS "person_key", CAST(NULL AS VARCHAR) AS "email", CAST(NULL AS VARCHAR) AS "first_name", CAST(NULL AS VARCHAR) AS "last_name", CAST(NULL AS VARCHAR) AS "full_name", CAST(NULL AS VARCHAR) AS "headline", CAST(NULL AS VARCHAR) AS "summary", CAST(NULL AS VARCHAR) AS "linkedin_id", CAST(NULL AS VARCHAR) AS "linkedin_url", CAST(NULL AS VARCHAR) AS "profile_picture_url", CAST(NULL AS BIGINT) AS "connections", CAST(NULL AS VARCHAR[]) AS "skills", CAST(NULL AS VARCHAR[]) AS "languages", CAST(NULL AS VARCHAR) AS "provider", CAST(NULL AS VARCHAR) AS "enriched_at", CAST(NULL AS VARCHAR) AS "location_country", CAST(NULL AS VARCHAR) AS "location_country_code", CAST(NULL AS VARCHAR) AS "location_locality", CAST(NULL AS VARCHAR) AS "location_postal_code", CAST(NULL AS VARCHAR) AS "location_raw", CAST(NULL AS VARCHAR) AS "location_region", CAST(NULL AS STRUCT(title VARCHAR, company STRUCT(_type VARCHAR, name VARCHAR, domain VARCHAR, website VARCHAR, industry VARCHAR, description VARCHAR, employee_count BIGINT, founded_year BIGINT, linkedin_id VARCHAR, linkedin_url VARCHAR, logo_url VARCHAR, provider VARCHAR, enriched_at VARCHAR, specialties VARCHAR[], address_country VARCHAR, address_country_code VARCHAR, address_locality VARCHAR, address_postal_code VARCHAR, address_region VARCHAR, estimated_revenue_currency VARCHAR, estimated_revenue_max DOUBLE, estimated_revenue_min DOUBLE, funding_days_since_last_round BIGINT, funding_investors VARCHAR[], funding_last_round_amount_usd DOUBLE, funding_last_round_type VARCHAR, funding_total_raised_usd DOUBLE, headcount_growth_mom DOUBLE, headcount_growth_qoq DOUBLE, headcount_growth_yoy DOUBLE, headcount_total BIGINT, linkedin_followers_count BIGINT, linkedin_followers_mom_growth_percent DOUBLE, linkedin_followers_qoq_growth_percent DOUBLE, linkedin_followers_yoy_growth_percent DOUBLE, seo_average_ad_rank DOUBLE, seo_average_organic_rank DOUBLE, seo_monthly_ads_spend DOUBLE, seo_monthly_organic_clicks BIGINT, seo_monthly_organic_value DOUBLE, seo_monthly_paid_clicks BIGINT, seo_total_organic_keywords BIGINT, taxonomy_linkedin_industry VARCHAR, taxonomy_linkedin_specialties VARCHAR[], web_traffic_mom_growth_percent DOUBLE, web_traffic_monthly_visitors BIGINT, web_traffic_qoq_growth_percent DOUBLE, web_traffic_traffic_sources_direct_percent DOUBLE, web_traffic_traffic_sources_paid_referral_percent DOUBLE, web_traffic_traffic_sources_referral_percent DOUBLE, web_traffic_traffic_sources_search_percent DOUBLE, web_traffic_traffic_sources_social_percent DOUBLE), description VARCHAR, start_date VARCHAR, end_date VARCHAR, location VARCHAR)[]) AS "employments", CAST(NULL AS STRUCT(title VARCHAR, company STRUCT(_type VARCHAR, name VARCHAR, domain VARCHAR, website VARCHAR, industry VARCHAR, description VARCHAR, employee_count BIGINT, founded_year BIGINT, linkedin_id VARCHAR, linkedin_url VARCHAR, logo_url VARCHAR, address_country VARCHAR, address_country_code VARCHAR, address_locality VARCHAR, address_postal_code VARCHAR, address_region VARCHAR), description VARCHAR, start_date VARCHAR, end_date VARCHAR, location VARCHAR)[]) AS "experience", CAST(NULL AS STRUCT(institute_name VARCHAR, degree VARCHAR, field_of_study VARCHAR, start_date VARCHAR, end_date VARCHAR, institute_linkedin_id VARCHAR, institute_logo_url VARCHAR)[]) AS "education", CAST(NULL AS VARCHAR) AS "company_domain", CAST(NULL AS DATE) AS "date" WHERE FALSE' END);

SET VARIABLE n_identities = (SELECT count(*) FROM glob(getvariable('lake') || '/identities/date=*/*.parquet'));
CREATE OR REPLACE VIEW files.identities AS FROM query(CASE WHEN getvariable('n_identities') > 0
    THEN 'SELECT * FROM read_parquet(getvariable(''lake'') || ''/identities/date=*/*.parquet'', hive_partitioning = true, union_by_name = true) UNION ALL BY NAME SELECT CAST(NULL AS VARCHAR) AS "event_id", CAST(NULL AS VARCHAR) AS "tenant", CAST(NULL AS VARCHAR) AS "session_id", CAST(NULL AS VARCHAR) AS "visitor_id", CAST(NULL AS VARCHAR) AS "event_type", CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS "created_at", CAST(NULL AS VARCHAR) AS "person_key", CAST(NULL AS VARCHAR) AS "prid", CAST(NULL AS VARCHAR) AS "pixel_id", CAST(NULL AS VARCHAR) AS "linkedin_url", CAST(NULL AS STRUCT(type VARCHAR, value VARCHAR)[]) AS "emails", CAST(NULL AS VARCHAR[]) AS "phones", CAST(NULL AS VARCHAR) AS "demographics_first_name", CAST(NULL AS VARCHAR) AS "demographics_last_name", CAST(NULL AS BOOLEAN) AS "demographics_has_children", CAST(NULL AS BOOLEAN) AS "demographics_is_homeowner", CAST(NULL AS BOOLEAN) AS "demographics_is_married", CAST(NULL AS VARCHAR) AS "location_city", CAST(NULL AS VARCHAR) AS "location_country", CAST(NULL AS VARCHAR) AS "location_state", CAST(NULL AS VARCHAR) AS "professional_company_name", CAST(NULL AS VARCHAR) AS "professional_job_title", CAST(NULL AS DATE) AS "date" WHERE FALSE'
    ELSE 'SELECT CAST(NULL AS VARCHAR) AS "event_id", CAST(NULL AS VARCHAR) AS "tenant", CAST(NULL AS VARCHAR) AS "session_id", CAST(NULL AS VARCHAR) AS "visitor_id", CAST(NULL AS VARCHAR) AS "event_type", CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS "created_at", CAST(NULL AS VARCHAR) AS "person_key", CAST(NULL AS VARCHAR) AS "prid", CAST(NULL AS VARCHAR) AS "pixel_id", CAST(NULL AS VARCHAR) AS "linkedin_url", CAST(NULL AS STRUCT(type VARCHAR, value VARCHAR)[]) AS "emails", CAST(NULL AS VARCHAR[]) AS "phones", CAST(NULL AS VARCHAR) AS "demographics_first_name", CAST(NULL AS VARCHAR) AS "demographics_last_name", CAST(NULL AS BOOLEAN) AS "demographics_has_children", CAST(NULL AS BOOLEAN) AS "demographics_is_homeowner", CAST(NULL AS BOOLEAN) AS "demographics_is_married", CAST(NULL AS VARCHAR) AS "location_city", CAST(NULL AS VARCHAR) AS "location_country", CAST(NULL AS VARCHAR) AS "location_state", CAST(NULL AS VARCHAR) AS "professional_company_name", CAST(NULL AS VARCHAR) AS "professional_job_title", CAST(NULL AS DATE) AS "date" WHERE FALSE' END);

SET VARIABLE n_email_validations = (SELECT count(*) FROM glob(getvariable('lake') || '/email_validations/date=*/*.parquet'));
CREATE OR REPLACE VIEW files.email_validations AS FROM query(CASE WHEN getvariable('n_email_validations') > 0
    THEN 'SELECT * FROM read_parquet(getvariable(''lake'') || ''/email_validations/date=*/*.parquet'', hive_partitioning = true, union_by_name = true) UNION ALL BY NAME SELECT CAST(NULL AS VARCHAR) AS "event_id", CAST(NULL AS VARCHAR) AS "tenant", CAST(NULL AS VARCHAR) AS "session_id", CAST(NULL AS VARCHAR) AS "visitor_id", CAST(NULL AS VARCHAR) AS "event_type", CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS "created_at", CAST(NULL AS BIGINT) AS "position", CAST(NULL AS VARCHAR) AS "email", CAST(NULL AS VARCHAR) AS "validity", CAST(NULL AS VARCHAR) AS "provider", CAST(NULL AS VARCHAR) AS "error_code", CAST(NULL AS VARCHAR) AS "error_message", CAST(NULL AS DATE) AS "date" WHERE FALSE'
    ELSE 'SELECT CAST(NULL AS VARCHAR) AS "event_id", CAST(NULL AS VARCHAR) AS "tenant", CAST(NULL AS VARCHAR) AS "session_id", CAST(NULL AS VARCHAR) AS "visitor_id", CAST(NULL AS VARCHAR) AS "event_type", CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS "created_at", CAST(NULL AS BIGINT) AS "position", CAST(NULL AS VARCHAR) AS "email", CAST(NULL AS VARCHAR) AS "validity", CAST(NULL AS VARCHAR) AS "provider", CAST(NULL AS VARCHAR) AS "error_code", CAST(NULL AS VARCHAR) AS "error_message", CAST(NULL AS DATE) AS "date" WHERE FALSE' END);

SET VARIABLE n_raw_events = (SELECT count(*) FROM glob(getvariable('lake') || '/raw_events/date=*/*.parquet'));
CREATE OR REPLACE VIEW files.raw_events AS FROM query(CASE WHEN getvariable('n_raw_events') > 0
    THEN 'SELECT * FROM read_parquet(getvariable(''lake'') || ''/raw_events/date=*/*.parquet'', hive_partitioning = true, union_by_name = true) UNION ALL BY NAME SELECT CAST(NULL AS VARCHAR) AS "event_id", CAST(NULL AS VARCHAR) AS "tenant", CAST(NULL AS VARCHAR) AS "session_id", CAST(NULL AS VARCHAR) AS "visitor_id", CAST(NULL AS VARCHAR) AS "type", CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS "created_at", CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS "received_at", CAST(NULL AS VARCHAR) AS "signature_scheme", CAST(NULL AS VARCHAR) AS "webhook_id", CAST(NULL AS VARCHAR) AS "body", CAST(NULL AS DATE) AS "date" WHERE FALSE'
    ELSE 'SELECT CAST(NULL AS VARCHAR) AS "event_id", CAST(NULL AS VARCHAR) AS "tenant", CAST(NULL AS VARCHAR) AS "session_id", CAST(NULL AS VARCHAR) AS "visitor_id", CAST(NULL AS VARCHAR) AS "type", CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS "created_at", CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS "received_at", CAST(NULL AS VARCHAR) AS "signature_scheme", CAST(NULL AS VARCHAR) AS "webhook_id", CAST(NULL AS VARCHAR) AS "body", CAST(NULL AS DATE) AS "date" WHERE FALSE' END);

SET VARIABLE n_dead_letters = (SELECT count(*) FROM glob(getvariable('lake') || '/dead_letters/date=*/*.parquet'));
CREATE OR REPLACE VIEW files.dead_letters AS FROM query(CASE WHEN getvariable('n_dead_letters') > 0
    THEN 'SELECT * FROM read_parquet(getvariable(''lake'') || ''/dead_letters/date=*/*.parquet'', hive_partitioning = true, union_by_name = true) UNION ALL BY NAME SELECT CAST(NULL AS VARCHAR) AS "event_id", CAST(NULL AS VARCHAR) AS "tenant", CAST(NULL AS VARCHAR) AS "session_id", CAST(NULL AS VARCHAR) AS "visitor_id", CAST(NULL AS VARCHAR) AS "type", CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS "received_at", CAST(NULL AS VARCHAR) AS "reason", CAST(NULL AS VARCHAR) AS "path", CAST(NULL AS VARCHAR) AS "body", CAST(NULL AS VARCHAR) AS "webhook_id", CAST(NULL AS DATE) AS "date" WHERE FALSE'
    ELSE 'SELECT CAST(NULL AS VARCHAR) AS "event_id", CAST(NULL AS VARCHAR) AS "tenant", CAST(NULL AS VARCHAR) AS "session_id", CAST(NULL AS VARCHAR) AS "visitor_id", CAST(NULL AS VARCHAR) AS "type", CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS "received_at", CAST(NULL AS VARCHAR) AS "reason", CAST(NULL AS VARCHAR) AS "path", CAST(NULL AS VARCHAR) AS "body", CAST(NULL AS VARCHAR) AS "webhook_id", CAST(NULL AS DATE) AS "date" WHERE FALSE' END);

SET VARIABLE n_conversions = (SELECT count(*) FROM glob(getvariable('lake') || '/conversions/date=*/*.parquet'));
CREATE OR REPLACE VIEW files.conversions AS FROM query(CASE WHEN getvariable('n_conversions') > 0
    THEN 'SELECT * FROM read_parquet(getvariable(''lake'') || ''/conversions/date=*/*.parquet'', hive_partitioning = true, union_by_name = true) UNION ALL BY NAME SELECT CAST(NULL AS VARCHAR) AS "event_id", CAST(NULL AS VARCHAR) AS "tenant", CAST(NULL AS VARCHAR) AS "session_id", CAST(NULL AS VARCHAR) AS "visitor_id", CAST(NULL AS VARCHAR) AS "conversion", CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS "converted_at", CAST(NULL AS VARCHAR) AS "email", CAST(NULL AS VARCHAR) AS "company_domain", CAST(NULL AS DOUBLE) AS "value", CAST(NULL AS VARCHAR) AS "currency", CAST(NULL AS VARCHAR) AS "external_id", CAST(NULL AS VARCHAR) AS "stage", CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS "loaded_at", CAST(NULL AS DATE) AS "date" WHERE FALSE'
    ELSE 'SELECT CAST(NULL AS VARCHAR) AS "event_id", CAST(NULL AS VARCHAR) AS "tenant", CAST(NULL AS VARCHAR) AS "session_id", CAST(NULL AS VARCHAR) AS "visitor_id", CAST(NULL AS VARCHAR) AS "conversion", CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS "converted_at", CAST(NULL AS VARCHAR) AS "email", CAST(NULL AS VARCHAR) AS "company_domain", CAST(NULL AS DOUBLE) AS "value", CAST(NULL AS VARCHAR) AS "currency", CAST(NULL AS VARCHAR) AS "external_id", CAST(NULL AS VARCHAR) AS "stage", CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS "loaded_at", CAST(NULL AS DATE) AS "date" WHERE FALSE' END);

SET VARIABLE n_spend = (SELECT count(*) FROM glob(getvariable('lake') || '/spend/date=*/*.parquet'));
CREATE OR REPLACE VIEW files.spend AS FROM query(CASE WHEN getvariable('n_spend') > 0
    THEN 'SELECT * FROM read_parquet(getvariable(''lake'') || ''/spend/date=*/*.parquet'', hive_partitioning = true, union_by_name = true) UNION ALL BY NAME SELECT CAST(NULL AS VARCHAR) AS "event_id", CAST(NULL AS VARCHAR) AS "tenant", CAST(NULL AS VARCHAR) AS "session_id", CAST(NULL AS VARCHAR) AS "visitor_id", CAST(NULL AS DATE) AS "day", CAST(NULL AS VARCHAR) AS "source", CAST(NULL AS VARCHAR) AS "medium", CAST(NULL AS VARCHAR) AS "campaign", CAST(NULL AS DOUBLE) AS "amount", CAST(NULL AS VARCHAR) AS "currency", CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS "loaded_at", CAST(NULL AS VARCHAR) AS "channel", CAST(NULL AS DATE) AS "date" WHERE FALSE'
    ELSE 'SELECT CAST(NULL AS VARCHAR) AS "event_id", CAST(NULL AS VARCHAR) AS "tenant", CAST(NULL AS VARCHAR) AS "session_id", CAST(NULL AS VARCHAR) AS "visitor_id", CAST(NULL AS DATE) AS "day", CAST(NULL AS VARCHAR) AS "source", CAST(NULL AS VARCHAR) AS "medium", CAST(NULL AS VARCHAR) AS "campaign", CAST(NULL AS DOUBLE) AS "amount", CAST(NULL AS VARCHAR) AS "currency", CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS "loaded_at", CAST(NULL AS VARCHAR) AS "channel", CAST(NULL AS DATE) AS "date" WHERE FALSE' END);

CREATE OR REPLACE TABLE files.goals (name VARCHAR, kind VARCHAR, pattern VARCHAR, props_pattern VARCHAR, value_pattern VARCHAR, min_pages BIGINT, min_seconds BIGINT, value DOUBLE, counting VARCHAR);
INSERT INTO files.goals VALUES ('signup', 'signal', '(?s)^(?:signup)$', NULL, '(?s)^(?:.*"value"\s*:\s*"?(-?[0-9]{1,15}(?:\.[0-9]+)?(?:[eE][+-]?[0-9])?)(?:[^0-9eE].*|[eE](?:[^0-9+-].*)?)?)$', NULL, NULL, 0.0, 'every');
INSERT INTO files.goals VALUES ('demo_requested', 'signal', '(?s)^(?:demo_requested)$', NULL, '(?s)^(?:.*"value"\s*:\s*"?(-?[0-9]{1,15}(?:\.[0-9]+)?(?:[eE][+-]?[0-9])?)(?:[^0-9eE].*|[eE](?:[^0-9+-].*)?)?)$', NULL, NULL, 0.0, 'every');
CREATE OR REPLACE VIEW files.page_goals AS FROM files.goals WHERE kind = 'page';
CREATE OR REPLACE VIEW files.signal_goals AS FROM files.goals WHERE kind = 'signal';
CREATE OR REPLACE VIEW files.session_goals AS FROM files.goals WHERE kind = 'session';

CREATE OR REPLACE VIEW sessions AS
-- Each session once: of several finalizations the latest, of copies one.
SELECT *
FROM files.sessions
QUALIFY row_number() OVER (
    PARTITION BY date, coalesce(session_id, event_id)
    ORDER BY finalized_at DESC NULLS LAST, event_id, received_at
) = 1;

CREATE OR REPLACE VIEW pageviews AS
-- The entries of each session's latest finalization, each once.
SELECT *
FROM files.pageviews
QUALIFY rank() OVER (
    PARTITION BY date, coalesce(session_id, event_id)
    ORDER BY finalized_at DESC NULLS LAST, event_id
) = 1
AND row_number() OVER (
    PARTITION BY date, coalesce(session_id, event_id), event_id, position
    ORDER BY viewed_at
) = 1;

CREATE OR REPLACE VIEW utm AS
-- Each session's touchpoint once, from the session's latest finalization.
SELECT *
FROM files.utm
QUALIFY row_number() OVER (
    PARTITION BY date, coalesce(session_id, event_id)
    ORDER BY finalized_at DESC NULLS LAST, event_id
) = 1;

CREATE OR REPLACE VIEW companies AS
-- What the latest event of each session that has any says, each row once.
SELECT *
FROM files.companies
QUALIFY rank() OVER (
    PARTITION BY date, coalesce(session_id, event_id)
    ORDER BY created_at DESC NULLS LAST, event_id
) = 1
AND row_number() OVER (
    PARTITION BY date, coalesce(session_id, event_id), event_id, position
    ORDER BY created_at
) = 1;

CREATE OR REPLACE VIEW people AS
-- The person that the latest event of each session names, once.
SELECT *
FROM files.people
QUALIFY row_number() OVER (
    PARTITION BY date, coalesce(session_id, event_id)
    ORDER BY created_at DESC NULLS LAST, event_id
) = 1;

CREATE OR REPLACE VIEW identities AS
-- Each event once.
SELECT *
FROM files.identities
QUALIFY row_number() OVER (PARTITION BY date, event_id ORDER BY created_at) = 1;

CREATE OR REPLACE VIEW email_validations AS
-- What the latest event of each session that has any says, each row once.
SELECT *
FROM files.email_validations
QUALIFY rank() OVER (
    PARTITION BY date, coalesce(session_id, event_id)
    ORDER BY created_at DESC NULLS LAST, event_id
) = 1
AND row_number() OVER (
    PARTITION BY date, coalesce(session_id, event_id), event_id, position
    ORDER BY created_at
) = 1;

CREATE OR REPLACE VIEW raw_events AS
-- Each webhook once.
SELECT *
FROM files.raw_events
QUALIFY row_number() OVER (PARTITION BY date, webhook_id ORDER BY received_at) = 1;

CREATE OR REPLACE VIEW dead_letters AS
-- Each trouble of each webhook once.
SELECT *
FROM files.dead_letters
QUALIFY row_number() OVER (
    PARTITION BY date, webhook_id, reason, path, body ORDER BY received_at
) = 1;

CREATE OR REPLACE VIEW conversions AS
-- Each loaded conversion once: of those with the same external id and stage the latest load.
SELECT *
FROM files.conversions
QUALIFY row_number() OVER (
    PARTITION BY tenant, conversion, coalesce(external_id, event_id), stage
    ORDER BY loaded_at DESC, event_id DESC
) = 1;

CREATE OR REPLACE VIEW spend AS
-- Each day's spend on a campaign once: the latest load.
SELECT *
FROM files.spend
QUALIFY row_number() OVER (
    PARTITION BY tenant, day, source, medium, campaign
    ORDER BY loaded_at DESC, event_id DESC
) = 1;

CREATE OR REPLACE VIEW visits AS
-- Each session that is no bot's, with what brought it, and with the person its visitor is known
-- to be: a visitor once identified is that person in sessions before and after.
WITH known AS (
    SELECT visitor_id, person_key, company_domain, created_at AS known_at
    FROM sessions
    WHERE visitor_id IS NOT NULL
    UNION ALL
    SELECT visitor_id, person_key, NULL AS company_domain, created_at AS known_at
    FROM identities
    WHERE visitor_id IS NOT NULL
),
ranked AS (
    SELECT
        visitor_id,
        person_key,
        company_domain,
        row_number() OVER (
            PARTITION BY visitor_id
            ORDER BY
                person_key IS NOT NULL AND person_key <> visitor_id DESC,
                person_key LIKE '%@%' DESC,
                known_at DESC NULLS LAST,
                person_key
        ) AS person_rank,
        row_number() OVER (
            PARTITION BY visitor_id
            ORDER BY company_domain IS NOT NULL DESC, known_at DESC NULLS LAST, company_domain
        ) AS account_rank
    FROM known
),
owners AS (
    SELECT
        visitor_id,
        max(CASE WHEN person_rank = 1 AND person_key <> visitor_id THEN person_key END)
            AS person_key,
        max(CASE WHEN account_rank = 1 THEN company_domain END) AS company_domain
    FROM ranked
    GROUP BY visitor_id
)
SELECT
    s.date,
    s.tenant,
    s.event_id,
    s.session_id,
    s.visitor_id,
    coalesce(o.person_key, s.person_key) AS person,
    o.person_key IS NOT NULL AS is_identified,
    coalesce(s.company_domain, o.company_domain) AS account,
    s.started_at,
    s.duration_ms,
    s.pageview_count,
    s.landing_host,
    s.landing_path,
    s.landing_page,
    s.exit_page,
    s.referrer_host,
    s.country,
    s.region,
    s.city,
    s.device,
    s.browser,
    s.os,
    s.channel,
    s.channel_rule,
    s.click_id_type,
    s.source,
    s.medium,
    s.campaign,
    s.utm_term AS term,
    s.utm_content AS content
FROM sessions AS s
LEFT JOIN owners AS o
    ON o.visitor_id = s.visitor_id
WHERE s.is_bot IS NOT TRUE;

CREATE OR REPLACE VIEW conversion_events AS
-- Every conversion, from whichever source: goals met on the site and conversions loaded. Each is
-- given the person and the account it belongs to, as far as either is known, and the times at
-- which the account's first lead, the deal's opportunity and its closing were. Of a deal's stages
-- the latest is current. A goal that counts once an account counts once a person where no account
-- is known, and one that counts once a person once a session where nobody is.
WITH visited AS (
    SELECT date, event_id, tenant, session_id, visitor_id, person, account FROM visits
),
viewed AS (
    SELECT
        g.name, g.counting, g.value, g.value_pattern,
        p.date, p.event_id, p.position, p.viewed_at, p.props
    FROM files.signal_goals AS g
    CROSS JOIN files.pageviews AS p
    WHERE p.signal ~ g.pattern
      AND (g.props_pattern IS NULL OR p.props ~ g.props_pattern)
    UNION ALL
    SELECT
        g.name, g.counting, g.value, g.value_pattern,
        p.date, p.event_id, p.position, p.viewed_at, p.props
    FROM files.page_goals AS g
    CROSS JOIN files.pageviews AS p
    WHERE p.signal = 'pageview'
      AND regexp_replace(p.url, '^[a-zA-Z][a-zA-Z0-9+.-]*://[^/?#]*', '') ~ g.pattern
),
met AS (
    SELECT
        p.name AS conversion,
        p.counting,
        p.viewed_at AS converted_at,
        coalesce(
            TRY_CAST(
                CASE WHEN p.props ~ p.value_pattern
                     THEN regexp_replace(p.props, p.value_pattern, '\1') END AS DOUBLE
            ),
            p.value
        ) AS value,
        concat(p.event_id, '-', CAST(p.position AS VARCHAR)) AS place,
        v.*
    FROM viewed AS p
    INNER JOIN visited AS v ON v.date = p.date AND v.event_id = p.event_id
    UNION ALL
    SELECT
        g.name AS conversion,
        g.counting,
        s.started_at AS converted_at,
        g.value,
        s.event_id AS place,
        s.date,
        s.event_id,
        s.tenant,
        s.session_id,
        s.visitor_id,
        s.person,
        s.account
    FROM files.session_goals AS g
    CROSS JOIN visits AS s
    WHERE coalesce(s.pageview_count, 0) >= g.min_pages
      AND coalesce(s.duration_ms, 0) >= g.min_seconds * 1000
),
counted AS (
    SELECT *
    FROM met
    QUALIFY row_number() OVER (
        PARTITION BY
            conversion,
            counting = 'account' AND account IS NOT NULL,
            CASE
                WHEN counting = 'account' AND account IS NOT NULL THEN account
                WHEN counting IN ('account', 'person')
                    THEN coalesce(person, visitor_id, session_id, event_id)
                WHEN counting = 'session' THEN coalesce(session_id, event_id)
                ELSE place
            END
        ORDER BY converted_at, place
    ) = 1
),
people_known AS (
    SELECT visitor_id, max(person) AS person, max(account) AS account
    FROM visits
    WHERE visitor_id IS NOT NULL
    GROUP BY visitor_id
),
persons_account AS (
    SELECT person, account
    FROM visits
    WHERE account IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY person ORDER BY started_at DESC, account) = 1
),
listed AS (
    SELECT
        concat(conversion, '-', place) AS conversion_id,
        'goal' AS origin,
        conversion,
        CAST(NULL AS VARCHAR) AS stage,
        converted_at,
        tenant,
        session_id,
        visitor_id,
        person,
        account,
        coalesce(value, 0) AS value,
        CAST(NULL AS VARCHAR) AS currency,
        CAST(NULL AS VARCHAR) AS external_id
    FROM counted
    UNION ALL
    SELECT
        c.event_id AS conversion_id,
        'loaded' AS origin,
        c.conversion,
        c.stage,
        c.converted_at,
        c.tenant,
        c.session_id,
        c.visitor_id,
        coalesce(c.email, k.person) AS person,
        coalesce(c.company_domain, a.account, k.account) AS account,
        coalesce(c.value, 0) AS value,
        c.currency,
        c.external_id
    FROM conversions AS c
    LEFT JOIN people_known AS k ON k.visitor_id = c.visitor_id
    LEFT JOIN persons_account AS a ON a.person = coalesce(c.email, k.person)
),
leads AS (
    SELECT
        coalesce(account, person) AS owner,
        coalesce(
            min(CASE WHEN stage = 'lead' THEN converted_at END),
            min(CASE WHEN origin = 'goal' THEN converted_at END)
        ) AS lead_at
    FROM listed
    WHERE stage = 'lead' OR origin = 'goal'
    GROUP BY coalesce(account, person)
),
opportunities AS (
    SELECT tenant, external_id, max(converted_at) AS opportunity_at
    FROM listed
    WHERE stage = 'opportunity' AND external_id IS NOT NULL
    GROUP BY tenant, external_id
)
SELECT
    c.*,
    CASE WHEN l.lead_at <= c.converted_at THEN l.lead_at END AS lead_at,
    CASE
        WHEN c.stage = 'opportunity' THEN c.converted_at
        WHEN o.opportunity_at <= c.converted_at THEN o.opportunity_at
    END AS opportunity_at,
    CASE WHEN c.stage = 'won' THEN c.converted_at END AS won_at,
    row_number() OVER (
        PARTITION BY
            c.tenant, c.conversion, coalesce(c.external_id, c.conversion_id)
        ORDER BY
            c.converted_at DESC,
            CASE c.stage WHEN 'won' THEN 3 WHEN 'opportunity' THEN 2 WHEN 'lead' THEN 1 ELSE 0 END
                DESC,
            c.conversion_id
    ) = 1 AS is_current
FROM listed AS c
LEFT JOIN leads AS l ON l.owner = coalesce(c.account, c.person)
LEFT JOIN opportunities AS o
    ON o.external_id = c.external_id AND o.tenant IS NOT DISTINCT FROM c.tenant;

CREATE OR REPLACE VIEW account_facts AS
-- What is known of each account: its latest full record, with the usual bands.
WITH latest AS (
    SELECT *, coalesce(headcount_total, employee_count) AS employees
    FROM files.companies
    WHERE company_domain IS NOT NULL
    QUALIFY row_number() OVER (
        PARTITION BY company_domain
        ORDER BY _type = 'full' DESC, created_at DESC NULLS LAST, event_id, position
    ) = 1
)
SELECT
    company_domain AS account,
    name,
    industry,
    employees,
    CASE
        WHEN employees IS NULL THEN NULL
        WHEN employees <= 10 THEN '1-10'
        WHEN employees <= 50 THEN '11-50'
        WHEN employees <= 200 THEN '51-200'
        WHEN employees <= 500 THEN '201-500'
        WHEN employees <= 1000 THEN '501-1000'
        WHEN employees <= 5000 THEN '1001-5000'
        WHEN employees <= 10000 THEN '5001-10000'
        ELSE '10001+'
    END AS headcount_band,
    coalesce(estimated_revenue_min, estimated_revenue_max) AS revenue,
    CASE
        WHEN coalesce(estimated_revenue_min, estimated_revenue_max) IS NULL THEN NULL
        WHEN coalesce(estimated_revenue_min, estimated_revenue_max) < 1000000 THEN 'under 1M'
        WHEN coalesce(estimated_revenue_min, estimated_revenue_max) < 10000000 THEN '1M-10M'
        WHEN coalesce(estimated_revenue_min, estimated_revenue_max) < 50000000 THEN '10M-50M'
        WHEN coalesce(estimated_revenue_min, estimated_revenue_max) < 100000000 THEN '50M-100M'
        WHEN coalesce(estimated_revenue_min, estimated_revenue_max) < 500000000 THEN '100M-500M'
        WHEN coalesce(estimated_revenue_min, estimated_revenue_max) < 1000000000 THEN '500M-1B'
        ELSE '1B+'
    END AS revenue_band,
    address_country AS company_country,
    funding_last_round_type AS last_funding,
    headcount_growth_yoy AS growth_yoy
FROM latest;

CREATE OR REPLACE VIEW touchpoints AS
-- What can be credited: each session, and each later page view of one that carries a campaign.
-- With it stands what is known of the account.
SELECT t.*, f.industry, f.headcount_band, f.revenue_band, f.company_country
FROM (
    SELECT
        tenant,
        event_id,
        session_id,
        visitor_id,
        person,
        is_identified,
        account,
        started_at AS touched_at,
        0 AS position,
        coalesce(pageview_count, 0) AS pageviews,
        coalesce(channel, 'Unassigned') AS channel,
        source,
        medium,
        campaign,
        term,
        content,
        landing_page,
        landing_host,
        landing_path,
        referrer_host,
        country,
        region,
        city,
        device,
        browser,
        os
    FROM visits
    UNION ALL
    SELECT
        v.tenant,
        v.event_id,
        v.session_id,
        v.visitor_id,
        v.person,
        v.is_identified,
        v.account,
        p.viewed_at AS touched_at,
        p.position,
        0 AS pageviews,
        p.channel,
        p.source,
        p.medium,
        p.campaign,
        p.term,
        p.content,
        p.url AS landing_page,
        p.host AS landing_host,
        p.path AS landing_path,
        v.referrer_host,
        v.country,
        v.region,
        v.city,
        v.device,
        v.browser,
        v.os
    FROM visits AS v
    INNER JOIN (
        SELECT *
        FROM files.pageviews
        WHERE channel IS NOT NULL AND position > 0
        QUALIFY row_number() OVER (PARTITION BY date, event_id, position ORDER BY viewed_at) = 1
    ) AS p ON p.date = v.date AND p.event_id = v.event_id
    WHERE (p.source IS DISTINCT FROM v.source)
       OR (p.medium IS DISTINCT FROM v.medium)
       OR (p.campaign IS DISTINCT FROM v.campaign)
) AS t
LEFT JOIN account_facts AS f ON f.account = t.account;

-- Tells whether a channel is one that is paid for.
CREATE OR REPLACE MACRO is_paid_channel(name) AS
    name LIKE 'Paid%' OR name IN ('Display', 'Cross-network');

-- A name, or null if it is empty or one that reports use for rows of their own: a visitor may
-- have typed it.
CREATE OR REPLACE MACRO unreserved(name) AS
    CASE
        WHEN name IN (
            '', '(not set)', '(total)', '(attributed)', '(unattributed)', '(no touch)',
            '(start)', '(conversion)', '(null)'
        )
        THEN NULL
        ELSE name
    END;

-- Writes a text as one of several that are joined by chr(31), which may be in the text itself.
CREATE OR REPLACE MACRO as_part(part) AS
    replace(replace(part, chr(30), concat(chr(30), '0')), chr(31), concat(chr(30), '1'));

-- The n-th of texts written by `as_part` and joined by chr(31); null if it is empty.
CREATE OR REPLACE MACRO part_of(joined, n) AS
    nullif(
        replace(
            replace(split_part(joined, chr(31), n), concat(chr(30), '1'), chr(31)),
            concat(chr(30), '0'),
            chr(30)
        ),
        ''
    );

-- Writes a name as a step of a path: `\` and `>` have a `\` before them, and so have a blank at
-- either end and a `'` at the beginning. All other names stay as they are. The other direction:
-- `parse_path` in src/attribution/path.rs, and docs/attribution.md.
CREATE OR REPLACE MACRO path_step(name) AS
    concat(
        CASE WHEN left(name, 1) IN (' ', '''') THEN '\' ELSE '' END,
        CASE
            WHEN right(name, 1) = ' ' AND name <> ' ' THEN concat(
                replace(replace(left(name, length(name) - 1), '\', '\\'), '>', '\>'), '\ '
            )
            ELSE replace(replace(name, '\', '\\'), '>', '\>')
        END
    );

-- The touchpoints, each with its value of a dimension; `(not set)` where there is none, or one
-- that a report would take for a row of its own.
CREATE OR REPLACE MACRO touchpoints_by(by_column := 'channel', touchpoint := 'session') AS TABLE
SELECT * REPLACE (coalesce(unreserved(dimension), '(not set)') AS dimension)
FROM (
    SELECT
        t.*,
        CASE by_column
            WHEN 'source' THEN t.source
            WHEN 'medium' THEN t.medium
            WHEN 'campaign' THEN t.campaign
            WHEN 'campaign_detail' THEN
                CASE WHEN unreserved(t.campaign) IS NULL THEN NULL ELSE
                    concat(as_part(t.campaign), chr(31), as_part(t.source), chr(31),
                           as_part(t.medium), chr(31), as_part(t.channel))
                END
            WHEN 'source_detail' THEN
                concat(as_part(unreserved(t.source)), chr(31), as_part(t.medium), chr(31),
                       as_part(t.channel))
            WHEN 'landing_detail' THEN
                concat(as_part(t.landing_host), chr(31), as_part(t.landing_path))
            WHEN 'term' THEN t.term
            WHEN 'content' THEN t.content
            WHEN 'landing_page' THEN concat(t.landing_host, t.landing_path)
            WHEN 'referrer' THEN t.referrer_host
            WHEN 'country' THEN t.country
            WHEN 'region' THEN t.region
            WHEN 'city' THEN t.city
            WHEN 'device' THEN t.device
            WHEN 'browser' THEN t.browser
            WHEN 'os' THEN t.os
            WHEN 'industry' THEN t.industry
            WHEN 'headcount' THEN t.headcount_band
            WHEN 'revenue' THEN t.revenue_band
            WHEN 'company_country' THEN t.company_country
            WHEN 'account' THEN t.account
            ELSE t.channel
        END AS dimension
    FROM touchpoints AS t
    WHERE t.touched_at IS NOT NULL
      AND (touchpoint = 'pageview' OR t.position = 0)
) AS named;

-- The touches before each conversion, in order, each with every model's share of the credit.
-- A conversion without touches is one row, whose touch is null. Shares of a conversion sum to 1,
-- but for participation, which gives 1 to each distinct value of the dimension.
--
-- Touches are those of the conversion's person or account that began no later than it, within
-- the lookback of so many days (90 for a person, 180 for an account) and steps. Direct is kept,
-- excluded before anything is weighted (or so unless there is nothing else), or goes to the touch that came last before it
-- (`last_non_direct`). With nulls, each person or account without such a conversion stands there
-- too, origin `none`, as if its last touch were one. Formulas: docs/attribution.md.
CREATE OR REPLACE MACRO touches(
    unit := 'person',
    by_column := 'channel',
    from_day := CAST(NULL AS DATE),
    to_day := CAST(NULL AS DATE),
    in_tenant := CAST(NULL AS VARCHAR),
    of_conversion := CAST(NULL AS VARCHAR),
    of_stage := CAST(NULL AS VARCHAR),
    lookback := CAST(NULL AS DOUBLE),
    steps := CAST(NULL AS BIGINT),
    direct := 'keep',
    touchpoint := 'session',
    half_life := 7.0,
    weights := '40,20,40',
    with_nulls := FALSE
) AS TABLE
WITH available AS (
    SELECT *, CASE WHEN unit = 'account' THEN account ELSE person END AS entity
    FROM touchpoints_by(by_column := by_column, touchpoint := touchpoint)
    WHERE direct <> 'exclude' OR channel <> 'Direct'
),
converted AS (
    SELECT
        conversion_id,
        origin,
        conversion,
        stage,
        external_id,
        converted_at,
        tenant,
        person,
        account,
        CASE WHEN unit = 'account' THEN account ELSE person END AS entity,
        value,
        lead_at,
        opportunity_at,
        won_at
    FROM conversion_events
    WHERE (from_day IS NULL OR CAST(converted_at AS DATE) >= from_day)
      AND (to_day IS NULL OR CAST(converted_at AS DATE) < to_day)
      AND (in_tenant IS NULL OR tenant = in_tenant)
      AND (of_conversion IS NULL OR conversion = of_conversion)
      AND CASE WHEN of_stage IS NULL THEN is_current ELSE stage = of_stage END
),
not_converted AS (
    SELECT
        concat('none-', t.entity) AS conversion_id,
        'none' AS origin,
        CAST(NULL AS VARCHAR) AS conversion,
        CAST(NULL AS VARCHAR) AS stage,
        CAST(NULL AS VARCHAR) AS external_id,
        max(t.touched_at) AS converted_at,
        max(t.tenant) AS tenant,
        max(t.person) AS person,
        max(t.account) AS account,
        t.entity,
        0.0 AS value,
        CAST(NULL AS TIMESTAMPTZ) AS lead_at,
        CAST(NULL AS TIMESTAMPTZ) AS opportunity_at,
        CAST(NULL AS TIMESTAMPTZ) AS won_at
    FROM available AS t
    LEFT JOIN (SELECT DISTINCT entity FROM converted) AS c ON c.entity = t.entity
    WHERE with_nulls
      AND c.entity IS NULL
      AND t.entity IS NOT NULL
      AND (from_day IS NULL OR CAST(t.touched_at AS DATE) >= from_day)
      AND (to_day IS NULL OR CAST(t.touched_at AS DATE) < to_day)
      AND (in_tenant IS NULL OR t.tenant = in_tenant)
    GROUP BY t.entity
),
chosen AS (
    SELECT * FROM converted
    UNION ALL
    SELECT * FROM not_converted
),
joined AS (
    SELECT
        c.*,
        t.event_id,
        t.session_id AS touch_session_id,
        t.visitor_id AS touch_visitor_id,
        t.person AS touch_person,
        t.touched_at,
        t.position,
        t.channel,
        t.source,
        t.medium,
        t.campaign,
        t.landing_page,
        t.dimension,
        (date_part('epoch', c.converted_at) - date_part('epoch', t.touched_at)) / 86400.0
            AS age_days
    FROM chosen AS c
    LEFT JOIN available AS t
        ON t.entity = c.entity
       AND t.touched_at <= c.converted_at
       AND (c.tenant IS NULL OR t.tenant = c.tenant)
       AND (date_part('epoch', c.converted_at) - date_part('epoch', t.touched_at)) / 86400.0
           <= coalesce(lookback, CASE WHEN unit = 'account' THEN 180.0 ELSE 90.0 END)
),
judged AS (
    SELECT
        *,
        count(CASE WHEN channel <> 'Direct' THEN 1 END)
            OVER (PARTITION BY conversion_id) AS n_indirect
    FROM joined
),
counted AS (
    SELECT
        *,
        count(event_id) OVER (PARTITION BY conversion_id) AS n_all,
        row_number() OVER (
            PARTITION BY conversion_id
            ORDER BY touched_at DESC, event_id DESC, position DESC
        ) AS steps_back
    FROM judged
    WHERE direct <> 'exclude_unless_all' OR channel IS NULL OR channel <> 'Direct'
       OR n_indirect = 0
),
numbered AS (
    SELECT
        *,
        CASE WHEN n_all > 0 THEN least(n_all, coalesce(steps, n_all)) END AS n,
        CASE WHEN n_all > 0 THEN least(n_all, coalesce(steps, n_all)) - steps_back + 1 END AS i
    FROM counted
    WHERE steps_back <= coalesce(steps, steps_back)
),
carried AS (
    SELECT
        *,
        CASE
            WHEN direct = 'last_non_direct' THEN coalesce(
                max(CASE WHEN channel <> 'Direct' THEN i END) OVER (
                    PARTITION BY conversion_id
                    ORDER BY i
                    ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
                ),
                i
            )
            ELSE i
        END AS carrier
    FROM numbered
),
named AS (
    SELECT
        *,
        CASE
            WHEN direct = 'last_non_direct'
            THEN first_value(channel) OVER (PARTITION BY conversion_id, carrier ORDER BY i)
            ELSE channel
        END AS credited_channel,
        CASE
            WHEN direct = 'last_non_direct'
            THEN first_value(dimension) OVER (PARTITION BY conversion_id, carrier ORDER BY i)
            ELSE dimension
        END AS credited_dimension
    FROM carried
),
placed AS (
    SELECT
        *,
        min(CASE WHEN credited_channel <> 'Direct' THEN i END)
            OVER (PARTITION BY conversion_id) AS i_first_indirect,
        max(CASE WHEN credited_channel <> 'Direct' THEN i END)
            OVER (PARTITION BY conversion_id) AS i_last_indirect,
        min(CASE WHEN is_paid_channel(credited_channel) THEN i END)
            OVER (PARTITION BY conversion_id) AS i_first_paid,
        max(CASE WHEN is_paid_channel(credited_channel) THEN i END)
            OVER (PARTITION BY conversion_id) AS i_last_paid,
        max(CASE WHEN touched_at <= lead_at THEN i END)
            OVER (PARTITION BY conversion_id) AS i_lead,
        max(CASE WHEN touched_at <= opportunity_at THEN i END)
            OVER (PARTITION BY conversion_id) AS i_opportunity,
        max(CASE WHEN touched_at <= won_at THEN i END)
            OVER (PARTITION BY conversion_id) AS i_won,
        min(age_days) OVER (PARTITION BY conversion_id) AS age_min,
        nullif(count(event_id) OVER (PARTITION BY conversion_id, credited_dimension), 0) AS n_same,
        CAST(split_part(weights, ',', 1) AS DOUBLE) AS weight_first,
        CAST(split_part(weights, ',', 2) AS DOUBLE) AS weight_middle,
        CAST(split_part(weights, ',', 3) AS DOUBLE) AS weight_last
    FROM named
),
raw AS (
    SELECT
        *,
        power(2.0, (age_min - age_days) / half_life) AS decay,
        coalesce(i_won, 0) AS w,
        coalesce(i_opportunity, 0) AS o,
        coalesce(i_lead, 0) AS l,
        sum(CASE WHEN i > 1 AND i < greatest(coalesce(i_lead, 1), coalesce(i_opportunity, 1))
                  AND i <> coalesce(i_lead, 0) THEN 1.0 ELSE 0.0 END)
            OVER (PARTITION BY conversion_id) AS n_middle_w,
        sum(CASE WHEN i > 1 AND i < greatest(coalesce(i_lead, 1), coalesce(i_opportunity, 1),
                                             coalesce(i_won, 1))
                  AND i <> coalesce(i_lead, 0) AND i <> coalesce(i_opportunity, 0)
                 THEN 1.0 ELSE 0.0 END)
            OVER (PARTITION BY conversion_id) AS n_middle_full
    FROM placed
)
SELECT
    conversion_id,
    origin,
    conversion,
    stage,
    external_id,
    converted_at,
    tenant,
    person,
    account,
    entity,
    value,
    event_id,
    touch_session_id AS session_id,
    touch_visitor_id AS visitor_id,
    touch_person,
    touched_at,
    position,
    age_days,
    channel,
    source,
    medium,
    campaign,
    landing_page,
    credited_dimension AS dimension,
    i,
    n,
    n_same,
    lead_at,
    opportunity_at,
    won_at,
    l > 0 AND i = l AS is_lead_touch,
    o > 0 AND i = o AS is_opportunity_touch,
    w > 0 AND i = w AS is_won_touch,
    CASE WHEN i = 1 THEN 1.0 ELSE 0.0 END AS first_touch,
    CASE WHEN i = n THEN 1.0 ELSE 0.0 END AS last_touch,
    CASE WHEN i = coalesce(i_last_indirect, n) THEN 1.0 ELSE 0.0 END AS last_non_direct,
    CASE WHEN i = coalesce(i_first_indirect, 1) THEN 1.0 ELSE 0.0 END AS first_non_direct,
    CASE WHEN i = coalesce(i_first_paid, 1) THEN 1.0 ELSE 0.0 END AS first_paid,
    CASE WHEN i = coalesce(i_last_paid, n) THEN 1.0 ELSE 0.0 END AS last_paid,
    1.0 / n AS linear,
    1.0 / n_same / sum(1.0 / n_same) OVER (PARTITION BY conversion_id) AS linear_unique,
    CASE
        WHEN n = 1 THEN 1.0
        WHEN n = 2 THEN 0.5
        WHEN i = 1 OR i = n THEN 0.4
        ELSE 0.2 / (n - 2)
    END AS position_based,
    CASE
        WHEN n = 1 THEN 1.0
        WHEN n = 2 THEN CASE WHEN i = 1 THEN 0.25 ELSE 0.75 END
        WHEN i = 1 THEN 0.2
        WHEN i = n THEN 0.6
        ELSE 0.2 / (n - 2)
    END AS j_shaped,
    CASE
        WHEN n = 1 THEN 1.0
        WHEN n = 2 THEN CASE WHEN i = 1 THEN 0.75 ELSE 0.25 END
        WHEN i = 1 THEN 0.6
        WHEN i = n THEN 0.2
        ELSE 0.2 / (n - 2)
    END AS inverse_j,
    decay / sum(decay) OVER (PARTITION BY conversion_id) AS time_decay,
    CASE
        WHEN n = 1 THEN 1.0
        WHEN n = 2 AND weight_first + weight_last = 0 THEN 0.5
        WHEN n = 2 AND i = 1 THEN weight_first / (weight_first + weight_last)
        WHEN n = 2 THEN weight_last / (weight_first + weight_last)
        WHEN i = 1 THEN weight_first / (weight_first + weight_middle + weight_last)
        WHEN i = n THEN weight_last / (weight_first + weight_middle + weight_last)
        ELSE weight_middle / (weight_first + weight_middle + weight_last) / (n - 2)
    END AS custom,
    CASE WHEN l = 0 THEN CASE WHEN i = 1 THEN 1.0 ELSE 0.0 END
         ELSE CASE WHEN i = 1 THEN 0.5 ELSE 0.0 END + CASE WHEN i = l THEN 0.5 ELSE 0.0 END
    END AS u_lead,
    (
        CASE WHEN i = 1 THEN 0.3 ELSE 0.0 END
        + CASE WHEN i = l THEN 0.3 ELSE 0.0 END
        + CASE WHEN i = o THEN 0.3 ELSE 0.0 END
        + CASE WHEN i > 1 AND i < greatest(l, o) AND i <> l THEN 0.1 / n_middle_w ELSE 0.0 END
    ) / (
        0.3
        + CASE WHEN l > 0 THEN 0.3 ELSE 0.0 END
        + CASE WHEN o > 0 THEN 0.3 ELSE 0.0 END
        + CASE WHEN n_middle_w > 0 THEN 0.1 ELSE 0.0 END
    ) AS w_shaped,
    (
        CASE WHEN i = 1 THEN 0.225 ELSE 0.0 END
        + CASE WHEN i = l THEN 0.225 ELSE 0.0 END
        + CASE WHEN i = o THEN 0.225 ELSE 0.0 END
        + CASE WHEN i = w THEN 0.225 ELSE 0.0 END
        + CASE WHEN i > 1 AND i < greatest(l, o, w) AND i <> l AND i <> o
               THEN 0.1 / n_middle_full ELSE 0.0 END
    ) / (
        0.225
        + CASE WHEN l > 0 THEN 0.225 ELSE 0.0 END
        + CASE WHEN o > 0 THEN 0.225 ELSE 0.0 END
        + CASE WHEN w > 0 THEN 0.225 ELSE 0.0 END
        + CASE WHEN n_middle_full > 0 THEN 0.1 ELSE 0.0 END
    ) AS full_path,
    1.0 / n_same AS participation
FROM raw;

-- The touches before each conversion with the credit that one model gives each; a conversion
-- without touches is one row, whose touch and credit are null. Parameters as of `touches`.
CREATE OR REPLACE MACRO credits(
    model := 'last_non_direct',
    unit := 'person',
    by_column := 'channel',
    from_day := CAST(NULL AS DATE),
    to_day := CAST(NULL AS DATE),
    in_tenant := CAST(NULL AS VARCHAR),
    of_conversion := CAST(NULL AS VARCHAR),
    of_stage := CAST(NULL AS VARCHAR),
    lookback := CAST(NULL AS DOUBLE),
    steps := CAST(NULL AS BIGINT),
    direct := 'keep',
    touchpoint := 'session',
    half_life := 7.0,
    weights := '40,20,40'
) AS TABLE
SELECT
    conversion_id,
    origin,
    conversion,
    stage,
    external_id,
    converted_at,
    tenant,
    person,
    account,
    entity,
    value,
    event_id,
    session_id,
    visitor_id,
    touch_person,
    touched_at,
    position,
    age_days,
    channel,
    source,
    medium,
    campaign,
    landing_page,
    dimension,
    i,
    n,
    participation,
    CASE
        WHEN event_id IS NULL THEN NULL
        WHEN model = 'first_touch' THEN first_touch
        WHEN model = 'last_touch' THEN last_touch
        WHEN model = 'last_non_direct' THEN last_non_direct
        WHEN model = 'first_non_direct' THEN first_non_direct
        WHEN model = 'first_paid' THEN first_paid
        WHEN model = 'last_paid' THEN last_paid
        WHEN model = 'linear' THEN linear
        WHEN model = 'linear_unique' THEN linear_unique
        WHEN model = 'shapley' THEN linear_unique
        WHEN model = 'position_based' THEN position_based
        WHEN model = 'j_shaped' THEN j_shaped
        WHEN model = 'inverse_j' THEN inverse_j
        WHEN model = 'time_decay' THEN time_decay
        WHEN model = 'custom' THEN custom
        WHEN model = 'u_lead' THEN u_lead
        WHEN model = 'w_shaped' THEN w_shaped
        WHEN model = 'full_path' THEN full_path
        WHEN model = 'participation' THEN participation
    END AS credit
FROM touches(
    unit := unit,
    by_column := by_column,
    from_day := from_day,
    to_day := to_day,
    in_tenant := in_tenant,
    of_conversion := of_conversion,
    of_stage := of_stage,
    lookback := lookback,
    steps := steps,
    direct := direct,
    touchpoint := touchpoint,
    half_life := half_life,
    weights := weights
);

-- The touches of paths as their steps, a row each with its path's conversion, value and number of
-- steps: all touches as walked (`unique`), those that repeat the one before left out (`exposure`),
-- all later repeats left out (`first`), or each first one with its count (`frequency`). A name is
-- as it is, or if wished as paths are written. Other parameters as of `touches`.
CREATE OR REPLACE MACRO path_touches(
    transform := 'unique',
    is_written := FALSE,
    unit := 'person',
    by_column := 'channel',
    from_day := CAST(NULL AS DATE),
    to_day := CAST(NULL AS DATE),
    in_tenant := CAST(NULL AS VARCHAR),
    of_conversion := CAST(NULL AS VARCHAR),
    of_stage := CAST(NULL AS VARCHAR),
    lookback := CAST(NULL AS DOUBLE),
    steps := CAST(NULL AS BIGINT),
    direct := 'keep',
    touchpoint := 'session'
) AS TABLE
WITH walked AS (
    SELECT
        conversion_id,
        value,
        CASE WHEN origin = 'none' THEN 0 ELSE 1 END AS n_converted,
        i,
        CASE WHEN is_written THEN path_step(dimension) ELSE dimension END AS step
    FROM touches(
        unit := unit,
        by_column := by_column,
        from_day := from_day,
        to_day := to_day,
        in_tenant := in_tenant,
        of_conversion := of_conversion,
        of_stage := of_stage,
        lookback := lookback,
        steps := steps,
        direct := direct,
        touchpoint := touchpoint,
        with_nulls := TRUE
    )
    WHERE event_id IS NOT NULL
),
turned AS (
    SELECT
        *,
        lag(step) OVER (PARTITION BY conversion_id ORDER BY i) AS step_before,
        row_number() OVER (PARTITION BY conversion_id, step ORDER BY i) AS n_seen,
        count(*) OVER (PARTITION BY conversion_id, step) AS n_same
    FROM walked
),
written AS (
    SELECT
        conversion_id,
        value,
        n_converted,
        i,
        CASE
            WHEN transform = 'unique' THEN step
            WHEN transform = 'exposure'
                THEN CASE WHEN step_before IS NULL OR step <> step_before THEN step END
            WHEN n_seen > 1 THEN NULL
            WHEN transform = 'frequency'
                THEN concat(step, '(', CAST(n_same AS VARCHAR), ')')
            ELSE step
        END AS step
    FROM turned
)
-- Counted before lists or texts are made: so their rows come sorted by conversion, and one is made
-- at a time.
SELECT *, count(*) OVER (PARTITION BY conversion_id) AS n_steps
FROM written
WHERE step IS NOT NULL;

-- The distinct walks of touches, each a list of names as they are, with the conversions and value
-- that each ended in, and how many people or accounts without a conversion walked it (`nulls`: the
-- touches within the lookback before their last one). Parameters as of `path_touches`.
CREATE OR REPLACE MACRO walks(
    transform := 'unique',
    unit := 'person',
    by_column := 'channel',
    from_day := CAST(NULL AS DATE),
    to_day := CAST(NULL AS DATE),
    in_tenant := CAST(NULL AS VARCHAR),
    of_conversion := CAST(NULL AS VARCHAR),
    of_stage := CAST(NULL AS VARCHAR),
    lookback := CAST(NULL AS DOUBLE),
    steps := CAST(NULL AS BIGINT),
    direct := 'keep',
    touchpoint := 'session'
) AS TABLE
WITH listed AS (
    SELECT
        conversion_id,
        max(n_converted) AS n_converted,
        max(value) AS value,
        array_agg(step ORDER BY i) AS walk
    FROM path_touches(
        transform := transform,
        unit := unit,
        by_column := by_column,
        from_day := from_day,
        to_day := to_day,
        in_tenant := in_tenant,
        of_conversion := of_conversion,
        of_stage := of_stage,
        lookback := lookback,
        steps := steps,
        direct := direct,
        touchpoint := touchpoint
    )
    GROUP BY conversion_id
)
SELECT
    walk,
    sum(n_converted) AS conversions,
    sum(value) AS value,
    sum(1 - n_converted) AS nulls
FROM listed
GROUP BY walk;

-- The distinct paths of touches, with the conversions and value that each ended in, and how many
-- people or accounts without a conversion walked it (`nulls`: the touches within the lookback
-- before their last one). The path is written as walked (`unique`), without repeats in a row
-- (`exposure`), without later repeats (`first`), or as each step with its count (`frequency`).
-- Names are joined by ` > ` and written as `path_step` has it. Other parameters as of `touches`.
CREATE OR REPLACE MACRO paths(
    transform := 'unique',
    unit := 'person',
    by_column := 'channel',
    from_day := CAST(NULL AS DATE),
    to_day := CAST(NULL AS DATE),
    in_tenant := CAST(NULL AS VARCHAR),
    of_conversion := CAST(NULL AS VARCHAR),
    of_stage := CAST(NULL AS VARCHAR),
    lookback := CAST(NULL AS DOUBLE),
    steps := CAST(NULL AS BIGINT),
    direct := 'keep',
    touchpoint := 'session'
) AS TABLE
WITH listed AS (
    SELECT
        conversion_id,
        max(n_converted) AS n_converted,
        max(value) AS value,
        string_agg(step, ' > ' ORDER BY i) AS path,
        max(n_steps) AS n_touches
    FROM path_touches(
        is_written := TRUE,
        transform := transform,
        unit := unit,
        by_column := by_column,
        from_day := from_day,
        to_day := to_day,
        in_tenant := in_tenant,
        of_conversion := of_conversion,
        of_stage := of_stage,
        lookback := lookback,
        steps := steps,
        direct := direct,
        touchpoint := touchpoint
    )
    GROUP BY conversion_id
)
SELECT
    path,
    max(n_touches) AS n_touches,
    sum(n_converted) AS conversions,
    sum(value) AS value,
    sum(1 - n_converted) AS nulls
FROM listed
GROUP BY path;

-- How much each value of the dimension is missed: 1 - p(without it) / p, where p is the chance
-- that a Markov chain over the paths ends in a conversion; the same for value. DuckDB works out
-- order 1 here, by following the chain until less than 1e-15 of the mass is left on its way;
-- tributary solves the chain exactly, for orders 1 to 4 (src/attribution/markov.rs).
-- The state of the start is null. Without `enabled` there are no rows and there is no work.
CREATE OR REPLACE MACRO removal_effects(
    enabled := TRUE,
    chain_order := 1,
    unit := 'person',
    by_column := 'channel',
    from_day := CAST(NULL AS DATE),
    to_day := CAST(NULL AS DATE),
    in_tenant := CAST(NULL AS VARCHAR),
    of_conversion := CAST(NULL AS VARCHAR),
    of_stage := CAST(NULL AS VARCHAR),
    lookback := CAST(NULL AS DOUBLE),
    steps := CAST(NULL AS BIGINT),
    direct := 'keep',
    touchpoint := 'session'
) AS TABLE
WITH RECURSIVE walked AS (
    SELECT walk, conversions, value, nulls
    FROM walks(
        unit := unit,
        by_column := by_column,
        from_day := from_day,
        to_day := to_day,
        in_tenant := in_tenant,
        of_conversion := of_conversion,
        of_stage := of_stage,
        lookback := lookback,
        steps := steps,
        direct := direct,
        touchpoint := touchpoint
    )
    WHERE enabled
      AND CASE WHEN chain_order = 1 THEN TRUE ELSE error('DuckDB works out order 1 only') END
),
hops AS (
    SELECT
        unnest(list_zip(list_prepend(CAST(NULL AS VARCHAR), walk), walk)) AS hop,
        conversions + nulls AS weight
    FROM walked
),
counts AS (
    SELECT hop[1] AS "from", hop[2] AS "to", sum(weight) AS weight
    FROM hops
    WHERE hop[2] IS NOT NULL AND hop[1] IS DISTINCT FROM hop[2]
    GROUP BY ALL
),
ends AS (
    SELECT
        walk[-1] AS "from",
        sum(conversions + nulls) AS weight,
        sum(conversions) AS conversions,
        sum(value) AS value
    FROM walked
    GROUP BY ALL
),
leaving AS (
    SELECT "from", sum(weight) AS weight
    FROM (SELECT "from", weight FROM counts UNION ALL SELECT "from", weight FROM ends)
    GROUP BY ALL
),
chances AS (
    SELECT c."from", c."to", c.weight / l.weight AS chance
    FROM counts AS c
    INNER JOIN leaving AS l ON l."from" IS NOT DISTINCT FROM c."from"
),
gains AS (
    SELECT e."from" AS state, e.conversions / l.weight AS conversion, e.value / l.weight AS value
    FROM ends AS e
    INNER JOIN leaving AS l USING ("from")
),
removed AS (
    SELECT "to" AS name FROM counts
    UNION
    SELECT CAST(NULL AS VARCHAR) AS name
),
mass AS (
    SELECT 0 AS n_steps, name, CAST(NULL AS VARCHAR) AS state, CAST(1.0 AS DOUBLE) AS amount
    FROM removed
    UNION ALL
    SELECT m.n_steps + 1 AS n_steps, m.name, c."to" AS state, sum(m.amount * c.chance) AS amount
    FROM mass AS m
    INNER JOIN chances AS c ON c."from" IS NOT DISTINCT FROM m.state
    WHERE (m.name IS NULL OR c."to" <> m.name)
      AND m.amount > 1e-18
      AND m.n_steps < 100000
    GROUP BY ALL
),
worth AS (
    SELECT m.name, sum(m.amount * g.conversion) AS conversion, sum(m.amount * g.value) AS value
    FROM mass AS m
    INNER JOIN gains AS g USING (state)
    GROUP BY m.name
)
SELECT
    r.name AS dimension,
    least(greatest(1.0 - coalesce(w.conversion, 0.0) / w_all.conversion, 0.0), 1.0) AS effect,
    CASE WHEN w_all.value > 0
         THEN least(greatest(1.0 - coalesce(w.value, 0.0) / w_all.value, 0.0), 1.0)
         ELSE 0.0 END AS value_effect
FROM removed AS r
LEFT JOIN worth AS w ON w.name = r.name
CROSS JOIN (SELECT conversion, value FROM worth WHERE name IS NULL) AS w_all
WHERE r.name IS NOT NULL AND w_all.conversion > 0;

-- Conversions and value that one model credits to each value of a dimension (place 0), then the
-- reconciliation: attributed (1), unattributed (2) and total (3). `influenced` are conversions
-- with the value among their touches, which may be the same ones for several values.
CREATE OR REPLACE MACRO credit_by(
    model := 'last_non_direct',
    unit := 'person',
    by_column := 'channel',
    from_day := CAST(NULL AS DATE),
    to_day := CAST(NULL AS DATE),
    in_tenant := CAST(NULL AS VARCHAR),
    of_conversion := CAST(NULL AS VARCHAR),
    of_stage := CAST(NULL AS VARCHAR),
    lookback := CAST(NULL AS DOUBLE),
    steps := CAST(NULL AS BIGINT),
    direct := 'keep',
    touchpoint := 'session',
    half_life := 7.0,
    weights := '40,20,40',
    chain_order := 1
) AS TABLE
WITH summed AS (
    SELECT
        dimension,
        grouping(dimension) AS is_footer,
        sum(credit) AS credit,
        sum(credit * value) AS credit_value,
        round(sum(CASE WHEN event_id IS NOT NULL THEN participation ELSE 0.0 END), 6) AS influenced,
        sum(CASE WHEN event_id IS NULL THEN 1.0 ELSE 0.0 END) AS lost,
        sum(CASE WHEN event_id IS NULL THEN value ELSE 0.0 END) AS lost_value,
        sum(CASE WHEN event_id IS NULL OR i = n THEN 1.0 ELSE 0.0 END) AS total,
        sum(CASE WHEN event_id IS NULL OR i = n THEN value ELSE 0.0 END) AS total_value
    FROM credits(
        model := model,
        unit := unit,
        by_column := by_column,
        from_day := from_day,
        to_day := to_day,
        in_tenant := in_tenant,
        of_conversion := of_conversion,
        of_stage := of_stage,
        lookback := lookback,
        steps := steps,
        direct := direct,
        touchpoint := touchpoint,
        half_life := half_life,
        weights := weights
    )
    GROUP BY GROUPING SETS ((dimension), ())
),
listed AS (
    SELECT
        p.place,
        s.*,
        e.effect,
        e.value_effect,
        max(CASE WHEN s.is_footer = 1 THEN s.total - s.lost END) OVER () AS attributed,
        max(CASE WHEN s.is_footer = 1 THEN s.total_value - s.lost_value END) OVER ()
            AS attributed_value
    FROM summed AS s
    INNER JOIN (VALUES (0, 0), (1, 1), (1, 2), (1, 3)) AS p(is_footer, place)
        ON p.is_footer = s.is_footer
    LEFT JOIN removal_effects(
        enabled := model = 'markov',
        chain_order := chain_order,
        unit := unit,
        by_column := by_column,
        from_day := from_day,
        to_day := to_day,
        in_tenant := in_tenant,
        of_conversion := of_conversion,
        of_stage := of_stage,
        lookback := lookback,
        steps := steps,
        direct := direct,
        touchpoint := touchpoint
    ) AS e ON e.dimension = s.dimension AND s.is_footer = 0
    WHERE s.is_footer = 1 OR s.dimension IS NOT NULL
)
SELECT
    place,
    CASE place
        WHEN 0 THEN dimension
        WHEN 1 THEN '(attributed)'
        WHEN 2 THEN '(unattributed)'
        ELSE '(total)'
    END AS dimension,
    CASE place
        WHEN 0 THEN influenced
        WHEN 1 THEN total - lost
        WHEN 2 THEN lost
        ELSE total
    END AS influenced,
    coalesce(
        CASE
            WHEN place = 2 THEN lost
            WHEN place = 3 THEN total
            WHEN model = 'markov' AND place = 0
                THEN attributed * effect / nullif(sum(effect) OVER (), 0.0)
            WHEN model = 'markov' THEN attributed
            ELSE credit
        END,
        0.0
    ) AS conversions,
    coalesce(
        CASE
            WHEN place = 2 THEN lost_value
            WHEN place = 3 THEN total_value
            WHEN model = 'markov' AND place = 0
                THEN attributed_value * value_effect / nullif(sum(value_effect) OVER (), 0.0)
            WHEN model = 'markov' THEN attributed_value
            ELSE credit_value
        END,
        0.0
    ) AS value
FROM listed;

-- Visits by a dimension (place 0) and in all (place 3).
CREATE OR REPLACE MACRO visited_by(
    by_column := 'channel',
    from_day := CAST(NULL AS DATE),
    to_day := CAST(NULL AS DATE),
    in_tenant := CAST(NULL AS VARCHAR)
) AS TABLE
SELECT
    CASE WHEN grouping(t.dimension) = 1 THEN 3 ELSE 0 END AS place,
    coalesce(t.dimension, '(total)') AS dimension,
    count(*) AS sessions,
    count(DISTINCT t.visitor_id) AS visitors,
    count(DISTINCT CASE WHEN t.is_identified THEN t.person END) AS people,
    count(DISTINCT t.account) AS accounts,
    sum(t.pageviews) AS pageviews,
    sum(CASE WHEN t.pageviews <= 1 THEN 1 ELSE 0 END) AS bounces
FROM touchpoints_by(by_column := by_column) AS t
WHERE (from_day IS NULL OR CAST(t.touched_at AS DATE) >= from_day)
  AND (to_day IS NULL OR CAST(t.touched_at AS DATE) < to_day)
  AND (in_tenant IS NULL OR t.tenant = in_tenant)
GROUP BY GROUPING SETS ((t.dimension), ());

-- Spend by a dimension that spend is known by (place 0), and in all (place 3).
CREATE OR REPLACE MACRO cost_by(
    by_column := 'channel',
    from_day := CAST(NULL AS DATE),
    to_day := CAST(NULL AS DATE),
    in_tenant := CAST(NULL AS VARCHAR)
) AS TABLE
WITH paid AS (
    SELECT
        s.amount,
        coalesce(
            CASE by_column
                WHEN 'source' THEN unreserved(s.source)
                WHEN 'medium' THEN unreserved(s.medium)
                WHEN 'campaign' THEN unreserved(s.campaign)
                WHEN 'campaign_detail' THEN
                    CASE WHEN unreserved(s.campaign) IS NULL THEN NULL ELSE
                        concat(as_part(s.campaign), chr(31), as_part(s.source), chr(31),
                               as_part(s.medium), chr(31), as_part(s.channel))
                    END
                WHEN 'source_detail' THEN
                    concat(as_part(unreserved(s.source)), chr(31), as_part(s.medium), chr(31),
                           as_part(s.channel))
                WHEN 'channel' THEN unreserved(s.channel)
            END,
            '(not set)'
        ) AS dimension
    FROM spend AS s
    WHERE by_column IN
            ('channel', 'source', 'medium', 'campaign', 'campaign_detail', 'source_detail')
      AND (from_day IS NULL OR s.day >= from_day)
      AND (to_day IS NULL OR s.day < to_day)
      AND (in_tenant IS NULL OR s.tenant IS NULL OR s.tenant = in_tenant)
)
SELECT
    CASE WHEN grouping(dimension) = 1 THEN 3 ELSE 0 END AS place,
    coalesce(dimension, '(total)') AS dimension,
    sum(amount) AS cost
FROM paid
GROUP BY GROUPING SETS ((dimension), ());

-- What each value of a dimension brought (place 0): visits, credit by one model, spend; then the
-- reconciliation of credit (places 1 to 3). Parameters as of `touches` and `credit_by`.
CREATE OR REPLACE MACRO performance(
    model := 'last_non_direct',
    unit := 'person',
    by_column := 'channel',
    from_day := CAST(NULL AS DATE),
    to_day := CAST(NULL AS DATE),
    in_tenant := CAST(NULL AS VARCHAR),
    of_conversion := CAST(NULL AS VARCHAR),
    of_stage := CAST(NULL AS VARCHAR),
    lookback := CAST(NULL AS DOUBLE),
    steps := CAST(NULL AS BIGINT),
    direct := 'keep',
    touchpoint := 'session',
    half_life := 7.0,
    weights := '40,20,40',
    chain_order := 1
) AS TABLE
SELECT
    coalesce(v.place, c.place, s.place) AS place,
    coalesce(v.dimension, c.dimension, s.dimension) AS dimension,
    coalesce(v.sessions, 0) AS sessions,
    coalesce(v.visitors, 0) AS visitors,
    coalesce(v.people, 0) AS people,
    coalesce(v.accounts, 0) AS accounts,
    coalesce(v.pageviews, 0) AS pageviews,
    coalesce(v.bounces, 0) AS bounces,
    round(100.0 * v.sessions / nullif(max(v.sessions) OVER (), 0), 2) AS session_percent,
    coalesce(c.influenced, 0.0) AS influenced,
    coalesce(c.conversions, 0.0) AS conversions,
    coalesce(c.value, 0.0) AS value,
    c.conversions / nullif(v.sessions, 0) AS conversion_rate,
    s.cost,
    s.cost / nullif(c.conversions, 0.0) AS cost_per_conversion,
    c.value / nullif(s.cost, 0.0) AS roas
FROM visited_by(
    by_column := by_column, from_day := from_day, to_day := to_day, in_tenant := in_tenant
) AS v
FULL JOIN credit_by(
    model := model,
    unit := unit,
    by_column := by_column,
    from_day := from_day,
    to_day := to_day,
    in_tenant := in_tenant,
    of_conversion := of_conversion,
    of_stage := of_stage,
    lookback := lookback,
    steps := steps,
    direct := direct,
    touchpoint := touchpoint,
    half_life := half_life,
    weights := weights,
    chain_order := chain_order
) AS c ON c.place = v.place AND c.dimension = v.dimension
FULL JOIN cost_by(
    by_column := by_column, from_day := from_day, to_day := to_day, in_tenant := in_tenant
) AS s ON s.place = coalesce(v.place, c.place) AND s.dimension = coalesce(v.dimension, c.dimension);
