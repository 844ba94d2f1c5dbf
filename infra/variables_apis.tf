# Several APIs in one instance: a row for each, and everything else shared.

variable "apis" {
  type = map(object({
    log_group        = optional(string)
    create_log_group = optional(bool, false)
    filter_pattern   = optional(string)
    destination      = optional(string, "default")
    alarm = optional(object({
      create                = optional(bool, true)
      name                  = optional(string)
      description           = optional(string)
      metric_name           = optional(string)
      metric_filter_pattern = optional(string)
      statistic             = optional(string)
      comparison_operator   = optional(string)
      threshold             = optional(number)
      period                = optional(number)
      evaluation_periods    = optional(number)
      datapoints_to_alarm   = optional(number)
      treat_missing_data    = optional(string)
      actions               = optional(list(string))
      ok_actions            = optional(list(string))
    }), {})
  }))
  default     = {}
  nullable    = false
  description = "APIs that each have an alarm and a destination of their own, by a short name: `log_group` (an existing one) or `create_log_group = true`, `destination` (a name in `destinations`), `filter_pattern`, and `alarm` with `create`, `name` and what the variables `alarm_*` set for all. \"Many APIs\" has an example."

  validation {
    condition     = var.create_log_group || length(var.log_group_names) > 0 || length(var.apis) > 0 || var.account_subscription != null
    error_message = "There is no log group to watch. Set create_log_group = true, name existing ones in log_group_names or apis, or take all of the account (account_subscription)."
  }

  validation {
    condition     = alltrue([for key in keys(var.apis) : can(regex("^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$", key))])
    error_message = "The names in apis must be 1 to 40 letters, digits, `_` and `-`, a letter or digit first: they are part of the alarms' names."
  }

  validation {
    condition     = alltrue([for api in values(var.apis) : api.create_log_group || api.log_group != null])
    error_message = "Each of apis needs log_group, the name of its access log's group, or create_log_group = true where there is none yet."
  }

  validation {
    condition     = alltrue([for api in values(var.apis) : api.log_group == null || can(regex("^[A-Za-z0-9._/#-]{1,512}$", api.log_group))])
    error_message = "log_group in apis must be a name, not an ARN, without wildcards: letters, digits and `. - _ / #`."
  }

  validation {
    condition = length(setintersection(
      [for api in values(var.apis) : coalesce(api.log_group, "-")],
      ["/aws/lambda/${var.name}-lines", "/aws/lambda/${var.name}-alarms"],
    )) == 0
    error_message = "log_group in apis is the function's own log group: each delivery would write lines that cause the next. Name the access log's group instead."
  }

  validation {
    condition = length(distinct(concat(
      [for key, api in var.apis : coalesce(api.log_group, "/aws/apigateway/${var.name}-${key}-accesslog")],
      tolist(var.log_group_names),
      var.create_log_group ? [coalesce(var.log_group_name, "/aws/apigateway/${var.name}-accesslog")] : [],
    ))) == length(var.apis) + length(var.log_group_names) + (var.create_log_group ? 1 : 0)
    error_message = "A log group stands in two places. One log group is one of apis: take it out of log_group_names or log_group_name, and give each of apis its own."
  }

  validation {
    condition     = alltrue([for api in values(var.apis) : contains(concat(["default"], keys(var.destinations)), api.destination)])
    error_message = "destination in apis names none of destinations: add it there. `default` is where webhook or bot token lead."
  }

  validation {
    condition     = var.rules_parameter_name == null || alltrue([for api in values(var.apis) : api.destination == "default"])
    error_message = "With rules_parameter_name the module does not write the rules: leave destination out of apis, and give the rules in that parameter `log_group` and `to`."
  }

  validation {
    condition     = alltrue([for api in values(var.apis) : api.filter_pattern == null || try(length(api.filter_pattern) <= 1024, false)])
    error_message = "filter_pattern in apis must be at most 1,024 characters: CloudWatch Logs takes no longer one."
  }

  validation {
    condition     = alltrue([for api in values(var.apis) : api.alarm.name == null || can(regex("^[ -~]{1,240}$", api.alarm.name))])
    error_message = "alarm.name in apis must be 1 to 240 printable ASCII characters."
  }

  validation {
    condition     = alltrue([for api in values(var.apis) : api.alarm.description == null || try(length(api.alarm.description) <= 1024, false)])
    error_message = "alarm.description in apis must be at most 1,024 characters."
  }

  validation {
    condition     = alltrue([for api in values(var.apis) : api.alarm.metric_name == null || can(regex("^[^:*$]{1,255}$", api.alarm.metric_name))])
    error_message = "alarm.metric_name in apis must be 1 to 255 characters without `:`, `*` and `$`."
  }

  validation {
    condition = length(distinct(concat(
      [for key, api in var.apis : coalesce(api.alarm.name, "${var.name} ${key} 4xx5xxError")],
      [for ending in ["", " (function)"] : "${coalesce(var.alarm_name, "APIGateway ${var.name} accesslog 4xx5xxError")}${ending}"],
    ))) == length(var.apis) + 2
    error_message = "Two alarms have the same name: one would overwrite the other. Give each of apis an alarm.name of its own that is not alarm_name, or leave it out."
  }

  validation {
    condition = length(distinct(concat(
      [for key, api in var.apis : coalesce(api.alarm.metric_name, "${var.name}-${key}-4xx5xxError")],
      [coalesce(var.metric_name, "${var.name}-4xx5xxError")],
    ))) == length(var.apis) + 1
    error_message = "Two metrics have the same name, so one alarm would count the other's errors. Give each of apis an alarm.metric_name of its own that is not metric_name, or leave it out."
  }

  validation {
    condition     = alltrue([for api in values(var.apis) : api.alarm.metric_filter_pattern == null || try(length(api.alarm.metric_filter_pattern) >= 1 && length(api.alarm.metric_filter_pattern) <= 1024, false)])
    error_message = "alarm.metric_filter_pattern in apis must be 1 to 1,024 characters: an empty one would count every line as an error."
  }

  validation {
    condition = alltrue([for api in values(var.apis) : (
      contains(["Sum", "Average", "Minimum", "Maximum", "SampleCount"], coalesce(api.alarm.statistic, var.alarm_statistic)) &&
      contains(["GreaterThanOrEqualToThreshold", "GreaterThanThreshold", "LessThanThreshold", "LessThanOrEqualToThreshold"], coalesce(api.alarm.comparison_operator, var.alarm_comparison_operator)) &&
      contains(["notBreaching", "breaching", "ignore", "missing"], coalesce(api.alarm.treat_missing_data, var.alarm_treat_missing_data))
    )])
    error_message = "alarm.statistic, comparison_operator and treat_missing_data in apis take what alarm_statistic, alarm_comparison_operator and alarm_treat_missing_data take, such as `Sum`, `GreaterThanOrEqualToThreshold` and `notBreaching`."
  }

  validation {
    condition = alltrue([for alarm in values(var.apis)[*].alarm : try(
      coalesce(alarm.threshold, var.alarm_threshold) >= 0 &&
      coalesce(alarm.period, var.alarm_period) >= 60 &&
      coalesce(alarm.period, var.alarm_period) % 60 == 0 &&
      coalesce(alarm.evaluation_periods, var.alarm_evaluation_periods) >= 1 &&
      floor(coalesce(alarm.evaluation_periods, var.alarm_evaluation_periods)) == coalesce(alarm.evaluation_periods, var.alarm_evaluation_periods) &&
      coalesce(alarm.evaluation_periods, var.alarm_evaluation_periods) * coalesce(alarm.period, var.alarm_period) <= (coalesce(alarm.period, var.alarm_period) < 3600 ? 86400 : 604800)
    , false)])
    error_message = "alarm in apis: threshold must not be negative, period a multiple of 60, and evaluation_periods a whole number from 1 whose periods are together at most one day (period under 3600) or seven."
  }

  validation {
    condition = alltrue([for alarm in values(var.apis)[*].alarm : alarm.datapoints_to_alarm == null || try(
      alarm.datapoints_to_alarm >= 1 && alarm.datapoints_to_alarm <= coalesce(alarm.evaluation_periods, var.alarm_evaluation_periods),
    false)])
    error_message = "alarm.datapoints_to_alarm in apis must be from 1 to its evaluation_periods. Raise evaluation_periods or lower it."
  }

  validation {
    condition = alltrue([for actions in flatten([for alarm in values(var.apis)[*].alarm : [{ of = coalesce(alarm.actions, []) }, { of = coalesce(alarm.ok_actions, []) }]]) :
      length(actions.of) <= 3 && alltrue([for arn in actions.of : startswith(arn, "arn:")])
    ])
    error_message = "alarm.actions and alarm.ok_actions in apis must be at most 3 ARNs each: an alarm takes five actions and the module uses two."
  }
}
