# Watching the watcher: alarms that do not go through the functions they are about.

locals {
  watch_functions = merge([
    for role, name in local.function_names : {
      "${role}-errors" = {
        description = "${name} failed: a message may be missing in Slack until Lambda's retries are through."
        namespace   = "AWS/Lambda", metric_name = "Errors", dimensions = { FunctionName = name }
        statistic   = "Sum", period = 300, evaluation_periods = 1, threshold = 1
      }
      "${role}-throttles" = {
        description = "${name} has been short of containers for 15 minutes: messages come late. Raise its reserved concurrency."
        namespace   = "AWS/Lambda", metric_name = "Throttles", dimensions = { FunctionName = name }
        statistic   = "Sum", period = 300, evaluation_periods = 3, threshold = 1
      }
      "${role}-dropped" = {
        description = "Lambda gave up deliveries to ${name}: they are in the failure destination, or lost where there is none."
        namespace   = "AWS/Lambda", metric_name = "AsyncEventsDropped", dimensions = { FunctionName = name }
        statistic   = "Sum", period = 300, evaluation_periods = 1, threshold = 1
      }
      "${role}-destination" = {
        description = "Lambda could not write to the failure destination of ${name}: deliveries are lost. A record that is too large for a queue fits a bucket (failure_destination = \"s3\")."
        namespace   = "AWS/Lambda", metric_name = "DestinationDeliveryFailures", dimensions = { FunctionName = name }
        statistic   = "Sum", period = 300, evaluation_periods = 1, threshold = 1
      }
    }
  ]...)

  watch_ledger = {
    "lines-failed" = {
      description = "Lines were given back to Lambda undelivered."
      namespace   = "Statuswatch", metric_name = "Failed", dimensions = { FunctionName = local.lines_name }
      statistic   = "Sum", period = 300, evaluation_periods = 1, threshold = 1
    }
    "lines-unreadable" = {
      description = "Lines without a readable status: the access-log format may hide errors. `statuswatch lint-format` checks it."
      namespace   = "Statuswatch", metric_name = "Unreadable", dimensions = { FunctionName = local.lines_name }
      statistic   = "Sum", period = 300, evaluation_periods = 1, threshold = var.watch_unreadable_threshold
    }
    "lines-undecodable" = {
      description = "Kinesis records or messages of the failure queue that could not be decoded."
      namespace   = "Statuswatch", metric_name = "Undecodable", dimensions = { FunctionName = local.lines_name }
      statistic   = "Sum", period = 300, evaluation_periods = 1, threshold = 1
    }
    "lines-delivery-lag" = {
      description = "Lines reach Slack more than ${var.watch_delivery_lag_seconds} s after their timestamp."
      namespace   = "Statuswatch", metric_name = "DeliveryLag", dimensions = { FunctionName = local.lines_name }
      statistic   = "Maximum", period = 300, evaluation_periods = 1, threshold = var.watch_delivery_lag_seconds * 1000
    }
  }

  watch_memory = local.state_in_table ? {} : {
    "lines-pending" = {
      description = "No minute of ${var.watch_pending_minutes} ended with every line posted: Slack does not take what is due."
      namespace   = "Statuswatch", metric_name = "Pending", dimensions = { FunctionName = local.lines_name }
      statistic   = "Minimum", period = 60, evaluation_periods = var.watch_pending_minutes, threshold = 1
    }
  }

  # With the table no invocation fails when Slack does not take a message: what is due stays in the table, and each tick
  # tries again.
  watch_slack = !local.state_in_table ? {} : merge({
    "lines-pending" = {
      description = "Slack could not be reached or was not available for ${var.watch_pending_minutes} minutes on end: what is due stays in the table."
      namespace   = "Statuswatch", metric_name = "Unavailable", dimensions = { FunctionName = local.lines_name }
      statistic   = "Sum", period = 60, evaluation_periods = var.watch_pending_minutes, threshold = 1
    }
    }, {
    for role, name in local.function_names : "${role}-refused" => {
      description = "Slack refused a message of ${name} for good: the webhook or bot token is not valid any more, the bot is not in the channel or lacks a scope, the channel is archived, or the message cannot be read. The log says which, and what to do; what is due stays in the table."
      namespace   = "Statuswatch", metric_name = "Refused", dimensions = { FunctionName = name }
      statistic   = "Sum", period = 300, evaluation_periods = 1, threshold = 1
    }
  })

  watch_table = {
    for role, name in local.function_names : "${role}-store-errors" => {
      description = "${name} could not read or write its table ${local.state_table_name}: what it could not write it posted at once, and incidents are notified more often than they should be."
      namespace   = "Statuswatch", metric_name = "StoreErrors", dimensions = { FunctionName = name }
      statistic   = "Sum", period = 300, evaluation_periods = 1, threshold = 1
    } if local.state_in_table
  }

  watch_failure_queue = var.failure_destination != "sqs" ? {} : {
    "failure-queue" = {
      description = var.redrive ? "The queue ${local.parked_queue_name} holds deliveries that Slack did not get, however often the function tried. README.md says how to post them." : "The failure queue holds deliveries that Slack did not get. README.md says how to post them."
      namespace   = "AWS/SQS", metric_name = "ApproximateNumberOfMessagesVisible", dimensions = { QueueName = var.redrive ? local.parked_queue_name : "${var.name}-failures" }
      statistic   = "Maximum", period = 300, evaluation_periods = 1, threshold = 1
    }
  }

  watch_stream = var.ingest != "kinesis" ? {} : {
    "lines-iterator-age" = {
      description = "The function is behind the stream by more than ${var.watch_delivery_lag_seconds} s."
      namespace   = "AWS/Lambda", metric_name = "IteratorAge", dimensions = { FunctionName = local.lines_name }
      statistic   = "Maximum", period = 300, evaluation_periods = 1, threshold = var.watch_delivery_lag_seconds * 1000
    }
  }

  watch_alarms = {
    for key, alarm in merge(local.watch_functions, local.watch_ledger, local.watch_memory, local.watch_slack, local.watch_table, local.watch_failure_queue, local.watch_stream) :
    key => alarm if var.create_watch_alarms
  }
  # The tick calls the function every minute, so silence means that something is broken.
  watch_heartbeat_name  = "${var.name}-watch-lines-silent"
  watch_subscriptions   = var.create_watch_alarms ? { for name in local.log_group_names : name => "${var.name}-watch-subscription ${name}" } : {}
  watch_destination     = { lambda = "Lambda", kinesis = "Kinesis" }[var.ingest]
  watch_with_heartbeat  = var.create_watch_alarms && local.tick_count > 0
  create_watch_topic    = var.create_watch_alarms && length(var.watch_topic_arns) == 0
  watch_alarm_actions   = length(var.watch_topic_arns) > 0 ? tolist(var.watch_topic_arns) : [for key, topic in aws_sns_topic.this : topic.arn if key == "watch"]
  watch_alarm_arn_start = "${local.arn_prefix.cloudwatch}:alarm:"
  watch_alarm_arns = concat(
    [for key in keys(local.watch_alarms) : "${local.watch_alarm_arn_start}${var.name}-watch-${key}"],
    [for name in values(local.watch_subscriptions) : "${local.watch_alarm_arn_start}${name}"],
    local.watch_with_heartbeat ? ["${local.watch_alarm_arn_start}${local.watch_heartbeat_name}"] : [],
  )
}

