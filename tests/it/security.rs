//! What strangers send stays what it is: no path, no label, no stack, no file for everyone.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tributary::app::{App, AppError};
use tributary_ingest::event::{Record, RecordKind, Scheme};
use tributary_ingest::flatten::channel::Channels;
use tributary_ingest::flatten::{BodyAt, Flattened, Flattener};
use tributary_ingest::verify::standard;
use tributary_lake::LakeError;

use crate::support::{NOW_MS, Place, event, post, secret};

/// Values that are a path, a name of a device or worse to somebody.
fn hostile_names() -> Vec<String> {
    let mut names: Vec<String> =
        ["..", ".", "a/b", "a//b", "a%2Fb", "/etc/passwd", "\0", "a\nb", "\u{202e}x", "CON", "~"]
            .map(str::to_owned)
            .to_vec();
    // One name in two forms, which some file systems take for the same.
    names.extend(["\u{e9}".to_owned(), "e\u{301}".to_owned(), "x".repeat(300), "A".to_owned()]);
    names.extend(["_delta_log".to_owned(), "date=2026-01-01".to_owned(), "\u{1b}[31m".to_owned()]);
    names
}

/// A session in which a value stands in each place that names something.
fn named(name: &str) -> Vec<u8> {
    let page = json!({ "ts": NOW_MS, "signal": name, "url": name, "title": name });
    let session = json!({
        "sid": name, "vid": name, "tenant": name, "pid": name, "createdAt": NOW_MS,
        "userAgent": name, "referrer": name, "landingPage": name, "events": [page],
        "utm": { "source": name, "medium": name, "campaign": name },
    });
    let data = json!({ "session": session, "finalizedAt": NOW_MS });
    let event = json!({
        "id": name, "type": "identity.session.finalized", "created": NOW_MS, "data": data,
    });
    serde_json::to_vec(&event).unwrap()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = vec![];
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            found.extend(files(&entry.path()));
        } else {
            found.push(entry.path());
        }
    }
    found
}

#[tokio::test]
async fn nothing_from_outside_becomes_a_path() {
    let place = Place::new();
    let app = place.start().await;
    for (at, name) in hostile_names().iter().enumerate() {
        let answer = place.send(&app, &format!("evt_{at}"), &named(name)).await;
        assert_eq!(answer.status, 200, "{name:?}: {answer:?}");
        // As the webhook's id too, where that is one.
        if standard::is_plain_id(name) {
            let answer = place.send(&app, name, &event(&format!("evt_own_{at}"))).await;
            assert_eq!(answer.status, 200, "{name:?}: {answer:?}");
        }
    }
    app.stop().await.unwrap();
    let lake = place.path("lake");
    let names: BTreeSet<String> = files(&lake)
        .iter()
        .map(|path| path.strip_prefix(&lake).unwrap().to_str().unwrap().to_owned())
        .collect();
    let data =
        regex::Regex::new(r"^[a-z_]+/date=\d{4}-\d\d-\d\d/part-[0-9a-f]{8}-\d+-\d+\.parquet$")
            .unwrap();
    let log = regex::Regex::new(r"^[a-z_]+/_delta_log/[0-9a-z._]+$").unwrap();
    assert!(names.iter().any(|name| data.is_match(name)), "{names:?}");
    for name in &names {
        let is_ours = name == "_tributary/format.json";
        assert!(data.is_match(name) || log.is_match(name) || is_ours, "{name}");
        assert!(!name.contains(".parquet") || name.contains("date=2026-02-17"), "{name}");
    }
    let journal = files(&place.path("journal"));
    assert!(journal.iter().all(|path| path.to_str().unwrap().is_ascii()), "{journal:?}");
}

async fn refused_to_start(place: &Place) -> String {
    let clock = Arc::clone(&place.clock);
    match App::start(place.settings(), place.lake(), clock).await {
        Err(AppError::Lake(error @ LakeError::Link { .. })) => error.to_string(),
        Err(error) => panic!("another error: {error}"),
        Ok(_) => panic!("it started"),
    }
}

