output "access_log_destination_arn" {
  description = "ARN of the created log group, for a stage's access-log settings; null when none was created. It waits for the account's API Gateway role where the module sets it."
  value       = one(aws_cloudwatch_log_group.access_log[*].arn)

  # A REST stage that logs is refused while the account has no role.
  depends_on = [aws_api_gateway_account.this]
}

output "access_log_format_rest" {
  description = "Recommended access-log format for REST APIs: JSON that stays valid when there is an error."
  value       = local.access_log_format_rest
}

output "access_log_format_http" {
  description = "Recommended access-log format for HTTP APIs: JSON that stays valid when there is an error."
  value       = local.access_log_format_http
}

output "errors_only_filter_pattern" {
  description = "A `filter_pattern` that sends only lines with a status of 4xx or 5xx, broken JSON among them, for JSON formats whose status is quoted or a number."
  value       = "%\\x22status\\x22:\\s?\\x22?[45][0-9][0-9]%"
}

output "log_group_names" {
  description = "Names of the watched log groups."
  value       = local.log_group_names
}

output "apis" {
  description = "What each of `apis` has: the name of its log group, the ARN for its stage's access-log settings where the group was created, and the name of its alarm; null where there is none."
  value = {
    for key in keys(var.apis) : key => {
      log_group_name             = local.api_log_group_names[key]
      access_log_destination_arn = try(aws_cloudwatch_log_group.api[key].arn, null)
      alarm_name                 = try(aws_cloudwatch_metric_alarm.errors["api/${key}"].alarm_name, null)
    }
  }

  # A REST stage that logs is refused while the account has no role.
  depends_on = [aws_api_gateway_account.this]
}

output "lines_function_name" {
  description = "Name of the function that tells of lines."
  value       = aws_lambda_function.function["lines"].function_name
}

output "lines_function_arn" {
  description = "ARN of the function that tells of lines."
  value       = aws_lambda_function.function["lines"].arn
}

output "alarms_function_name" {
  description = "Name of the function that tells of alarms."
  value       = aws_lambda_function.function["alarms"].function_name
}

output "alarms_function_arn" {
  description = "ARN of the function that tells of alarms."
  value       = aws_lambda_function.function["alarms"].arn
}

output "alarm_names" {
  description = "Names of the alarms on errors, by what they count; those of `apis` are in the output of that name."
  value       = { for source in keys(local.shared_alarms) : source => aws_cloudwatch_metric_alarm.errors[source].alarm_name }
}

output "alarm_topic_arn" {
  description = "ARN of the topic that gets the alarms on errors."
  value       = aws_sns_topic.this["alarms"].arn
}

output "watch_topic_arn" {
  description = "ARN of the topic that gets the alarms on statuswatch itself; null without them."
  value       = try(aws_sns_topic.this["watch"].arn, null)
}

output "failure_queue_url" {
  description = "URL of the queue that holds what could not be told; null without it."
  value       = try(aws_sqs_queue.this["failures"].url, null)
}

output "parked_queue_url" {
  description = "URL of the queue that holds what was tried again in vain; null without `redrive`."
  value       = try(aws_sqs_queue.this["parked"].url, null)
}

output "failure_bucket" {
  description = "Name of the bucket that holds what could not be told; null without it."
  value       = one(aws_s3_bucket.failures[*].bucket)
}

output "stream_name" {
  description = "Name of the Kinesis stream; null without it."
  value       = one(aws_kinesis_stream.lines[*].name)
}

output "webhook_parameter_name" {
  description = "Name of the SSM parameter that holds the webhook; null where a secret does, and with a bot token."
  value       = local.uses_bot_token || local.slack_secret_name != null ? null : local.slack_parameter_name
}

output "state_table_name" {
  description = "Name of the table that holds incidents and what is deferred; null with `state = \"memory\"`."
  value       = one(aws_dynamodb_table.state[*].name)
}

output "dashboard_name" {
  description = "Name of the dashboard; null without it."
  value       = one(aws_cloudwatch_dashboard.this[*].dashboard_name)
}
