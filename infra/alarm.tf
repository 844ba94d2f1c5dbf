# Method 1: the alarm on the number of errors.
#
# One alarm over all watched log groups: their metric filters publish to one metric. An API that is
# to have an alarm of its own is an instance of the module.

locals {
  alarm_name           = coalesce(var.alarm_name, "APIGateway ${var.name} accesslog 4xx5xxError")
  metric_name          = coalesce(var.metric_name, "${var.name}-4xx5xxError")
  count_by_filter      = contains(["metric_filter", "both"], var.alarm_source)
  count_by_function    = contains(["function", "both"], var.alarm_source)
  alarm_actions        = concat([local.alarm_topic_arn, local.alarms_function_arn], var.alarm_actions)
  ok_actions           = concat([local.alarm_topic_arn, local.alarms_function_arn], var.ok_actions)
  log_groups_in_words  = join(", ", local.log_group_names)
  default_alarm_detail = "Client and server errors (4xx, 5xx) in ${local.log_groups_in_words}"

  alarms = merge(
    local.count_by_filter ? {
      metric_filter = {
        name        = local.alarm_name
        namespace   = var.metric_namespace
        metric_name = local.metric_name
        dimensions  = null
      }
    } : {},
    local.count_by_function ? {
      function = {
        # Never the other's name: a change of alarm_source would delete what it has just created.
        name        = "${local.alarm_name} (function)"
        namespace   = "Statuswatch"
        metric_name = "Matched"
        dimensions  = { FunctionName = local.lines_name }
      }
    } : {},
  )
}

resource "aws_cloudwatch_log_metric_filter" "errors" {
  for_each = local.count_by_filter ? local.log_group_names : []

  name           = local.metric_name
  log_group_name = each.value
  pattern        = var.metric_filter_pattern

  metric_transformation {
    namespace = var.metric_namespace
    name      = local.metric_name
    value     = "1"
    # Published in a minute with lines but no error, so that the alarm recovers by a datapoint.
    default_value = "0"
    unit          = "Count"
  }
}

resource "aws_cloudwatch_metric_alarm" "errors" {
  for_each = local.alarms

  alarm_name          = each.value.name
  alarm_description   = coalesce(var.alarm_description, substr(local.default_alarm_detail, 0, 1024))
  namespace           = each.value.namespace
  metric_name         = each.value.metric_name
  dimensions          = each.value.dimensions
  statistic           = var.alarm_statistic
  period              = var.alarm_period
  evaluation_periods  = var.alarm_evaluation_periods
  datapoints_to_alarm = var.alarm_datapoints_to_alarm
  threshold           = var.alarm_threshold
  comparison_operator = var.alarm_comparison_operator
  treat_missing_data  = var.alarm_treat_missing_data
  alarm_actions       = local.alarm_actions
  ok_actions          = local.ok_actions
  tags                = var.tags

  # The first change of state must find a topic that takes it and a function that may be called.
  depends_on = [
    aws_cloudwatch_log_metric_filter.errors,
    aws_lambda_permission.alarm_action,
    aws_lambda_permission.alarm_topic,
    aws_sns_topic_policy.alarm,
    aws_sns_topic_subscription.alarm_function,
  ]
}
