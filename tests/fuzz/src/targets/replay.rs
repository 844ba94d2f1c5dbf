//! A recording: the ledger balances, its compressed twin comes to the same, and Slack would take every message.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use statuswatch::console_links::Region;
use statuswatch::digest::Reader;
use statuswatch::handler::body;
use statuswatch::notification::Style;
use statuswatch::replay::{Replayed, Settings, replay};
use statuswatch::rules::Rules;

use super::slack;
use crate::fake_slack::oracle::Oracle;

pub(super) fn run(data: &[u8]) {
    let settings = Settings {
        reader: Reader {
            redact: ["ip", "", "none"]
                .get(data.len() % 3)
                .and_then(|names| names.parse().ok())
                .unwrap_or_default(),
            own_log_group: Some("own".to_owned()),
            ..Reader::new(Rules::built_in())
        },
        style: Style { region: Region::new("eu-central-1"), ..Style::default() }.into(),
        max_decompressed_bytes: 1 << 20,
        now_ms: None,
        as_one: false,
        is_posted: true,
    };
    // Only a broken compression is an error of the source.
    let is_compressed = data.starts_with(&[0x1f, 0x8b]) || data.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]);
    let Ok(replayed) = replay(data, &settings) else {
        assert!(is_compressed);
        return;
    };
    check(&replayed);
    let mut twin = GzEncoder::new(Vec::new(), Compression::fast());
    twin.write_all(data).expect("a vector takes everything");
    let twin = twin.finish().expect("a vector takes everything");
    if !is_compressed {
        let twin = replay(twin.as_slice(), &settings).expect("sound compression");
        assert_eq!((twin.ledger, twin.rule_hits), (replayed.ledger, replayed.rule_hits));
    }
}

fn check(replayed: &Replayed) {
    let ledger = &replayed.ledger;
    assert!(ledger.balances(0), "{ledger:?}");
    assert_eq!((ledger.pending, ledger.failed), (0, 0), "a replay neither defers nor fails");
    assert_eq!(ledger.posted, replayed.messages.len() as u64);
    assert_eq!(ledger.matched, replayed.messages.iter().map(|sent| sent.matched).sum::<u64>());
    for sent in &replayed.messages {
        assert!(sent.rendered.shown <= sent.matched && sent.rendered.plain_shown() <= sent.matched);
        slack::check_forms(&Oracle::default(), &body(&sent.rendered.message), &body(sent.rendered.plain()));
    }
}
