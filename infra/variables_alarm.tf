# Method 1: count errors, raise an alarm, tell its first notice and its recovery.

variable "alarm_source" {
  type        = string
  default     = "metric_filter"
  nullable    = false
  description = "What the alarm counts: `metric_filter` (CloudWatch's own count, blind to lines of broken JSON), `function` (lines that the function matched), or `both` (two alarms, two notices)."

  validation {
    condition     = contains(["metric_filter", "function", "both"], var.alarm_source)
    error_message = "alarm_source must be `metric_filter`, `function` or `both`."
  }
}

variable "alarm_name" {
  type        = string
  default     = null
  description = "Name of the alarm, as Slack shows it; null for `APIGateway <name> accesslog 4xx5xxError`."

  validation {
    condition     = var.alarm_name == null || can(regex("^[ -~]{1,240}$", var.alarm_name))
    error_message = "alarm_name must be 1 to 240 printable ASCII characters."
  }
}

variable "alarm_description" {
  type        = string
  default     = null
  description = "Description of the alarm, as Slack shows it; null for one that names the log groups."

  validation {
    condition     = var.alarm_description == null || try(length(var.alarm_description) <= 1024, false)
    error_message = "alarm_description must be at most 1,024 characters."
  }
}

variable "metric_filter_pattern" {
  type        = string
  default     = "{ ($.status = 4*) || ($.status = 5*) }"
  nullable    = false
  description = "Filter pattern of the metric filter. The default counts 4xx and 5xx in JSON access logs, whether `status` is a string or a number."

  validation {
    condition     = length(var.metric_filter_pattern) >= 1 && length(var.metric_filter_pattern) <= 1024
    error_message = "metric_filter_pattern must be 1 to 1,024 characters: an empty one would count every line as an error."
  }
}

variable "metric_namespace" {
  type        = string
  default     = "APIGateway/AccessLog"
  nullable    = false
  description = "Namespace of the metric that the metric filter publishes."

  validation {
    condition     = can(regex("^[^:].{0,254}$", var.metric_namespace)) && !startswith(var.metric_namespace, "AWS/")
    error_message = "metric_namespace must be 1 to 255 characters, must not begin with `:` or with `AWS/`, which CloudWatch reserves."
  }
}

variable "metric_name" {
  type        = string
  default     = null
  description = "Name of that metric; null for `<name>-4xx5xxError`. All watched log groups without a row in `apis` publish to it."

  validation {
    condition     = var.metric_name == null || can(regex("^[^:*$]{1,255}$", var.metric_name))
    error_message = "metric_name must be 1 to 255 characters without `:`, `*` and `$`."
  }
}

variable "alarm_threshold" {
  type        = number
  default     = 1
  nullable    = false
  description = "Errors in one period from which the alarm breaches."

  validation {
    condition     = var.alarm_threshold >= 0
    error_message = "alarm_threshold must not be negative: it is compared with a count of errors. 1 raises the alarm at the first."
  }
}

variable "alarm_period" {
  type        = number
  default     = 60
  nullable    = false
  description = "Seconds of one period, a multiple of 60 up to 604800."

  validation {
    condition     = var.alarm_period >= 60 && var.alarm_period <= 604800 && var.alarm_period % 60 == 0
    error_message = "alarm_period must be a multiple of 60 from 60 to 604800 (seven days): the metrics have one datapoint a minute."
  }
}

variable "alarm_evaluation_periods" {
  type        = number
  default     = 1
  nullable    = false
  description = "Periods that are looked at (N of \"M of N\"); together at most one day, or seven days where a period is an hour or longer."

  validation {
    condition     = var.alarm_evaluation_periods >= 1 && floor(var.alarm_evaluation_periods) == var.alarm_evaluation_periods && var.alarm_evaluation_periods * var.alarm_period <= (var.alarm_period < 3600 ? 86400 : 604800)
    error_message = "alarm_evaluation_periods must be a whole number from 1, and times alarm_period at most 86400 (one day) for a period under one hour, at most 604800 (seven days) for any other: CloudWatch takes no longer."
  }
}

variable "alarm_datapoints_to_alarm" {
  type        = number
  default     = null
  description = "Periods of those that must breach (M of \"M of N\"); null for all."

  validation {
    condition     = var.alarm_datapoints_to_alarm == null || try(var.alarm_datapoints_to_alarm >= 1 && var.alarm_datapoints_to_alarm <= var.alarm_evaluation_periods, false)
    error_message = "alarm_datapoints_to_alarm must be from 1 to alarm_evaluation_periods. Raise alarm_evaluation_periods or lower it."
  }
}

variable "alarm_statistic" {
  type        = string
  default     = "Sum"
  nullable    = false
  description = "Statistic over one period: `Sum`, `Average`, `Minimum`, `Maximum` or `SampleCount`."

  validation {
    condition     = contains(["Sum", "Average", "Minimum", "Maximum", "SampleCount"], var.alarm_statistic)
    error_message = "alarm_statistic must be `Sum`, `Average`, `Minimum`, `Maximum` or `SampleCount`; for a count of errors it is `Sum`."
  }
}

