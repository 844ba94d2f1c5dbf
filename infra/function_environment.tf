# What the functions read from their environment, one line for each name of its contract: first what both read, then
# `environments` with what each reads.
# Neither webhook nor bot token is ever there, only the name of where it is.

locals {
  slack_environment = {
    for name, value in {
      SLACK_WEBHOOK_PARAMETER   = local.uses_bot_token || local.slack_secret_name != null ? null : local.slack_parameter_name
      SLACK_WEBHOOK_SECRET      = var.webhook_secret_name
      SLACK_BOT_TOKEN_PARAMETER = var.bot_token_parameter_name
      SLACK_BOT_TOKEN_SECRET    = var.bot_token_secret_name
      SLACK_API_URL             = var.slack_api_url
      SLACK_CHANNEL             = var.slack_channel
      SLACK_USER_NAME           = var.slack_user_name
      SLACK_ICON_EMOJI          = var.slack_icon_emoji
      SLACK_TEXT                = var.slack_text
      SLACK_COLOR               = var.slack_color
      STATUSWATCH_ALLOWED_HOSTS = length(var.allowed_hosts) > 0 ? join(",", var.allowed_hosts) : null
      STATUSWATCH_DESTINATIONS  = length(var.destinations) > 0 ? jsonencode(var.destinations) : null
      # The end of an incident may wait for the recovery of an alarm: both functions post it.
      STATUSWATCH_END_IN_CHANNEL = var.end_in_channel ? null : "false"
    } : name => value if value != null
  }

  # What the log groups' names take in the link of a notice: `/` and `#` three characters each, two for each
  # name's quotes. Beyond these limits the function would not start; then notices have no such link.
  linked_log_groups = join(",", sort(local.log_group_names))
  linked_characters = sum(concat([0], [for name in local.log_group_names : length(replace(replace(name, "/", "*2f"), "#", "*23")) + 2]))
  log_groups_fit    = length(local.log_group_names) >= 1 && length(local.log_group_names) <= 50 && local.linked_characters <= 600

  # Both functions use the table, where there is one.
  state_environment = {
    for name, value in {
      STATUSWATCH_STATE_TABLE = local.state_in_table ? local.state_table_name : null
    } : name => value if value != null
  }

  # A name with a star in it would be read as the beginning of one; such an alarm belongs to the same log groups as any
  # that is not named.
  own_alarm_log_groups = {
    for key, alarm in local.alarms : alarm.name => local.alarm_log_group_names[key]
    if !strcontains(alarm.name, "*") && contains(range(1, 51), length(local.alarm_log_group_names[key])) && sum(concat([0], [
      for name in local.alarm_log_group_names[key] : length(replace(replace(name, "/", "*2f"), "#", "*23")) + 2
    ])) <= 600
  }
  alarm_log_groups = merge(local.own_alarm_log_groups, var.alarm_log_groups)

  # How incidents are posted. With the table both functions post them: each posts what it finds due.
  incidents_environment = {
    STATUSWATCH_NOTIFY          = var.notify
    STATUSWATCH_FOLLOW_UPS      = var.follow_ups
    STATUSWATCH_QUIET_SECONDS   = tostring(var.quiet_seconds)
    STATUSWATCH_BURST           = tostring(var.burst)
    STATUSWATCH_SPACING_SECONDS = tostring(var.spacing_seconds)
    STATUSWATCH_MAX_LINES       = tostring(var.max_lines)
  }

  environments = {
    lines = merge(local.slack_environment, local.state_environment, local.incidents_environment, {
      for name, value in {
        STATUSWATCH_RULES                  = local.rules_environment
        STATUSWATCH_FORMAT                 = var.format
        STATUSWATCH_REDACT                 = length(var.redact) > 0 ? join(",", var.redact) : null
        STATUSWATCH_MAX_DECOMPRESSED_BYTES = format("%d", var.max_decompressed_bytes)
        # It may find notices of alarms in the failure queue.
        STATUSWATCH_LOG_GROUPS       = var.redrive && local.log_groups_fit ? local.linked_log_groups : null
        STATUSWATCH_ALARM_LOG_GROUPS = var.redrive && length(local.alarm_log_groups) > 0 ? jsonencode(local.alarm_log_groups) : null
      } : name => value if value != null
    })

    alarms = merge(local.slack_environment, local.state_environment, local.state_in_table ? local.incidents_environment : {}, {
      for name, value in {
        # Which destinations have incidents of a log group, and which of the lines that are fetched are errors.
        STATUSWATCH_RULES            = local.alarms_read_rules ? local.rules_environment : null
        STATUSWATCH_FORMAT           = var.alarm_lines == "fetch" ? var.format : null
        STATUSWATCH_REDACT           = length(var.redact) > 0 ? join(",", var.redact) : null
        STATUSWATCH_LOG_GROUPS       = local.log_groups_fit ? local.linked_log_groups : null
        STATUSWATCH_ALARM_LOG_GROUPS = length(local.alarm_log_groups) > 0 ? jsonencode(local.alarm_log_groups) : null
        STATUSWATCH_ALARM_LINES      = var.alarm_lines == "fetch" ? "fetch" : null
      } : name => value if value != null
    })
  }
}
