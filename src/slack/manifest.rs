//! The manifest that makes a Slack app: what the code uses, and nothing else.

use url::Url;

use super::events::EVENTS;
use super::http::{COMMANDS, EVENTS as EVENTS_PATH, INTERACTIVITY};
use super::install::{CALLBACK, SCOPES};

/// The manifest, in YAML, for a service under this address; without one for Socket Mode.
pub fn manifest(base: Option<&Url>) -> String {
    let at = |before: &str, path: &str| -> String {
        let Some(base) = base else { return String::new() };
        let mut url = base.clone();
        url.set_path(path);
        format!("{before}{url}\n")
    };
    let list = |items: &[&str]| -> String {
        items.iter().flat_map(|item| ["      - ", item, "\n"]).collect()
    };
    format!(
        "display_information:
  name: earlybrd
  description: Tells you about new job postings within seconds of a board showing them.
features:
  app_home:
    home_tab_enabled: true
    messages_tab_enabled: true
    messages_tab_read_only_enabled: false
  bot_user:
    display_name: earlybrd
    always_online: true
  shortcuts:
    - name: Watch for postings
      type: global
      callback_id: watch
      description: Begins a new filter
    - name: Watch for postings like this
      type: message
      callback_id: watch-like
      description: Begins a filter with the words of a message
  slash_commands:
    - command: /jobs
{commands}      description: New job postings, as soon as boards show them
      usage_hint: watch remote rust | list | help
      should_escape: false
oauth_config:
{callback}  scopes:
    bot:
{scopes}settings:
  event_subscriptions:
{events_path}    bot_events:
{events}  interactivity:
    is_enabled: true
{interactivity}  org_deploy_enabled: false
  socket_mode_enabled: {socket}
  token_rotation_enabled: false
",
        commands = at("      url: ", COMMANDS),
        callback = at("  redirect_urls:\n    - ", CALLBACK),
        scopes = list(&SCOPES),
        events_path = at("    request_url: ", EVENTS_PATH),
        events = list(&EVENTS),
        interactivity = at("    request_url: ", INTERACTIVITY),
        socket = base.is_none(),
    )
}
