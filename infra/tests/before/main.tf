# What moved.tf is about, at the addresses of before: enough of each resource for Terraform to know it again.
# It is never applied but to the mocked provider of tests/moved.tftest.hcl.

locals {
  policy = jsonencode({ Version = "2012-10-17", Statement = [] })
}

resource "aws_cloudwatch_log_group" "lines" { name = "/aws/lambda/statuswatch-lines" }
resource "aws_cloudwatch_log_group" "alarms" { name = "/aws/lambda/statuswatch-alarms" }

resource "aws_iam_role" "lines" {
  name               = "statuswatch-lines"
  assume_role_policy = local.policy
}

resource "aws_iam_role" "alarms" {
  name               = "statuswatch-alarms"
  assume_role_policy = local.policy
}

resource "aws_iam_role_policy" "lines_logs" {
  name   = "logs"
  role   = "statuswatch-lines"
  policy = local.policy
}

resource "aws_iam_role_policy" "alarms_logs" {
  name   = "logs"
  role   = "statuswatch-alarms"
  policy = local.policy
}

resource "aws_lambda_function" "lines" {
  function_name = "statuswatch-lines"
  role          = "arn:aws:iam::123456789012:role/statuswatch-lines"
  filename      = "tests/package.placeholder"
  runtime       = "provided.al2023"
  handler       = "bootstrap"
}

resource "aws_lambda_function" "alarms" {
  function_name = "statuswatch-alarms"
  role          = "arn:aws:iam::123456789012:role/statuswatch-alarms"
  filename      = "tests/package.placeholder"
  runtime       = "provided.al2023"
  handler       = "bootstrap"
}

resource "aws_lambda_function_event_invoke_config" "lines" { function_name = "statuswatch-lines" }
resource "aws_lambda_function_event_invoke_config" "alarms" { function_name = "statuswatch-alarms" }

resource "aws_sns_topic" "alarm" { name = "statuswatch-alarms" }

resource "aws_sns_topic" "watch" {
  count = 1

  name = "statuswatch-watch"
}

resource "aws_sns_topic_policy" "alarm" {
  arn    = "arn:aws:sns:eu-west-1:123456789012:statuswatch-alarms"
  policy = local.policy
}

resource "aws_sns_topic_policy" "watch" {
  count = 1

  arn    = "arn:aws:sns:eu-west-1:123456789012:statuswatch-watch"
  policy = local.policy
}

resource "aws_sqs_queue" "failures" {
  count = 1

  name = "statuswatch-failures"
}

resource "aws_sqs_queue" "parked" {
  count = 1

  name = "statuswatch-failures-parked"
}

resource "aws_sqs_queue_policy" "failures" {
  count = 1

  queue_url = "https://sqs.eu-west-1.amazonaws.com/123456789012/statuswatch-failures"
  policy    = local.policy
}

resource "aws_sqs_queue_policy" "parked" {
  count = 1

  queue_url = "https://sqs.eu-west-1.amazonaws.com/123456789012/statuswatch-failures-parked"
  policy    = local.policy
}

output "ids" {
  value = {
    log_groups = [aws_cloudwatch_log_group.lines.id, aws_cloudwatch_log_group.alarms.id]
    roles      = [aws_iam_role.lines.id, aws_iam_role.alarms.id]
    policies   = [aws_iam_role_policy.lines_logs.id, aws_iam_role_policy.alarms_logs.id]
    functions  = [aws_lambda_function.lines.id, aws_lambda_function.alarms.id]
    configs    = [aws_lambda_function_event_invoke_config.lines.id, aws_lambda_function_event_invoke_config.alarms.id]
    topics     = [aws_sns_topic.alarm.id, aws_sns_topic.watch[0].id, aws_sns_topic_policy.alarm.id, aws_sns_topic_policy.watch[0].id]
    queues     = [aws_sqs_queue.failures[0].id, aws_sqs_queue.parked[0].id, aws_sqs_queue_policy.failures[0].id, aws_sqs_queue_policy.parked[0].id]
  }
}
