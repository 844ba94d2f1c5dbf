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
    condition = alltrue([for function in [aws_lambda_function.function["lines"], aws_lambda_function.function["alarms"]] : (
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
    condition     = aws_lambda_function.function["lines"].source_code_hash == filebase64sha256("tests/package.placeholder") && aws_lambda_function.function["alarms"].source_code_hash == aws_lambda_function.function["lines"].source_code_hash
    error_message = "both functions come from one package, and change with it"
  }
  assert {
    condition     = aws_lambda_function.function["lines"].reserved_concurrent_executions == 2 && aws_lambda_function.function["alarms"].reserved_concurrent_executions == 1
    error_message = "two containers for lines, one for alarms"
  }
  assert {
    condition = alltrue([for config in [aws_lambda_function_event_invoke_config.function["lines"], aws_lambda_function_event_invoke_config.function["alarms"]] : (
      config.maximum_event_age_in_seconds == 3600 && config.maximum_retry_attempts == 2
    )])
    error_message = "a delivery is tried three times within an hour"
  }
  assert {
    condition     = aws_cloudwatch_log_group.function["lines"].retention_in_days == 30 && aws_cloudwatch_log_group.function["alarms"].retention_in_days == 30
    error_message = "the functions' own logs have a retention"
  }
  assert {
    condition     = aws_sqs_queue.this["failures"].name == "statuswatch-failures" && aws_sqs_queue.this["failures"].sqs_managed_sse_enabled && length(aws_s3_bucket.failures) == 0 && length(aws_lambda_event_source_mapping.redrive) == 0 && !contains(keys(aws_sqs_queue.this), "parked") && length(aws_iam_role_policy.redrive) == 0
    error_message = "failed deliveries go to an encrypted queue"
  }
}

run "environment" {
  command = plan

  assert {
    condition = aws_lambda_function.function["lines"].environment[0].variables == tomap({
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
    condition = aws_lambda_function.function["alarms"].environment[0].variables == tomap({
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