variable "alarm_comparison_operator" {
  type        = string
  default     = "GreaterThanOrEqualToThreshold"
  nullable    = false
  description = "How the statistic is compared with the threshold."

  validation {
    condition     = contains(["GreaterThanOrEqualToThreshold", "GreaterThanThreshold", "LessThanThreshold", "LessThanOrEqualToThreshold"], var.alarm_comparison_operator)
    error_message = "alarm_comparison_operator must be `GreaterThanOrEqualToThreshold`, `GreaterThanThreshold`, `LessThanThreshold` or `LessThanOrEqualToThreshold`."
  }
}

variable "alarm_treat_missing_data" {
  type        = string
  default     = "notBreaching"
  nullable    = false
  description = "What a period without a datapoint counts as: `notBreaching`, `breaching`, `ignore` or `missing`. An idle API publishes none."

  validation {
    condition     = contains(["notBreaching", "breaching", "ignore", "missing"], var.alarm_treat_missing_data)
    error_message = "alarm_treat_missing_data must be `notBreaching`, `breaching`, `ignore` or `missing`."
  }
}

variable "alarm_actions" {
  type        = list(string)
  default     = []
  nullable    = false
  description = "ARNs of further actions on ALARM, beside the topic and the function."

  validation {
    condition     = alltrue([for arn in var.alarm_actions : startswith(arn, "arn:")]) && length(var.alarm_actions) <= 3
    error_message = "alarm_actions must be at most 3 ARNs: an alarm takes five actions and the module uses two."
  }
}

variable "ok_actions" {
  type        = list(string)
  default     = []
  nullable    = false
  description = "ARNs of further actions on OK, beside the topic and the function."

  validation {
    condition     = alltrue([for arn in var.ok_actions : startswith(arn, "arn:")]) && length(var.ok_actions) <= 3
    error_message = "ok_actions must be at most 3 ARNs: an alarm takes five actions and the module uses two."
  }
}

variable "alarm_log_groups" {
  type        = map(list(string))
  default     = {}
  nullable    = false
  description = "Log groups of further alarms that notify the module's topic or function: from the alarm's name, or its beginning with `*` behind it, to names of log groups. The module's own alarms belong to the log groups whose lines they count; an entry of the same name replaces that. An alarm's notice goes into the thread of the incident of its log groups."

  validation {
    condition     = length(var.alarm_log_groups) <= 190 && alltrue([for name in keys(var.alarm_log_groups) : can(regex("^[^*]{1,255}\\*?$", name))])
    error_message = "alarm_log_groups must name at most 190 alarms, each by its whole name or by its beginning with one `*` at the end."
  }

  validation {
    condition = alltrue([for names in values(var.alarm_log_groups) :
      length(names) >= 1 && length(names) <= 50 &&
      alltrue([for name in names : can(regex("^[A-Za-z0-9._/#-]{1,512}$", name))]) &&
      sum(concat([0], [for name in names : length(replace(replace(name, "/", "*2f"), "#", "*23")) + 2])) <= 600
    ])
    error_message = "alarm_log_groups must give each alarm 1 to 50 names of log groups, no ARN and no wildcard, which together take at most 600 characters in a link (`/` and `#` take three)."
  }
}

variable "alarm_lines" {
  type        = string
  default     = "stored"
  nullable    = false
  description = "Where the lines under the notice of an alarm come from: `stored` (those that the state table holds) or `fetch` (where it holds none, also CloudWatch Logs: at most three calls of `FilterLogEvents` on the alarm's log groups and time, and one of `GetQueryResults` for a log alarm; the function for alarms gets these permissions)."

  validation {
    condition     = contains(["stored", "fetch"], var.alarm_lines)
    error_message = "alarm_lines must be `stored` or `fetch`."
  }
}

variable "chatbot_slack_channel" {
  type = object({
    slack_team_id         = string
    slack_channel_id      = string
    logging_level         = optional(string, "ERROR")
    guardrail_policy_arns = optional(list(string))
  })
  default     = null
  description = "Slack channel to which Amazon Q Developer in chat applications (AWS Chatbot) tells the alarm as well; null for none. The workspace must have been authorised in its console."

  validation {
    condition     = var.chatbot_slack_channel == null || can(regex("^[TE][A-Z0-9]+$", var.chatbot_slack_channel.slack_team_id)) && can(regex("^[CG][A-Z0-9]+$", var.chatbot_slack_channel.slack_channel_id))
    error_message = "chatbot_slack_channel needs ids, not names: slack_team_id like `T0123ABCD`, slack_channel_id like `C0123ABCD` (in Slack: channel details, at the bottom)."
  }

  validation {
    condition     = var.chatbot_slack_channel == null || try(contains(["ERROR", "INFO", "NONE"], var.chatbot_slack_channel.logging_level), false)
    error_message = "chatbot_slack_channel.logging_level must be `ERROR`, `INFO` or `NONE`."
  }
}
