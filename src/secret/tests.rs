//! Reading from AWS, against a server that answers by a script.

use std::time::SystemTime;

use super::*;
use crate::environment::{ConfigError, Environment};
use crate::http::scripted_server::{Reply, ScriptedServer};

const CANARY: &str = "CANARY0secret";
const KEY: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const TOKEN: &str = "CANARY0session0token";

fn parameter() -> Stored {
    Stored::parameter("/prod/webhook").unwrap()
}

fn secret() -> Stored {
    Stored::secret("prod/webhook").unwrap()
}

fn access(endpoint: &str) -> AwsAccess {
    let pairs = [
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", KEY),
        ("AWS_SESSION_TOKEN", TOKEN),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ENDPOINT_URL", endpoint),
    ];
    let environment = Environment::new(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
    AwsAccess::read(&environment, &mut ConfigError::default()).unwrap()
}

fn secrets(server: &ScriptedServer) -> Secrets {
    Secrets::new(HttpClient::new().unwrap(), access(&server.url("/")), 1)
}

fn minute() -> Budget {
    // Sun, 30 Aug 2015 12:36:00 GMT
    let now = SystemTime::UNIX_EPOCH + Duration::from_mins(24_015_636);
    Budget::until(Instant::now() + Duration::from_mins(1), now)
}

fn parameter_answer(value: &str) -> Reply {
    let parameter = serde_json::json!({ "Name": "x", "Type": "SecureString", "Value": value, "Version": 1 });
    Reply::new(200, &serde_json::json!({ "Parameter": parameter }).to_string())
}

fn secret_answer(value: &str) -> Reply {
    let answer = serde_json::json!({ "Name": "x", "SecretString": value, "VersionStages": ["AWSCURRENT"] });
    Reply::new(200, &answer.to_string())
}

fn aws_error(status: u16, code: &str) -> Reply {
    let text = serde_json::json!({ "__type": code, "message": format!("about {CANARY}") });
    Reply::new(status, &text.to_string())
}

async fn fetch(
    place: &Stored,
    script: impl IntoIterator<Item = Reply>,
) -> (Result<String, SecretError>, usize) {
    let server = ScriptedServer::start(script).await;
    let result = secrets(&server).text(place, minute()).await;
    (result, server.requests().len())
}

#[tokio::test]
async fn a_parameter_is_asked_for_with_decryption_by_a_signed_request() {
    let server = ScriptedServer::start([parameter_answer("text\n")]).await;
    let text = secrets(&server).text(&parameter(), minute()).await;
    assert_eq!(text.as_deref(), Ok("text\n"));
    let request = server.requests().remove(0);
    for part in [
        "POST / HTTP/1.1\r\n",
        "\r\ncontent-type: application/x-amz-json-1.1\r\n",
        "\r\nx-amz-target: AmazonSSM.GetParameter\r\n",
        "\r\nx-amz-date: 20150830T123600Z\r\n",
        &format!("\r\nx-amz-security-token: {TOKEN}\r\n"),
        "\r\nauthorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/eu-west-1/ssm/aws4_request, \
         SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, Signature=",
        "\r\n\r\n{\"Name\":\"/prod/webhook\",\"WithDecryption\":true}",
    ] {
        assert!(request.contains(part), "{part} in {request}");
    }
}

#[tokio::test]
async fn a_secret_is_asked_for_by_a_signed_request_to_the_region_of_its_arn() {
    let server = ScriptedServer::start([secret_answer("text")]).await;
    let arn = Stored::secret("arn:aws:secretsmanager:us-east-2:123456789012:secret:slack-AbCdEf").unwrap();
    let text = secrets(&server).text(&arn, minute()).await;
    assert_eq!(text.as_deref(), Ok("text"));
    let request = server.requests().remove(0);
    assert!(request.contains("\r\nx-amz-target: secretsmanager.GetSecretValue\r\n"), "{request}");
    assert!(request.contains("/20150830/us-east-2/secretsmanager/aws4_request, "), "{request}");
    assert!(request.ends_with(&format!("{{\"SecretId\":\"{}\"}}", arn.name())), "{request}");
}

#[tokio::test]
async fn the_webhook_is_the_text_or_one_text_of_an_object() {
    let url = "https://hooks.slack.com/services/T0/B0/x";
    for stored in [
        url.to_owned(),
        format!(" {url}\n"),
        format!(r#"{{"url":"{url}\n","note":"x"}}"#),
        format!(r#"{{"webhook":"{url}","team":"x"}}"#),
        format!(r#"{{"team":"x","SLACK_WEBHOOK_URL":"{url}"}}"#),
        format!(r#"{{"anything":"{url}","n":1}}"#),
    ] {
        for (place, reply) in [(parameter(), parameter_answer(&stored)), (secret(), secret_answer(&stored))] {
            let server = ScriptedServer::start([reply]).await;
            let webhook = secrets(&server).webhook(&place, &AllowedHosts::default(), minute()).await;
            assert_eq!(webhook.unwrap(), WebhookUrl::parse(url, &AllowedHosts::default()).unwrap());
        }
    }
    let no_url = SecretError::NoUrlInObject { place: PlaceKind::Secret };
    for (stored, error) in [
        (r#"{"a":"x","b":"y"}"#, no_url.clone()),
        (r#"{"a":1}"#, no_url.clone()),
        ("{", no_url),
        ("", SecretError::Webhook(WebhookUrlError::Empty)),
        ("http://hooks.slack.com/x", SecretError::Webhook(WebhookUrlError::PlainHttp)),
    ] {
        let server = ScriptedServer::start([secret_answer(stored)]).await;
        let webhook = secrets(&server).webhook(&secret(), &AllowedHosts::default(), minute()).await;
        assert_eq!(webhook, Err(error), "{stored}");
    }
}

#[tokio::test]
async fn the_bot_token_is_the_text_or_one_text_of_an_object() {
    let token = "xoxb-123456789012-1234567890123-AbCdEfGhIjKl";
    for stored in [
        token.to_owned(),
        format!(" {token}\n"),
        format!(r#"{{"token":"{token}\n","note":"x"}}"#),
        format!(r#"{{"url":"x","SLACK_BOT_TOKEN":"{token}"}}"#),
        format!(r#"{{"anything":"{token}","n":1}}"#),
    ] {
        for (place, reply) in [(parameter(), parameter_answer(&stored)), (secret(), secret_answer(&stored))] {
            let server = ScriptedServer::start([reply]).await;
            let found = secrets(&server).bot_token(&place, minute()).await;
            assert_eq!(found.unwrap(), BotToken::parse(token).unwrap());
        }
    }
    let none = SecretError::NoTokenInObject { place: PlaceKind::Secret };
    for (stored, error) in [
        (r#"{"a":"x","b":"y"}"#, none.clone()),
        ("{", none),
        ("", SecretError::BotToken(BotTokenError::Empty)),
        ("https://hooks.slack.com/x", SecretError::BotToken(BotTokenError::Url)),
    ] {
        let server = ScriptedServer::start([secret_answer(stored)]).await;
        assert_eq!(secrets(&server).bot_token(&secret(), minute()).await, Err(error), "{stored}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_may_pass_is_tried_three_times_and_nothing_else_twice() {
    let refused = |status, code: &str| {
        let code = (!code.is_empty()).then(|| AwsErrorCode::named(code));
        Err(SecretError::Refused { place: PlaceKind::Parameter, status, code })
    };
    for (reply, expected, tries) in [
        (aws_error(400, "AccessDeniedException"), refused(400, "AccessDeniedException"), 1),
        (aws_error(400, "com.amazonaws.ssm#ParameterNotFound"), refused(400, "ParameterNotFound"), 1),
        (aws_error(400, "ExpiredTokenException:http://x/"), refused(400, "ExpiredTokenException"), 1),
        (aws_error(400, CANARY), refused(400, ""), 1),
        (
            Reply::with_headers(403, "x-amzn-errortype: InvalidKeyId:x\r\n", ""),
            refused(403, "InvalidKeyId"),
            1,
        ),
        (Reply::with_headers(302, "location: http://127.0.0.1:1/\r\n", ""), refused(302, ""), 1),
        (Reply::new(500, "<html>"), refused(500, ""), 3),
        (aws_error(400, "ThrottlingException"), refused(400, "ThrottlingException"), 3),
        (Reply::new(200, "<html>"), Err(SecretError::NoText { place: PlaceKind::Parameter }), 1),
        (Reply::new(200, r#"{"Parameter":{}}"#), Err(SecretError::NoText { place: PlaceKind::Parameter }), 1),
        (
            Reply::Reset,
            Err(SecretError::Transport { place: PlaceKind::Parameter, fault: TransportFault::Broken }),
            3,
        ),
        (
            Reply::Hang,
            Err(SecretError::Transport { place: PlaceKind::Parameter, fault: TransportFault::AnswerTimeout }),
            3,
        ),
    ] {
        assert_eq!(fetch(&parameter(), [reply.clone()]).await, (expected, tries), "{reply:?}");
    }
    let cut = Reply::Close("HTTP/1.1 200 X\r\ncontent-length: 99\r\n\r\n{\"Parameter\"".to_owned());
    let passing = [Reply::new(503, ""), cut, parameter_answer("text")];
    assert_eq!(fetch(&parameter(), passing).await, (Ok("text".to_owned()), 3));
    let binary = Reply::new(200, r#"{"SecretBinary":"AA=="}"#);
    assert_eq!(fetch(&secret(), [binary]).await, (Err(SecretError::NoText { place: PlaceKind::Secret }), 1));
}

#[tokio::test(start_paused = true)]
async fn without_time_nothing_is_asked_and_a_fetch_ends_within_its_budget() {
    let server = ScriptedServer::start([Reply::Hang]).await;
    let mut secrets = secrets(&server);
    let began = Instant::now();
    let budget =
        |seconds| Budget::until(Instant::now() + Duration::from_secs(seconds), SystemTime::UNIX_EPOCH);
    let no_time = SecretError::NoTimeLeft { place: PlaceKind::Parameter };
    assert_eq!(secrets.text(&parameter(), budget(0)).await, Err(no_time));
    assert_eq!(server.connections(), 0);
    assert!(secrets.text(&parameter(), budget(4)).await.is_err());
    assert!(began.elapsed() <= Duration::from_secs(4));
}

#[tokio::test(start_paused = true)]
async fn nothing_secret_shows_in_any_text() {
    let script = [
        aws_error(400, "AccessDeniedException"),
        aws_error(400, CANARY),
        aws_error(500, "InternalServerError"),
        parameter_answer(CANARY),
        parameter_answer(&format!("https://evil.example/{CANARY}")),
        parameter_answer(&format!(r#"{{"a":"{CANARY}","b":"x"}}"#)),
        parameter_answer(&format!("https://hooks.slack.com/services/{CANARY}")),
        parameter_answer(&format!("xoxb-1-{CANARY}")),
        parameter_answer(&format!("xoxp-1-{CANARY}")),
        Reply::new(200, CANARY),
        Reply::Reset,
    ];
    for reply in script {
        let server = ScriptedServer::start([reply]).await;
        let mut secrets = secrets(&server);
        let webhook = secrets.webhook(&parameter(), &AllowedHosts::default(), minute()).await;
        let error = webhook.as_ref().err().map(ToString::to_string);
        let token = secrets.bot_token(&parameter(), minute()).await;
        let token = format!("{token:?} {:?}", token.as_ref().err().map(ToString::to_string));
        let shown = format!("{webhook:?} {error:?} {token} {secrets:?} {secrets:#?} {:?}", secrets.access);
        for hidden in [CANARY, KEY, TOKEN, "AKIDEXAMPLE"] {
            assert!(!shown.contains(hidden), "{shown}");
        }
    }
}

#[test]
fn an_error_says_what_to_check() {
    let refused = |place, code| {
        SecretError::Refused { place, status: 400, code: Some(AwsErrorCode::named(code)) }.to_string()
    };
    assert_eq!(
        refused(PlaceKind::Parameter, "AccessDeniedException"),
        "AWS did not give the SSM parameter (400 AccessDeniedException): allow the function's role \
         ssm:GetParameter on it, and kms:Decrypt on its key if it has one"
    );
    assert_eq!(
        refused(PlaceKind::Secret, "ResourceNotFoundException"),
        "AWS did not give the secret (400 ResourceNotFoundException): check its name, and that it is in \
         the function's Region"
    );
}
