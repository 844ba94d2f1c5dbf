//! Every stage of every REST, HTTP and WebSocket API of the account in its Region, with its access-log format.
//!
//! It judges no format.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::client::{Operation, Path};
use super::{Account, AccountError, MAX_PAGES};
use crate::lint_format::Api;

/// One stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// The kind of its API.
    pub kind: Api,
    /// Its API's name.
    pub api: String,
    /// Its API's id.
    pub api_id: String,
    /// Its own name.
    pub name: String,
    /// The format of its access log, where it has one.
    pub format: Option<String>,
}

/// What was found, and what could not be looked at.
#[derive(Debug, Default)]
pub struct Stages {
    /// By kind of API, by name.
    pub stages: Vec<Stage>,
    /// The rest is there all the same.
    pub faults: Vec<AccountError>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
struct List<T> {
    #[serde(default = "Vec::new", alias = "item")]
    items: Vec<T>,
    /// Where the next page of REST APIs begins.
    position: Option<String>,
    #[serde(rename = "nextToken")]
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FoundApi {
    #[serde(alias = "apiId")]
    id: String,
    #[serde(default)]
    name: String,
    /// `HTTP` or `WEBSOCKET`; REST APIs have none.
    protocol_type: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FoundStage {
    stage_name: String,
    access_log_settings: Option<AccessLogSettings>,
}

#[derive(Deserialize)]
struct AccessLogSettings {
    format: Option<String>,
}

impl Account {
    /// All stages. An API that is deleted meanwhile has none.
    pub async fn stages(&self) -> Stages {
        let mut found = Stages::default();
        for (operation, root, first, next) in [
            (Operation::GetRestApis, "/restapis", "limit=500", "position"),
            (Operation::GetApis, "/v2/apis", "maxResults=100", "nextToken"),
        ] {
            let apis: Vec<FoundApi> = match self.list(operation, root, first, next).await {
                Ok(apis) => apis,
                Err(error) => {
                    found.faults.push(error);
                    continue;
                }
            };
            for api in apis {
                let path = format!("{root}/{}/stages", encoded(&api.id));
                let operation = operation.stages();
                let first = if operation == Operation::GetApiStages { "maxResults=100" } else { "" };
                match self.list::<FoundStage>(operation, &path, first, next).await {
                    Ok(stages) => found.stages.extend(stages.into_iter().map(|stage| api.stage(stage))),
                    Err(error) => found.faults.push(error),
                }
            }
        }
        let rank = |stage: &Stage| match stage.kind {
            Api::Rest => 0,
            Api::Http => 1,
            Api::WebSocket => 2,
        };
        found.stages.sort_by(|a, b| {
            let key =
                |stage: &Stage| (rank(stage), stage.api.clone(), stage.api_id.clone(), stage.name.clone());
            key(a).cmp(&key(b))
        });
        found.faults.dedup();
        found
    }

    /// All items of a list; none where what it belongs to is not there.
    async fn list<T: DeserializeOwned>(
        &self,
        operation: Operation,
        path: &str,
        first: &str,
        next: &str,
    ) -> Result<Vec<T>, AccountError> {
        let (mut items, mut token): (Vec<T>, Option<String>) = (Vec::new(), None);
        for _ in 0..MAX_PAGES {
            let behind = token.as_ref().map(|token| format!("{next}={}", encoded(token)));
            let query: Vec<&str> = [Some(first).filter(|first| !first.is_empty()), behind.as_deref()]
                .into_iter()
                .flatten()
                .collect();
            let mark = if query.is_empty() { "" } else { "?" };
            let path = format!("{path}{mark}{}", query.join("&"));
            let Some(answer) = self.get(operation, Path(&path)).await? else { return Ok(items) };
            let answer: List<T> =
                serde_json::from_slice(&answer).map_err(|_| AccountError::Unreadable(operation.name()))?;
            items.extend(answer.items);
            match answer.position.or(answer.next_token).filter(|next| !next.is_empty()) {
                None => return Ok(items),
                next if next == token => break,
                next => token = next,
            }
        }
        Err(AccountError::Endless(operation.name()))
    }
}

impl FoundApi {
    fn stage(&self, stage: FoundStage) -> Stage {
        let format = stage.access_log_settings.and_then(|settings| settings.format);
        Stage {
            kind: match self.protocol_type.as_deref() {
                None => Api::Rest,
                Some("WEBSOCKET") => Api::WebSocket,
                Some(_) => Api::Http,
            },
            api: self.name.clone(),
            api_id: self.id.clone(),
            name: stage.stage_name,
            format: format.filter(|format| !format.trim().is_empty()),
        }
    }
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}
