//! The oracle lets a good message pass and catches each violation by itself.

use serde_json::json;

use super::*;

const CONSOLE: &str = "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logsV2:x";

fn good() -> Value {
    json!({
        "text": "3 errors · 2 × 502 POST /v1/orders · 05:28:56 to 05:29:03 UTC · /aws/api\u{200b}gateway/x",
        "attachments": [{
            "color": "danger",
            "fallback": "3 errors: a &lt;b&gt; &amp; c*\u{200b}d*\u{200b}",
            "blocks": [
                {"type": "rich_text", "elements": [
                    {"type": "rich_text_section", "elements": [
                        {"type": "text", "text": "502  POST /v1/orders <!here> @all :boom: *x* https://evil.example"}]},
                    {"type": "rich_text_list", "style": "bullet", "elements": [
                        {"type": "rich_text_section", "elements": [{"type": "link", "url": CONSOLE, "text": "logs"}]}]},
                    {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "{\"a\":1}\tb\nc"}]}]},
                {"type": "header", "text": {"type": "plain_text", "text": "Storm", "emoji": false}},
                {"type": "section", "text": {"type": "plain_text", "text": "*x*"}},
                {"type": "divider"},
                {"type": "context", "elements": [{"type": "mrkdwn", "text":
                    format!("<!date^1605676136^{{date_short}}|18 Nov 2020> · <{CONSOLE}|Logs Insights> · 7f3a9c")}]},
            ],
        }],
        "unfurl_links": false,
        "unfurl_media": false,
        "channel": "#alerts",
    })
}

/// The good message with one value set at a JSON pointer must give exactly one violation, with this in it.
#[track_caller]
fn catches(pointer: &str, value: impl Into<Value>, expected: &str) {
    let mut body = good();
    let (parent, field) = pointer.rsplit_once('/').unwrap();
    let parent = body.pointer_mut(parent).expect("the good message has the parent");
    match parent {
        Value::Array(values) => values[field.parse::<usize>().unwrap()] = value.into(),
        _ => parent[field] = value.into(),
    }
    let violations = check(&body);
    assert!(matches!(&violations[..], [one] if one.contains(expected)), "{violations:#?}");
}

#[track_caller]
fn text_is_live(text: &str, expected: &str) {
    catches("/text", text, expected);
}

#[track_caller]
fn text_is_dead(text: &str) {
    let mut body = good();
    body["text"] = text.into();
    assert_eq!(check(&body), Violations::new());
}

const LINE: &str = "/attachments/0/blocks/0/elements/0/elements/0";
const SECTION: &str = "/attachments/0/blocks/2/text";
const CONTEXT: &str = "/attachments/0/blocks/4/elements";

#[test]
fn a_good_message_passes() {
    assert_eq!(check(&good()), Violations::new());
    assert_eq!(
        check(&json!({"text": "plain", "unfurl_links": false, "unfurl_media": false})),
        Violations::new()
    );
}

#[test]
fn a_message_of_the_wrong_shape_is_caught() {
    assert_eq!(check(&json!([])), ["the body is not an object"]);
    assert!(Oracle::default().check_bytes(b"{").concat().contains("not JSON"));
    catches("/text", 1, "/text");
    catches("/text", " ", "/text: empty");
    catches("/unfurl_links", true, "/unfurl_links");
    catches("/unfurl_media", Value::Null, "/unfurl_media");
    catches("/link_names", true, "/link_names");
    catches("/parse", "full", "/parse");
    catches("/blocks", json!([{"type": "divider"}]), "stand in for the heading");
    let missing = check(&json!({"attachments": [{}]}));
    assert_eq!(missing.len(), 6, "{missing:#?}");
}

