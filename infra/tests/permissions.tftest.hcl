# Who may call and who may do what: exact principals, actions and ARNs.

mock_provider "aws" {
  mock_data "aws_caller_identity" { defaults = { account_id = "123456789012" } }
  mock_data "aws_partition" { defaults = { partition = "aws", dns_suffix = "amazonaws.com" } }
  mock_data "aws_region" { defaults = { id = "eu-west-1" } }
}

variables {
  package_path           = "tests/package.placeholder"
  webhook_parameter_name = "/slack/webhook"
}

run "log_group_may_call" {
  command = plan

  assert {
    condition = (
      aws_lambda_permission.log_group["/aws/apigateway/statuswatch-accesslog"].principal == "logs.amazonaws.com" &&
      aws_lambda_permission.log_group["/aws/apigateway/statuswatch-accesslog"].action == "lambda:InvokeFunction" &&
      aws_lambda_permission.log_group["/aws/apigateway/statuswatch-accesslog"].function_name == "statuswatch-lines" &&
      aws_lambda_permission.log_group["/aws/apigateway/statuswatch-accesslog"].source_arn == "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/apigateway/statuswatch-accesslog:*" &&
      aws_lambda_permission.log_group["/aws/apigateway/statuswatch-accesslog"].source_account == "123456789012"
    )
    error_message = "CloudWatch Logs may call on behalf of that log group of this account"
  }
}

run "thirty_log_groups_have_a_permission_each" {
  command = plan
  variables {
    create_log_group = false
    log_group_names  = [for number in range(30) : "/apis/${number}"]
  }

  assert {
    condition     = length(aws_lambda_permission.log_group) == 30 && length(aws_lambda_permission.account) == 0
    error_message = "up to thirty log groups are named one by one"
  }
}

run "thirty_one_log_groups_share_one_permission" {
  command = plan
  variables {
    create_log_group = false
    log_group_names  = [for number in range(31) : "/apis/${number}"]
  }

  assert {
    condition = (
      length(aws_lambda_permission.log_group) == 0 &&
      aws_lambda_permission.account[0].source_arn == "arn:aws:logs:eu-west-1:123456789012:log-group:*" &&
      aws_lambda_permission.account[0].source_account == "123456789012"
    )
    error_message = "above thirty one permission stands for the account's log groups"
  }
}

run "tick_may_call" {
  command = plan

  assert {
    condition = (
      aws_lambda_permission.tick["0"].principal == "events.amazonaws.com" &&
      aws_lambda_permission.tick["0"].function_name == "statuswatch-lines" &&
      aws_lambda_permission.tick["0"].source_arn == "arn:aws:events:eu-west-1:123456789012:rule/statuswatch-tick-0" &&
      aws_lambda_permission.tick["0"].source_account == "123456789012"
    )
    error_message = "EventBridge may call on behalf of the tick"
  }
}

run "alarm_may_call" {
  command = plan

  assert {
    condition = (
      aws_lambda_permission.alarm_action["metric_filter"].principal == "lambda.alarms.cloudwatch.amazonaws.com" &&
      aws_lambda_permission.alarm_action["metric_filter"].function_name == "statuswatch-alarms" &&
      aws_lambda_permission.alarm_action["metric_filter"].source_arn == "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:APIGateway statuswatch accesslog 4xx5xxError" &&
      aws_lambda_permission.alarm_action["metric_filter"].source_account == "123456789012"
    )
    error_message = "CloudWatch may call on behalf of the alarm"
  }
  assert {
    condition = (
      aws_lambda_permission.alarm_topic.principal == "sns.amazonaws.com" &&
      aws_lambda_permission.alarm_topic.function_name == "statuswatch-alarms" &&
      aws_lambda_permission.alarm_topic.source_arn == "arn:aws:sns:eu-west-1:123456789012:statuswatch-alarms"
    )
    error_message = "SNS may call on behalf of the topic"
  }
}

