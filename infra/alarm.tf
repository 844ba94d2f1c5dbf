# Method 1: the alarm on the number of errors. The function for alarms is in functions.tf.
#
# One alarm over all log groups that have no row in `apis`: their metric filters publish to one metric. Each row has a
# metric and an alarm of its own.

locals {
  alarm_name           = coalesce(var.alarm_name, "APIGateway ${var.name} accesslog 4xx5xxError")
  metric_name          = coalesce(var.metric_name, "${var.name}-4xx5xxError")
  count_by_filter      = contains(["metric_filter", "both"], var.alarm_source) && length(local.shared_log_group_names) > 0
  count_by_function    = contains(["function", "both"], var.alarm_source)
  own_alarm_actions    = [local.alarm_topic_arn, local.alarms_function_arn]
  log_groups_in_words  = join(", ", local.shared_log_group_names)
  default_alarm_detail = "Client and server errors (4xx, 5xx) in ${local.log_groups_in_words}"

  shared_alarm_settings = {
    statistic           = var.alarm_statistic
    period              = var.alarm_period
    evaluation_periods  = var.alarm_evaluation_periods
    datapoints_to_alarm = var.alarm_datapoints_to_alarm
    threshold           = var.alarm_threshold
    comparison_operator = var.alarm_comparison_operator
    treat_missing_data  = var.alarm_treat_missing_data
    actions             = var.alarm_actions
    ok_actions          = var.ok_actions
  }

  shared_alarms = merge(
    local.count_by_filter ? {
      metric_filter = merge(local.shared_alarm_settings, {
        name        = local.alarm_name
        description = coalesce(var.alarm_description, substr(local.default_alarm_detail, 0, 1024))
        namespace   = var.metric_namespace
        metric_name = local.metric_name
        dimensions  = null
      })
    } : {},
    local.count_by_function ? {
      function = merge(local.shared_alarm_settings, {
        # Never the other's name: a change of alarm_source would delete what it has just created.
        name        = "${local.alarm_name} (function)"
        description = coalesce(var.alarm_description, substr("Client and server errors (4xx, 5xx) in ${coalesce(join(", ", local.log_group_names), "the account's log groups")}", 0, 1024))
        namespace   = "Statuswatch"
        metric_name = "Matched"
        dimensions  = { FunctionName = local.lines_name }
      })
    } : {},
  )

  alarms = merge(local.shared_alarms, local.api_alarms)

  alarm_log_group_names = merge(
    { for key in keys(local.shared_alarms) : key => sort(key == "function" ? local.log_group_names : local.shared_log_group_names) },
    { for key, alarm in local.api_alarms : key => [alarm.log_group] },
  )

  metric_filters = merge(
    local.count_by_filter ? { for name in local.shared_log_group_names : name => { metric_name = local.metric_name, pattern = var.metric_filter_pattern } } : {},
    { for alarm in values(local.api_alarms) : alarm.log_group => { metric_name = alarm.metric_name, pattern = alarm.pattern } },
  )
}

resource "aws_cloudwatch_log_metric_filter" "errors" {
  for_each = local.metric_filters

  name           = each.value.metric_name
  log_group_name = each.key
  pattern        = each.value.pattern

  metric_transformation {
    namespace = var.metric_namespace
    name      = each.value.metric_name
    value     = "1"
    # Published in a minute with lines but no error, so that the alarm recovers by a datapoint.
    default_value = "0"
    unit          = "Count"
  }
}

resource "aws_cloudwatch_metric_alarm" "errors" {
  for_each = local.alarms

  alarm_name          = each.value.name
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  metric_name         = each.value.metric_name
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  period              = each.value.period
  evaluation_periods  = each.value.evaluation_periods
  datapoints_to_alarm = each.value.datapoints_to_alarm
  threshold           = each.value.threshold
  comparison_operator = each.value.comparison_operator
  treat_missing_data  = each.value.treat_missing_data
  alarm_actions       = concat(local.own_alarm_actions, each.value.actions)
  ok_actions          = concat(local.own_alarm_actions, each.value.ok_actions)
  tags                = var.tags

  # The first change of state must find a topic that takes it and a function that may be called.
  depends_on = [
    aws_cloudwatch_log_metric_filter.errors,
    aws_lambda_permission.alarm_action,
    aws_lambda_permission.alarm_account,
    aws_lambda_permission.alarm_topic,
    aws_sns_topic_policy.this,
    aws_sns_topic_subscription.alarm_function,
  ]
}
