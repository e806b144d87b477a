//! What the tests share: an ingester in a folder of its own, and a sender.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use tempfile::TempDir;
use tributary::app::{App, DashboardSettings, JournalSettings, Settings};
use tributary::flush::Policy;
use tributary::flush::encode::encode_table;
use tributary::goal;
use tributary::receive::Limits;
use tributary::report::Catalog;
use tributary::web::tokens::Tokens;
use tributary::web::{self, Gate};
use tributary_ingest::clock::{Clock as _, ManualClock};
use tributary_ingest::flatten::TABLES;
use tributary_ingest::flatten::channel::Channels;
use tributary_ingest::journal::Quota;
use tributary_ingest::schema::Table;
use tributary_ingest::verify::{KeyEncoding, Secret, Verifier, standard};
use tributary_lake::{DataFile, Lake, Location, NewFile, files};

pub(crate) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/// The token of the dashboard, which may everything.
pub(crate) const TOKEN: &str = "3f1c9a7e5d2b4806a1c3e5f708192a3b";
/// What the tests' clock shows at first, in milliseconds.
pub(crate) const NOW_MS: i64 = 1_771_286_400_000;

/// A folder with a lake and a journal.
pub(crate) struct Place {
    folder: TempDir,
    pub(crate) clock: Arc<ManualClock>,
}

/// What a server answered.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
    pub(crate) retry_after: bool,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { folder: TempDir::new().unwrap(), clock: Arc::new(ManualClock::at(NOW_MS)) }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn lake(&self) -> Lake {
        Lake::open(&Location::Folder(self.path("lake")), &[]).unwrap()
    }

    pub(crate) fn settings(&self) -> Settings {
        Settings {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            journal: JournalSettings {
                directory: self.path("journal"),
                quota: Quota::default(),
                dedup_window: Duration::from_secs(7 * 86_400),
            },
            policy: Policy {
                interval: Duration::from_secs(3600),
                rows_max: 1 << 20,
                bytes_max: 1 << 26,
                chunk_bytes_max: 1 << 25,
            },
            verifier: Some(Verifier::new(vec![secret()])),
            limits: Limits::default(),
            channels: Channels::default(),
            upkeep: None,
            dashboard: Some(dashboard(&Tokens::one(TOKEN))),
            web: None,
        }
    }

    pub(crate) async fn start(&self) -> App {
        self.start_with(self.settings()).await
    }

    pub(crate) async fn start_with(&self, settings: Settings) -> App {
        let clock = Arc::clone(&self.clock);
        App::start(settings, self.lake(), clock).await.unwrap()
    }

    /// Sends a body signed now under `id`.
    pub(crate) async fn send(&self, app: &App, id: &str, body: &[u8]) -> Answer {
        self.send_to(app, "/webhooks/midbound", id, body).await
    }

    /// Sends it to any path of the webhooks' listener.
    pub(crate) async fn send_to(&self, app: &App, path: &str, id: &str, body: &[u8]) -> Answer {
        let timestamp_s = self.clock.now_ms() / 1000;
        let signature = standard::sign(&secret(), id, timestamp_s, body);
        let request = client().post(url(app, path)).body(body.to_vec());
        let request = request.header("content-type", "application/json");
        let request = request.header("webhook-id", id).header("webhook-timestamp", timestamp_s);
        answer(request.header("webhook-signature", signature).send().await.unwrap()).await
    }
}

/// A listener of dashboard, report API and metrics that asks for one of these tokens.
pub(crate) fn dashboard(tokens: &Tokens) -> DashboardSettings {
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    DashboardSettings { listen, connections_max: 256, gate: Gate::new(tokens, "key") }
}

/// The dashboard with the bundled reports.
pub(crate) fn reports(limits: web::Limits) -> web::Settings {
    let catalog = Catalog::bundled().unwrap();
    web::Settings { tables: &TABLES, catalog, goals: goal::default_goals(), limits }
}

pub(crate) fn secret() -> Secret {
    Secret::parse(SECRET, KeyEncoding::Auto, 16).unwrap()
}

/// Posts to the webhook endpoint.
pub(crate) async fn post(app: &App, headers: &[(&str, &str)], body: Vec<u8>) -> Answer {
    let mut request = client().post(url(app, "/webhooks/midbound")).body(body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    answer(request.send().await.unwrap()).await
}

pub(crate) async fn get(app: &App, path: &str) -> Answer {
    answer(client().get(url(app, path)).send().await.unwrap()).await
}

/// Begins any request to the dashboard's listener; answers that lead elsewhere are not followed.
pub(crate) fn ask(app: &App, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
    let address = app.dashboard_address().unwrap();
    client().request(method, format!("http://{address}{path}"))
}

fn client() -> reqwest::Client {
    let unguided = reqwest::redirect::Policy::none();
    reqwest::Client::builder().no_proxy().redirect(unguided).build().unwrap()
}

fn url(app: &App, path: &str) -> String {
    format!("http://{}{path}", app.address())
}

async fn answer(response: reqwest::Response) -> Answer {
    let status = response.status().as_u16();
    let retry_after = response.headers().contains_key("retry-after");
    Answer { status, retry_after, body: response.text().await.unwrap() }
}

pub(crate) fn fixture(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A minimal event of its own id.
pub(crate) fn event(id: &str) -> Vec<u8> {
    format!(
        r#"{{"id":"{id}","type":"identity.session.finalized","created":{NOW_MS},"data":{{"session":{{"sid":"sid_{id}","vid":"vid_1","createdAt":{NOW_MS},"events":[{{"ts":{NOW_MS},"signal":"pageview","url":"https://example.com/"}}]}},"finalizedAt":{NOW_MS}}}}}"#
    )
    .into_bytes()
}

/// Commits rows as another ingester would.
pub(crate) async fn commit(place: &Place, definition: &'static Table, rows: &RecordBatch) {
    let mut encoded = vec![];
    let emit = |file| {
        encoded.push(file);
        Ok(())
    };
    encode_table(definition, rows, ("an older program", 0), emit).unwrap();
    let mut new_files = vec![];
    for file in encoded {
        let path = files::data_file(file.date, "0ld0ld00", 1, 0);
        let key = object_store::path::Path::from(format!("{}/{path}", definition.name));
        let size = file.bytes.len() as u64;
        place.lake().put(&key, file.bytes, "an older program").await.unwrap();
        let n_rows = Some(file.n_rows as u64);
        let file_of = DataFile { path, date: file.date, size, n_rows };
        new_files.push(NewFile { file: file_of, stats: file.stats, written_at_ms: NOW_MS });
    }
    let table = place.lake().create_table(definition).await.unwrap();
    assert!(table.commit(&new_files, "0ld0ld00", 1).await.unwrap());
}
