//! Names of fields, headers and parameters that hold what clients send to prove who they are, or a query string.

/// A name that ends in one of these, in lower case and without what separates words, holds a secret.
pub(super) const ENDINGS: [&str; 27] = [
    "authorization",
    "cookie",
    "cookies",
    "token",
    "apikey",
    "subscriptionkey",
    "functionskey",
    "accesskey",
    "secret",
    "secretkey",
    "privatekey",
    "secrets",
    "password",
    "passwords",
    "passwd",
    "passphrase",
    "passcode",
    "credential",
    "credentials",
    "signature",
    "sessionid",
    "sessid",
    "jwt",
    "bearer",
    "samlresponse",
    "assertion",
    "authcode",
];
/// What may stand behind such a name: `authorizationHeader`, `token_value`.
const BEHIND: [&str; 4] = ["header", "headers", "value", "values"];
/// And these, which are too short to be looked for at the end of another word.
pub(super) const WORDS: [&str; 4] = ["pwd", "pass", "otp", "sid"];
/// Names of query strings, whole or as an object of parameters.
pub(super) const QUERIES: [&str; 6] =
    ["query", "querystring", "queryparameters", "querystringparameters", "querystringparams", "queryparams"];
/// The longest name that is looked at, in bytes.
pub(super) const MAX_BYTES: usize = 128;

/// Whether this names a secret, however it is spelled: `X-Api-Key`, `headers.apiKey`, `api_key[0]`.
pub(in crate::access_log::redact) fn is_secret(name: &str) -> bool {
    let name = plain(name);
    let name = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let stem = stem(name);
    ENDINGS.iter().any(|ending| stem.ends_with(ending)) || WORDS.contains(&name)
}

/// Whether this names a query string.
pub(in crate::access_log::redact) fn is_query(name: &str) -> bool {
    let name = plain(name);
    QUERIES.iter().any(|query| name.ends_with(query))
}

/// Whether this names nothing, but what stands beside it is named.
pub(in crate::access_log::redact) fn is_value(name: &str) -> bool {
    matches!(plain(name).as_str(), "value" | "values")
}

/// Whether the value of this name may hold blanks, as the values of headers do.
pub(super) fn is_header(name: &str) -> bool {
    let name = plain(name);
    let name = stem(&name);
    ["authorization", "cookie", "cookies"].iter().any(|ending| name.ends_with(ending))
}

fn stem(name: &str) -> &str {
    BEHIND.iter().find_map(|behind| name.strip_suffix(behind)).unwrap_or(name)
}

/// In lower case and without what separates words. A slash parts names: `headers/cookie` is called `cookie`.
fn plain(name: &str) -> String {
    let name = name.rsplit('/').next().unwrap_or_default();
    let kept = name.chars().filter(|c| c.is_alphanumeric());
    let mut plain = String::with_capacity(name.len().min(MAX_BYTES));
    plain.extend(kept.flat_map(char::to_lowercase).take(MAX_BYTES));
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_known_however_it_is_spelled() {
        for name in [
            "authorization",
            "Authorization",
            "headers.authorization",
            "Proxy-Authorization",
            "set-cookie",
            "cs(Cookie)",
            "x-api-key",
            "identity.apiKey",
            "API_KEY",
            "access_token",
            "accesstoken",
            "X-Amz-Security-Token",
            "X-Amz-Signature",
            "token1",
            "password[0]",
            "user[password]",
            "JSESSIONID",
            "PHPSESSID",
            "headers/Authorization",
            "authorization_header",
            "clientSecretValue",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in [
            "",
            "-",
            "apiKeyId",
            "routeKey",
            "authorizer.error",
            "tokenType",
            "cookieConsent",
            "status",
            "compass",
            "orders/{id}",
            "value",
            "headers",
            "resourcePath",
            "requestId",
            "authorizer.principalId",
        ] {
            assert!(!is_secret(name), "{name}");
        }
        assert!(is_query("cs-uri-query") && is_query("queryStringParameters") && !is_query("queryTime"));
    }
}
