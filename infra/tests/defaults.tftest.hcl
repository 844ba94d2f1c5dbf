# What one gets with nothing but a webhook.

mock_provider "aws" {
  mock_data "aws_caller_identity" { defaults = { account_id = "123456789012" } }
  mock_data "aws_partition" { defaults = { partition = "aws", dns_suffix = "amazonaws.com" } }
  mock_data "aws_region" { defaults = { id = "eu-west-1" } }
}

variables {
  package_path           = "tests/package.placeholder"
  webhook_parameter_name = "/slack/webhook"
}

run "access_log" {
  command = plan

  assert {
    condition     = aws_cloudwatch_log_group.access_log[0].name == "/aws/apigateway/statuswatch-accesslog"
    error_message = "the access log's group is named after the instance"
  }
  assert {
    condition     = aws_cloudwatch_log_group.access_log[0].retention_in_days == 90
    error_message = "the access log is kept for 90 days"
  }
  assert {
    condition     = length(aws_api_gateway_account.this) == 0 && length(aws_iam_role.api_gateway) == 0
    error_message = "the account's API Gateway setting is left alone"
  }
}

run "alarm" {
  command = plan

  assert {
    condition     = aws_cloudwatch_log_metric_filter.errors["/aws/apigateway/statuswatch-accesslog"].pattern == "{ ($.status = 4*) || ($.status = 5*) }"
    error_message = "the metric filter counts 4xx and 5xx"
  }
  assert {
    condition     = keys(aws_cloudwatch_metric_alarm.errors) == ["metric_filter"]
    error_message = "there is one alarm, on CloudWatch's own count"
  }
  assert {
    condition = (
      aws_cloudwatch_metric_alarm.errors["metric_filter"].alarm_name == "APIGateway statuswatch accesslog 4xx5xxError" &&
      aws_cloudwatch_metric_alarm.errors["metric_filter"].threshold == 1 &&
      aws_cloudwatch_metric_alarm.errors["metric_filter"].period == 60 &&
      aws_cloudwatch_metric_alarm.errors["metric_filter"].evaluation_periods == 1 &&
      aws_cloudwatch_metric_alarm.errors["metric_filter"].statistic == "Sum" &&
      aws_cloudwatch_metric_alarm.errors["metric_filter"].comparison_operator == "GreaterThanOrEqualToThreshold" &&
      aws_cloudwatch_metric_alarm.errors["metric_filter"].treat_missing_data == "notBreaching"
    )
    error_message = "one error in one minute raises the alarm, no data does not"
  }
  assert {
    condition = (
      one(aws_cloudwatch_log_metric_filter.errors["/aws/apigateway/statuswatch-accesslog"].metric_transformation).namespace == aws_cloudwatch_metric_alarm.errors["metric_filter"].namespace &&
      one(aws_cloudwatch_log_metric_filter.errors["/aws/apigateway/statuswatch-accesslog"].metric_transformation).name == aws_cloudwatch_metric_alarm.errors["metric_filter"].metric_name
    )
    error_message = "the alarm looks at the metric that the filter publishes"
  }
  assert {
    condition = (
      aws_cloudwatch_metric_alarm.errors["metric_filter"].alarm_actions == toset(["arn:aws:sns:eu-west-1:123456789012:statuswatch-alarms", "arn:aws:lambda:eu-west-1:123456789012:function:statuswatch-alarms"]) &&
      aws_cloudwatch_metric_alarm.errors["metric_filter"].ok_actions == aws_cloudwatch_metric_alarm.errors["metric_filter"].alarm_actions
    )
    error_message = "ALARM and OK both go to the topic and to the function"
  }
  assert {
    condition     = length(aws_chatbot_slack_channel_configuration.alarm) == 0 && length(aws_iam_role.chatbot) == 0
    error_message = "Chatbot is off"
  }
}

