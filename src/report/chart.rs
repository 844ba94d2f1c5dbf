//! Draws minutes and changes of state as SVG, wide and narrow.
//!
//! However long the recording is, a picture has a few hundred columns: each shows the errors of its worst minute, so that
//! no peak is lost, all of its messages, and for which share of its time the alarm was in ALARM. Nothing of a log line is
//! in it.

mod band;

use std::collections::BTreeSet;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::backtest::{Backtest, HOUR_MS, MINUTE_MS, Minute, posted};
use crate::words;
use band::{State, band};

const DAY_MS: i64 = 24 * HOUR_MS;
/// Distances between the labels of the time axis.
const STEPS_MS: [i64; 18] = [
    MINUTE_MS,
    2 * MINUTE_MS,
    5 * MINUTE_MS,
    10 * MINUTE_MS,
    15 * MINUTE_MS,
    30 * MINUTE_MS,
    HOUR_MS,
    2 * HOUR_MS,
    3 * HOUR_MS,
    6 * HOUR_MS,
    12 * HOUR_MS,
    DAY_MS,
    2 * DAY_MS,
    7 * DAY_MS,
    14 * DAY_MS,
    30 * DAY_MS,
    90 * DAY_MS,
    365 * DAY_MS,
];
/// The lane of messages is never scaled to fewer, so that a single one is no tower.
const FEW_MESSAGES: u32 = 4;
/// The least that is drawn of a share of time in ALARM, so that a minute of a day is seen.
const FAINTEST: f64 = 0.15;
/// What one error is on its axis.
const UNIT: i64 = 100;

// The style sheet knows these colours by their values and puts those of the reader's scheme in their place.
const SERVER: RGBColor = RGBColor(0xb3, 0x26, 0x1e);
const CLIENT: RGBColor = RGBColor(0xb2, 0x6a, 0x00);
const MESSAGE: RGBColor = RGBColor(0x1d, 0x4e, 0xd8);
const ALARM: RGBColor = RGBColor(0x8c, 0x1d, 0x18);
const OK: RGBColor = RGBColor(0x2e, 0x7d, 0x32);
const UNKNOWN: RGBColor = RGBColor(0x77, 0x77, 0x77);
const TEXT: RGBColor = RGBColor(0x1b, 0x1f, 0x24);
const EDGE: RGBColor = RGBColor(0xd0, 0xd7, 0xde);

/// The picture for two widths, and the same as rows of a table.
pub(super) struct Pictures {
    pub(super) wide: String,
    pub(super) narrow: String,
    /// What a column spans: of the wide picture, and of the narrow one.
    pub(super) column_ms: (i64, i64),
    pub(super) rows: Vec<Minute>,
}

struct Size {
    width: u32,
    height: u32,
    columns: i64,
    labels: usize,
    font: u32,
}

const WIDE: Size = Size { width: 1_160, height: 380, columns: 360, labels: 9, font: 14 };
const NARROW: Size = Size { width: 420, height: 360, columns: 120, labels: 4, font: 13 };
const TABLE_ROWS: i64 = 48;

pub(super) fn draw(found: &Backtest) -> Pictures {
    let from_ms = floor(found.first.0, MINUTE_MS);
    let to_ms = floor(found.last.0, MINUTE_MS) + MINUTE_MS;
    let (wide, wide_ms) = picture(found, from_ms, to_ms, &WIDE);
    let (narrow, narrow_ms) = picture(found, from_ms, to_ms, &NARROW);
    let rows = summed(&found.minutes, from_ms, column_width(from_ms, to_ms, TABLE_ROWS));
    Pictures { wide, narrow, column_ms: (wide_ms, narrow_ms), rows }
}

fn picture(found: &Backtest, from_ms: i64, to_ms: i64, size: &Size) -> (String, i64) {
    let column_ms = column_width(from_ms, to_ms, size.columns);
    let columns = worst(&found.minutes, from_ms, column_ms);
    let mut svg = String::new();
    // Writing to a string does not fail; what could not be drawn is in the table.
    let drawn = draw_on(
        &SVGBackend::with_string(&mut svg, (size.width, size.height)).into_drawing_area(),
        &Frame { found, columns: &columns, from_ms, to_ms, column_ms, size },
    );
    if drawn.is_err() {
        svg.clear();
    }
    (svg, column_ms)
}

struct Frame<'a> {
    found: &'a Backtest,
    columns: &'a [Minute],
    from_ms: i64,
    to_ms: i64,
    column_ms: i64,
    size: &'a Size,
}