#[test]
fn an_attachment_of_the_wrong_shape_is_caught() {
    catches("/attachments/0", "x", "not an object");
    catches("/attachments/0/color", "#ff00", "/color");
    catches("/attachments/0/color", "purple", "/color");
    catches("/attachments/0/fallback", "", "/fallback: empty");
    catches("/attachments/0/title", "strangers", "/title");
    catches("/attachments/0/blocks", json!([]), "/blocks: empty");
    let attachment = json!({"color": "good", "fallback": "x", "blocks": [{"type": "divider"}]});
    let mut body = good();
    body["attachments"] = vec![attachment; 101].into();
    assert!(check(&body).concat().contains("the list is 101 long"));
}

#[test]
fn a_block_of_the_wrong_shape_is_caught() {
    catches("/attachments/0/blocks/3", json!({"type": "image"}), "not a block");
    catches("/attachments/0/blocks/3", json!({"type": "section"}), "without text");
    catches("/attachments/0/blocks/3", json!({"type": "section", "fields": []}), "no elements");
    catches("/attachments/0/blocks/1/text/type", "mrkdwn", "plain text");
    catches(SECTION, json!({"type": "html", "text": "x"}), "neither");
    catches(SECTION, json!({"type": "mrkdwn"}), "no text object");
    catches(CONTEXT, json!([]), "no elements");
    catches("/attachments/0/blocks/0/elements", json!([]), "no elements");
    catches("/attachments/0/blocks/0/elements/0/type", "rich_text_table", "not an element");
    catches("/attachments/0/blocks/0/elements/0/elements", json!([]), "no elements");
    catches(&format!("{LINE}/text"), "", "empty text");
}

#[test]
fn each_limit_is_caught_one_beyond_and_passes_at_it() {
    let text = |chars| json!({"type": "plain_text", "text": "é".repeat(chars), "emoji": false});
    let set = |pointer: &str, value: Value| {
        let mut body = good();
        *body.pointer_mut(pointer).unwrap() = value;
        check(&body)
    };
    let holds = |pointer: &str, limit: usize, value: &dyn Fn(usize) -> Value| {
        assert_eq!(set(pointer, value(limit)), Violations::new(), "{pointer} at {limit}");
        let beyond = set(pointer, value(limit + 1));
        assert!(beyond.concat().contains("long; at most"), "{pointer} beyond {limit}");
    };
    let section = "/attachments/0/blocks/3";
    holds("/text", 4_000, &|chars| "é".repeat(chars).into());
    holds("/attachments/0/blocks/1/text", 150, &text);
    holds(SECTION, 3_000, &text);
    holds(CONTEXT, 10, &|count| vec![text(1); count].into());
    holds(section, 10, &|count| json!({"type": "section", "fields": vec![text(1); count]}));
    holds("/text", 2_000, &|pairs| "😀".repeat(pairs).into());
    holds(section, 2_000, &|chars| json!({"type": "section", "fields": [text(chars)]}));
    catches(CONTEXT, json!([{"type": "mrkdwn", "text": ""}]), "empty text");
}

#[test]
fn the_totals_over_all_attachments_are_caught() {
    let with_blocks = |blocks: Vec<Value>| {
        let attachment = |blocks: &[Value]| json!({"color": "good", "fallback": "x", "blocks": blocks});
        let (left, right) = blocks.split_at(blocks.len() / 2);
        check(&json!({"text": "x", "attachments": [attachment(left), attachment(right)],
            "unfurl_links": false, "unfurl_media": false}))
    };
    let divider = json!({"type": "divider"});
    assert_eq!(with_blocks(vec![divider.clone(); 50]), Violations::new());
    assert!(with_blocks(vec![divider; 51]).concat().contains("all blocks is 51"));

    let elements =
        |chars| json!([{"type": "text", "text": "x".repeat(chars)}, {"type": "link", "url": CONSOLE}]);
    let lines = |chars| {
        json!({"type": "rich_text", "elements": [
        {"type": "rich_text_section", "elements": elements(chars)}]})
    };
    let half = 9_500 / 2 - CONSOLE.len();
    assert_eq!(with_blocks(vec![lines(half), lines(half)]), Violations::new());
    assert!(with_blocks(vec![lines(half), lines(half + 1)]).concat().contains("text of all blocks is 9501"));
}

