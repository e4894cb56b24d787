//! Slack's error codes, sorted by who must act. One table.

use super::api::Failure;
use crate::db::slack::{REMOVED, REMOVED_BEFORE};

/// What a code says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Means {
    /// The channel or the person cannot be reached any more.
    PlaceIsGone,
    /// No call with this token will work again.
    TokenIsDead,
    /// We asked wrongly, and would again.
    OurMistake,
    /// Slack was asked too much.
    Limited,
    /// Nothing happened, and may the next time.
    Later,
    /// Slack does not know itself what happened.
    Unclear,
}

use Means::{Later, Limited, OurMistake, PlaceIsGone, TokenIsDead, Unclear};

/// Every code that is known.
pub const CODES: &[(&str, Means)] = &[
    ("access_denied", PlaceIsGone),
    ("cannot_dm_bot", PlaceIsGone),
    ("cannot_reply_to_message", PlaceIsGone),
    ("channel_is_limited_access", PlaceIsGone),
    ("channel_not_found", PlaceIsGone),
    ("ekm_access_denied", PlaceIsGone),
    ("enterprise_is_restricted", PlaceIsGone),
    ("is_archived", PlaceIsGone),
    ("messages_tab_disabled", PlaceIsGone),
    ("missing_scope", PlaceIsGone),
    ("no_permission", PlaceIsGone),
    ("not_in_channel", PlaceIsGone),
    ("restricted_action", PlaceIsGone),
    ("restricted_action_non_threadable_channel", PlaceIsGone),
    ("restricted_action_read_only_channel", PlaceIsGone),
    ("restricted_action_thread_locked", PlaceIsGone),
    ("restricted_action_thread_only_channel", PlaceIsGone),
    ("slack_connect_canvas_sharing_blocked", PlaceIsGone),
    ("user_disabled", PlaceIsGone),
    ("user_is_bot", PlaceIsGone),
    ("user_is_restricted", PlaceIsGone),
    ("user_not_found", PlaceIsGone),
    ("user_not_in_channel", PlaceIsGone),
    ("user_not_visible", PlaceIsGone),
    ("account_inactive", TokenIsDead),
    ("app_uninstalled", TokenIsDead),
    ("invalid_auth", TokenIsDead),
    ("not_allowed_token_type", TokenIsDead),
    ("not_authed", TokenIsDead),
    ("team_access_not_granted", TokenIsDead),
    ("team_not_found", TokenIsDead),
    ("token_expired", TokenIsDead),
    ("token_revoked", TokenIsDead),
    ("as_user_not_supported", OurMistake),
    ("attachment_payload_limit_exceeded", OurMistake),
    ("cant_update_message", OurMistake),
    ("deprecated_endpoint", OurMistake),
    ("edit_window_closed", OurMistake),
    ("invalid_arg_name", OurMistake),
    ("invalid_arguments", OurMistake),
    ("invalid_array_arg", OurMistake),
    ("invalid_blocks", OurMistake),
    ("invalid_blocks_format", OurMistake),
    ("invalid_charset", OurMistake),
    ("invalid_form_data", OurMistake),
    ("invalid_json", OurMistake),
    ("invalid_metadata_format", OurMistake),
    ("invalid_metadata_schema", OurMistake),
    ("invalid_post_type", OurMistake),
    ("is_inactive", OurMistake),
    ("json_not_object", OurMistake),
    ("message_not_found", OurMistake),
    ("metadata_must_be_sent_from_app", OurMistake),
    ("metadata_too_large", OurMistake),
    ("method_deprecated", OurMistake),
    ("missing_post_type", OurMistake),
    ("msg_blocks_too_long", OurMistake),
    ("msg_too_long", OurMistake),
    ("no_text", OurMistake),
    ("too_many_attachments", OurMistake),
    ("unknown_method", OurMistake),
    ("upgrade_required", OurMistake),
    ("message_limit_exceeded", Limited),
    ("rate_limited", Limited),
    ("ratelimited", Limited),
    ("accesslimited", Later),
    ("external_channel_migrating", Later),
    ("org_login_required", Later),
    ("request_timeout", Later),
    ("service_unavailable", Later),
    ("team_added_to_org", Later),
    ("two_factor_setup_required", Later),
    ("fatal_error", Unclear),
    ("internal_error", Unclear),
];

/// What a code means, if that is known.
pub fn meaning(code: &str) -> Option<Means> {
    CODES.iter().find(|(known, _)| *known == code).map(|(_, means)| *means)
}

/// Why targets of a workspace are gone whose token was dead.
pub fn of_dead_tokens() -> Vec<String> {
    let dead = CODES.iter().filter(|(_, means)| *means == TokenIsDead);
    let said = dead.map(|(code, _)| Failure::Refused { code: (*code).to_owned() }.to_string());
    said.chain([REMOVED, REMOVED_BEFORE].map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_stands_once_in_the_table() {
        let codes: std::collections::BTreeSet<_> = CODES.iter().map(|(code, _)| code).collect();
        assert_eq!(codes.len(), CODES.len());
        assert!(codes.len() >= 40);
    }
}
