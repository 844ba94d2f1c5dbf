# The defaults, applied to a provider that answers by itself. In a file of its own, since an override of one of a
# resource's instances is Terraform's: the public workflow leaves this file out with OpenTofu.

mock_provider "aws" {
  mock_data "aws_caller_identity" { defaults = { account_id = "123456789012" } }
  mock_data "aws_partition" { defaults = { partition = "aws", dns_suffix = "amazonaws.com" } }
  mock_data "aws_region" { defaults = { id = "eu-west-1" } }
}

variables {
  package_path = "tests/package.placeholder"
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
    target = aws_lambda_function.function["lines"]
    values = { arn = "arn:aws:lambda:eu-west-1:123456789012:function:statuswatch-lines" }
  }
  override_resource {
    target = aws_lambda_function.function["alarms"]
    values = { arn = "arn:aws:lambda:eu-west-1:123456789012:function:statuswatch-alarms" }
  }
  override_resource {
    target = aws_iam_role.function["lines"]
    values = { arn = "arn:aws:iam::123456789012:role/statuswatch-lines" }
  }
  override_resource {
    target = aws_iam_role.function["alarms"]
    values = { arn = "arn:aws:iam::123456789012:role/statuswatch-alarms" }
  }
  override_resource {
    target = aws_sqs_queue.this["failures"]
    values = { arn = "arn:aws:sqs:eu-west-1:123456789012:statuswatch-failures", url = "https://sqs.eu-west-1.amazonaws.com/123456789012/statuswatch-failures" }
  }
  override_resource {
    target = aws_sns_topic.this["alarms"]
    values = { arn = "arn:aws:sns:eu-west-1:123456789012:statuswatch-alarms" }
  }
  override_resource {
    target = aws_sns_topic.this["watch"]
    values = { arn = "arn:aws:sns:eu-west-1:123456789012:statuswatch-watch" }
  }
  override_resource {
    target = aws_cloudwatch_log_group.access_log
    values = { arn = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/apigateway/statuswatch-accesslog" }
  }

  assert {
    condition = (
      aws_lambda_function_event_invoke_config.function["lines"].destination_config[0].on_failure[0].destination == "arn:aws:sqs:eu-west-1:123456789012:statuswatch-failures" &&
      aws_lambda_function_event_invoke_config.function["alarms"].destination_config[0].on_failure[0].destination == "arn:aws:sqs:eu-west-1:123456789012:statuswatch-failures"
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