fn draw_on<DB: DrawingBackend>(
    area: &DrawingArea<DB, Shift>,
    frame: &Frame<'_>,
) -> Result<(), DrawingAreaErrorKind<DB::ErrorType>> {
    let Frame { found, columns, from_ms, to_ms, column_ms, size } = *frame;
    let most = columns.iter().map(errors).max().unwrap_or_default().max(4);
    // In hundredths of an error, so that the lanes above are whole numbers of it.
    let top = i64::from(most) * UNIT;
    // Above the errors: a lane for the alarm's state, one for its notices, and one for the messages.
    let part = |percent: i64| top * percent / 100;
    let (alarm_from, alarm_to, notice) = (part(107), part(115), part(121));
    let (message_from, whole) = (part(126), part(148));
    let step = step(to_ms - from_ms, size.labels);
    let mut labels: Vec<i64> = Vec::new();
    let mut at = floor(from_ms + step - 1, step);
    while at < to_ms {
        labels.push(at);
        at += step;
    }
    let mut chart = ChartBuilder::on(area)
        .margin_right(12)
        .margin_top(6)
        .x_label_area_size(size.font * 2)
        .y_label_area_size(size.font * 5)
        .build_cartesian_2d(
            (from_ms..to_ms).with_key_points(labels),
            (0..whole).with_key_points(ticks(most).into_iter().map(|tick| i64::from(tick) * UNIT).collect()),
        )?;
    let font = ("sans-serif", size.font).into_font().color(&TEXT);
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(EDGE)
        .axis_style(TEXT)
        .label_style(font.clone())
        .x_label_formatter(&|ms| label(*ms, step))
        .y_label_formatter(&|value| words::number((value / UNIT).unsigned_abs()))
        .draw()?;
    chart.draw_series(columns.iter().flat_map(|column| {
        let (from, to) = (column.start_ms, column.start_ms + column_ms);
        let server = i64::from(column.server_errors) * UNIT;
        let both = server + i64::from(column.client_errors) * UNIT;
        [
            Rectangle::new([(from, 0), (to, server)], SERVER.filled()),
            Rectangle::new([(from, server), (to, both)], CLIENT.filled()),
        ]
    }))?;
    let (middle, thin) = (i64::midpoint(alarm_from, alarm_to), part(1).max(1));
    chart.draw_series(band(&found.alarm.transitions, from_ms, to_ms, column_ms).into_iter().map(
        |(from, to, state)| {
            let line = [(from, middle), (to, middle + thin)];
            match state {
                State::Alarm(percent) => {
                    let strength = FAINTEST + (1.0 - FAINTEST) * f64::from(percent) / 100.0;
                    Rectangle::new([(from, alarm_from), (to, alarm_to)], ALARM.mix(strength).filled())
                }
                State::Ok => Rectangle::new(line, OK.filled()),
                State::Unknown => Rectangle::new(line, UNKNOWN.filled()),
            }
        },
    ))?;
    chart.draw_series(notices(found, from_ms, column_ms).into_iter().map(|(at, is_alarm)| {
        let color = if is_alarm { ALARM } else { OK };
        TriangleMarker::new((at.min(to_ms), notice), if size.width > 600 { 5 } else { 4 }, color.filled())
    }))?;
    let most_messages =
        columns.iter().map(|column| column.messages).max().unwrap_or_default().max(FEW_MESSAGES);
    chart.draw_series(columns.iter().filter(|column| column.messages > 0).map(|column| {
        let height = (whole - message_from) * i64::from(column.messages) / i64::from(most_messages);
        // A bar of one among hundreds is still seen.
        let top = message_from + height.max(thin);
        Rectangle::new(
            [(column.start_ms, message_from), (column.start_ms + column_ms, top)],
            MESSAGE.filled(),
        )
    }))?;
    let half_line = i32::try_from(size.font / 2).unwrap_or_default();
    for (text, y) in [("alarm", middle), ("Slack", i64::midpoint(message_from, whole))] {
        let (_, y) = chart.backend_coord(&(from_ms, y));
        area.draw(&Text::new(text, (half_line, y - half_line), font.clone()))?;
    }
    // The scale of the messages, as the axis of errors has its own.
    let beside = font.pos(Pos::new(HPos::Right, VPos::Center));
    for (messages, y) in [(most_messages, whole), (0, message_from)] {
        let (x, y) = chart.backend_coord(&(from_ms, y));
        let place = (x - half_line, y.max(half_line));
        area.draw(&Text::new(words::number(u64::from(messages)), place, beside.clone()))?;
    }
    area.present()
}

/// Where the axis of errors has a label and a line: at most six round numbers from 0 to `most`.
fn ticks(most: u32) -> Vec<u32> {
    let mut step = 1_u32;
    for factor in [2, 5, 10].into_iter().cycle() {
        if most / step <= 5 {
            break;
        }
        let decade = 10_u32.saturating_pow(step.ilog10());
        step = decade.saturating_mul(factor);
    }
    (0..=most / step).map(|place| place * step).collect()
}

