//! Finds the formats in a piece of a file, as a person pastes it.
//!
//! In: text without a file name. Out: its formats and gaps; nothing where the text may be a format itself.
//! Never changes what is already a format.

use std::rc::Rc;

use super::node::Node;
use super::{Found, document, json, terraform, yaml};

/// The formats in a piece of Terraform, JSON or YAML that gives one: `format = <<EOF`, `jsonencode({ … })`, a quoted string,
/// `"Format": "…"`, or the settings alone. Nothing where `text` is none of these, and so may be a format.
#[must_use]
pub fn find_in_piece(text: &str) -> Option<Found> {
    const NAME: &str = "-";
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.starts_with('{') {
        let document = json::parse(text).ok()?;
        return is_settings(&document).then(|| in_document(&document, NAME)).flatten();
    }
    if text.starts_with('$') || (text.starts_with('<') && !text.starts_with("<<")) {
        return None;
    }
    terraform::find_in_piece(NAME, text).or_else(|| {
        let members = format!("{{{}}}", text.trim_end_matches(','));
        let documents = match json::parse(&members) {
            Ok(document) => vec![document],
            Err(_) => yaml::parse(text).ok()?,
        };
        documents.iter().find_map(|document| in_document(document, NAME))
    })
}

fn in_document(document: &Rc<Node>, name: &str) -> Option<Found> {
    let mut found = Found::default();
    document::find_in_settings(document, name, &mut found);
    (found != Found::default()).then_some(found)
}

/// Whether a document is what `get-stage --query accessLogSettings` prints: a format may have a member `format`, too.
fn is_settings(document: &Node) -> bool {
    let has = |name: &str| document.members().iter().any(|member| member.key.eq_ignore_ascii_case(name));
    has("format") && has("destinationArn")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format_finder::GapReason;

    const FORMAT: &str = r#"{"requestId":"$context.requestId","status":"$context.status"}"#;

    /// Each format, then each gap as `? reference`.
    fn said(text: &str) -> Vec<String> {
        let Some(found) = find_in_piece(text) else { return vec!["none".to_owned()] };
        assert_eq!(found.faults, [], "{text}");
        let gaps = found.gaps.iter().map(|gap| match &gap.reason {
            GapReason::Reference(reference) => format!("? {reference}"),
            other => format!("? {other:?}"),
        });
        found.formats.iter().map(|format| format.format.clone()).chain(gaps).collect()
    }

    #[test]
    fn pieces_of_terraform_have_their_format() {
        let escaped = FORMAT.replace('"', "\\\"");
        for text in [
            format!("format = <<EOF\n{FORMAT}\nEOF\n"),
            format!("  access_log_settings {{\n    destination_arn = aws_x.y.arn\n    format = <<-EOT\n      {FORMAT}\n    EOT\n  }}\n"),
            format!("access_log_settings {{\n  format = <<-EOT\n      {FORMAT}\n    EOT\n"),
            format!("access_log_settings = {{\n  format = \"{escaped}\"\n}}"),
            format!("stage_access_log_settings = {{\n  format = \"{escaped}\"\n}}"),
            format!("access_log_format = \"{escaped}\""),
            format!("<<EOF\n{FORMAT}\nEOF"),
            format!("format = \"{escaped}\"\n}}\n}}"),
            format!("\"{escaped}\\n\""),
            format!("trimspace(<<EOF\n{FORMAT}\nEOF\n)"),
            format!("# format = \"$context.old\"\n// format = \"x\"\nformat = \"{escaped}\" # why"),
            format!("/*\nformat = \"$context.old\"\n*/\nformat = \"{escaped}\""),
            "format = jsonencode({\n  requestId = \"$context.requestId\" # the id\n  \"status\": \"$context.status\",\n})".to_owned(),
            "jsonencode({\n  requestId = \"$context.requestId\"\n  status = \"$context.status\"\n})".to_owned(),
            "locals {\n  api_log_format = jsonencode({ requestId = \"$context.requestId\", status = \"$context.status\" })\n}".to_owned(),
            "format = join(\"\", [\"{\\\"requestId\\\":\\\"$context.requestId\\\",\", \"\\\"status\\\":\\\"$context.status\\\"}\"])".to_owned(),
        ] {
            assert_eq!(said(&text), [FORMAT], "{text}");
        }
        assert_eq!(said("format = var.log_format"), ["? var.log_format"]);
        assert_eq!(said("format = \"hello\""), ["hello"]);
    }

    #[test]
    fn pieces_of_json_and_yaml_have_their_format() {
        let escaped = FORMAT.replace('"', "\\\"");
        for text in [
            format!("\"Format\": \"{escaped}\","),
            format!("\"AccessLogSetting\": {{\n  \"Format\": \"{escaped}\"\n}},"),
            format!("{{\"format\":\"{escaped}\",\"destinationArn\":\"arn:aws:logs:x\"}}"),
            format!("Format: '{FORMAT}'"),
            format!("# Format: $context.old\nFormat: >-\n  {FORMAT}\n"),
            format!("AccessLogSetting:\n  DestinationArn: !GetAtt Logs.Arn\n  Format: !Sub '{FORMAT}'\n"),
        ] {
            assert_eq!(said(&text), [FORMAT], "{text}");
        }
        assert_eq!(said("Format: !Ref LogFormat"), ["? LogFormat"]);
    }

    #[test]
    fn what_may_be_a_format_is_none_of_them() {
        for text in [
            "",
            FORMAT,
            r#"{"format":"$context.status"}"#,
            "$context.status $context.requestId",
            "<request id=\"$context.requestId\"/>",
            "requestId: $context.requestId, status: $context.status",
            "status=$context.status id=$context.requestId",
            "\"$context.httpMethod\" $context.status",
            "$context.requestId,$context.status",
            "information = \"x\"",
            "format of $context.status: x",
            "jsonencode({ a =",
            "\"open",
            "<<EOF",
            "hello",
        ] {
            assert_eq!(said(text), ["none"], "{text}");
        }
    }
}