run "topics_take_the_module_s_alarms_only" {
  command = plan
  variables { alarm_source = "both" }

  assert {
    condition = [jsondecode(aws_sns_topic_policy.this["alarms"].policy).Statement[0]] == [{
      Sid       = "AlarmsPublish"
      Effect    = "Allow"
      Principal = { Service = "cloudwatch.amazonaws.com" }
      Action    = "sns:Publish"
      Resource  = "arn:aws:sns:eu-west-1:123456789012:statuswatch-alarms"
      Condition = {
        ArnEquals = { "aws:SourceArn" = [
          "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:APIGateway statuswatch accesslog 4xx5xxError (function)",
          "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:APIGateway statuswatch accesslog 4xx5xxError",
        ] }
        StringEquals = { "aws:SourceAccount" = "123456789012" }
      }
    }]
    error_message = "the topic for alarms takes the alarms on errors"
  }
  assert {
    condition = toset(jsondecode(aws_sns_topic_policy.this["watch"].policy).Statement[0].Condition.ArnEquals["aws:SourceArn"]) == toset([
      for alarm in concat(values(aws_cloudwatch_metric_alarm.watch), values(aws_cloudwatch_metric_alarm.watch_subscription), aws_cloudwatch_metric_alarm.watch_heartbeat) :
      "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:${alarm.alarm_name}"
    ])
    error_message = "the watching topic takes every watching alarm and no other"
  }
}

run "functions_may_write_their_own_log" {
  command = plan

  assert {
    condition = jsondecode(aws_iam_role_policy.function_logs["lines"].policy).Statement == [{
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/statuswatch-lines:*"
    }]
    error_message = "the function for lines writes to its log group"
  }
  assert {
    condition     = jsondecode(aws_iam_role_policy.function_logs["alarms"].policy).Statement[0].Resource == "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/statuswatch-alarms:*"
    error_message = "the function for alarms writes to its log group"
  }
}

run "functions_may_read_the_webhook" {
  command = plan

  assert {
    condition = alltrue([for policy in aws_iam_role_policy.slack_secret : jsondecode(policy.policy).Statement == [{
      Effect   = "Allow"
      Action   = "ssm:GetParameter"
      Resource = "arn:aws:ssm:eu-west-1:123456789012:parameter/slack/webhook"
    }]]) && length(aws_iam_role_policy.slack_secret) == 2
    error_message = "both functions read that parameter"
  }
}

