//! What the user loads: each input once, and each one whole.

use std::collections::HashMap;

use tributary::load::{Kind, Loaded, load};
use tributary_ingest::flatten::channel::Channels;
use xxhash_rust::xxh3::xxh3_128;

use crate::ingest::number;
use crate::support::{NOW_MS, Place};

/// Returns two inputs whose hashes begin with the same eight digits.
fn of_like_hashes() -> [String; 2] {
    let mut seen = HashMap::new();
    for amount in 1.. {
        let text = format!("day,source,medium,amount\n2026-02-01,google,cpc,{amount}\n");
        let digits = format!("{:032x}", xxh3_128(text.as_bytes()))[..8].to_owned();
        if let Some(other) = seen.insert(digits, text.clone()) {
            return [other, text];
        }
    }
    unreachable!("there are more numbers than hashes")
}

#[tokio::test]
async fn inputs_whose_hashes_begin_alike_are_both_loaded() {
    let place = Place::new();
    let lake = place.lake();
    let inputs = of_like_hashes();
    let path = place.path("spend.csv");
    for (at, text) in inputs.iter().enumerate() {
        std::fs::write(&path, text).unwrap();
        for is_first in [true, false] {
            let done = load(&lake, Kind::Spend, &path, &Channels::default(), NOW_MS).await;
            assert_eq!(matches!(done.unwrap(), Loaded::Rows { .. }), is_first, "input {at}");
        }
    }
    assert_eq!(number(&place, "SELECT count(*) FROM files.spend").await, 2);
}
