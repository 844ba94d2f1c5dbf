//! The words with which Slack says no: which of them may be quoted, and what each of the Web API's means.

use std::fmt;

/// One of the words that Slack is known to answer with. Anything else in a body is never quoted: it may
/// be a proxy's page, and it may repeat what was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrorWord {
    word: &'static str,
    means: Means,
}

/// What a word means where the Web API answers with it. For a webhook, its HTTP status says what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Means {
    /// Too many messages: as a 429.
    TooFast,
    /// It may work later.
    Passing,
    /// This message has something that Slack does not take; a plainer one may do.
    Unfit,
    /// The message that is to be updated or replied to cannot be any more: a new one has to take its place.
    Gone,
    /// The bot is not a member of the channel.
    NotInvited,
    /// There is no such channel for the bot.
    NoChannel,
    /// The channel is archived or frozen.
    Archived,
    /// The token is not valid, or not any more.
    Token,
    /// The token ends after some hours and would have to be renewed.
    Expired,
    /// The app was not given a permission.
    Scope,
    /// A setting of the workspace, of the organisation or of the channel forbids it.
    Forbidden,
    /// The request itself is wrong, or what answers is not the Web API.
    Fault,
}

/// From Slack's change log of 2016-05-17 on incoming webhooks, its rate-limit pages, and the errors that its Web API
/// documents for `chat.postMessage` and `chat.update` and for all methods.
static WORDS: [(&str, Means); 103] = [
    ("access_denied", Means::Forbidden),
    ("accesslimited", Means::Forbidden),
    ("account_inactive", Means::Token),
    ("action_prohibited", Means::Forbidden),
    ("app_access_restricted", Means::Forbidden),
    ("as_user_not_supported", Means::Fault),
    ("attachment_payload_limit_exceeded", Means::Unfit),
    ("block_mismatch", Means::Gone),
    ("cannot_reply_to_message", Means::Gone),
    ("cant_broadcast_message", Means::Fault),
    ("cant_update_message", Means::Gone),
    ("channel_is_archived", Means::Archived),
    ("channel_not_found", Means::NoChannel),
    ("deprecated_endpoint", Means::Fault),
    ("draft_already_deleted", Means::Fault),
    ("draft_already_sent", Means::Fault),
    ("draft_has_conflict", Means::Fault),
    ("draft_not_found", Means::Fault),
    ("duplicate_channel_not_found", Means::Fault),
    ("duplicate_message_not_found", Means::Fault),
    ("edit_window_closed", Means::Gone),
    ("ekm_access_denied", Means::Forbidden),
    ("enterprise_is_restricted", Means::Forbidden),
    ("external_channel_migrating", Means::Passing),
    ("fatal_error", Means::Passing),
    ("internal_error", Means::Passing),
    ("invalid_arg_name", Means::Fault),
    ("invalid_arguments", Means::Unfit),
    ("invalid_array_arg", Means::Fault),
    ("invalid_attachments", Means::Unfit),
    ("invalid_auth", Means::Token),
    ("invalid_blocks", Means::Unfit),
    ("invalid_blocks_format", Means::Unfit),
    ("invalid_charset", Means::Fault),
    ("invalid_form_data", Means::Fault),
    ("invalid_json", Means::Unfit),
    ("invalid_metadata_format", Means::Fault),
    ("invalid_metadata_schema", Means::Fault),
    ("invalid_payload", Means::Unfit),
    ("invalid_post_type", Means::Fault),
    ("invalid_token", Means::Token),
    ("is_archived", Means::Archived),
    ("is_inactive", Means::Archived),
    ("json_not_object", Means::Unfit),
    ("markdown_text_conflict", Means::Fault),
    ("message_limit_exceeded", Means::Passing),
    ("message_not_found", Means::Gone),
    ("messages_tab_disabled", Means::NoChannel),
    ("metadata_must_be_sent_from_app", Means::Fault),
    ("metadata_too_large", Means::Fault),
    ("method_deprecated", Means::Fault),
    ("method_not_supported_for_channel_type", Means::NoChannel),
    ("missing_file_data", Means::Fault),
    ("missing_post_type", Means::Fault),
    ("missing_scope", Means::Scope),
    ("missing_text_or_fallback_or_attachments", Means::Unfit),
    ("msg_blocks_too_long", Means::Unfit),
    ("msg_too_long", Means::Unfit),
    ("no_active_hooks", Means::Fault),
    ("no_channel", Means::NoChannel),
    ("no_dual_broadcast_content_update", Means::Fault),
    ("no_permission", Means::Scope),
    ("no_service", Means::Fault),
    ("no_service_id", Means::Fault),
    ("no_team", Means::Fault),
    ("no_text", Means::Unfit),
    ("not_allowed_token_type", Means::Token),
    ("not_authed", Means::Token),
    ("not_in_channel", Means::NotInvited),
    ("org_login_required", Means::Passing),
    ("posting_to_channel_denied", Means::Forbidden),
    ("posting_to_general_channel_denied", Means::Forbidden),
    ("rate_limited", Means::TooFast),
    ("ratelimited", Means::TooFast),
    ("request_timeout", Means::Passing),
    ("restricted_action", Means::Forbidden),
    ("restricted_action_non_threadable_channel", Means::Forbidden),
    ("restricted_action_read_only_channel", Means::Forbidden),
    ("restricted_action_thread_locked", Means::Gone),
    ("restricted_action_thread_only_channel", Means::Forbidden),
    ("rollup_error", Means::Passing),
    ("send_on_behalf_not_allowed", Means::Fault),
    ("service_unavailable", Means::Passing),
    ("slack_connect_canvas_sharing_blocked", Means::Forbidden),
    ("slack_connect_clip_sharing_blocked", Means::Forbidden),
    ("slack_connect_file_link_sharing_blocked", Means::Forbidden),
    ("slack_connect_file_upload_sharing_blocked", Means::Forbidden),
    ("slack_connect_lists_sharing_blocked", Means::Forbidden),
    ("streaming_state_conflict", Means::Passing),
    ("team_access_not_granted", Means::Forbidden),
    ("team_added_to_org", Means::Passing),
    ("team_disabled", Means::Forbidden),
    ("team_not_found", Means::NoChannel),
    ("thread_not_found", Means::Gone),
    ("token_expired", Means::Expired),
    ("token_revoked", Means::Token),
    ("too_many_attachments", Means::Unfit),
    ("too_many_contact_cards", Means::Unfit),
    ("two_factor_setup_required", Means::Forbidden),
    ("unknown_method", Means::Fault),
    ("update_failed", Means::Passing),
    ("upgrade_required", Means::Fault),
    ("user_not_found", Means::NoChannel),
];

