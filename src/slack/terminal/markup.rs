//! The text that a reader sees of Slack's markup.

use crate::slack::escape::ZERO_WIDTH_SPACE;
use crate::words;

/// Links by their label, mentions as `@name`, dates in UTC, entities decoded, zero-width spaces dropped.
pub(super) fn text(mrkdwn: &str) -> String {
    let mut out = String::with_capacity(mrkdwn.len());
    let mut rest = mrkdwn;
    while let Some((before, tagged)) = rest.split_once('<') {
        out.push_str(&decoded(before));
        let Some((tag, after)) = tagged.split_once('>') else {
            out.push('<');
            rest = tagged;
            continue;
        };
        out.push_str(&seen(tag));
        rest = after;
    }
    out + &decoded(rest)
}

/// What stands for `<tag>`.
fn seen(tag: &str) -> String {
    let (target, label) = tag.split_once('|').map_or((tag, None), |(target, label)| (target, Some(label)));
    if let Some(date) = target.strip_prefix("!date^") {
        let seconds = date.split('^').next().and_then(|seconds| seconds.parse::<i64>().ok());
        return seconds
            .map_or_else(|| decoded(label.unwrap_or(date)), |s| words::day(s.saturating_mul(1_000)));
    }
    let mention = |sign: char, name: &str| {
        let name = decoded(label.unwrap_or(name));
        if name.starts_with(sign) { name } else { format!("{sign}{name}") }
    };
    match target.split_at_checked(1) {
        Some(("!", special)) => mention('@', special.strip_prefix("subteam^").unwrap_or(special)),
        Some(("@", user)) => mention('@', user),
        Some(("#", channel)) => mention('#', channel),
        _ => decoded(label.unwrap_or(target)),
    }
}

fn decoded(text: &str) -> String {
    // The ampersand last: `&amp;lt;` is the text `&lt;`.
    text.replace(ZERO_WIDTH_SPACE, "").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slack::escape::{Dialect, escape};
    use proptest::prelude::*;

    #[test]
    fn markup_is_seen_as_slack_shows_it() {
        let cases = [
            (
                "<https://example.com/a|Logs Insights> · <https://example.com>",
                "Logs Insights · https://example.com",
            ),
            ("<!here> <!subteam^S1> <!subteam^S1|@ops> <@U1> <#C1|general>", "@here @S1 @ops @U1 #general"),
            ("<!date^1605677336^{date_short}|never seen>", "18 Nov 2020"),
            ("<!date^nonsense|as it is>", "as it is"),
            ("a &lt;b&gt; &amp;amp; c", "a <b> &amp; c"),
            ("1 < 2", "1 < 2"),
            ("", ""),
        ];
        for (mrkdwn, shown) in cases {
            assert_eq!(text(mrkdwn), shown, "{mrkdwn}");
        }
    }

    proptest! {
        #[test]
        fn what_was_escaped_is_seen_as_it_was(original in "[a-z<>&;|!@#*_~`:. ]{0,60}") {
            prop_assert_eq!(text(&escape(&original, Dialect::Mrkdwn)), original);
        }
    }
}