#[test]
fn a_body_of_more_than_15_000_bytes_is_caught_as_sent() {
    let mut body = good().to_string();
    body += &" ".repeat(15_000 - body.len());
    assert_eq!(Oracle::default().check_bytes(body.as_bytes()), Violations::new());
    body.push(' ');
    assert_eq!(Oracle::default().check_bytes(body.as_bytes()), [": the body is 15001 long; at most 15000"]);
}

#[test]
fn live_tokens_are_caught_in_every_mrkdwn_string() {
    for token in ["<!here>", "<!channel|x>", "<@U123>", "<#C123|x>", "<!subteam^S1>", "<!unknown>"] {
        text_is_live(&format!("x {token}"), "mention");
        catches("/attachments/0/fallback", token, "mention");
        catches(SECTION, json!({"type": "mrkdwn", "text": token}), "mention");
    }
    text_is_live("<https://evil.example/|Click>", "a link to");
    text_is_live("<mailto:a|b>", "a link to");
    text_is_live(&format!("<{CONSOLE}|see &lt;x&gt; *now*>"), "pairs up");
    text_is_live(&format!("<{CONSOLE}|see @me>"), "live mention");
}

#[test]
fn unescaped_text_is_caught_and_escaped_text_passes() {
    text_is_live("a < b", "`<` is not escaped");
    text_is_live("a > b", "`>` is not escaped");
    text_is_live("a & b", "`&` is not escaped");
    text_is_live("&quot;", "`&` is not escaped");
    text_is_dead("&lt;!here&gt; &amp;amp;");
}

#[test]
fn only_the_console_is_a_place_to_link_to() {
    let link = |url: &str| {
        check(&json!({"text": format!("<{url}|x>"), "unfurl_links": false, "unfurl_media": false}))
    };
    for good in [
        "https://console.aws.amazon.com/cloudwatch/home?a=1&amp;b=2#logsV2:x",
        "https://cn-north-1.console.amazonaws.cn/x",
        "https://us-gov-west-1.console.amazonaws-us-gov.com/x",
    ] {
        assert_eq!(link(good), Violations::new(), "{good}");
    }
    for bad in [
        "http://eu-west-1.console.aws.amazon.com/x",
        "https://console.aws.amazon.com.evil.example/x",
        "https://evilconsole.aws.amazon.com/x",
        "https://a.b.console.aws.amazon.com/x",
        "https://console.aws.amazon.com@evil.example/x",
        "https://user@console.aws.amazon.com/x",
        "https://console.aws.amazon.com:8443/x",
        "https:\\\\evil.example/console.aws.amazon.com/x",
        "https://console.aws.amazon.com/a b",
        "javascript:alert(1)",
    ] {
        assert_eq!(link(bad).len(), 1, "{bad}");
    }
    catches(LINE, json!({"type": "link", "url": "https://evil.example/"}), "a link to");
}

#[test]
fn malformed_date_tokens_are_caught() {
    for date in ["<!date^x^{date}|y>", "<!date^1^{date}>", "<!date^1|y>", "<!date^1^date|y>"] {
        text_is_live(date, "malformed date token");
    }
    text_is_live("<!date^1^{date}^https://evil.example/|y>", "a link to");
    text_is_dead(&format!("<!date^1^{{date}}^{CONSOLE}|y>"));
}

