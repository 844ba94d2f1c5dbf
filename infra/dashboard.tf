# The dashboard: what happened, what Slack got, and whether all of it got there.

locals {
  dashboard_ledger = concat(
    ["Received", "Ok", "Ignored", "Unreadable", "Duplicate", "Matched", "Shown", "Counted", "Pending"],
    local.state_in_table ? ["Released"] : [],
    ["Failed", "Salvaged", "Undecodable", "Ambiguous"],
  )
  # In memory it is what a container holds after an invocation; with the table, what the invocation put there.
  dashboard_pending_stat = local.state_in_table ? "Sum" : "Maximum"

  dashboard_alarm_arns = concat(
    [for alarm in local.alarms : "${local.watch_alarm_arn_start}${alarm.name}"],
    local.watch_alarm_arns,
  )

  # Title, metrics, statistic, left label. Two in a row, six units high.
  dashboard_graphs = concat([
    {
      title   = "Errors by class"
      stat    = "Sum"
      metrics = [for name in ["ServerErrors", "ClientErrors"] : ["Statuswatch", name, "FunctionName", local.lines_name]]
    },
    {
      title = "Messages to Slack"
      stat  = "Sum"
      metrics = concat(
        [for name in ["Posted", "RateLimited", "Refused", "Unavailable", "Ambiguous", "Silent"] : ["Statuswatch", name, "FunctionName", local.lines_name]],
        [["Statuswatch", "Alarms", "FunctionName", local.alarms_name]],
      )
    },
    {
      title   = "Ledger: what became of every line"
      stat    = "Sum"
      metrics = [for name in local.dashboard_ledger : ["Statuswatch", name, "FunctionName", local.lines_name, { stat = name == "Pending" ? local.dashboard_pending_stat : "Sum" }]]
    },
    {
      title   = "Delivery lag, ms from line to Slack"
      stat    = "Maximum"
      metrics = [for stat in ["p50", "p99", "Maximum"] : ["Statuswatch", "DeliveryLag", "FunctionName", local.lines_name, { stat = stat, label = stat }]]
    },
    {
      title   = "Counted by rule"
      stat    = "Sum"
      metrics = [[{ expression = "SEARCH('{Statuswatch,FunctionName,Rule} MetricName=\"RuleHits\" FunctionName=\"${local.lines_name}\"', 'Sum', 60)", id = "hits" }]]
    },
    {
      title = "Function"
      stat  = "Sum"
      metrics = concat(
        [for name in ["Invocations", "Errors", "Throttles", "AsyncEventsDropped", "DestinationDeliveryFailures"] : ["AWS/Lambda", name, "FunctionName", local.lines_name]],
        [["AWS/Lambda", "Duration", "FunctionName", local.lines_name, { stat = "p99", yAxis = "right" }]],
      )
    },
    ], local.state_in_table ? [
    {
      title = "State table: errors, throttling, units"
      stat  = "Sum"
      metrics = concat(
        [for name in values(local.function_names) : ["Statuswatch", "StoreErrors", "FunctionName", name]],
        [for name in ["ReadThrottleEvents", "WriteThrottleEvents"] : ["AWS/DynamoDB", name, "TableName", local.state_table_name]],
        [for name in ["ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits"] : ["AWS/DynamoDB", name, "TableName", local.state_table_name, { yAxis = "right" }]],
      )
    },
  ] : [])
}

resource "aws_cloudwatch_dashboard" "this" {
  count = var.create_dashboard ? 1 : 0

  dashboard_name = var.name

  dashboard_body = jsonencode({
    widgets = concat(
      [for index, graph in local.dashboard_graphs : {
        type   = "metric"
        x      = index % 2 * 12
        y      = floor(index / 2) * 6
        width  = 12
        height = 6
        properties = {
          title   = graph.title
          region  = local.region
          view    = "timeSeries"
          period  = 60
          stat    = graph.stat
          metrics = graph.metrics
        }
      }],
      [{
        type   = "alarm"
        x      = 0
        y      = ceil(length(local.dashboard_graphs) / 2) * 6
        width  = 24
        height = 4
        properties = {
          title = "Alarms"
          # A widget takes 100.
          alarms = slice(local.dashboard_alarm_arns, 0, min(100, length(local.dashboard_alarm_arns)))
        }
      }],
    )
  })
}
