//! The fuzz targets as one function: the name of a target and bytes in, a panic out where a promise is broken.

#[allow(dead_code, reason = "the oracle and the targets are the integration suite's, which uses more of them")]
#[path = "../../suite/fake_slack"]
mod fake_slack {
    pub(crate) mod oracle;
}
mod targets;

/// Runs one target on one input.
///
/// # Panics
/// Where a promise is broken, and where there is no target of that name.
pub fn run(target: &str, data: &[u8]) {
    let (_, body) = targets::TARGETS.iter().find(|(name, _)| *name == target).expect("a known target");
    body(data);
}
