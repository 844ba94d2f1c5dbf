//! Finds the format string in what a person hands over.
//!
//! In: a format string as it is, or as it stands in Terraform, in a JSON document's string or in a file.
//! Out: the format string alone. Never changes what is already one.

/// The format string in `text`: the whole text, or what follows `format =`, a heredoc's body, what `jsonencode` would make
/// of its argument, or what a quoted string says. White space and line ends around it are dropped, `\n` in letters too.
pub(super) fn format_string(text: &str) -> String {
    let text = text.trim().trim_start_matches('\u{feff}');
    let value = if text.starts_with(['{', '<', '$']) { text } else { after_attribute(text).unwrap_or(text) };
    let format = heredoc(value)
        .or_else(|| jsonencode(value))
        .or_else(|| quoted(value))
        .unwrap_or_else(|| value.to_owned());
    format.trim().trim_end_matches("\\n").trim().to_owned()
}

/// What follows `format =` or `"format":`, in any case, where a name ends there.
fn after_attribute(text: &str) -> Option<&str> {
    let lower = text.to_ascii_lowercase();
    lower.match_indices("format").find_map(|(at, word)| {
        let before = lower.get(..at)?.chars().next_back();
        if before.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_') {
            return None;
        }
        let after = text.get(at + word.len()..)?;
        let after = after.strip_prefix('"').unwrap_or(after).trim_start_matches([' ', '\t']);
        let value = after.strip_prefix('=').or_else(|| after.strip_prefix(':'))?.trim_start();
        ["\"", "<<", "jsonencode"].iter().any(|begin| value.starts_with(begin)).then_some(value)
    })
}

/// `<<EOF` or `<<-EOF`, lines, `EOF`.
fn heredoc(text: &str) -> Option<String> {
    let (marker, body) = text.strip_prefix("<<")?.split_once('\n')?;
    let marker = marker.trim_start_matches('-').trim();
    let lines = body.lines().take_while(|line| line.trim() != marker);
    Some(lines.collect::<Vec<_>>().join("\n"))
}

/// A string in double quotes with JSON's and Terraform's escapes, up to its closing quote.
fn quoted(text: &str) -> Option<String> {
    let length = string_length(text)?;
    serde_json::from_str(text.get(..length)?).ok()
}

/// The length of the quoted string that `text` begins with.
fn string_length(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('"')?;
    let mut escaped = false;
    let end = inner.find(|c: char| {
        let closes = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        closes
    })?;
    Some(end + 2)
}

/// The object inside `jsonencode({ name = "value", ... })`, as JSON on one line.
fn jsonencode(text: &str) -> Option<String> {
    let mut rest = text.strip_prefix("jsonencode")?.trim_start().strip_prefix('(')?.trim_start();
    let mut json = String::new();
    let mut depth = 0_usize;
    // Whether a comma is due before the next name or value.
    let mut due = false;
    while let Some(character) = rest.chars().next() {
        match character {
            '{' | '[' => {
                comma(&mut json, &mut due);
                json.push(character);
                depth += 1;
                rest = rest.get(1..)?;
            }
            '}' | ']' => {
                json.push(character);
                depth = depth.checked_sub(1)?;
                due = true;
                rest = rest.get(1..)?;
                if depth == 0 {
                    return Some(json);
                }
            }
            '=' | ':' => {
                json.push(':');
                due = false;
                rest = rest.get(1..)?;
            }
            '"' => {
                comma(&mut json, &mut due);
                let length = string_length(rest)?;
                json.push_str(rest.get(..length)?);
                due = true;
                rest = rest.get(length..)?;
            }
            '#' => rest = rest.split_once('\n')?.1,
            '/' if rest.starts_with("//") => rest = rest.split_once('\n')?.1,
            ',' => rest = rest.get(1..)?,
            c if c.is_whitespace() => rest = rest.trim_start(),
            _ => {
                let end =
                    rest.find(|c: char| c.is_whitespace() || "=:,{}[]\"".contains(c)).unwrap_or(rest.len());
                let (word, after) = rest.split_at_checked(end)?;
                comma(&mut json, &mut due);
                let is_name = after.trim_start().starts_with(['=', ':']);
                let quote = if is_name { "\"" } else { "" };
                json.extend([quote, word, quote]);
                due = true;
                rest = after;
            }
        }
    }
    None
}

fn comma(json: &mut String, due: &mut bool) {
    if std::mem::take(due) {
        json.push(',');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMAT: &str = r#"{"requestId":"$context.requestId","status":"$context.status"}"#;

    #[test]
    fn a_format_string_is_taken_as_it_is() {
        for format in
            [FORMAT, "$context.status $context.requestId", "<request id=\"$context.requestId\"/>", ""]
        {
            assert_eq!(format_string(format), format);
            assert_eq!(format_string(&format!("\n  {format}\r\n")), format);
            assert_eq!(format_string(&format!("{format}\\n")), format);
        }
    }

    #[test]
    fn terraform_s_ways_to_write_it_are_understood() {
        let escaped = FORMAT.replace('"', "\\\"");
        for text in [
            format!("format = <<EOF\n{FORMAT}\nEOF\n"),
            format!("  access_log_settings {{\n    destination_arn = aws_x.y.arn\n    format = <<-EOT\n      {FORMAT}\n    EOT\n  }}\n"),
            format!("<<EOF\n{FORMAT}\nEOF"),
            format!("format = \"{escaped}\"\n}}"),
            format!("\"{escaped}\\n\""),
            format!("\"Format\": \"{escaped}\","),
            "format = jsonencode({\n  requestId = \"$context.requestId\" # the id\n  \"status\": \"$context.status\",\n})".to_owned(),
        ] {
            assert_eq!(format_string(&text), FORMAT, "{text}");
        }
    }

    #[test]
    fn nested_objects_lists_and_bare_values_are_encoded() {
        assert_eq!(
            format_string(
                "jsonencode({ a = { b = \"$context.status\", c = [1, true] }, // why\n d = null })"
            ),
            r#"{"a":{"b":"$context.status","c":[1,true]},"d":null}"#
        );
    }

    #[test]
    fn what_is_half_written_is_left_as_it_is() {
        for text in
            ["jsonencode({ a =", "\"open", "<<EOF", "information = \"x\"", "format of $context.status: x"]
        {
            assert_eq!(format_string(text), text);
        }
    }
}