#[test]
fn armed_text_is_caught_and_disarmed_text_passes() {
    for (live, expected) in [
        ("@here", "live mention"),
        ("a@b", "live mention"),
        ("#general", "live mention"),
        ("#日本", "live mention"),
        ("see https://x", "live mention, channel or link"),
        ("evil.example", "live mention, channel or link"),
        ("www.evil", "live mention, channel or link"),
        (":boom:", "emoji"),
        ("a:+1:b", "emoji"),
        (":日本:", "emoji"),
        ("1:28:56:07", "emoji"),
        ("*bold*", "pairs up"),
        ("a_b_c", "pairs up"),
        ("~x~\u{200b}", "pairs up"),
        ("`x\n`", "pairs up"),
        ("3 errors\n```\nline\n", "fence is left open"),
        ("3 errors\n```\nl`in`e\n```", "pairs up"),
        ("*<https://console.aws.amazon.com/|x>*", "pairs up"),
    ] {
        text_is_live(live, expected);
    }
    for dead in [
        "@\u{200b}here",
        "#\u{200b}general",
        "https:\u{200b}//x",
        "evil.\u{200b}example",
        ":\u{200b}boom:\u{200b}",
        "*\u{200b}bold*\u{200b}",
        "one * two\nthree * four",
        "3 errors\n```\nline\n`\u{200b}line\n```\nLogs",
        "05:28:56 to 05:29:03",
        "0.5 s, e.g. 1.25",
        "POST /v1/orders, 3 @ once: # 1",
    ] {
        text_is_dead(dead);
    }
}

#[test]
fn control_and_bidirectional_characters_are_caught_wherever_text_stands() {
    for hidden in
        ["\0", "\r", "\t", "\u{1b}", "\u{7f}", "\u{85}", "\u{2028}", "\u{202e}", "\u{2066}", "\u{200f}"]
    {
        text_is_live(&format!("a{hidden}b"), "character U+");
        catches("/attachments/0/fallback", format!("a{hidden}b"), "character U+");
        catches(&format!("{SECTION}/text"), format!("a{hidden}b"), "character U+");
        catches(&format!("{LINE}/text"), format!("a{hidden}b"), "character U+");
        catches(LINE, json!({"type": "link", "url": CONSOLE, "text": hidden}), "character U+");
    }
}

#[test]
fn plain_text_with_emoji_on_is_caught() {
    catches(SECTION, json!({"type": "plain_text", "text": ":boom:"}), "emoji");
    catches(SECTION, json!({"type": "plain_text", "text": ":boom:", "emoji": true}), "emoji");
}

#[test]
fn live_elements_of_rich_text_are_caught_unless_the_operator_wrote_them() {
    let elements = [
        (json!({"type": "broadcast", "range": "here"}), "<!here>"),
        (json!({"type": "user", "user_id": "U1"}), "<@U1>"),
        (json!({"type": "usergroup", "usergroup_id": "S1"}), "<!subteam^S1>"),
        (json!({"type": "channel", "channel_id": "C1"}), "<#C1>"),
        (json!({"type": "emoji", "name": "fire"}), ":fire:"),
    ];
    for (element, written) in elements {
        catches(LINE, element.clone(), "not an element that may be sent");
        let mut body = good();
        *body.pointer_mut(LINE).unwrap() = element;
        assert_eq!(Oracle::default().operator_wrote(written).check(&body), Violations::new());
    }
    catches(LINE, json!({"type": "date", "timestamp": 1}), "not an element that may be sent");
}

#[test]
fn preformatted_text_holds_no_mention_whoever_wrote_it() {
    let mut body = good();
    let element = body.pointer_mut("/attachments/0/blocks/0/elements/2/elements/0").unwrap();
    *element = json!({"type": "broadcast", "range": "here"});
    let violations = Oracle::default().operator_wrote("<!here>").check(&body);
    assert!(matches!(&violations[..], [one] if one.contains("text and links only")), "{violations:#?}");
}

#[test]
fn the_operators_words_pass_at_the_front_of_a_heading_and_nowhere_else() {
    let oracle = Oracle::default().operator_wrote(":fire: *本番*").operator_wrote("<!here>");
    let with_text =
        |text: &str| oracle.check(&json!({"text": text, "unfurl_links": false, "unfurl_media": false}));
    assert_eq!(with_text(":fire: *本番* <!here> 3 errors"), Violations::new());
    assert_eq!(with_text("<!here>\n:fire: *本番* · 3 errors"), Violations::new());
    assert_eq!(with_text("3 errors <!here>").len(), 1);
    assert_eq!(with_text("<!here> 3 errors <!here>").len(), 1);
}
