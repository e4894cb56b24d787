//! The manifest that makes a Slack app: what the code uses, and nothing else.

use url::Url;

use super::events::EVENTS;
use super::http::{COMMANDS, EVENTS as EVENTS_PATH, INTERACTIVITY};
use super::install::{CALLBACK, SCOPES};

/// The manifest, in YAML, for a service under this address.
pub fn manifest(base: &Url) -> String {
    let at = |path: &str| {
        let mut url = base.clone();
        url.set_path(path);
        url
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
      url: {commands}
      description: New job postings, as soon as boards show them
      usage_hint: watch remote rust | list | help
      should_escape: false
oauth_config:
  redirect_urls:
    - {callback}
  scopes:
    bot:
{scopes}settings:
  event_subscriptions:
    request_url: {events_path}
    bot_events:
{events}  interactivity:
    is_enabled: true
    request_url: {interactivity}
  org_deploy_enabled: false
  socket_mode_enabled: false
  token_rotation_enabled: false
",
        commands = at(COMMANDS),
        callback = at(CALLBACK),
        scopes = list(&SCOPES),
        events_path = at(EVENTS_PATH),
        events = list(&EVENTS),
        interactivity = at(INTERACTIVITY),
    )
}
