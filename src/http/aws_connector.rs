//! The one HTTP client, as AWS's configuration crate asks for it: for sign-in services and the metadata of containers
//! and instances.
//!
//! Here, too, no error holds a URL.

use aws_smithy_runtime_api::client::http::{
    HttpClient as AwsHttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::{HttpClient, TransportFault, fault};

/// Of an answer; credentials and tokens have a few thousand bytes.
const MAX_BYTES: usize = 1024 * 1024;

impl AwsHttpClient for HttpClient {
    fn http_connector(&self, settings: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(Connector { client: self.clone(), settings: settings.clone() })
    }
}

#[derive(Debug)]
struct Connector {
    client: HttpClient,
    settings: HttpConnectorSettings,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (client, settings) = (self.client.client.clone(), self.settings.clone());
        HttpConnectorFuture::new(async move { exchange(&client, request, &settings).await })
    }
}

async fn exchange(
    client: &reqwest::Client,
    request: HttpRequest,
    settings: &HttpConnectorSettings,
) -> Result<HttpResponse, ConnectorError> {
    let user = |what: &'static str| ConnectorError::user(what.into());
    let url = Url::parse(request.uri()).map_err(|_| user("the address is no URL"))?;
    let method = request.method().parse().map_err(|_| user("the method is unknown"))?;
    let mut headers = HeaderMap::new();
    for (name, value) in request.headers() {
        let name = HeaderName::try_from(name).map_err(|_| user("a header cannot be sent"))?;
        let value = HeaderValue::try_from(value).map_err(|_| user("a header cannot be sent"))?;
        headers.append(name, value);
    }
    let body = request.body().bytes().ok_or_else(|| user("the body is a stream"))?.to_vec();
    let mut request = client.request(method, url).headers(headers).body(body);
    let times = [settings.connect_timeout(), settings.read_timeout()];
    if let Some(longest) = times.into_iter().flatten().reduce(|all, time| all + time) {
        request = request.timeout(longest);
    }
    let mut response = request.send().await.map_err(|error| connector_error(fault(&error)))?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| connector_error(fault(&error)))? {
        if body.len() + chunk.len() > MAX_BYTES {
            return Err(user("the answer is too long"));
        }
        body.extend_from_slice(&chunk);
    }
    let status = response.status().as_u16();
    let status = status.try_into().map_err(|_| user("the status is unknown"))?;
    let mut answer = HttpResponse::new(status, SdkBody::from(body));
    for (name, value) in response.headers() {
        // What is no text is none of the headers that are looked at.
        if let Ok(value) = value.to_str() {
            answer.headers_mut().append(name.as_str().to_owned(), value.to_owned());
        }
    }
    Ok(answer)
}

fn connector_error(fault: TransportFault) -> ConnectorError {
    match fault {
        TransportFault::ConnectTimeout | TransportFault::AnswerTimeout => {
            ConnectorError::timeout(fault.into())
        }
        _ => ConnectorError::io(fault.into()),
    }
}