run "functions_may_decrypt_the_webhook" {
  command = plan
  variables { webhook_kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/one" }

  assert {
    condition = alltrue([for policy in aws_iam_role_policy.slack_secret : jsondecode(policy.policy).Statement[1] == {
      Effect   = "Allow"
      Action   = "kms:Decrypt"
      Resource = "arn:aws:kms:eu-west-1:123456789012:key/one"
    }])
    error_message = "both functions may use the webhook's key"
  }
}

run "functions_may_write_to_the_failure_queue" {
  command = plan
  variables { kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/one" }

  assert {
    condition = alltrue([for policy in aws_iam_role_policy.failure : jsondecode(policy.policy).Statement == [
      { Effect = "Allow", Action = ["sqs:SendMessage"], Resource = "arn:aws:sqs:eu-west-1:123456789012:statuswatch-failures" },
      { Effect = "Allow", Action = ["kms:Decrypt", "kms:GenerateDataKey"], Resource = "arn:aws:kms:eu-west-1:123456789012:key/one" },
    ]]) && length(aws_iam_role_policy.failure) == 2
    error_message = "both functions write to the queue and use its key"
  }
}

run "the_function_for_lines_may_take_up_the_failure_queue" {
  command = plan
  variables {
    redrive     = true
    kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/one"
  }

  assert {
    condition = aws_iam_role_policy.redrive[0].role == "statuswatch-lines" && jsondecode(aws_iam_role_policy.redrive[0].policy).Statement == [
      { Effect = "Allow", Action = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], Resource = "arn:aws:sqs:eu-west-1:123456789012:statuswatch-failures" },
      { Effect = "Allow", Action = "kms:Decrypt", Resource = "arn:aws:kms:eu-west-1:123456789012:key/one" },
    ]
    error_message = "the function may receive and delete in that queue, and read what its key encrypts"
  }
}

run "functions_may_write_to_the_failure_bucket" {
  command = plan
  variables { failure_destination = "s3" }

  assert {
    condition = alltrue([for policy in aws_iam_role_policy.failure : jsondecode(policy.policy).Statement == [
      { Effect = "Allow", Action = ["s3:ListBucket"], Resource = "arn:aws:s3:::statuswatch-failures-123456789012-eu-west-1" },
      { Effect = "Allow", Action = ["s3:PutObject"], Resource = "arn:aws:s3:::statuswatch-failures-123456789012-eu-west-1/aws/lambda/*" },
    ]])
    error_message = "both functions write objects where Lambda names them, and nowhere else"
  }
}

run "functions_may_use_the_table" {
  command = plan

  assert {
    condition = alltrue([for policy in aws_iam_role_policy.state : jsondecode(policy.policy).Statement == [{
      Effect = "Allow"
      Action = [
        "dynamodb:BatchGetItem", "dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:GetItem",
        "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem",
      ]
      Resource = "arn:aws:dynamodb:eu-west-1:123456789012:table/statuswatch-state"
    }]])
    error_message = "items of that table, and nothing else"
  }
  assert {
    condition     = toset([for policy in aws_iam_role_policy.state : policy.role]) == toset(["statuswatch-lines", "statuswatch-alarms"])
    error_message = "both functions use it"
  }
}

run "functions_may_use_the_key_of_the_table" {
  command = plan
  variables { state_table_kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/two" }

  assert {
    condition = alltrue([for policy in aws_iam_role_policy.state : jsondecode(policy.policy).Statement[1] == {
      Effect = "Allow"
      Action = [
        "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext",
        "kms:ReEncryptFrom", "kms:ReEncryptTo",
      ]
      Resource  = "arn:aws:kms:eu-west-1:123456789012:key/two"
      Condition = { StringEquals = { "kms:ViaService" = "dynamodb.eu-west-1.amazonaws.com" } }
    }])
    error_message = "both functions may use the table's key, through DynamoDB only"
  }
}

run "stream_may_be_written_and_read" {
  command = plan
  variables {
    ingest      = "kinesis"
    kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/one"
  }

  assert {
    condition = jsondecode(aws_iam_role.logs_to_stream[0].assume_role_policy).Statement == [{
      Effect    = "Allow"
      Principal = { Service = "logs.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        StringEquals = { "aws:SourceAccount" = "123456789012" }
        StringLike   = { "aws:SourceArn" = "arn:aws:logs:eu-west-1:123456789012:*" }
      }
    }]
    error_message = "CloudWatch Logs takes the role for this account only"
  }
  assert {
    condition = jsondecode(aws_iam_role_policy.logs_to_stream[0].policy).Statement == [
      { Effect = "Allow", Action = "kinesis:PutRecord", Resource = "arn:aws:kinesis:eu-west-1:123456789012:stream/statuswatch-lines" },
      { Effect = "Allow", Action = "kms:GenerateDataKey", Resource = "arn:aws:kms:eu-west-1:123456789012:key/one" },
    ]
    error_message = "CloudWatch Logs writes to that stream"
  }
  assert {
    condition = (
      alltrue([for statement in jsondecode(aws_iam_role_policy.stream[0].policy).Statement : statement.Effect == "Allow"]) &&
      jsondecode(aws_iam_role_policy.stream[0].policy).Statement[0].Resource == "arn:aws:kinesis:eu-west-1:123456789012:stream/statuswatch-lines" &&
      jsondecode(aws_iam_role_policy.stream[0].policy).Statement[1].Action == "kms:Decrypt"
    )
    error_message = "the function reads that stream"
  }
}

run "roles_have_path_and_boundary" {
  command = plan
  variables {
    create_api_gateway_account_role = true
    chatbot_slack_channel           = { slack_team_id = "T0123ABCD", slack_channel_id = "C0123ABCD" }
    ingest                          = "kinesis"
    role_path                       = "/service/"
    permissions_boundary            = "arn:aws:iam::123456789012:policy/boundary"
  }

  assert {
    condition = alltrue([
      for role in concat([aws_iam_role.function["lines"], aws_iam_role.function["alarms"]], aws_iam_role.api_gateway, aws_iam_role.chatbot, aws_iam_role.logs_to_stream) :
      role.path == "/service/" && role.permissions_boundary == "arn:aws:iam::123456789012:policy/boundary"
    ])
    error_message = "every role has the path and the boundary"
  }
}
