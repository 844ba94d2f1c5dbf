# The failure queue as a source of the function. In a file of its own, since `override_during` is Terraform's: the public
# workflow leaves this file out with OpenTofu.

mock_provider "aws" {
  mock_data "aws_caller_identity" { defaults = { account_id = "123456789012" } }
  mock_data "aws_partition" { defaults = { partition = "aws", dns_suffix = "amazonaws.com" } }
  mock_data "aws_region" { defaults = { id = "eu-west-1" } }
}

variables {
  package_path           = "tests/package.placeholder"
  webhook_parameter_name = "/slack/webhook"
}

run "failures_are_taken_up_again" {
  command = plan
  variables {
    redrive                     = true
    redrive_interval_in_minutes = 15
    redrive_attempts            = 40
  }
  override_resource {
    target          = aws_sqs_queue.this["failures"]
    override_during = plan
    values          = { arn = "arn:aws:sqs:eu-west-1:123456789012:statuswatch-failures", id = "https://sqs.eu-west-1.amazonaws.com/123456789012/statuswatch-failures" }
  }
  override_resource {
    target          = aws_sqs_queue.this["parked"]
    override_during = plan
    values          = { arn = "arn:aws:sqs:eu-west-1:123456789012:statuswatch-failures-parked" }
  }

  assert {
    condition = (
      aws_lambda_event_source_mapping.redrive[0].function_name == "statuswatch-lines" &&
      aws_lambda_event_source_mapping.redrive[0].event_source_arn == "arn:aws:sqs:eu-west-1:123456789012:statuswatch-failures" &&
      aws_lambda_event_source_mapping.redrive[0].function_response_types == toset(["ReportBatchItemFailures"]) &&
      aws_lambda_event_source_mapping.redrive[0].scaling_config[0].maximum_concurrency == 2
    )
    error_message = "the failure queue calls the function, which says what failed"
  }
  assert {
    condition     = aws_sqs_queue.this["failures"].visibility_timeout_seconds == 900
    error_message = "what failed comes again after the interval"
  }
  assert {
    condition = jsondecode(aws_sqs_queue_redrive_policy.failures[0].redrive_policy) == {
      deadLetterTargetArn = "arn:aws:sqs:eu-west-1:123456789012:statuswatch-failures-parked"
      maxReceiveCount     = 40
    } && aws_sqs_queue_redrive_policy.failures[0].queue_url == "https://sqs.eu-west-1.amazonaws.com/123456789012/statuswatch-failures"
    error_message = "what fails again and again is parked, and does not loop for ever"
  }
  assert {
    condition     = aws_sqs_queue.this["parked"].name == "statuswatch-failures-parked" && aws_sqs_queue.this["parked"].sqs_managed_sse_enabled && aws_sqs_queue.this["parked"].message_retention_seconds == 1209600
    error_message = "what is parked is encrypted and kept for as long as a queue can"
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.watch["failure-queue"].dimensions == tomap({ QueueName = "statuswatch-failures-parked" })
    error_message = "the alarm is on what needs a person"
  }
  assert {
    condition = (
      aws_lambda_function.function["lines"].environment[0].variables.STATUSWATCH_LOG_GROUPS == "/aws/apigateway/statuswatch-accesslog" &&
      aws_lambda_function.function["lines"].environment[0].variables.STATUSWATCH_ALARM_LOG_GROUPS == aws_lambda_function.function["alarms"].environment[0].variables.STATUSWATCH_ALARM_LOG_GROUPS
    )
    error_message = "a notice of an alarm is told by the other function as by its own"
  }
}
