//! The configuration: every rule, and that all faults are told at once.

use proptest::prelude::*;

use super::destination::{
    BOT_TOKEN, BOT_TOKEN_PARAMETER, BOT_TOKEN_SECRET, WEBHOOK_PARAMETER, WEBHOOK_SECRET, WEBHOOK_URL,
};
use super::*;
use crate::incidents::NotifyMode;
use crate::slack::api_url::ApiUrl;
use crate::slack::webhook_url::WebhookUrlError;

const URL: (&str, &str) = ("SLACK_WEBHOOK_URL", "https://hooks.slack.com/services/T0/B0/x");

fn read(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
    Config::read(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
}

/// The faults of a configuration that has a webhook and these.
fn faults(pairs: &[(&str, &str)]) -> Vec<String> {
    let pairs = [&[URL], pairs].concat();
    read(&pairs).map_or_else(|error| error.faults().to_vec(), |_| Vec::new())
}

#[test]
fn with_the_webhook_alone_everything_else_has_its_default() {
    let config = read(&[URL]).unwrap();
    assert!(matches!(config.destination, Destination::Webhook(SecretSource::Given(_))));
    assert_eq!(config.message, MessageSettings::default());
    assert!(matches!(&config.rules, RulesSource::Known(rules) if rules.iter().len() == 2));
    assert_eq!(config.format, Format::Auto);
    assert_eq!((config.max_lines, config.burst, config.spacing), (20, 5, Duration::from_secs(5)));
    assert_eq!(config.max_decompressed_bytes, 134_217_728);
    assert_eq!((config.redact, config.function), (Redaction::default(), Function::default()));
    assert_eq!(config.allowed_hosts, AllowedHosts::default());
    assert_eq!(config.log_groups, LogGroups::default());
    assert_eq!(config.notify, NotifySettings::default());
    assert!(config.state_table.is_none());
    assert_eq!((config.notify.mode, config.notify.policy.quiet_ms), (NotifyMode::Incidents, 300_000));
}

#[test]
fn every_setting_is_read() {
    let config = read(&[
        ("SLACK_WEBHOOK_URL", " https://proxy.example/x\n"),
        ("SLACK_CHANNEL", "#alerts"),
        ("SLACK_USER_NAME", "API"),
        ("SLACK_ICON_EMOJI", ":warning:"),
        ("SLACK_TEXT", " APIでエラー発生 :fire: "),
        ("SLACK_COLOR", "#1e90FF"),
        ("STATUSWATCH_RULES", r#"{"rules":[{"name":"all","status":"4xx","action":"notify"}]}"#),
        ("STATUSWATCH_FORMAT", "clf"),
        ("STATUSWATCH_MAX_LINES", "200"),
        ("STATUSWATCH_REDACT", "ip, user.name,,userAgent"),
        ("STATUSWATCH_BURST", "1"),
        ("STATUSWATCH_SPACING_SECONDS", "3600"),
        ("STATUSWATCH_MAX_DECOMPRESSED_BYTES", "1"),
        ("STATUSWATCH_ALLOWED_HOSTS", "proxy.example"),
        ("STATUSWATCH_LOG_GROUPS", "/aws/apigateway/orders, items"),
        ("STATUSWATCH_ALARM_LOG_GROUPS", r#"{"5xx*":["items"]}"#),
        ("STATUSWATCH_ALARM_LINES", "fetch"),
        ("STATUSWATCH_NOTIFY", "every"),
        ("STATUSWATCH_FOLLOW_UPS", "30s*3, 2h"),
        ("STATUSWATCH_QUIET_SECONDS", "10"),
        ("STATUSWATCH_END_IN_CHANNEL", "false"),
        ("STATUSWATCH_STATE_TABLE", "arn:aws:dynamodb:eu-central-1:123456789012:table/state"),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
        ("AWS_LAMBDA_FUNCTION_NAME", "statuswatch"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/statuswatch"),
        ("AWS_REGION", "eu-west-1"),
        ("PATH", "/bin"),
    ])
    .unwrap();
    assert_eq!(config.message.channel.as_deref(), Some("#alerts"));
    assert_eq!(config.message.user_name.as_deref(), Some("API"));
    assert_eq!(config.message.icon_emoji.as_deref(), Some(":warning:"));
    assert_eq!(config.message.text.as_deref(), Some("APIでエラー発生 :fire:"));
    assert_eq!(config.message.color.as_ref().map(Color::as_str), Some("#1e90FF"));
    assert!(matches!(&config.rules, RulesSource::Known(rules) if rules.iter().len() == 1));
    assert_eq!((config.format, config.max_lines, config.burst), (Format::Clf, 200, 1));
    assert_eq!((config.spacing, config.max_decompressed_bytes), (Duration::from_hours(1), 1));
    assert_eq!((config.notify.mode, config.notify.policy.quiet_ms), (NotifyMode::Every, 10_000));
    assert_eq!(config.notify.policy.follow_ups.interval_ms(3), 7_200_000);
    assert!(config.style().sender.end_in_thread);
    assert_eq!(Ok(config.redact.clone()), "ip,user.name,userAgent".parse());
    assert!(config.alarm_lines.is_some());
    let content = config.style().content;
    assert_eq!(content.log_groups_of("4xx"), ["/aws/apigateway/orders", "items"]);
    assert_eq!(content.log_groups_of("5xx of items"), ["items"]);
    let (table, _) = config.state_table.as_ref().unwrap();
    assert_eq!(table.region(), Some("eu-central-1"));
    assert_eq!(config.function.name.as_deref(), Some("statuswatch"));
    assert_eq!(config.function.log_group.as_deref(), Some("/aws/lambda/statuswatch"));
    assert_eq!(config.function.region.as_deref(), Some("eu-west-1"));
}

#[test]
fn a_variable_set_to_nothing_is_unset() {
    let names = [
        PREFIXED.as_slice(),
        &[WEBHOOK_PARAMETER, WEBHOOK_SECRET, CHANNEL, USER_NAME, ICON_EMOJI, TEXT, COLOR, "AWS_REGION"],
        &[BOT_TOKEN, BOT_TOKEN_PARAMETER, BOT_TOKEN_SECRET, "SLACK_API_URL"],
    ];
    for empty in ["", " ", "\n"] {
        let pairs = names.concat().into_iter().map(|name| (name, empty)).chain([URL]).collect::<Vec<_>>();
        assert_eq!(format!("{:?}", read(&pairs)), format!("{:?}", read(&[URL])));
    }
}

#[test]
fn exactly_one_source_of_the_webhook_is_required() {
    let error = read(&[]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the configuration cannot be used, faults: 1\n- SLACK_WEBHOOK_URL: neither a webhook nor a bot token is \
         configured: set SLACK_WEBHOOK_URL, SLACK_WEBHOOK_PARAMETER or SLACK_WEBHOOK_SECRET, or SLACK_BOT_TOKEN, \
         SLACK_BOT_TOKEN_PARAMETER or SLACK_BOT_TOKEN_SECRET with SLACK_CHANNEL"
    );
    assert_eq!(
        faults(&[("SLACK_WEBHOOK_PARAMETER", "x"), ("SLACK_WEBHOOK_SECRET", "y")]),
        ["SLACK_WEBHOOK_URL: not the only way to Slack, also set: SLACK_WEBHOOK_PARAMETER, \
         SLACK_WEBHOOK_SECRET: keep one"]
    );
    assert_eq!(
        read(&[("SLACK_WEBHOOK_SECRET", "https://hooks.slack.com/x")]).unwrap_err().faults()[0],
        "SLACK_WEBHOOK_SECRET: holds a URL, where the name or ARN under which the URL is stored belongs"
    );
    let plain = read(&[("SLACK_WEBHOOK_URL", "http://hooks.slack.com/x")]).unwrap_err();
    assert_eq!(plain.faults(), [format!("SLACK_WEBHOOK_URL: {}", WebhookUrlError::PlainHttp)]);
}

const TOKEN: (&str, &str) = ("SLACK_BOT_TOKEN", "xoxb-123456789012-1234567890123-AbCdEfGhIjKl");
const CHANNEL_ID: (&str, &str) = ("SLACK_CHANNEL", "C0123456789");

#[test]
fn a_bot_token_goes_with_the_id_of_a_channel() {
    let names = [("SLACK_USER_NAME", "API"), ("SLACK_ICON_EMOJI", ":warning:")];
    let config = read(&[&[TOKEN, CHANNEL_ID], names.as_slice()].concat()).unwrap();
    let style = config.style().sender;
    assert_eq!(
        (style.channel, style.username.as_deref(), style.icon_emoji.as_deref()),
        (None, Some("API"), Some(":warning:"))
    );
    let Destination::Channel { token: SecretSource::Given(_), channel, api } = config.destination else {
        panic!("{:?}", config.destination)
    };
    assert_eq!((channel.as_str(), Ok(api)), ("C0123456789", ApiUrl::parse("https://slack.com/api/")));

    let lambda =
        [("AWS_ACCESS_KEY_ID", "AKID"), ("AWS_SECRET_ACCESS_KEY", "key"), ("AWS_REGION", "eu-west-1")];
    let local = [("SLACK_API_URL", "http://127.0.0.1:8080/api"), CHANNEL_ID];
    for (name, place) in [
        (BOT_TOKEN_PARAMETER, Stored::parameter("/prod/token").unwrap()),
        (BOT_TOKEN_SECRET, Stored::secret("/prod/token").unwrap()),
    ] {
        let config = read(&[&[(name, "/prod/token")], lambda.as_slice(), &local].concat()).unwrap();
        let Destination::Channel { token: SecretSource::Stored(found, _), api, .. } = config.destination
        else {
            panic!("{:?}", config.destination)
        };
        assert_eq!((found, Ok(api)), (place, ApiUrl::parse("http://127.0.0.1:8080/api/")));
        assert!(read(&[(name, "/prod/token"), CHANNEL_ID]).is_err(), "without credentials");
    }
}

#[test]
fn each_fault_of_a_bot_token_is_named_with_the_fix() {
    let no_id = "must be a channel's id such as C0123456789 (in Slack: click the channel's name, the id is at the \
                 end of About), not its name";
    for (pairs, faults) in [
        (&[TOKEN][..], vec![format!("SLACK_CHANNEL: is not set, and with a bot token {no_id}")]),
        (&[TOKEN, ("SLACK_CHANNEL", "#alerts")], vec![format!("SLACK_CHANNEL: {no_id}, and is \"#alerts\"")]),
        (
            &[("SLACK_BOT_TOKEN", "xoxp-1-2-3"), ("SLACK_API_URL", "https://evil.example/api/")],
            vec![
                "SLACK_BOT_TOKEN: this is a user token (xoxp-), not a bot token: copy the Bot User OAuth Token \
                 (xoxb-...) from OAuth & Permissions of the Slack app"
                    .to_owned(),
                format!("SLACK_CHANNEL: is not set, and with a bot token {no_id}"),
                "SLACK_API_URL: is not on slack.com or slack-gov.com: the bot token goes to no other host".to_owned(),
            ],
        ),
        (
            &[TOKEN, CHANNEL_ID, ("SLACK_API_URL", "http://slack.com/api/")],
            vec!["SLACK_API_URL: is plain http, which only a loopback address may be: use https".to_owned()],
        ),
        (
            &[("SLACK_BOT_TOKEN_SECRET", TOKEN.1), CHANNEL_ID],
            vec![
                "SLACK_BOT_TOKEN_SECRET: holds a bot token, where the name or ARN under which the token is stored \
                 belongs"
                    .to_owned(),
            ],
        ),
        (
            &[TOKEN, ("SLACK_BOT_TOKEN_PARAMETER", "x"), CHANNEL_ID],
            vec![
                "SLACK_BOT_TOKEN: not the only way to Slack, also set: SLACK_BOT_TOKEN_PARAMETER: keep one"
                    .to_owned(),
            ],
        ),
        (
            &[URL, TOKEN, CHANNEL_ID],
            vec![
                "SLACK_WEBHOOK_URL: not the only way to Slack, also set: SLACK_BOT_TOKEN: a webhook and a bot token exclude each other, keep one"
                    .to_owned(),
            ],
        ),
        (
            &[("SLACK_WEBHOOK_PARAMETER", "x"), ("SLACK_BOT_TOKEN_SECRET", "y"), CHANNEL_ID],
            vec![
                "SLACK_WEBHOOK_PARAMETER: not the only way to Slack, also set: SLACK_BOT_TOKEN_SECRET: a webhook and a bot token exclude each other, keep one"
                    .to_owned(),
            ],
        ),
        (
            &[URL, ("SLACK_API_URL", "https://slack.com/api/")],
            vec![
                "SLACK_API_URL: is used with a bot token only, and SLACK_WEBHOOK_URL is set: remove it".to_owned(),
            ],
        ),
    ] {
        let found = read(pairs).unwrap_err();
        let found: Vec<_> =
            found.faults().iter().filter(|fault| !fault.starts_with("AWS_")).cloned().collect();
        assert_eq!(found, faults);
    }
}

#[test]
fn what_is_stored_in_aws_needs_what_lambda_sets() {
    let lambda =
        [("AWS_ACCESS_KEY_ID", "AKID"), ("AWS_SECRET_ACCESS_KEY", "key"), ("AWS_REGION", "eu-west-1")];
    let stored = [("SLACK_WEBHOOK_PARAMETER", "/prod/webhook")];
    let config = read(&[stored.as_slice(), &lambda].concat()).unwrap();
    let place = Stored::parameter("/prod/webhook").unwrap();
    assert!(
        matches!(config.destination, Destination::Webhook(SecretSource::Stored(found, _)) if found == place)
    );

    let rules = [URL, ("STATUSWATCH_RULES", "ssm:/prod/rules")];
    let config = read(&[rules.as_slice(), &lambda].concat()).unwrap();
    let place = Stored::parameter("/prod/rules").unwrap();
    assert!(matches!(config.rules, RulesSource::Stored(found, _) if found == place));

    for pairs in [stored.as_slice(), &rules] {
        let error = read(pairs).unwrap_err();
        let names = error.faults().iter().map(|fault| fault.split(':').next().unwrap()).collect::<Vec<_>>();
        assert_eq!(names, ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"]);
    }
    let odd = [("AWS_REGION", "eu-west-1.evil.example/"), ("AWS_ENDPOINT_URL_SSM", "localhost:4566")];
    let error = read(&[stored.as_slice(), &lambda[..2], &odd].concat()).unwrap_err();
    assert_eq!(
        error.faults(),
        [
            "AWS_REGION: is not a Region such as eu-west-1",
            "AWS_ENDPOINT_URL_SSM: is not an http or https URL"
        ]
    );
}

#[test]
fn values_that_cannot_be_used_are_named_with_the_fix() {
    for (name, value, fault) in [
        (MAX_LINES, "0", "must be a whole number from 1 to 200, and is \"0\""),
        (MAX_LINES, "201", "must be a whole number from 1 to 200, and is \"201\""),
        (MAX_LINES, "a few", "must be a whole number from 1 to 200, and is \"a few\""),
        (BURST, "-1", "must be a whole number from 1 to 100, and is \"-1\""),
        (SPACING, "0.5", "must be a whole number from 1 to 3600, and is \"0.5\""),
        (
            MAX_DECOMPRESSED_BYTES,
            "128MiB",
            "must be a whole number from 1 to 1099511627776, and is \"128MiB\"",
        ),
        (
            FORMAT,
            "jsno",
            "must be one of auto, json, clf, csv, xml, key-value, alb, cloudfront, vpc-lattice, appsync, and is \"jsno\"",
        ),
        (
            COLOR,
            "red",
            "must be good, warning, danger or six hexadecimal digits such as #1E90FF, and is \"red\"",
        ),
        (notify::NOTIFY, "all", "must be incidents or every, and is \"all\""),
        (notify::FOLLOW_UPS, "1m*5,2s", "step 2 is out of range: write 5s to 1d"),
        (
            notify::FOLLOW_UPS,
            "hourly",
            "step 1 is no duration: write a whole number with s, m, h or d, such as 5m, and is \"hourly\"",
        ),
        (notify::QUIET, "9", "must be a whole number from 10 to 3600, and is \"9\""),
        (
            ALLOWED_HOSTS,
            "a.example,https://b.example",
            "entry 2 is not a host name: write names only, without scheme, port or path",
        ),
        (
            LOG_GROUPS,
            "orders,arn:aws:logs:eu-west-1:111122223333:log-group:orders",
            "entry 2 is not a log group's name: write 1 to 512 letters, digits and any of . - _ / #, no ARN and \
             no wildcard",
        ),
        (ALARM_LINES, "always", "must be stored or fetch, and is \"always\""),
        (
            ALARM_LOG_GROUPS,
            r#"{"orders":["a b"]}"#,
            "alarm 1: entry 1 is not a log group's name: write 1 to 512 letters, digits and any of . - _ / #, no \
             ARN and no wildcard",
        ),
        (
            RULES,
            "ssm:",
            "is neither a name nor an ARN: 1 to 2,048 letters, digits and any of / _ . : + = @ -",
        ),
    ] {
        assert_eq!(faults(&[(name, value)]), [format!("{name}: {fault}")]);
    }
    for color in ["good", "warning", "danger", "#000000", "#abcdef"] {
        assert_eq!(faults(&[(COLOR, color)]), [""; 0]);
    }
    for color in ["#fff", "#GGGGGG", "Good", "#1234567", "#ééé"] {
        assert_eq!(faults(&[(COLOR, color)]).len(), 1, "{color}");
    }
}

#[test]
fn an_unknown_name_is_refused_with_the_one_that_was_meant() {
    for (name, fault) in [
        ("STATUSWATCH_MAXLINES", ", did you mean STATUSWATCH_MAX_LINES?"),
        ("STATUSWATCH_SPACING", ", did you mean STATUSWATCH_SPACING_SECONDS?"),
        ("STATUSWATCH_RULE", ", did you mean STATUSWATCH_RULES?"),
        ("STATUSWATCH_rules", ": remove it"),
        ("STATUSWATCH_VERBOSE", ": remove it"),
        ("STATUSWATCH_", ": remove it"),
    ] {
        assert_eq!(faults(&[(name, "1")]), [format!("{name}: there is no such setting{fault}")]);
    }
    assert_eq!(faults(&[("STATUSWATCHER", "1"), ("SLACK_TEAM", "1"), ("HOME", "/")]), [""; 0]);
}

#[test]
fn all_faults_are_told_at_once_and_further_ones_can_be_added() {
    let pairs = [
        ("SLACK_WEBHOOK_URL", "hooks.slack.com/services"),
        ("SLACK_COLOR", "red"),
        ("STATUSWATCH_RULLES", "x"),
        ("STATUSWATCH_FORMAT", "yaml"),
        ("STATUSWATCH_BURST", "many"),
    ];
    let mut error = read(&pairs).unwrap_err();
    assert_eq!(error.faults().len(), 5, "{error}");
    error.add("STATUSWATCH_RULES", "rule \"a\": unknown key \"x\"\nrule \"b\": empty list");
    let text = error.to_string();
    assert_eq!(text.lines().count(), 7, "{text}");
    assert!(
        text.ends_with("\n- STATUSWATCH_RULES: rule \"a\": unknown key \"x\" rule \"b\": empty list"),
        "{text}"
    );
}

#[test]
fn a_secret_shows_in_no_fault_whichever_variable_it_was_put_into() {
    let canary = "CANARY0webhook0path";
    let url = format!("https://hooks.slack.com/services/{canary}");
    let token = format!("xoxb-1-{canary}");
    let names = [
        PREFIXED.as_slice(),
        &[WEBHOOK_URL, WEBHOOK_PARAMETER, WEBHOOK_SECRET, COLOR, "AWS_REGION", "AWS_ENDPOINT_URL"],
        &[BOT_TOKEN, BOT_TOKEN_PARAMETER, BOT_TOKEN_SECRET, CHANNEL, "SLACK_API_URL"],
    ];
    for name in names.concat() {
        for value in [
            url.clone(),
            url.replace("https", "http"),
            canary.repeat(2),
            format!("ssm:{url}"),
            token.clone(),
            token.replace("xoxb", "xoxp"),
            format!("ssm:{token}"),
        ] {
            // With rules from a parameter, so that AWS's variables are looked at too.
            for others in [
                &[("STATUSWATCH_RULES", "x")][..],
                &[("STATUSWATCH_RULES", "ssm:x")],
                &[("STATUSWATCH_RULES", "ssm:x"), TOKEN],
            ] {
                let pairs = [others, &[(name, value.as_str())]].concat();
                if let Err(error) = read(&pairs) {
                    assert!(!format!("{error} {error:?}").contains(canary), "{name}: {error}");
                }
            }
        }
    }
    for pairs in [&[("SLACK_WEBHOOK_URL", url.as_str())][..], &[("SLACK_BOT_TOKEN", &token), CHANNEL_ID]] {
        let config = read(pairs).unwrap();
        assert!(!format!("{config:?} {config:#?}").contains(canary));
    }
}

proptest! {
    #[test]
    fn no_environment_panics(
        values in proptest::collection::vec("\\PC{0,30}|[0-9]{0,30}|#[0-9a-f]{6}|ssm:\\PC{0,5}|C0123456789|xoxb-\\PC{0,30}", 23),
        unknown in "STATUSWATCH_\\PC{0,10}",
    ) {
        let names = [PREFIXED.as_slice(), &[WEBHOOK_URL, WEBHOOK_SECRET, COLOR, TEXT, "AWS_REGION", "AWS_ENDPOINT_URL", &unknown], &[BOT_TOKEN, CHANNEL, "SLACK_API_URL"]].concat();
        let pairs = names.iter().map(|name| (*name).to_owned()).zip(values);
        if let Err(error) = Config::read(pairs) {
            let text = error.to_string();
            prop_assert_eq!(text.lines().count(), error.faults().len() + 1);
        }
    }
}
