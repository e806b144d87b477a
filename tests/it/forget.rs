//! Who is forgotten is found wherever a text of the lake names them.

use tributary::forget::{Finder, Forget, Subject};

use crate::ingest::number;
use crate::support::{NOW_MS, Place, event};

/// A body that is no UTF-8 stands in the tables as `base64:…`.
#[tokio::test]
async fn bodies_that_are_no_utf_8_are_found() {
    let place = Place::new();
    let app = place.start().await;
    let utf_16 = "{\"email\":\"ada@example.com\",\"name\":\"\u{e9}\"}".encode_utf16();
    let bodies: [Vec<u8>; 4] = [
        b"{\"email\":\"ADA@example.com\",\"name\":\"Ad\xe9le\"}".to_vec(),
        utf_16.flat_map(u16::to_le_bytes).collect(),
        b"\xff nada@example.com".to_vec(),
        event("evt_1"),
    ];
    for (at, body) in bodies.iter().enumerate() {
        assert_eq!(place.send(&app, &format!("msg_{at}"), body).await.status, 200);
    }
    app.stop().await.unwrap();
    assert_eq!(number(&place, "SELECT count(*) FROM files.dead_letters").await, 3);
    let lake = place.lake();
    let finder = Finder::new(&[Subject::email("ada@example.com").unwrap()]).unwrap();
    let forget = Forget::open(&lake, finder, NOW_MS, |_| {}).await.unwrap();
    let rehearsed = forget.rehearse().await.unwrap();
    let receipt = forget.run().await.unwrap();
    for found in [rehearsed, receipt] {
        let n_rows = |table: &str| found.get(table).map_or(0, |erased| erased.n_rows);
        assert_eq!((n_rows("raw_events"), n_rows("dead_letters")), (2, 2), "{found:?}");
    }
    assert_eq!(number(&place, "SELECT count(*) FROM files.raw_events").await, 2);
    assert_eq!(number(&place, "SELECT count(*) FROM files.dead_letters").await, 1);
    assert_eq!(number(&place, "SELECT count(*) FROM files.sessions").await, 1);
}
