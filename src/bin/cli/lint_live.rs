//! `statuswatch lint-format --live`: the formats of all stages that are deployed.
//!
//! It only reads from AWS.

use std::time::SystemTime;

use statuswatch::account::Stage;
use statuswatch::lint_format::{Api, lint, read};
use statuswatch::words::harmless;

use crate::Exit;
use crate::arguments::LintFormatArguments;
use crate::deployed;
use crate::lint_format::{Judged, print};
use crate::sign_in::SignIn;

pub(crate) fn run(arguments: &LintFormatArguments) -> anyhow::Result<Exit> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let region = arguments.region.as_deref().filter(|name| !name.trim().is_empty());
    let (found, region) = runtime.block_on(async {
        let signed_in = SignIn::load(arguments.profile.as_deref(), region).await?;
        let account = deployed::account(&signed_in, SystemTime::now())?;
        anyhow::Ok((account.stages().await, signed_in.region().to_owned()))
    })?;
    let judged: Vec<Judged> = found
        .stages
        .iter()
        .filter_map(|stage| {
            let lint = lint(stage.format.as_deref()?, Some(stage.kind), &read);
            Some(Judged { title: title(stage), apis: vec![stage.kind], lint })
        })
        .collect();
    let silent: Vec<String> = found.stages.iter().filter(|stage| stage.format.is_none()).map(title).collect();
    let silent = (!silent.is_empty()).then(|| format!("without an access log:\n  {}", silent.join("\n  ")));
    print(&judged, silent, arguments.fix)?;
    for fault in &found.faults {
        report_line!("statuswatch: {fault}");
    }
    Ok(if judged.iter().any(|judged| judged.lint.hides_errors()) {
        Exit::InputFailed
    } else if !found.faults.is_empty() {
        Exit::Usage
    } else if judged.is_empty() {
        report_line!("statuswatch: no stage of an API in {region} has an access log");
        Exit::Usage
    } else {
        Exit::Done
    })
}

/// `orders (a1b2c3) · REST API · stage live`.
fn title(stage: &Stage) -> String {
    let kind = match stage.kind {
        Api::Rest => "REST API",
        Api::Http => "HTTP API",
        Api::WebSocket => "WebSocket API",
    };
    let title = format!("{} ({}) · {kind} · stage {}", stage.api, stage.api_id, stage.name);
    harmless(&title)
}
