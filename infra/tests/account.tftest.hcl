# All log groups of an account by one policy.

mock_provider "aws" {
  mock_data "aws_caller_identity" { defaults = { account_id = "123456789012" } }
  mock_data "aws_partition" { defaults = { partition = "aws", dns_suffix = "amazonaws.com" } }
  mock_data "aws_region" { defaults = { id = "eu-west-1" } }
}

variables {
  package_path           = "tests/package.placeholder"
  webhook_parameter_name = "/slack/webhook"
}

run "none_by_default" {
  command = plan

  assert {
    condition     = length(aws_cloudwatch_log_account_policy.subscription) == 0
    error_message = "the account's subscription policy is left alone"
  }
}

run "all_but_the_functions_own" {
  command = plan

  variables {
    create_log_group     = false
    log_group_names      = ["/apis/orders"]
    account_subscription = { excluded_log_group_names = ["/vpc/flow"] }
  }

  assert {
    condition = (
      aws_cloudwatch_log_account_policy.subscription[0].policy_type == "SUBSCRIPTION_FILTER_POLICY" &&
      aws_cloudwatch_log_account_policy.subscription[0].selection_criteria == "LogGroupName NOT IN [\"/apis/orders\",\"/aws/lambda/statuswatch-alarms\",\"/aws/lambda/statuswatch-lines\",\"/vpc/flow\"]"
    )
    error_message = "the functions' own log groups and those with a filter are left out"
  }
  assert {
    condition = jsondecode(aws_cloudwatch_log_account_policy.subscription[0].policy_document) == {
      DestinationArn = "arn:aws:lambda:eu-west-1:123456789012:function:statuswatch-lines"
      FilterPattern  = output.errors_only_filter_pattern
      Distribution   = "Random"
    }
    error_message = "lines of errors go to the function"
  }
  assert {
    condition = (
      length(aws_lambda_permission.log_group) == 0 &&
      aws_lambda_permission.account[0].source_arn == "arn:aws:logs:eu-west-1:123456789012:log-group:*" &&
      aws_lambda_permission.account[0].source_account == "123456789012"
    )
    error_message = "any log group of the account may call the function"
  }
}

run "by_a_stream" {
  command = plan

  variables {
    alarm_source         = "both"
    create_log_group     = false
    ingest               = "kinesis"
    account_subscription = {}
  }

  assert {
    condition = (
      jsondecode(aws_cloudwatch_log_account_policy.subscription[0].policy_document).DestinationArn == "arn:aws:kinesis:eu-west-1:123456789012:stream/statuswatch-lines" &&
      jsondecode(aws_cloudwatch_log_account_policy.subscription[0].policy_document).RoleArn == "arn:aws:iam::123456789012:role/statuswatch-logs-to-stream" &&
      length(aws_lambda_permission.account) == 0
    )
    error_message = "by the role that writes to the stream"
  }
  assert {
    condition     = keys(aws_cloudwatch_metric_alarm.errors) == ["function"] && !contains(keys(aws_lambda_function.function["alarms"].environment[0].variables), "STATUSWATCH_ALARM_LOG_GROUPS")
    error_message = "no metric filter counts them, the function does"
  }
}
