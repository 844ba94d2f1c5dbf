//! A function, as Lambda describes it: state, environment, policy, concurrency, deliveries.
//!
//! The environment is read as the function itself reads it; no value of it gets out.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde::Deserialize;

use super::client::{Client, Form, Operation};
use super::error::DeploymentError;
use super::wire::encoded;
use crate::aws::{Service, is_region};
use crate::config::{Config, RulesSource, parse_rules};
use crate::doctor::{Fact, Function, InvokeSettings, Mapping, Measured, Policy, Settings, Unknown};
use crate::secret::Secrets;

/// What is kept of a list of event source mappings.
const MAX_MAPPINGS: usize = 20;

/// A function, and its configuration where that can be read.
pub(super) struct Found {
    pub(super) function: Function,
    pub(super) config: Option<Config>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Configuration {
    function_name: String,
    function_arn: String,
    state: Option<String>,
    state_reason_code: Option<String>,
    last_update_status: Option<String>,
    last_update_status_reason_code: Option<String>,
    environment: Option<Variables>,
    dead_letter_config: Option<DeadLetter>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Variables {
    variables: Option<BTreeMap<String, String>>,
    /// Lambda could not decrypt them for whoever asks.
    error: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DeadLetter {
    target_arn: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PolicyText {
    policy: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Concurrency {
    reserved_concurrent_executions: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct InvokeConfig {
    maximum_event_age_in_seconds: Option<u64>,
    maximum_retry_attempts: Option<u64>,
    destination_config: Option<DestinationConfig>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DestinationConfig {
    on_failure: Option<OnFailure>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct OnFailure {
    destination: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Mappings {
    #[serde(default)]
    event_source_mappings: Vec<MappingConfig>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct MappingConfig {
    event_source_arn: Option<String>,
    state: Option<String>,
    last_processing_result: Option<String>,
    maximum_record_age_in_seconds: Option<i64>,
}

/// Which function is meant: its name, and of an ARN where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionName {
    name: String,
    /// Region and account.
    place: Option<(String, String)>,
}

impl FunctionName {
    /// The name alone.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The Region in the ARN, where it was one.
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        self.place.as_ref().map(|(region, _)| region.as_str())
    }

    /// The account in the ARN, where it was one.
    #[must_use]
    pub fn account(&self) -> Option<&str> {
        self.place.as_ref().map(|(_, account)| account.as_str())
    }
}

impl FromStr for FunctionName {
    type Err = DeploymentError;

    /// Reads a name or an ARN, which may end in a version or an alias.
    fn from_str(text: &str) -> Result<Self, DeploymentError> {
        let wrong = || DeploymentError::Name(text.chars().take(200).collect());
        let parts: Vec<&str> = text.split(':').collect();
        let (name, place) = match parts.as_slice() {
            [name] => (*name, None),
            ["arn", _, "lambda", region, account, "function", name]
            | ["arn", _, "lambda", region, account, "function", name, _] => {
                (*name, Some((*region, *account)))
            }
            _ => return Err(wrong()),
        };
        let is_of = |text: &str, other: &[u8]| {
            (1..=64).contains(&text.len())
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || other.contains(&byte))
        };
        let is_place = |(region, account): (&str, &str)| is_region(region) && is_of(account, b"");
        if !is_of(name, b"-_") || !place.is_none_or(is_place) {
            return Err(wrong());
        }
        let place = place.map(|(region, account)| (region.to_owned(), account.to_owned()));
        Ok(Self { name: name.to_owned(), place })
    }
}

/// The account in an ARN.
pub(super) fn account(arn: &str) -> &str {
    arn.split(':').nth(4).unwrap_or_default()
}

/// All about one function but its metrics; none where it does not exist.
pub(super) async fn ask(client: &Client, name: &str) -> Result<Option<Found>, DeploymentError> {
    let get = |version: &str, permission, rest: &str| Operation {
        service: Service::Lambda,
        permission,
        form: Form::Get(format!("/{version}/functions/{}/{rest}", encoded(name))),
    };
    let configuration = get("2015-03-31", "lambda:GetFunctionConfiguration", "configuration");
    let configuration: Configuration = match client.json(configuration).await {
        Ok(configuration) => configuration,
        Err(super::client::Refusal::NotFound) => return Ok(None),
        Err(refusal) => return Err(refusal.into()),
    };
    let policy: Fact<Option<PolicyText>> = client.find(get("2015-03-31", "lambda:GetPolicy", "policy")).await;
    let policy = policy.and_then(|found| match found {
        None => Ok(None),
        Some(found) => match Policy::parse(&found.policy) {
            Some(policy) => Ok(Some(policy)),
            None => Err(Unknown::Failed("the resource policy cannot be read".to_owned())),
        },
    });
    let reserved: Fact<Option<Concurrency>> =
        client.find(get("2019-09-30", "lambda:GetFunctionConcurrency", "concurrency")).await;
    let invoke: Fact<Option<InvokeConfig>> =
        client.find(get("2019-09-25", "lambda:GetFunctionEventInvokeConfig", "event-invoke-config")).await;
    let mappings = mappings(client, name).await;
    let dead_letter = configuration.dead_letter_config.and_then(|config| config.target_arn);
    let (settings, config) = settings(client, configuration.environment).await;
    let arn = configuration.function_arn;
    let function = Function {
        name: configuration.function_name,
        arn,
        state: (configuration.state.unwrap_or_else(|| "Active".to_owned()), configuration.state_reason_code),
        last_update: (
            configuration.last_update_status.unwrap_or_else(|| "Successful".to_owned()),
            configuration.last_update_status_reason_code,
        ),
        settings,
        policy,
        reserved: reserved.map(|found| found.and_then(|found| found.reserved_concurrent_executions)),
        invoke: invoke.map(|found| invoke_settings(found, dead_letter)),
        mappings,
        measured: Ok(Measured::default()),
    };
    Ok(Some(Found { function, config }))
}

fn invoke_settings(found: Option<InvokeConfig>, dead_letter: Option<String>) -> InvokeSettings {
    let Some(found) = found else {
        return InvokeSettings { on_failure: dead_letter, ..InvokeSettings::default() };
    };
    let destination = found.destination_config.and_then(|config| config.on_failure?.destination);
    InvokeSettings {
        max_age_s: found.maximum_event_age_in_seconds,
        retries: found.maximum_retry_attempts,
        on_failure: destination.filter(|arn| !arn.is_empty()).or(dead_letter),
    }
}

async fn mappings(client: &Client, name: &str) -> Fact<Vec<Mapping>> {
    let operation = Operation {
        service: Service::Lambda,
        permission: "lambda:ListEventSourceMappings",
        form: Form::Get(format!("/2015-03-31/event-source-mappings?FunctionName={}", encoded(name))),
    };
    let found: Fact<Option<Mappings>> = client.find(operation).await;
    let found = found?.map_or_else(Vec::new, |found| found.event_source_mappings);
    let mapping = |mapping: MappingConfig| Mapping {
        source_arn: mapping.event_source_arn.unwrap_or_default(),
        state: mapping.state.unwrap_or_default(),
        last_result: mapping.last_processing_result,
        max_age_s: mapping.maximum_record_age_in_seconds.and_then(|age| u64::try_from(age).ok()),
    };
    Ok(found.into_iter().take(MAX_MAPPINGS).map(mapping).collect())
}

/// Reads environment and rules as the function does when it starts.
async fn settings(
    client: &Client,
    environment: Option<Variables>,
) -> (Fact<Result<Settings, Vec<String>>>, Option<Config>) {
    if environment.as_ref().is_some_and(|environment| environment.error.is_some()) {
        return (Err(Unknown::Denied("kms:Decrypt")), None);
    }
    let variables = environment.and_then(|environment| environment.variables).unwrap_or_default();
    // Lambda sets these itself, for the function's role; here they are those of whoever asks.
    let own = variables.into_iter().filter(|(name, _)| !name.starts_with("AWS_"));
    let config = match Config::read(own.chain(client.environment().await)) {
        Ok(config) => config,
        Err(faults) => return (Ok(Err(faults.faults().to_vec())), None),
    };
    let settings = Settings { has_table: config.state_table.is_some(), spacing_s: config.spacing.as_secs() };
    let rules = match &config.rules {
        RulesSource::Known(_) => Ok(Ok(())),
        RulesSource::Stored(place, access) => {
            let mut secrets = Secrets::new(client.http(), (**access).clone(), 2);
            let text = secrets.text(place, super::secrets::budget(client.now())).await;
            match text {
                Ok(text) => {
                    Ok(parse_rules(&text, &config.destination_names()).map(|_| ()).map_err(|error| {
                        error.faults().iter().map(|fault| format!("STATUSWATCH_RULES: {fault}")).collect()
                    }))
                }
                Err(error) => {
                    super::secrets::fact(&error).map(|fault| Err(vec![format!("STATUSWATCH_RULES: {fault}")]))
                }
            }
        }
    };
    let settings = match rules {
        Ok(Ok(())) => Ok(Ok(settings)),
        Ok(Err(faults)) => Ok(Err(faults)),
        Err(why) => Err(why),
    };
    (settings, Some(config))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_or_an_arn_says_which_function_and_where() {
        let arn = "arn:aws:lambda:eu-west-1:123456789012:function:statuswatch-lines";
        let place = (Some("eu-west-1"), Some("123456789012"));
        for (text, place) in
            [("statuswatch-lines", (None, None)), (arn, place), (&format!("{arn}:live"), place)]
        {
            let found: FunctionName = text.parse().unwrap();
            assert_eq!(
                (found.name(), found.region(), found.account()),
                ("statuswatch-lines", place.0, place.1)
            );
        }
        for text in [
            "",
            "a b",
            "a/b",
            "../x",
            "arn:aws:lambda:r:1:function:",
            "arn:aws:lambda:evil.example/:1:function:x",
            "arn:aws:sqs:eu-west-1:123456789012:x",
            &"x".repeat(65),
        ] {
            assert!(text.parse::<FunctionName>().is_err(), "{text}");
        }
    }
}
