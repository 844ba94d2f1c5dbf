//! A recording in; what `replay` and `backtest` make of it, out.

use std::io::Cursor;

use statuswatch::backtest::{self, Backtest, DEFAULT_PATTERN, Source, default_alarm};
use statuswatch::digest::Reader;
use statuswatch::filter_pattern::FilterPattern;
use statuswatch::replay::{self, Replayed};
use statuswatch::rules::Rules;
use statuswatch::slack::render::MessageStyle;

const MAX_BYTES: u64 = 128 << 20;

fn reader() -> Reader {
    Reader::new(Rules::built_in())
}

/// What `replay` makes of a recording.
pub(crate) fn replayed(recording: &[u8]) -> Replayed {
    let settings = replay::Settings {
        reader: reader(),
        style: MessageStyle::default(),
        max_decompressed_bytes: MAX_BYTES,
        now_ms: None,
        as_one: false,
        is_posted: false,
    };
    replay::replay(recording, &settings).unwrap()
}

/// What `backtest` makes of it, with the settings that it has where nothing else is said.
pub(crate) fn backtested(recording: &[u8]) -> Backtest {
    let settings = backtest::Settings {
        reader: reader(),
        against: None,
        style: MessageStyle::default(),
        plan: backtest::Plan::default(),
        alarm: default_alarm(),
        pattern: FilterPattern::parse(DEFAULT_PATTERN).unwrap(),
        published: backtest::Published::default(),
        max_decompressed_bytes: MAX_BYTES,
        allow_unreadable: true,
    };
    let recording = recording.to_vec();
    let open = Box::new(move || Ok(Box::new(Cursor::new(recording)) as Box<dyn std::io::Read + Send>));
    backtest::backtest(vec![Source { name: "recording".to_owned(), open }], &settings).unwrap()
}
