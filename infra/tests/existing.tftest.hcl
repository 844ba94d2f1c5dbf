# What exists already is plugged in, with the permissions that it takes and no more.

mock_provider "aws" {
  mock_data "aws_caller_identity" { defaults = { account_id = "123456789012" } }
  mock_data "aws_partition" { defaults = { partition = "aws", dns_suffix = "amazonaws.com" } }
  mock_data "aws_region" { defaults = { id = "eu-west-1" } }
}

variables {
  package_path           = "tests/package.placeholder"
  webhook_parameter_name = "/slack/webhook"
}

run "nothing_is_plugged_in_by_default" {
  command = plan

  assert {
    condition = alltrue([for function in [aws_lambda_function.function["lines"], aws_lambda_function.function["alarms"]] :
      length(function.vpc_config) == 0 && function.kms_key_arn == null && function.code_signing_config_arn == null
    ])
    error_message = "the functions are in Lambda's own network, under Lambda's own key"
  }
  assert {
    condition     = length(aws_iam_role_policy.vpc) == 0 && length(aws_iam_role_policy.tracing) == 0 && length(aws_iam_role_policy.environment_key) == 0 && length(aws_lambda_permission.external_alarm) == 0 && length(aws_sns_topic_subscription.external_alarm_topic) == 0
    error_message = "and nobody has more permissions for it"
  }
  assert {
    condition     = aws_cloudwatch_log_group.function["lines"].log_group_class == "STANDARD" && aws_cloudwatch_log_group.function["alarms"].log_group_class == "STANDARD"
    error_message = "metrics are made of the functions' log lines"
  }
}