run "functions" {
  command = plan

  assert {
    condition = alltrue([for function in [aws_lambda_function.lines, aws_lambda_function.alarms] : (
      function.runtime == "provided.al2023" &&
      function.handler == "bootstrap" &&
      function.architectures == tolist(["x86_64"]) &&
      function.memory_size == 128 &&
      function.timeout == 30 &&
      function.logging_config[0].log_format == "JSON" &&
      function.logging_config[0].application_log_level == "INFO"
    )])
    error_message = "both functions run the package on Amazon Linux 2023 and log JSON"
  }
  assert {
    condition     = aws_lambda_function.lines.source_code_hash == filebase64sha256("tests/package.placeholder") && aws_lambda_function.alarms.source_code_hash == aws_lambda_function.lines.source_code_hash
    error_message = "both functions come from one package, and change with it"
  }
  assert {
    condition     = aws_lambda_function.lines.reserved_concurrent_executions == 2 && aws_lambda_function.alarms.reserved_concurrent_executions == 1
    error_message = "two containers for lines, one for alarms"
  }
  assert {
    condition = alltrue([for config in [aws_lambda_function_event_invoke_config.lines, aws_lambda_function_event_invoke_config.alarms] : (
      config.maximum_event_age_in_seconds == 3600 && config.maximum_retry_attempts == 2
    )])
    error_message = "a delivery is tried three times within an hour"
  }
  assert {
    condition     = aws_cloudwatch_log_group.lines.retention_in_days == 30 && aws_cloudwatch_log_group.alarms.retention_in_days == 30
    error_message = "the functions' own logs have a retention"
  }
  assert {
    condition     = aws_sqs_queue.failures[0].name == "statuswatch-failures" && aws_sqs_queue.failures[0].sqs_managed_sse_enabled && length(aws_s3_bucket.failures) == 0 && length(aws_lambda_event_source_mapping.redrive) == 0 && length(aws_sqs_queue.parked) == 0 && length(aws_iam_role_policy.redrive) == 0
    error_message = "failed deliveries go to an encrypted queue"
  }
}

run "environment" {
  command = plan

  assert {
    condition = aws_lambda_function.lines.environment[0].variables == tomap({
      SLACK_WEBHOOK_PARAMETER            = "/slack/webhook"
      STATUSWATCH_STATE_TABLE            = "statuswatch-state"
      STATUSWATCH_FORMAT                 = "auto"
      STATUSWATCH_MAX_LINES              = "20"
      STATUSWATCH_NOTIFY                 = "incidents"
      STATUSWATCH_FOLLOW_UPS             = "1m*5,5m*5,15m*6,1h"
      STATUSWATCH_QUIET_SECONDS          = "300"
      STATUSWATCH_BURST                  = "5"
      STATUSWATCH_SPACING_SECONDS        = "5"
      STATUSWATCH_MAX_DECOMPRESSED_BYTES = "134217728"
    })
    error_message = "the environment holds the contract's defaults and the webhook's name"
  }
  assert {
    condition = aws_lambda_function.alarms.environment[0].variables == tomap({
      SLACK_WEBHOOK_PARAMETER      = "/slack/webhook"
      STATUSWATCH_STATE_TABLE      = "statuswatch-state"
      STATUSWATCH_LOG_GROUPS       = "/aws/apigateway/statuswatch-accesslog"
      STATUSWATCH_ALARM_LOG_GROUPS = "{\"APIGateway statuswatch accesslog 4xx5xxError\":[\"/aws/apigateway/statuswatch-accesslog\"]}"
      STATUSWATCH_NOTIFY           = "incidents"
      STATUSWATCH_FOLLOW_UPS       = "1m*5,5m*5,15m*6,1h"
      STATUSWATCH_QUIET_SECONDS    = "300"
      STATUSWATCH_BURST            = "5"
      STATUSWATCH_SPACING_SECONDS  = "5"
      STATUSWATCH_MAX_LINES        = "20"
    })
    error_message = "the function for alarms gets what concerns alarms, and tells of incidents as the other one does"
  }
  assert {
    condition     = length(aws_iam_role_policy.alarm_lines) == 0
    error_message = "it may read no log group unless that is asked for"
  }
}

run "subscription" {
  command = plan

  assert {
    condition = (
      keys(aws_cloudwatch_log_subscription_filter.this) == ["/aws/apigateway/statuswatch-accesslog"] &&
      aws_cloudwatch_log_subscription_filter.this["/aws/apigateway/statuswatch-accesslog"].filter_pattern == "" &&
      aws_cloudwatch_log_subscription_filter.this["/aws/apigateway/statuswatch-accesslog"].name == "statuswatch-lambda"
    )
    error_message = "every line of the access log is sent to the function"
  }
  assert {
    condition     = length(aws_kinesis_stream.lines) == 0 && length(aws_lambda_event_source_mapping.lines) == 0
    error_message = "there is no stream"
  }
}