fn label(ms: i64, step: i64) -> String {
    let at = words::iso(ms);
    if step >= DAY_MS || ms.rem_euclid(DAY_MS) == 0 {
        let day = words::day(ms);
        return day.rsplit_once(' ').map_or(day.clone(), |(day, _year)| day.to_owned());
    }
    at.get(11..16).unwrap_or_default().to_owned()
}

fn step(span_ms: i64, labels: usize) -> i64 {
    let most = i64::try_from(labels).unwrap_or(1);
    STEPS_MS.into_iter().find(|step| span_ms / step <= most).unwrap_or(span_ms / most + 1)
}

/// The middle of each column with a notice of the alarm, and whether it is one that it went off.
fn notices(found: &Backtest, from_ms: i64, column_ms: i64) -> BTreeSet<(i64, bool)> {
    let changes = posted(&found.alarm.transitions);
    changes
        .map(|change| {
            let column = from_ms + floor(change.at.0 - from_ms, column_ms);
            (column + column_ms / 2, change.to == "ALARM")
        })
        .collect()
}

fn errors(minute: &Minute) -> u32 {
    minute.client_errors.saturating_add(minute.server_errors)
}

/// The width of a column, in whole minutes, so that there are at most so many.
fn column_width(from_ms: i64, to_ms: i64, columns: i64) -> i64 {
    let minutes = (to_ms - from_ms).max(MINUTE_MS) / MINUTE_MS;
    (minutes + columns - 1) / columns * MINUTE_MS
}

fn floor(ms: i64, step: i64) -> i64 {
    ms - ms.rem_euclid(step)
}

/// One column for so many milliseconds: its worst minute, and the sum of its messages.
fn worst(minutes: &[Minute], from_ms: i64, column_ms: i64) -> Vec<Minute> {
    columns(minutes, from_ms, column_ms, |column, minute| {
        let messages = column.messages.saturating_add(minute.messages);
        if errors(minute) > errors(column) {
            *column = Minute { start_ms: column.start_ms, ..*minute };
        }
        column.messages = messages;
    })
}

fn summed(minutes: &[Minute], from_ms: i64, column_ms: i64) -> Vec<Minute> {
    columns(minutes, from_ms, column_ms, |column, minute| {
        column.client_errors = column.client_errors.saturating_add(minute.client_errors);
        column.server_errors = column.server_errors.saturating_add(minute.server_errors);
        column.messages = column.messages.saturating_add(minute.messages);
    })
}

fn columns(
    minutes: &[Minute],
    from_ms: i64,
    column_ms: i64,
    add: impl Fn(&mut Minute, &Minute),
) -> Vec<Minute> {
    let mut columns: Vec<Minute> = Vec::new();
    for minute in minutes {
        let start_ms = from_ms + floor(minute.start_ms - from_ms, column_ms);
        if columns.last().is_none_or(|column| column.start_ms != start_ms) {
            columns.push(Minute { start_ms, ..Minute::default() });
        }
        if let Some(column) = columns.last_mut() {
            add(column, minute);
        }
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_recording_keeps_its_peaks_and_all_its_messages() {
        let minute = |at: i64| Minute {
            start_ms: at * MINUTE_MS,
            server_errors: if at == 777 { 90 } else { 1 },
            client_errors: 1,
            messages: 1,
        };
        let minutes: Vec<Minute> = (0..100_000).map(minute).collect();
        let width = column_width(0, 100_000 * MINUTE_MS, 360);
        let columns = worst(&minutes, 0, width);
        assert!(columns.len() <= 360);
        assert_eq!(columns.iter().map(|column| column.server_errors).max(), Some(90));
        assert_eq!(columns.iter().map(|column| column.messages).sum::<u32>(), 100_000);
    }

    #[test]
    fn the_axis_of_errors_has_a_few_round_numbers() {
        for (most, expected) in [
            (4, [0, 1, 2, 3, 4].as_slice()),
            (9, &[0, 2, 4, 6, 8]),
            (29, &[0, 5, 10, 15, 20, 25]),
            (50, &[0, 10, 20, 30, 40, 50]),
            (433, &[0, 100, 200, 300, 400]),
        ] {
            assert_eq!(ticks(most), expected, "{most}");
        }
        assert!((1..100_000).chain([u32::MAX]).all(|most| (2..=6).contains(&ticks(most).len())));
    }

    #[test]
    fn the_time_axis_has_few_labels_however_long_it_is() {
        for span in [MINUTE_MS, HOUR_MS, DAY_MS, 40 * DAY_MS, 3_000 * DAY_MS, 90_000 * DAY_MS] {
            assert!(span / step(span, 9) <= 9, "{span}");
        }
    }
}