impl ErrorWord {
    /// The word itself, for example `no_service`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.word
    }

    /// All words that are known, in the order of the alphabet.
    pub fn all() -> impl Iterator<Item = Self> {
        WORDS.iter().map(|&(word, means)| Self { word, means })
    }

    pub(super) fn means(self) -> Means {
        self.means
    }

    /// The word, if it is a known one.
    pub(super) fn known(text: &str) -> Option<Self> {
        Self::all().find(|known| known.word == text)
    }

    /// The body is the bare word, or JSON with the word as `error`.
    pub(super) fn in_body(body: &[u8]) -> Option<Self> {
        #[derive(serde::Deserialize)]
        struct Body {
            error: String,
        }
        let text = std::str::from_utf8(body).ok()?.trim();
        Self::known(text).or_else(|| Self::known(&serde_json::from_str::<Body>(text).ok()?.error))
    }
}

impl Means {
    /// What to do where a message was refused for it.
    fn fix(self) -> &'static str {
        match self {
            Self::NotInvited => "invite the bot: write /invite @NAME in the channel, with the bot's name",
            Self::NoChannel => {
                "check the channel's id in SLACK_CHANNEL; a private channel is there for the bot only after \
                 /invite @NAME in it"
            }
            Self::Archived => "unarchive the channel, or set SLACK_CHANNEL to another",
            Self::Token => {
                "store a valid bot token: OAuth & Permissions of the Slack app shows it, and where it was revoked, \
                 reinstall the app; invalid_auth is also the answer to an address that the workspace does not allow"
            }
            Self::Expired => "use an app without token rotation, whose bot token does not expire",
            Self::Scope => {
                "add the scope chat:write to the Slack app, and chat:write.customize for SLACK_USER_NAME and \
                 SLACK_ICON_EMOJI, then reinstall it to the workspace"
            }
            Self::Forbidden => {
                "a setting of the workspace or the channel forbids it: ask its admins to let the app post there, or \
                 set SLACK_CHANNEL to another channel"
            }
            Self::Fault | Self::TooFast | Self::Passing | Self::Unfit | Self::Gone => {
                "check that SLACK_API_URL is Slack's; if it is, this is a fault of statuswatch: report it"
            }
        }
    }
}

/// ` (no_service)`, or nothing where Slack gave no known word.
pub(super) struct InBrackets(pub(super) Option<ErrorWord>);

impl fmt::Display for InBrackets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |word| write!(f, " ({})", word.as_str()))
    }
}

/// What to do about a refusal by the Web API.
pub(super) fn fix(word: Option<ErrorWord>) -> &'static str {
    word.map_or(
        "its reason is none that statuswatch knows: call chat.postMessage by hand with the same token and channel to \
         see it, and report it",
        |word| word.means.fix(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_words_are_quoted() {
        for (body, word) in [
            ("invalid_payload", Some("invalid_payload")),
            (" no_active_hooks\n", Some("no_active_hooks")),
            (r#"{"ok":false,"error":"invalid_blocks"}"#, Some("invalid_blocks")),
            ("no_service: https://hooks.slack.com/services/CANARY", None),
            (r#"{"error":"CANARY"}"#, None),
            ("CANARY", None),
        ] {
            assert_eq!(ErrorWord::in_body(body.as_bytes()).map(ErrorWord::as_str), word, "{body}");
        }
        assert_eq!(ErrorWord::in_body(b"\xff\xfe"), None);
    }

    #[test]
    fn each_word_is_known_once() {
        assert!(WORDS.is_sorted_by(|(a, _), (b, _)| a < b), "the list is in order, without repeats");
    }
}
