# The functions' environment: one variable here for each that the function reads.

variable "slack_channel" {
  type        = string
  default     = null
  description = "`SLACK_CHANNEL`: with a bot token required, the channel's id such as `C0123456789`; with a webhook the channel to ask for, which only legacy custom webhooks honour."

  validation {
    condition     = var.slack_channel == null || try(length(var.slack_channel) > 0, false)
    error_message = "slack_channel must not be empty: leave it out (null) to use the webhook's own channel."
  }

  validation {
    condition     = (var.bot_token_parameter_name == null && var.bot_token_secret_name == null) || can(regex("^[CGD][A-Z0-9]{8,31}$", var.slack_channel))
    error_message = "With a bot token slack_channel must be the channel's id, such as `C0123456789`: in Slack, click the channel's name, the id is at the end of About."
  }
}

variable "slack_user_name" {
  type        = string
  default     = null
  description = "`SLACK_USER_NAME`: name to post under, with a bot token (scope `chat:write.customize`) or a legacy custom webhook."

  validation {
    condition     = var.slack_user_name == null || try(length(var.slack_user_name) > 0, false)
    error_message = "slack_user_name must not be empty: leave it out (null) to use the app's name."
  }
}

variable "slack_icon_emoji" {
  type        = string
  default     = null
  description = "`SLACK_ICON_EMOJI`: emoji to post under, with a bot token (scope `chat:write.customize`) or a legacy custom webhook."

  validation {
    condition     = var.slack_icon_emoji == null || can(regex("^:[^:\\s]+:$", var.slack_icon_emoji))
    error_message = "slack_icon_emoji must be an emoji's name between colons, for example `:rotating_light:`."
  }
}

variable "slack_api_url" {
  type        = string
  default     = null
  description = "`SLACK_API_URL`: with a bot token, the base of Slack's Web API; null for `https://slack.com/api/`. GovSlack's is `https://slack-gov.com/api/`."

  validation {
    condition     = var.slack_api_url == null || can(regex("^(https://(slack|slack-gov)\\.com/[!-~]*|https?://(127\\.0\\.0\\.1|\\[::1\\]|localhost)(:[0-9]+)?(/[!-~]*)?)$", var.slack_api_url))
    error_message = "slack_api_url must be on https://slack.com/ or https://slack-gov.com/ (plain http goes to a loopback address only): the bot token goes to no other host."
  }

  validation {
    condition     = var.slack_api_url == null || var.bot_token_parameter_name != null || var.bot_token_secret_name != null
    error_message = "slack_api_url goes with bot_token_parameter_name or bot_token_secret_name: a webhook's URL has its host."
  }
}

variable "slack_text" {
  type        = string
  default     = null
  description = "`SLACK_TEXT`: words that lead every message, in any script."

  validation {
    condition     = var.slack_text == null || try(length(var.slack_text) > 0 && length(var.slack_text) <= 1000, false)
    error_message = "slack_text must be 1 to 1,000 characters: leave it out (null) for none."
  }
}

variable "slack_color" {
  type        = string
  default     = null
  description = "`SLACK_COLOR`: colour of the bar: `good`, `warning`, `danger` or `#RRGGBB`; null for the colour of the severity."

  validation {
    condition     = var.slack_color == null || can(regex("^(good|warning|danger|#[0-9A-Fa-f]{6})$", var.slack_color))
    error_message = "slack_color must be `good`, `warning`, `danger` or `#RRGGBB`."
  }
}

variable "rules" {
  type        = string
  default     = null
  description = "`STATUSWATCH_RULES`: the rules as JSON, best `file(\"rules.json\")`, the file that `statuswatch replay --rules` takes; null for the built-in ones. Above 2,000 characters the module keeps them in an SSM parameter."

  validation {
    condition     = var.rules == null || can([for rule in jsondecode(var.rules).rules : rule.action])
    error_message = "rules must be JSON of the form {\"rules\":[{\"name\":\"…\",\"action\":\"notify\"},…]}. `statuswatch replay --rules FILE` says what is wrong and where."
  }

  validation {
    condition     = var.rules == null || try(length(jsonencode(jsondecode(var.rules))) <= 8192, true)
    error_message = "rules must be at most 8,192 characters, which is what an SSM parameter holds. Merge rules: a condition takes a list."
  }

  validation {
    condition     = var.rules == null || var.rules_parameter_name == null
    error_message = "Give rules or rules_parameter_name, not both."
  }
}

variable "rules_parameter_name" {
  type        = string
  default     = null
  description = "Name of an existing SSM parameter that holds the rules (`STATUSWATCH_RULES=ssm:NAME`). A running container keeps what it read at its start."

  validation {
    condition     = var.rules_parameter_name == null || can(regex("^[A-Za-z0-9_./-]+$", var.rules_parameter_name))
    error_message = "rules_parameter_name must be the name of a parameter, not its ARN: letters, digits and `_ . / -`."
  }
}

variable "format" {
  type        = string
  default     = "auto"
  nullable    = false
  description = "`STATUSWATCH_FORMAT`: format of the access log: `auto`, `json`, `clf`, `csv`, `xml`, `key-value`, `alb`, `cloudfront`, `vpc-lattice` or `appsync`."

  validation {
    condition     = contains(["auto", "json", "clf", "csv", "xml", "key-value", "alb", "cloudfront", "vpc-lattice", "appsync"], var.format)
    error_message = "format must be `auto`, `json`, `clf`, `csv`, `xml`, `key-value`, `alb`, `cloudfront`, `vpc-lattice` or `appsync`."
  }
}

