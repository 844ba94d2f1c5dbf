# An instance that was applied before resources had the addresses of today keeps them: nothing is made anew. Runs that
# share a state are Terraform's: the public workflow leaves this file out with OpenTofu.

mock_provider "aws" {
  mock_data "aws_caller_identity" { defaults = { account_id = "123456789012" } }
  mock_data "aws_partition" { defaults = { partition = "aws", dns_suffix = "amazonaws.com" } }
  mock_data "aws_region" { defaults = { id = "eu-west-1" } }

  # ARNs that the mocked provider would make up, and the real one would refuse.
  mock_resource "aws_iam_role" { defaults = { arn = "arn:aws:iam::123456789012:role/any" } }
  mock_resource "aws_lambda_function" { defaults = { arn = "arn:aws:lambda:eu-west-1:123456789012:function:any" } }
  mock_resource "aws_sns_topic" { defaults = { arn = "arn:aws:sns:eu-west-1:123456789012:any" } }
  mock_resource "aws_sqs_queue" { defaults = { arn = "arn:aws:sqs:eu-west-1:123456789012:any" } }
}

variables {
  package_path           = "tests/package.placeholder"
  webhook_parameter_name = "/slack/webhook"
}

run "before" {
  command   = apply
  state_key = "instance"
  module { source = "./tests/before" }
}

run "today" {
  command   = plan
  state_key = "instance"
  variables { redrive = true }

  # The id of what would be made anew is not known to a plan.
  assert {
    condition = run.before.ids == {
      log_groups = [aws_cloudwatch_log_group.function["lines"].id, aws_cloudwatch_log_group.function["alarms"].id]
      roles      = [aws_iam_role.function["lines"].id, aws_iam_role.function["alarms"].id]
      policies   = [aws_iam_role_policy.function_logs["lines"].id, aws_iam_role_policy.function_logs["alarms"].id]
      functions  = [aws_lambda_function.function["lines"].id, aws_lambda_function.function["alarms"].id]
      configs    = [aws_lambda_function_event_invoke_config.function["lines"].id, aws_lambda_function_event_invoke_config.function["alarms"].id]
      topics     = [aws_sns_topic.this["alarms"].id, aws_sns_topic.this["watch"].id, aws_sns_topic_policy.this["alarms"].id, aws_sns_topic_policy.this["watch"].id]
      queues     = [aws_sqs_queue.this["failures"].id, aws_sqs_queue.this["parked"].id, aws_sqs_queue_policy.this["failures"].id, aws_sqs_queue_policy.this["parked"].id]
    }
    error_message = "each resource is the one that was there"
  }
}
