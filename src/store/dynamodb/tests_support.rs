//! What the tests open tables with.

use std::time::{Duration, SystemTime};

use serde_json::json;
use tokio::time::Instant;

use super::DynamoDb;
use crate::aws::{AwsAccess, Call, Service};
use crate::environment::{ConfigError, Environment};
use crate::http::{Budget, HttpClient, Patience, Transport as _};

pub(crate) const KEY: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

pub(crate) fn access(url: &str) -> AwsAccess {
    let pairs = [
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", KEY),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ENDPOINT_URL_DYNAMODB", url),
    ];
    let environment = Environment::new(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
    AwsAccess::read(&environment, &mut ConfigError::default()).unwrap()
}

/// A container's view of the table at `url`.
pub(crate) fn table(url: &str, name: &str, seed: u64) -> DynamoDb {
    table_over(HttpClient::new().unwrap(), url, name, seed)
}

/// The same over an HTTP client that is there already, which takes its time to be made.
pub(crate) fn table_over(http: HttpClient, url: &str, name: &str, seed: u64) -> DynamoDb {
    DynamoDb::new(http, access(url), name.to_owned(), seed)
}

/// The emulator that the environment names.
#[expect(clippy::disallowed_methods, reason = "a test, which is told so where its emulator is")]
pub(crate) fn emulator() -> String {
    std::env::var("TEST_DYNAMODB_URL").expect("TEST_DYNAMODB_URL is an emulator's URL")
}

/// Makes a new, empty table of this name.
pub(crate) async fn create_table(url: &str, name: &str) {
    let schema = [("pk", "HASH"), ("sk", "RANGE")]
        .map(|(name, kind)| json!({ "AttributeName": name, "KeyType": kind }));
    let types = ["pk", "sk"].map(|name| json!({ "AttributeName": name, "AttributeType": "S" }));
    let create = json!({
        "TableName": name, "KeySchema": schema, "AttributeDefinitions": types, "BillingMode": "PAY_PER_REQUEST",
    });
    let named = json!({ "TableName": name });
    ask(url, "DynamoDB_20120810.DeleteTable", named.to_string()).await;
    // An emulator may take its time with both.
    while ask(url, "DynamoDB_20120810.CreateTable", create.to_string()).await.0 != 200 {}
    while !ask(url, "DynamoDB_20120810.DescribeTable", named.to_string()).await.1.contains("ACTIVE") {}
}

async fn ask(url: &str, target: &'static str, body: String) -> (u16, String) {
    let http = HttpClient::new().unwrap();
    let call = Call { service: Service::DynamoDb, target, region: None, body };
    let request = access(url).request(call, SystemTime::UNIX_EPOCH).unwrap();
    let patience = Patience { head: Duration::from_secs(20), total: Duration::from_secs(20), bytes: 1 << 20 };
    let budget = Budget::until(Instant::now() + Duration::from_secs(20), SystemTime::UNIX_EPOCH);
    let answer = http.exchange(request, patience, budget).await.unwrap();
    (answer.status, String::from_utf8(answer.body).unwrap())
}
