//! The keys of objects: which are inputs, and in which order their log events come.
//!
//! It looks at keys only, never into an object.

/// What CloudWatch Logs writes into a bucket to try whether it may.
const WRITE_TEST: &str = "aws-logs-write-test";
/// Between the parts of a time in a key, such as `/month=`.
const MAX_GAP: usize = 8;

/// Whether an object is read: as in a folder, no `README*`, no dot file, and not what a service writes to try the bucket.
pub(super) fn is_input(key: &str) -> bool {
    let name = key.rsplit('/').next().unwrap_or(key);
    !(name.starts_with('.') || name.starts_with("README") || name == WRITE_TEST)
}

/// When the log events of an object begin, as far as its key tells: year, month, day, hour, minute, second.
///
/// Firehose writes `2026/11/03/09/name-1-2026-11-03-09-15-02-…`, load balancers `…_20261103T0915Z_…`, CloudFront
/// `ID.2026-11-03-09.…`, and many a prefix has `year=2026/month=11/day=03`. Of several times the most exact one counts,
/// of equals the last. An export task has none: its keys are those of log streams, with numbered parts.
pub(super) fn time(key: &str) -> Option<[u16; 6]> {
    let (mut best, mut best_parts) = (None, 0);
    for (start, end) in runs(key) {
        if let Some((time, parts)) = time_at(key, start, end)
            && parts >= best_parts
        {
            (best, best_parts) = (Some(time), parts);
        }
    }
    best
}

/// The time that begins with this run of digits, and how many parts it has.
fn time_at(key: &str, start: usize, end: usize) -> Option<([u16; 6], usize)> {
    if key.get(..start)?.ends_with(|char: char| char.is_alphanumeric()) {
        return None;
    }
    let digits = key.get(start..end)?;
    let mut time = [0; 6];
    let (mut parts, mut at) = (0, end);
    if digits.len() == 8 {
        for range in [0..4, 4..6, 6..8] {
            put(&mut time, parts, digits.get(range)?)?;
            parts += 1;
        }
        // `T0915Z`, or `T091502Z`
        let clock = key.get(at..)?.strip_prefix('T').unwrap_or_default();
        let clock = clock.split(|char: char| !char.is_ascii_digit()).next()?;
        for range in [0..2, 2..4, 4..6] {
            let Some(part) = clock.get(range) else { break };
            if put(&mut time, parts, part).is_none() {
                break;
            }
            parts += 1;
        }
        return Some((time, parts));
    }
    if digits.len() != 4 {
        return None;
    }
    put(&mut time, 0, digits)?;
    parts = 1;
    while parts < time.len() {
        let Some((part, behind)) = next_part(key, at) else { break };
        if put(&mut time, parts, part).is_none() {
            break;
        }
        (parts, at) = (parts + 1, behind);
    }
    (parts >= 3).then_some((time, parts))
}

/// Two digits that stand alone, behind one separator or the name of a partition.
fn next_part(key: &str, at: usize) -> Option<(&str, usize)> {
    let rest = key.get(at..)?;
    let gap = rest.find(|char: char| char.is_ascii_digit())?;
    let between = rest.get(..gap)?;
    let is_partition = between.starts_with('/') && between.ends_with('=') && gap <= MAX_GAP;
    if !(is_partition || ["-", "/", "_", ".", "T", ":", "%3A"].contains(&between)) {
        return None;
    }
    let part = rest.get(gap..gap + 2)?;
    let behind = rest.get(gap + 2..)?;
    let ends = !behind.starts_with(|char: char| char.is_alphanumeric() && char != 'T' && char != 'Z');
    (part.bytes().all(|byte| byte.is_ascii_digit()) && ends).then_some((part, at + gap + 2))
}

/// Takes a part where it can be one.
fn put(time: &mut [u16; 6], at: usize, digits: &str) -> Option<()> {
    let possible = match at {
        0 => 1970..=2199,
        1 => 1..=12,
        2 => 1..=31,
        3 => 0..=23,
        _ => 0..=59,
    };
    let part = digits.parse().ok().filter(|part| possible.contains(part))?;
    *time.get_mut(at)? = part;
    Some(())
}

/// Where digits stand: beginning and end.
fn runs(key: &str) -> Vec<(usize, usize)> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for (at, _) in key.bytes().enumerate().filter(|(_, byte)| byte.is_ascii_digit()) {
        match runs.last_mut() {
            Some((_, end)) if *end == at => *end = at + 1,
            _ => runs.push((at, at + 1)),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_in_a_key_is_found_whoever_wrote_it() {
        for (key, expected) in [
            (
                "logs/2026/11/03/09/api-1-2026-11-03-09-15-02-5f0c1b7e-2026-11e1-9d7e-1c2f3a4b5c6d.gz",
                Some([2026, 11, 3, 9, 15, 2]),
            ),
            ("2026/11/03/09/part", Some([2026, 11, 3, 9, 0, 0])),
            ("2026/11/03/09/15/part", Some([2026, 11, 3, 9, 15, 0])),
            ("year=2026/month=11/day=03/hour=09/x.gz", Some([2026, 11, 3, 9, 0, 0])),
            ("dt=2026-11-03/x.parquet", Some([2026, 11, 3, 0, 0, 0])),
            (
                "AWSLogs/123456789012/elasticloadbalancing/eu-west-1/2026/11/03/123456789012_elasticloadbalancing_eu-west-1_app.a.1f_20261103T0915Z_10.0.0.1_x.log.gz",
                Some([2026, 11, 3, 9, 15, 0]),
            ),
            ("cdn/E2K2LNL5N3WR51.2026-11-03-09.a1b2c3d4.gz", Some([2026, 11, 3, 9, 0, 0])),
            ("a/2026-11-03T09:15:02Z.log", Some([2026, 11, 3, 9, 15, 2])),
            ("exports/0f9c2026-11-03/x/000000.gz", None),
            ("exports/6bb6f4d7-2026-4a11-9d7e-1c2f3a4b5c6d/5d41402abc4b2a76b9719d911017c592/000000.gz", None),
            ("2026/13/03/x", None),
            ("orders-20261399.log", None),
            ("größer/2026/11/03/ü", Some([2026, 11, 3, 0, 0, 0])),
            ("", None),
        ] {
            assert_eq!(time(key), expected, "{key}");
        }
    }

    #[test]
    fn what_a_folder_leaves_out_is_left_out_here() {
        for (key, expected) in [
            ("exports/aws-logs-write-test", false),
            ("a/README.md", false),
            ("a/.hidden", false),
            ("README/000000.gz", true),
            ("000000.gz", true),
        ] {
            assert_eq!(is_input(key), expected, "{key}");
        }
    }
}