run "everything_that_exists" {
  command = plan

  variables {
    external_alarm_arns       = ["arn:aws:cloudwatch:eu-west-1:123456789012:alarm:latency"]
    external_alarm_topic_arns = ["arn:aws:sns:eu-west-1:999999999999:platform-alarms"]
    watch_topic_arns          = ["arn:aws:sns:eu-west-1:123456789012:ops"]
    vpc                       = { subnet_ids = ["subnet-0a", "subnet-0b"], security_group_ids = ["sg-0c"] }
    tracing_mode              = "Active"
    environment_kms_key_arn   = "arn:aws:kms:eu-west-1:123456789012:key/environment"
    code_signing_config_arn   = "arn:aws:lambda:eu-west-1:123456789012:code-signing-config:csc-0123456789abcdef0"
  }

  assert {
    condition = (
      aws_lambda_permission.external_alarm["arn:aws:cloudwatch:eu-west-1:123456789012:alarm:latency"].principal == "lambda.alarms.cloudwatch.amazonaws.com" &&
      aws_lambda_permission.external_alarm["arn:aws:cloudwatch:eu-west-1:123456789012:alarm:latency"].source_arn == "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:latency" &&
      aws_lambda_permission.external_alarm["arn:aws:cloudwatch:eu-west-1:123456789012:alarm:latency"].source_account == "123456789012" &&
      aws_lambda_permission.external_alarm["arn:aws:cloudwatch:eu-west-1:123456789012:alarm:latency"].function_name == "statuswatch-alarms"
    )
    error_message = "an alarm that the module did not make may call the function for alarms"
  }
  assert {
    condition     = contains(jsondecode(aws_sns_topic_policy.this["alarms"].policy).Statement[0].Condition.ArnEquals["aws:SourceArn"], "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:latency")
    error_message = "or publish to its topic"
  }
  assert {
    condition = (
      aws_sns_topic_subscription.external_alarm_topic["arn:aws:sns:eu-west-1:999999999999:platform-alarms"].protocol == "lambda" &&
      aws_lambda_permission.external_alarm_topic["arn:aws:sns:eu-west-1:999999999999:platform-alarms"].principal == "sns.amazonaws.com" &&
      aws_lambda_permission.external_alarm_topic["arn:aws:sns:eu-west-1:999999999999:platform-alarms"].source_arn == "arn:aws:sns:eu-west-1:999999999999:platform-alarms" &&
      aws_lambda_permission.external_alarm_topic["arn:aws:sns:eu-west-1:999999999999:platform-alarms"].function_name == "statuswatch-alarms"
    )
    error_message = "the function for alarms is subscribed to the topic that exists, which may call it"
  }
  assert {
    condition = (
      !contains(keys(aws_sns_topic.this), "watch") && !contains(keys(aws_sns_topic_policy.this), "watch") && output.watch_topic_arn == null &&
      alltrue([for alarm in concat(values(aws_cloudwatch_metric_alarm.watch), values(aws_cloudwatch_metric_alarm.watch_subscription), aws_cloudwatch_metric_alarm.watch_heartbeat) :
        alarm.alarm_actions == toset(["arn:aws:sns:eu-west-1:123456789012:ops"]) && alarm.ok_actions == alarm.alarm_actions
      ])
    )
    error_message = "the alarms on statuswatch itself go to the topic that exists"
  }
  assert {
    condition = alltrue([for function in [aws_lambda_function.function["lines"], aws_lambda_function.function["alarms"]] : (
      function.vpc_config[0].subnet_ids == toset(["subnet-0a", "subnet-0b"]) &&
      function.vpc_config[0].security_group_ids == toset(["sg-0c"]) &&
      function.tracing_config[0].mode == "Active" &&
      function.kms_key_arn == "arn:aws:kms:eu-west-1:123456789012:key/environment" &&
      function.code_signing_config_arn == "arn:aws:lambda:eu-west-1:123456789012:code-signing-config:csc-0123456789abcdef0"
    )])
    error_message = "both functions have network, traces, key and code signing"
  }
  assert {
    condition = alltrue([for name, policy in aws_iam_role_policy.vpc : (
      jsondecode(policy.policy).Statement[0] == {
        Effect   = "Allow"
        Action   = ["ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:UnassignPrivateIpAddresses"]
        Resource = "arn:aws:ec2:eu-west-1:123456789012:*/*"
      } &&
      jsondecode(policy.policy).Statement[1] == { Effect = "Allow", Action = ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"], Resource = "*" } &&
      jsondecode(policy.policy).Statement[2].Effect == "Deny" &&
      jsondecode(policy.policy).Statement[2].Condition == { ArnEquals = { "lambda:SourceFunctionArn" = "arn:aws:lambda:eu-west-1:123456789012:function:statuswatch-${name}" } }
    )]) && length(aws_iam_role_policy.vpc) == 2
    error_message = "Lambda may keep network interfaces by the roles, the functions' code may not"
  }
  assert {
    condition = alltrue([for policy in aws_iam_role_policy.tracing : jsondecode(policy.policy).Statement == [
      { Effect = "Allow", Action = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"], Resource = "*" }
    ]]) && length(aws_iam_role_policy.tracing) == 2
    error_message = "traces may be written"
  }
  assert {
    condition = alltrue([for policy in aws_iam_role_policy.environment_key : jsondecode(policy.policy).Statement == [
      { Effect = "Allow", Action = "kms:Decrypt", Resource = "arn:aws:kms:eu-west-1:123456789012:key/environment" }
    ]]) && length(aws_iam_role_policy.environment_key) == 2
    error_message = "the environment may be decrypted"
  }
}

run "a_cheaper_class_of_log" {
  command = plan
  variables {
    function_log_class  = "INFREQUENT_ACCESS"
    create_watch_alarms = false
    create_dashboard    = false
  }

  assert {
    condition     = aws_cloudwatch_log_group.function["lines"].log_group_class == "INFREQUENT_ACCESS" && aws_cloudwatch_log_group.function["alarms"].log_group_class == "INFREQUENT_ACCESS" && length(aws_cloudwatch_log_subscription_filter.this) == 1
    error_message = "the functions' own logs have it"
  }
}

run "topics_and_queues_are_reached_encrypted_only" {
  command = plan
  variables { redrive = true }

  assert {
    condition = alltrue([for policy, of in {
      (aws_sns_topic_policy.this["alarms"].policy)   = { action = "sns:Publish", resource = "arn:aws:sns:eu-west-1:123456789012:statuswatch-alarms" }
      (aws_sns_topic_policy.this["watch"].policy)    = { action = "sns:Publish", resource = "arn:aws:sns:eu-west-1:123456789012:statuswatch-watch" }
      (aws_sqs_queue_policy.this["failures"].policy) = { action = "sqs:*", resource = "arn:aws:sqs:eu-west-1:123456789012:statuswatch-failures" }
      (aws_sqs_queue_policy.this["parked"].policy)   = { action = "sqs:*", resource = "arn:aws:sqs:eu-west-1:123456789012:statuswatch-failures-parked" }
      } : contains(jsondecode(policy).Statement, {
        Sid       = "OnlyEncrypted"
        Effect    = "Deny"
        Principal = { AWS = "*" }
        Action    = of.action
        Resource  = of.resource
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
    })])
    error_message = "what comes without TLS is denied"
  }
}

run "a_bucket_is_reached_encrypted_only" {
  command = plan
  variables { failure_destination = "s3" }

  assert {
    condition = jsondecode(aws_s3_bucket_policy.failures[0].policy).Statement == [{
      Sid       = "OnlyEncrypted"
      Effect    = "Deny"
      Principal = { AWS = "*" }
      Action    = "s3:*"
      Resource  = ["arn:aws:s3:::statuswatch-failures-123456789012-eu-west-1", "arn:aws:s3:::statuswatch-failures-123456789012-eu-west-1/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
    error_message = "what comes without TLS is denied"
  }
}

run "a_topic_of_another_region" {
  command = plan
  variables { external_alarm_topic_arns = ["arn:aws:sns:us-east-1:123456789012:alarms"] }
  expect_failures = [aws_sns_topic_subscription.external_alarm_topic]
}
