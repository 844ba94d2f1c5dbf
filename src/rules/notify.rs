//! Checks what a rule that notifies adds to the message: colour and mention.
//!
//! It never lets a text through that Slack would show as anything but a mention.

use super::fault::{Problem, quoted};

/// A mention stands before a message's heading, which a phone shows in two lines.
const MAX_MENTION_CHARS: usize = 200;

/// Whether a text is one of Slack's three colour words, or `#RRGGBB`.
pub(crate) fn is_color(text: &str) -> bool {
    let is_hex = |digits: &str| digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    matches!(text, "good" | "warning" | "danger") || text.strip_prefix('#').is_some_and(is_hex)
}

/// A colour of the bar beside the message.
pub(super) fn color(text: &str) -> Result<String, Problem> {
    if is_color(text) { Ok(text.to_owned()) } else { Err(Problem::NotColor(quoted(text))) }
}

/// One or several of Slack's mention tokens, with single spaces between them.
pub(super) fn mention(text: &str) -> Result<String, Problem> {
    let tokens: Vec<&str> = text.split(' ').filter(|token| !token.is_empty()).collect();
    if let Some(token) = tokens.iter().find(|token| !is_mention(token)) {
        return Err(Problem::NotMention(quoted(token)));
    }
    let mention = tokens.join(" ");
    match mention.chars().count() {
        0 => Err(Problem::NotMention(quoted(text))),
        chars if chars > MAX_MENTION_CHARS => {
            Err(Problem::MentionTooLong { chars, limit: MAX_MENTION_CHARS })
        }
        _ => Ok(mention),
    }
}

/// Slack's reference "Formatting text for app surfaces": special mentions, users (`U`, in Enterprise Grid also `W`)
/// and user groups (`S`).
fn is_mention(token: &str) -> bool {
    let Some(inner) = token.strip_prefix('<').and_then(|token| token.strip_suffix('>')) else {
        return false;
    };
    if matches!(inner, "!here" | "!channel" | "!everyone") {
        return true;
    }
    let user = inner.strip_prefix('@').filter(|id| id.starts_with(['U', 'W']));
    let group = inner.strip_prefix("!subteam^").filter(|id| id.starts_with('S'));
    user.or(group).is_some_and(|id| {
        id.len() > 1 && id.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mentions_are_let_through_as_written_with_single_spaces() {
        for token in
            ["<!here>", "<!channel>", "<!everyone>", "<@U024BE7LH>", "<@W012A3CDE>", "<!subteam^SAZ94GDB8>"]
        {
            assert_eq!(mention(token).as_deref(), Ok(token));
        }
        assert_eq!(mention(" <!here>   <@U1> ").as_deref(), Ok("<!here> <@U1>"));
    }

    #[test]
    fn what_slack_would_not_show_as_a_mention_is_refused() {
        for text in [
            "",
            " ",
            "@here",
            "here",
            "<here>",
            "<!here",
            "<!Here>",
            "<!all>",
            "<@u024be7lh>",
            "<@U>",
            "<@X1>",
            "<@U1|ann>",
            "<!subteam^U1>",
            "<!subteam^S1|@ops>",
            "<https://example.com>",
            "<!here> now",
            "<!here>\n<@U1>",
            "<#C1>",
            "<!here><!channel>",
        ] {
            assert!(mention(text).is_err(), "{text:?}");
        }
    }
}
