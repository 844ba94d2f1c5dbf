# The rows of `apis`: where each one's lines are and where they are notified. Filters, permissions and alarms stand with
# those of the other log groups, in access_log.tf, alarm.tf and subscription.tf.

locals {
  # A created one by its attribute, so that what reads it waits.
  api_log_group_names = {
    for key, api in var.apis : key => api.create_log_group ? aws_cloudwatch_log_group.api[key].name : api.log_group
  }

  # Further destinations that rows name, and the log groups of those rows.
  log_groups_of_destinations = {
    for destination in distinct(values(var.apis)[*].destination) : destination => sort([
      for key, api in var.apis : local.api_log_group_names[key] if api.destination == destination
    ]) if destination != "default"
  }

  api_alarms = {
    for key, api in var.apis : "api/${key}" => {
      name                = coalesce(api.alarm.name, "${var.name} ${key} 4xx5xxError")
      description         = coalesce(api.alarm.description, "Client and server errors (4xx, 5xx) in ${local.api_log_group_names[key]}")
      namespace           = var.metric_namespace
      metric_name         = coalesce(api.alarm.metric_name, "${var.name}-${key}-4xx5xxError")
      dimensions          = null
      pattern             = coalesce(api.alarm.metric_filter_pattern, var.metric_filter_pattern)
      log_group           = local.api_log_group_names[key]
      statistic           = coalesce(api.alarm.statistic, var.alarm_statistic)
      period              = coalesce(api.alarm.period, var.alarm_period)
      evaluation_periods  = coalesce(api.alarm.evaluation_periods, var.alarm_evaluation_periods)
      datapoints_to_alarm = api.alarm.evaluation_periods != null ? api.alarm.datapoints_to_alarm : try(coalesce(api.alarm.datapoints_to_alarm, var.alarm_datapoints_to_alarm), null)
      threshold           = coalesce(api.alarm.threshold, var.alarm_threshold)
      comparison_operator = coalesce(api.alarm.comparison_operator, var.alarm_comparison_operator)
      treat_missing_data  = coalesce(api.alarm.treat_missing_data, var.alarm_treat_missing_data)
      actions             = coalesce(api.alarm.actions, var.alarm_actions)
      ok_actions          = coalesce(api.alarm.ok_actions, var.ok_actions)
    } if api.alarm.create
  }
}

resource "aws_cloudwatch_log_group" "api" {
  for_each = { for key, api in var.apis : key => api if api.create_log_group }

  name              = coalesce(each.value.log_group, "/aws/apigateway/${var.name}-${each.key}-accesslog")
  retention_in_days = var.retention_in_days
  kms_key_id        = var.kms_key_arn
  tags              = var.tags
}