resource "aws_cloudwatch_metric_alarm" "watch" {
  for_each = local.watch_alarms

  alarm_name          = "${var.name}-watch-${each.key}"
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  metric_name         = each.value.metric_name
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  period              = each.value.period
  evaluation_periods  = each.value.evaluation_periods
  threshold           = each.value.threshold
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.watch_alarm_actions
  ok_actions          = local.watch_alarm_actions
  tags                = var.tags
}

resource "aws_cloudwatch_metric_alarm" "watch_heartbeat" {
  count = local.watch_with_heartbeat ? 1 : 0

  alarm_name          = local.watch_heartbeat_name
  alarm_description   = "${local.lines_name} has not run for 5 minutes, though the tick calls it every minute."
  namespace           = "AWS/Lambda"
  metric_name         = "Invocations"
  dimensions          = { FunctionName = local.lines_name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "LessThanThreshold"
  treat_missing_data  = "breaching"
  alarm_actions       = local.watch_alarm_actions
  ok_actions          = local.watch_alarm_actions
  tags                = var.tags
}

resource "aws_cloudwatch_metric_alarm" "watch_subscription" {
  for_each = local.watch_subscriptions

  alarm_name          = each.value
  alarm_description   = "CloudWatch Logs could not deliver log events of ${each.key}, or was throttled."
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.watch_alarm_actions
  ok_actions          = local.watch_alarm_actions
  tags                = var.tags

  metric_query {
    id          = "undelivered"
    label       = "Log events not delivered or throttled"
    expression  = "FILL(errors, 0) + FILL(throttling, 0)"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { errors = "DeliveryErrors", throttling = "DeliveryThrottling" }

    content {
      id = metric_query.key

      metric {
        namespace   = "AWS/Logs"
        metric_name = metric_query.value
        stat        = "Sum"
        period      = 300

        dimensions = {
          LogGroupName    = each.key
          DestinationType = local.watch_destination
          FilterName      = local.subscription_filter_name
        }
      }
    }
  }
}

resource "aws_sns_topic_subscription" "watch_email" {
  for_each = var.watch_email_addresses

  topic_arn = aws_sns_topic.this["watch"].arn
  protocol  = "email"
  endpoint  = each.value
}
