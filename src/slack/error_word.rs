//! The words with which Slack says no: which of them may be quoted, and what each of the Web API's means.

use std::fmt;

use crate::json::members::field;

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
    /// The channel takes no replies: the message may stand in the channel by itself.
    NoReplies,
    /// The channel cannot show this reply: the message may stand in the channel by itself.
    NoBroadcast,
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
/// documents for `chat.postMessage` and `chat.update` and for all methods. The words of each meaning stand in one text.
static WORDS: [(Means, &str); 14] = [
    (Means::TooFast, "rate_limited ratelimited"),
    (
        Means::Passing,
        "external_channel_migrating fatal_error internal_error message_limit_exceeded org_login_required \
         request_timeout rollup_error service_unavailable streaming_state_conflict team_added_to_org \
         update_failed",
    ),
    (
        Means::Unfit,
        "attachment_payload_limit_exceeded invalid_arguments invalid_attachments invalid_blocks \
         invalid_blocks_format invalid_json invalid_payload json_not_object \
         missing_text_or_fallback_or_attachments msg_blocks_too_long msg_too_long no_text \
         too_many_attachments too_many_contact_cards",
    ),
    (
        Means::Gone,
        "block_mismatch cannot_reply_to_message cant_update_message edit_window_closed message_not_found \
         restricted_action_thread_locked thread_not_found",
    ),
    (Means::NoReplies, "restricted_action_non_threadable_channel"),
    (Means::NoBroadcast, "cant_broadcast_message"),
    (Means::NotInvited, "not_in_channel"),
    (
        Means::NoChannel,
        "channel_not_found messages_tab_disabled method_not_supported_for_channel_type no_channel \
         team_not_found user_not_found",
    ),
    (Means::Archived, "channel_is_archived is_archived is_inactive"),
    (
        Means::Token,
        "account_inactive invalid_auth invalid_token not_allowed_token_type not_authed token_revoked",
    ),
    (Means::Expired, "token_expired"),
    (Means::Scope, "missing_scope no_permission"),
    (
        Means::Forbidden,
        "access_denied accesslimited action_prohibited app_access_restricted ekm_access_denied \
         enterprise_is_restricted posting_to_channel_denied posting_to_general_channel_denied \
         restricted_action restricted_action_read_only_channel restricted_action_thread_only_channel \
         slack_connect_canvas_sharing_blocked \
         slack_connect_clip_sharing_blocked slack_connect_file_link_sharing_blocked \
         slack_connect_file_upload_sharing_blocked slack_connect_lists_sharing_blocked \
         team_access_not_granted team_disabled two_factor_setup_required",
    ),
    (
        Means::Fault,
        "as_user_not_supported deprecated_endpoint draft_already_deleted \
         draft_already_sent draft_has_conflict draft_not_found duplicate_channel_not_found \
         duplicate_message_not_found invalid_arg_name invalid_array_arg invalid_charset \
         invalid_form_data invalid_metadata_format invalid_metadata_schema invalid_post_type \
         markdown_text_conflict metadata_must_be_sent_from_app metadata_too_large method_deprecated \
         missing_file_data missing_post_type no_active_hooks no_dual_broadcast_content_update no_service \
         no_service_id no_team send_on_behalf_not_allowed unknown_method upgrade_required",
    ),
];

impl ErrorWord {
    /// The word itself, for example `no_service`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.word
    }

    /// All words that are known.
    pub fn all() -> impl Iterator<Item = Self> {
        WORDS.iter().flat_map(|&(means, words)| words.split(' ').map(move |word| Self { word, means }))
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
        let text = std::str::from_utf8(body).ok()?.trim();
        Self::known(text).or_else(|| {
            let error = std::str::from_utf8(field(text.as_bytes(), b"error")?).ok()?;
            Self::known(error.strip_prefix('"')?.strip_suffix('"')?)
        })
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
            Self::NoReplies => {
                "the channel takes no replies, so that incidents go on in the channel itself: allow threads there"
            }
            Self::NoBroadcast => {
                "the channel cannot show this reply, so that the message stands in the channel by itself"
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
        let words: Vec<_> = ErrorWord::all().map(ErrorWord::as_str).collect();
        let is_word = |word: &&str| word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        assert!(words.iter().all(is_word) && !words.contains(&""), "{words:?}");
        assert_eq!(words.iter().collect::<std::collections::BTreeSet<_>>().len(), words.len(), "{words:?}");
    }
}
