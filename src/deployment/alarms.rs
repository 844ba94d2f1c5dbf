//! What calls the functions besides log groups: alarms, their topics, and schedules.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::client::{Client, Form, Operation, Refusal};
use super::functions::Found;
use super::wire::{elements, encoded};
use crate::aws::Service;
use crate::doctor::{Alarm, Fact, Function, Subscriber, Tick, Topic, is_function};

/// Alarms, topics and rules that are looked at, of each.
const MAX: usize = 100;
const MAX_PAGES: usize = 5;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Alarms {
    #[serde(default)]
    metric_alarms: Vec<AlarmConfig>,
    #[serde(default)]
    composite_alarms: Vec<AlarmConfig>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AlarmConfig {
    alarm_name: String,
    alarm_arn: String,
    actions_enabled: Option<bool>,
    #[serde(default)]
    alarm_actions: Vec<String>,
    #[serde(default, rename = "OKActions")]
    ok_actions: Vec<String>,
    #[serde(default)]
    insufficient_data_actions: Vec<String>,
    namespace: Option<String>,
    metric_name: Option<String>,
    state_value: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RuleNames {
    #[serde(default)]
    rule_names: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Rule {
    name: String,
    arn: String,
    state: Option<String>,
}

/// The topics that the function's policy lets in, with their subscribers.
pub(super) async fn topics(client: &Client, function: &Function) -> Vec<Topic> {
    let Ok(Some(policy)) = &function.policy else { return Vec::new() };
    let mut topics = Vec::new();
    let sources = policy.sources("sns.amazonaws.com").into_iter();
    for arn in sources.filter(|arn| arn.contains(":sns:") && !arn.contains('*')).take(MAX) {
        let subscribers = subscribers(client, &arn).await;
        topics.push(Topic { arn, subscribers });
    }
    topics
}

async fn subscribers(client: &Client, topic: &str) -> Fact<Option<Vec<Subscriber>>> {
    let mut all = Vec::new();
    let mut token = String::new();
    for _ in 0..MAX_PAGES {
        let mut form =
            format!("Action=ListSubscriptionsByTopic&Version=2010-03-31&TopicArn={}", encoded(topic));
        if !token.is_empty() {
            form.push_str("&NextToken=");
            form.push_str(&encoded(&token));
        }
        let operation = Operation {
            service: Service::Sns,
            permission: "sns:ListSubscriptionsByTopic",
            form: Form::Query(form),
        };
        let answer = match client.call(operation).await {
            Ok(answer) => answer,
            Err(Refusal::NotFound) => return Ok(None),
            Err(refusal) => return Err(refusal.unknown()),
        };
        let text = String::from_utf8_lossy(&answer);
        for member in elements(&text, "member") {
            let element = |name| elements(member, name).next().unwrap_or_default().to_owned();
            let is_confirmed = element("SubscriptionArn").starts_with("arn:");
            all.push(Subscriber {
                protocol: element("Protocol"),
                endpoint: element("Endpoint"),
                is_confirmed,
            });
        }
        elements(&text, "NextToken").next().unwrap_or_default().clone_into(&mut token);
        if token.is_empty() {
            break;
        }
    }
    Ok(Some(all))
}

/// The alarms that call the function or one of its topics, and those that its policy lets in.
pub(super) async fn alarms(client: &Client, called: &Found, topics: &[Topic]) -> Fact<Vec<Alarm>> {
    let function = &called.function;
    let mut found: BTreeMap<String, Alarm> = BTreeMap::new();
    let actions = topics.iter().map(|topic| topic.arn.as_str()).chain([function.arn.as_str()]);
    for action in actions {
        // A prefix: the alarms of a topic or function whose name goes on are found as well.
        let alarms = describe(client, json!({ "ActionPrefix": action, "MaxRecords": MAX })).await?;
        let alarms = alarms.into_iter().filter(|alarm| alarm.has_action(action)).map(alarm);
        found.extend(alarms.map(|alarm| (alarm.name.clone(), alarm)));
    }
    let policy = function.policy.as_ref().ok().and_then(Option::as_ref);
    let sources = policy.map(|policy| policy.sources("lambda.alarms.cloudwatch.amazonaws.com"));
    let named = sources.into_iter().flatten().filter_map(|arn| {
        let (_, name) = arn.split_once(":alarm:")?;
        (!name.contains(['*', '?'])).then(|| name.to_owned())
    });
    let missing: Vec<String> = named.filter(|name| !found.contains_key(name)).take(MAX).collect();
    if !missing.is_empty() {
        let alarms = describe(client, json!({ "AlarmNames": missing, "MaxRecords": MAX })).await?;
        found.extend(alarms.into_iter().map(alarm).map(|alarm| (alarm.name.clone(), alarm)));
        for name in missing {
            found.entry(name.clone()).or_insert_with(|| Alarm { name, ..Alarm::default() });
        }
    }
    Ok(found.into_values().collect())
}

async fn describe(client: &Client, mut request: Value) -> Fact<Vec<AlarmConfig>> {
    if let Some(request) = request.as_object_mut() {
        // Without it only metric alarms are described.
        request.insert("AlarmTypes".to_owned(), json!(["MetricAlarm", "CompositeAlarm"]));
    }
    let operation = Operation {
        service: Service::CloudWatch,
        permission: "cloudwatch:DescribeAlarms",
        form: Form::Json("GraniteServiceVersion20100801.DescribeAlarms", request),
    };
    let alarms: Alarms = client.json(operation).await.map_err(Refusal::unknown)?;
    Ok(alarms.metric_alarms.into_iter().chain(alarms.composite_alarms).collect())
}

impl AlarmConfig {
    /// Whether it calls this function or topic, whatever its state.
    fn has_action(&self, arn: &str) -> bool {
        let mut actions =
            self.alarm_actions.iter().chain(&self.ok_actions).chain(&self.insufficient_data_actions);
        actions.any(|action| is_function(action, arn))
    }
}

fn alarm(found: AlarmConfig) -> Alarm {
    Alarm {
        name: found.alarm_name,
        arn: found.alarm_arn,
        actions_enabled: found.actions_enabled.unwrap_or(true),
        alarm_actions: found.alarm_actions,
        ok_actions: found.ok_actions,
        metric: found.namespace.zip(found.metric_name),
        state: found.state_value.unwrap_or_default(),
    }
}

/// The rules of EventBridge that call a function.
pub(super) async fn ticks(client: &Client, function_arn: &str) -> Fact<Vec<Tick>> {
    let ask = |target, permission, request| Operation {
        service: Service::Events,
        permission,
        form: Form::Json(target, request),
    };
    let request = json!({ "TargetArn": function_arn });
    let operation = ask("AWSEvents.ListRuleNamesByTarget", "events:ListRuleNamesByTarget", request);
    let names: Option<RuleNames> = client.find(operation).await?;
    let names = names.map_or_else(Vec::new, |names| names.rule_names);
    let mut ticks = Vec::new();
    for name in names.into_iter().take(MAX) {
        let operation = ask("AWSEvents.DescribeRule", "events:DescribeRule", json!({ "Name": name }));
        let Some(rule): Option<Rule> = client.find(operation).await? else { continue };
        let is_enabled = rule.state.as_deref().is_none_or(|state| state.starts_with("ENABLED"));
        ticks.push(Tick { name: rule.name, arn: rule.arn, is_enabled });
    }
    Ok(ticks)
}