#[tokio::test]
async fn a_link_in_the_place_of_a_folder_of_the_lake_is_refused_at_start() {
    let place = Place::new();
    let app = place.start().await;
    assert_eq!(place.send(&app, "evt_1", &event("evt_1")).await.status, 200);
    app.stop().await.unwrap();
    let outside = place.path("outside");
    for below in ["sessions", "sessions/_delta_log", "sessions/date=2026-02-17"] {
        let folder = place.path("lake").join(below);
        fs::rename(&folder, &outside).unwrap();
        symlink(&outside, &folder).unwrap();
        let line = refused_to_start(&place).await;
        assert!(line.contains(below) && line.contains("symbolic link"), "{line}");
        fs::remove_file(&folder).unwrap();
        fs::rename(&outside, &folder).unwrap();
    }
    // The lake's own folder may be one.
    fs::rename(place.path("lake"), &outside).unwrap();
    symlink(&outside, place.path("lake")).unwrap();
    place.start().await.stop().await.unwrap();
}

#[tokio::test]
async fn the_journal_is_private() {
    let place = Place::new();
    let app = place.start().await;
    assert_eq!(place.send(&app, "evt_1", &event("evt_1")).await.status, 200);
    let journal = place.path("journal");
    let mode = |path: &Path| fs::symlink_metadata(path).unwrap().mode() & 0o777;
    assert_eq!(mode(&journal), 0o700);
    for folder in ["segments", "ids"] {
        assert_eq!(mode(&journal.join(folder)), 0o700, "{folder}");
    }
    let own = files(&journal).into_iter().filter(|path| !path.starts_with(journal.join("ids")));
    let own: Vec<PathBuf> = own.collect();
    assert!(own.iter().any(|path| path.extension().is_some_and(|end| end == "seg")), "{own:?}");
    for path in own {
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    app.stop().await.unwrap();
}

#[tokio::test]
async fn no_label_of_the_metrics_comes_from_outside() {
    let place = Place::new();
    let app = place.start().await;
    let labels = |text: &str| -> BTreeSet<String> {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        lines.map(|line| line.split(' ').next().unwrap().to_owned()).collect()
    };
    for (at, name) in hostile_names().iter().enumerate() {
        _ = place.send(&app, &format!("evt_{at}"), &named(name)).await;
        _ = place.send(&app, &format!("evt_{at}"), &named("canary")).await;
        let body = format!(r#"{{"id":"canary","type":"{at}","data":[1]}}"#);
        _ = place.send(&app, &format!("other_{at}"), body.as_bytes()).await;
        _ = post(&app, &[("webhook-id", "canary"), ("user-agent", "canary")], vec![]).await;
    }
    let metrics = app.metrics().clone();
    app.stop().await.unwrap();
    let known = regex::Regex::new(
        r#"^tributary_[a-z_]+(\{(answer|limit|reason|scheme|table)="[a-z0-9_-]+"\}|\{le="[0-9.e+Inf-]+"\})?$"#,
    )
    .unwrap();
    let text = metrics.render();
    let found = labels(&text);
    assert!(found.contains("tributary_dead_letters_total{reason=\"id_conflict\"}"), "{found:?}");
    for line in &found {
        assert!(known.is_match(line), "{line}");
    }
    assert!(!text.contains("canary"), "{text}");
}

#[tokio::test]
async fn packed_bodies_are_415_whatever_packs_them() {
    let place = Place::new();
    let app = place.start().await;
    for encoding in ["gzip", "x-gzip", "zstd", "br", "deflate", "compress", "gzip, gzip", ""] {
        let answer = post(&app, &[("content-encoding", encoding)], event("evt_1")).await;
        assert_eq!(answer.status, 415, "{encoding}: {answer:?}");
    }
    // What is packed without saying so is bytes like any others, and stays packed.
    let gzip = b"\x1f\x8b\x08\0\0\0\0\0\0\x03";
    assert_eq!(place.send(&app, "evt_1", gzip).await.status, 200);
    app.stop().await.unwrap();
}

/// Writes raw bytes and returns all that the server says before it closes.
async fn say(app: &App, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(app.address()).await.unwrap();
    // The server may have heard enough.
    _ = stream.write_all(bytes).await;
    _ = stream.shutdown().await;
    let mut said = vec![];
    _ = stream.read_to_end(&mut said).await;
    String::from_utf8_lossy(&said).into_owned()
}

#[tokio::test]
async fn a_body_that_is_not_as_long_as_announced_is_not_believed() {
    let place = Place::new();
    let app = place.start().await;
    // Headers that could be right, so that the body is read.
    let signature = standard::sign(&secret(), "evt_1", NOW_MS / 1000, b"other");
    let head = format!(
        "POST /webhooks/midbound HTTP/1.1\r\nhost: x\r\nwebhook-id: evt_1\r\n\
         webhook-timestamp: {}\r\nwebhook-signature: {signature}\r\n",
        NOW_MS / 1000
    );
    let chunk = format!("{:x}\r\n{}\r\n", 1 << 20, " ".repeat(1 << 20));
    for (name, request, status) in [
        ("too short", format!("{head}content-length: 100\r\n\r\n{{}}"), "400"),
        ("enormous", format!("{head}content-length: 99999999999\r\n\r\n{{}}"), "413"),
        ("negative", format!("{head}content-length: -1\r\n\r\n{{}}"), "400"),
        ("beyond numbers", format!("{head}content-length: 99999999999999999999\r\n\r\n"), "400"),
        (
            "two lengths",
            format!("{head}content-length: 2\r\ncontent-length: 3\r\n\r\n{{}} "),
            "400",
        ),
        ("wrong chunk", format!("{head}transfer-encoding: chunked\r\n\r\nzz\r\n"), "400"),
        (
            "many chunks",
            format!("{head}transfer-encoding: chunked\r\n\r\n{}", chunk.repeat(12)),
            "413",
        ),
    ] {
        let said = say(&app, request.as_bytes()).await;
        assert!(said.starts_with(&format!("HTTP/1.1 {status}")), "{name}: {said:?}");
    }
    let metrics = app.metrics().clone();
    app.stop().await.unwrap();
    assert_eq!(metrics.rows.with_label_values(&["raw_events"]).get(), 0);
}

fn flatten(body: Vec<u8>) -> Flattened {
    let mut flattener = Flattener::new(Arc::new(Channels::default()));
    let record = Record {
        kind: RecordKind::Event,
        scheme: Scheme::Import,
        webhook_id: "evt_1".to_owned(),
        received_at_ms: NOW_MS,
        body: Bytes::from(body),
    };
    flattener.add(&record, BodyAt { offset: 0, length: record.body.len() });
    flattener.finish().unwrap()
}

#[test]
fn nesting_of_100_000_is_read_on_a_small_stack() {
    let deep =
        |open: &str, close: &str| format!("{}{}", open.repeat(100_000), close.repeat(100_000));
    let bodies = [
        deep("[", "]"),
        format!(r#"{{"id":"e","type":"t","data":{}}}"#, deep("[", "]")),
        format!(
            r#"{{"id":"e","type":"t","data":{{"session":{}1{}}}}}"#,
            r#"{"a":"#.repeat(100_000),
            "}".repeat(100_000)
        ),
        format!(r#"{{"id":"e","type":"t","data":{{"session":{{"options":{}}}}}}}"#, deep("[", "]")),
        format!(
            r#"{{"id":"e","type":"t","data":{{"enrichment":{{"companies":{}}}}}}}"#,
            deep("[", "]")
        ),
        "[".repeat(100_000),
    ];
    for body in bodies {
        let name = body[..60].to_owned();
        let thread = std::thread::Builder::new().stack_size(512 << 10);
        let flattened = thread.spawn(|| flatten(body.into_bytes())).unwrap().join().unwrap();
        assert_eq!(flattened.raw.num_rows(), 1, "{name}");
    }
}

/// A number no double holds, one that no double tells from its neighbour, and keys that come twice.
#[test]
fn odd_numbers_and_repeated_keys_give_rows_or_a_dead_letter() {
    let with = |session: &str| {
        let head = r#"{"id":"e","type":"identity.session.finalized","data":{"session":"#;
        flatten(format!("{head}{session}}}}}").into_bytes())
    };
    let names = |flattened: &Flattened| -> Vec<&str> {
        flattened.batches.iter().map(|(table, _)| table.name).collect()
    };
    let reason =
        |flattened: &Flattened| flattened.parse_failures.first().map(|(reason, _)| *reason);
    let huge = with(r#"{"sid":"s","createdAt":1771286400000,"screen":{"width":1e999}}"#);
    assert_eq!(names(&huge), ["sessions", "utm", "dead_letters"]);
    assert_eq!(reason(&huge), Some("repaired"));
    assert!(huge.batches[0].1.column_by_name("screen_width").unwrap().is_null(0));
    let exact = with(r#"{"sid":"s","screen":{"width":9007199254740993}}"#);
    let (_, sessions) = exact.batches.iter().find(|(table, _)| table.name == "sessions").unwrap();
    let width = sessions.column_by_name("screen_width").unwrap();
    assert_eq!(arrow::util::display::array_value_to_string(width, 0).unwrap(), "9007199254740993");
    // The last of two values counts, as in JavaScript; of an envelope's keys there may be no two.
    let twice = with(r#"{"sid":"first","sid":"last"}"#);
    let (_, sessions) = twice.batches.iter().find(|(table, _)| table.name == "sessions").unwrap();
    let id = sessions.column_by_name("session_id").unwrap();
    assert_eq!(arrow::util::display::array_value_to_string(id, 0).unwrap(), "last");
    let envelope = flatten(br#"{"id":"a","id":"b","type":"t","data":{}}"#.to_vec());
    assert_eq!(reason(&envelope), Some("no_envelope"));
}

#[tokio::test]
async fn signatures_are_compared_whole() {
    let place = Place::new();
    let app = place.start().await;
    let body = event("evt_1");
    let now = (NOW_MS / 1000).to_string();
    let good = standard::sign(&secret(), "evt_1", NOW_MS / 1000, &body);
    for signature in ["v1,", "v1", &good[..good.len() - 4], &format!("{good}AAAA"), &good[3..]] {
        let headers = [
            ("webhook-id", "evt_1"),
            ("webhook-timestamp", now.as_str()),
            ("webhook-signature", signature),
        ];
        assert_eq!(post(&app, &headers, body.clone()).await.status, 401, "{signature}");
    }
    let long = "x".repeat(257);
    for (id, timestamp) in [(long.as_str(), now.as_str()), ("evt_1", "1".repeat(5000).as_str())] {
        let signature = standard::sign(&secret(), id, NOW_MS / 1000, &body);
        let headers = [
            ("webhook-id", id),
            ("webhook-timestamp", timestamp),
            ("webhook-signature", signature.as_str()),
        ];
        assert_eq!(post(&app, &headers, body.clone()).await.status, 401);
    }
    app.stop().await.unwrap();
}

/// The unit gives the process nothing that it does not need.
#[test]
fn the_service_unit_is_hardened() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/deploy/tributary.service");
    let unit = fs::read_to_string(path).unwrap();
    for line in [
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
        "ProtectHome=yes",
        "PrivateTmp=yes",
        "PrivateDevices=yes",
        "UMask=0077",
        "LimitCORE=0",
        "CapabilityBoundingSet=",
        "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX",
        "RestrictNamespaces=yes",
        "SystemCallFilter=@system-service",
        "MemoryDenyWriteExecute=yes",
        "LockPersonality=yes",
        "ProtectKernelModules=yes",
        "ProtectKernelTunables=yes",
        "ProtectControlGroups=yes",
    ] {
        assert!(unit.lines().any(|found| found == line), "{line}");
    }
    let user = unit.lines().find_map(|line| line.strip_prefix("User="));
    assert!(user.is_some_and(|user| user != "root"), "{user:?}");
}