variable "max_lines" {
  type        = number
  default     = 20
  nullable    = false
  description = "`STATUSWATCH_MAX_LINES`: lines shown in one message; the others are counted."

  validation {
    condition     = var.max_lines >= 1 && var.max_lines <= 200 && floor(var.max_lines) == var.max_lines
    error_message = "max_lines must be a whole number from 1 to 200."
  }
}

variable "redact" {
  type        = list(string)
  default     = []
  nullable    = false
  description = "`STATUSWATCH_REDACT`: names of fields that are masked in Slack besides the secrets that clients send, which are masked by default; `none` among them turns that default off."

  validation {
    condition     = alltrue([for field in var.redact : can(regex("^[^,\\s]+$", field))])
    error_message = "redact must be a list of field names, each without comma and space, for example [\"ip\", \"user\"]."
  }
}

variable "notify" {
  type        = string
  default     = "incidents"
  nullable    = false
  description = "`STATUSWATCH_NOTIFY`: `incidents` (opening, changes, follow-ups, the end) or `every` (each delivery, as the rate limit allows)."

  validation {
    condition     = contains(["incidents", "every"], var.notify)
    error_message = "notify must be incidents or every."
  }
}

variable "follow_ups" {
  type        = string
  default     = "1m*5,5m*5,15m*6,1h"
  nullable    = false
  description = "`STATUSWATCH_FOLLOW_UPS`: times between the follow-ups of an incident, each of 5 s to 1 d, `5m*6` for six times; the last one repeats. With `state = \"memory\"` what is deferred is posted within a minute in any case."

  validation {
    condition     = can(regex("^[0-9]+[smhd](\\*[0-9]+)?( *, *[0-9]+[smhd](\\*[0-9]+)?){0,19}$", var.follow_ups))
    error_message = "follow_ups must be 1 to 20 times such as 1m*5,5m*5,15m*6,1h."
  }

  validation {
    condition = alltrue(flatten([for text in split(",", var.follow_ups) : try([
      for step in [regex("^ *([0-9]+)([smhd])(?:\\*([0-9]+))? *$", text)] : [
        step[0] * { s = 1, m = 60, h = 3600, d = 86400 }[step[1]] >= 5,
        step[0] * { s = 1, m = 60, h = 3600, d = 86400 }[step[1]] <= 86400,
        tonumber(coalesce(step[2], "1")) >= 1,
        tonumber(coalesce(step[2], "1")) <= 1000,
      ]
    ], false)]))
    error_message = "Each of follow_ups must be from 5s to 1d, and stand there 1 to 1000 times, such as 5m*6."
  }
}

variable "quiet_seconds" {
  type        = number
  default     = 300
  nullable    = false
  description = "`STATUSWATCH_QUIET_SECONDS`: without an error for so long an incident is over."

  validation {
    condition     = var.quiet_seconds >= 10 && var.quiet_seconds <= 3600 && floor(var.quiet_seconds) == var.quiet_seconds
    error_message = "quiet_seconds must be a whole number from 10 to 3600."
  }
}

variable "end_in_channel" {
  type        = bool
  default     = true
  nullable    = false
  description = "`STATUSWATCH_END_IN_CHANNEL`: with a bot token, whether the channel shows the end of an incident besides its thread."
}

variable "burst" {
  type        = number
  default     = 5
  nullable    = false
  description = "`STATUSWATCH_BURST`: messages that may be posted at once, by all containers together or, with `state = \"memory\"`, by each."

  validation {
    condition     = var.burst >= 1 && var.burst <= 100 && floor(var.burst) == var.burst
    error_message = "burst must be a whole number from 1 to 100."
  }
}

variable "spacing_seconds" {
  type        = number
  default     = 5
  nullable    = false
  description = "`STATUSWATCH_SPACING_SECONDS`: seconds after which one more may be posted, by all containers together or, with `state = \"memory\"`, by each."

  validation {
    condition     = var.spacing_seconds >= 1 && var.spacing_seconds <= 3600 && floor(var.spacing_seconds) == var.spacing_seconds
    error_message = "spacing_seconds must be a whole number from 1 to 3600."
  }

  validation {
    condition     = var.state == "table" || var.reserved_concurrent_executions / var.spacing_seconds <= 0.5
    error_message = "spacing_seconds must be at least twice reserved_concurrent_executions with state = \"memory\": all containers together may post one message in two seconds, or Slack answers 429. With state = \"table\" they share one rate limit, and any concurrency will do."
  }
}

variable "max_decompressed_bytes" {
  type        = number
  default     = 134217728
  nullable    = false
  description = "`STATUSWATCH_MAX_DECOMPRESSED_BYTES`: bytes that one batch may have when inflated."

  validation {
    condition     = var.max_decompressed_bytes >= 1048576 && var.max_decompressed_bytes <= 1099511627776 && floor(var.max_decompressed_bytes) == var.max_decompressed_bytes
    error_message = "max_decompressed_bytes must be a whole number from 1048576 (a smaller cap refuses ordinary batches) to 1099511627776."
  }
}

variable "allowed_hosts" {
  type        = list(string)
  default     = []
  nullable    = false
  description = "`STATUSWATCH_ALLOWED_HOSTS`: hosts that the webhook may have besides Slack's own."

  validation {
    condition     = alltrue([for host in var.allowed_hosts : can(regex("^[A-Za-z0-9.-]+$", host))])
    error_message = "allowed_hosts must be a list of host names, without scheme, port and path."
  }
}