run "state_table" {
  command = plan

  assert {
    condition = (
      aws_dynamodb_table.state[0].name == "statuswatch-state" &&
      aws_dynamodb_table.state[0].billing_mode == "PAY_PER_REQUEST" &&
      aws_dynamodb_table.state[0].hash_key == "pk" &&
      aws_dynamodb_table.state[0].range_key == "sk" &&
      toset(aws_dynamodb_table.state[0].attribute) == toset([{ name = "pk", type = "S" }, { name = "sk", type = "S" }])
    )
    error_message = "the table has the keys that the function uses, and is paid for by use"
  }
  assert {
    condition     = aws_dynamodb_table.state[0].ttl[0].attribute_name == "expires" && aws_dynamodb_table.state[0].ttl[0].enabled
    error_message = "what is over goes by itself"
  }
  assert {
    condition = (
      length(aws_dynamodb_table.state[0].server_side_encryption) == 0 &&
      !aws_dynamodb_table.state[0].point_in_time_recovery[0].enabled &&
      !aws_dynamodb_table.state[0].deletion_protection_enabled
    )
    error_message = "DynamoDB's own key encrypts it, it has no recovery, and destroying the module removes it"
  }
  assert {
    condition     = output.state_table_name == "statuswatch-state"
    error_message = "the output names the table"
  }
}

run "tick" {
  command = plan

  assert {
    condition     = [for rule in aws_cloudwatch_event_rule.tick : rule.schedule_expression] == ["rate(1 minute)"]
    error_message = "one rule ticks every minute"
  }
  assert {
    condition     = toset([for target in aws_cloudwatch_event_target.tick : target.target_id]) == toset(["lines-0"])
    error_message = "the tick has one target: any container finds everything in the table"
  }
}

run "whole_applies" {
  command = apply

  variables {
    # `terraform test` cannot apply while an ephemeral variable is unset.
    webhook_parameter_name = null
    webhook_url            = "https://hooks.slack.com/services/T000/B000/XXXX"
  }

  # ARNs that the mocked provider would make up, and the real one would refuse.
  override_resource {
    target = aws_lambda_function.lines
    values = { arn = "arn:aws:lambda:eu-west-1:123456789012:function:statuswatch-lines" }
  }
  override_resource {
    target = aws_lambda_function.alarms
    values = { arn = "arn:aws:lambda:eu-west-1:123456789012:function:statuswatch-alarms" }
  }
  override_resource {
    target = aws_iam_role.lines
    values = { arn = "arn:aws:iam::123456789012:role/statuswatch-lines" }
  }
  override_resource {
    target = aws_iam_role.alarms
    values = { arn = "arn:aws:iam::123456789012:role/statuswatch-alarms" }
  }
  override_resource {
    target = aws_sqs_queue.failures
    values = { arn = "arn:aws:sqs:eu-west-1:123456789012:statuswatch-failures", url = "https://sqs.eu-west-1.amazonaws.com/123456789012/statuswatch-failures" }
  }
  override_resource {
    target = aws_sns_topic.alarm
    values = { arn = "arn:aws:sns:eu-west-1:123456789012:statuswatch-alarms" }
  }
  override_resource {
    target = aws_sns_topic.watch
    values = { arn = "arn:aws:sns:eu-west-1:123456789012:statuswatch-watch" }
  }
  override_resource {
    target = aws_cloudwatch_log_group.access_log
    values = { arn = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/apigateway/statuswatch-accesslog" }
  }

  assert {
    condition = (
      aws_lambda_function_event_invoke_config.lines.destination_config[0].on_failure[0].destination == "arn:aws:sqs:eu-west-1:123456789012:statuswatch-failures" &&
      aws_lambda_function_event_invoke_config.alarms.destination_config[0].on_failure[0].destination == "arn:aws:sqs:eu-west-1:123456789012:statuswatch-failures"
    )
    error_message = "both functions send what failed to the queue"
  }
  assert {
    condition     = aws_cloudwatch_log_subscription_filter.this["/aws/apigateway/statuswatch-accesslog"].destination_arn == output.lines_function_arn
    error_message = "the filter's destination is the function for lines"
  }
  assert {
    condition     = aws_sns_topic_subscription.alarm_function.endpoint == output.alarms_function_arn && aws_sns_topic_subscription.alarm_function.protocol == "lambda"
    error_message = "the topic's subscriber is the function for alarms"
  }
  assert {
    condition     = output.access_log_destination_arn == "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/apigateway/statuswatch-accesslog"
    error_message = "the output names the log group that API Gateway is to write to"
  }
  assert {
    condition     = output.failure_queue_url != null && output.failure_bucket == null && output.stream_name == null && output.webhook_parameter_name == "/statuswatch/slack-webhook"
    error_message = "outputs are null where there is nothing"
  }
}
