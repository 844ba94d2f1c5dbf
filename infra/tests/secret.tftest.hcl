# The webhook: by name from one of two stores, or written without ever being kept. The bot token: by name.

mock_provider "aws" {
  mock_data "aws_caller_identity" { defaults = { account_id = "123456789012" } }
  mock_data "aws_partition" { defaults = { partition = "aws", dns_suffix = "amazonaws.com" } }
  mock_data "aws_region" { defaults = { id = "eu-west-1" } }
}

variables {
  package_path           = "tests/package.placeholder"
  webhook_parameter_name = "/slack/webhook"
}

run "existing_parameter" {
  command = plan

  assert {
    condition     = length(aws_ssm_parameter.webhook) == 0 && aws_lambda_function.function["lines"].environment[0].variables["SLACK_WEBHOOK_PARAMETER"] == "/slack/webhook"
    error_message = "an existing parameter is only named"
  }
}

run "existing_secret" {
  command = plan
  variables {
    webhook_parameter_name = null
    webhook_secret_name    = "slack/webhook"
  }

  override_data {
    target = data.aws_secretsmanager_secret.slack
    values = { arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:slack/webhook-AbCdEf" }
  }

  assert {
    condition = (
      aws_lambda_function.function["lines"].environment[0].variables["SLACK_WEBHOOK_SECRET"] == "slack/webhook" &&
      aws_lambda_function.function["alarms"].environment[0].variables["SLACK_WEBHOOK_SECRET"] == "slack/webhook" &&
      !contains(keys(aws_lambda_function.function["lines"].environment[0].variables), "SLACK_WEBHOOK_PARAMETER")
    )
    error_message = "an existing secret is only named"
  }
  assert {
    condition = alltrue([for policy in aws_iam_role_policy.slack_secret : jsondecode(policy.policy).Statement == [{
      Effect   = "Allow"
      Action   = "secretsmanager:GetSecretValue"
      Resource = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:slack/webhook-AbCdEf"
    }]])
    error_message = "both functions read that secret, by its whole ARN"
  }
  assert {
    condition     = output.webhook_parameter_name == null
    error_message = "there is no parameter"
  }
}

run "written_without_being_kept" {
  command = plan
  variables {
    webhook_parameter_name = null
    webhook_url            = "https://hooks.slack.com/services/T000/B000/XXXX"
    webhook_url_version    = 3
    webhook_kms_key_arn    = "arn:aws:kms:eu-west-1:123456789012:key/one"
  }

  assert {
    condition = (
      aws_ssm_parameter.webhook[0].name == "/statuswatch/slack-webhook" &&
      aws_ssm_parameter.webhook[0].type == "SecureString" &&
      aws_ssm_parameter.webhook[0].key_id == "arn:aws:kms:eu-west-1:123456789012:key/one" &&
      aws_ssm_parameter.webhook[0].value_wo_version == 3 &&
      aws_ssm_parameter.webhook[0].value_wo == null
    )
    error_message = "the webhook is written as a secure string, by an argument that is not kept"
  }
  assert {
    condition     = alltrue([for value in values(aws_lambda_function.function["lines"].environment[0].variables) : !strcontains(value, "hooks.slack.com")])
    error_message = "the environment holds its name only"
  }
}

run "bot_token_in_a_parameter" {
  command = plan
  variables {
    webhook_parameter_name   = null
    bot_token_parameter_name = "/slack/bot-token"
    bot_token_kms_key_arn    = "arn:aws:kms:eu-west-1:123456789012:key/one"
    slack_channel            = "C0123456789"
    slack_user_name          = "API"
    slack_api_url            = "https://slack-gov.com/api/"
  }

  assert {
    condition = alltrue([for environment in [aws_lambda_function.function["lines"].environment[0].variables, aws_lambda_function.function["alarms"].environment[0].variables] : (
      { for name, value in environment : name => value if startswith(name, "SLACK_") } == {
        SLACK_BOT_TOKEN_PARAMETER = "/slack/bot-token"
        SLACK_CHANNEL             = "C0123456789"
        SLACK_USER_NAME           = "API"
        SLACK_API_URL             = "https://slack-gov.com/api/"
      }
    )])
    error_message = "both functions know the token's parameter and the channel, and no webhook"
  }
  assert {
    condition = alltrue([for policy in aws_iam_role_policy.slack_secret : policy.name == "bot-token" && jsondecode(policy.policy).Statement == [
      { Effect = "Allow", Action = "ssm:GetParameter", Resource = "arn:aws:ssm:eu-west-1:123456789012:parameter/slack/bot-token" },
      { Effect = "Allow", Action = "kms:Decrypt", Resource = "arn:aws:kms:eu-west-1:123456789012:key/one" },
    ]]) && length(aws_iam_role_policy.slack_secret) == 2
    error_message = "both functions read that parameter with that key, and no other"
  }
  assert {
    condition     = length(aws_ssm_parameter.webhook) == 0 && output.webhook_parameter_name == null
    error_message = "there is no webhook"
  }
}

run "bot_token_in_a_secret" {
  command = plan
  variables {
    webhook_parameter_name = null
    bot_token_secret_name  = "slack/bot-token"
    slack_channel          = "G0123456789"
  }

  override_data {
    target = data.aws_secretsmanager_secret.slack
    values = { arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:slack/bot-token-AbCdEf" }
  }

  assert {
    condition = alltrue([for environment in [aws_lambda_function.function["lines"].environment[0].variables, aws_lambda_function.function["alarms"].environment[0].variables] : (
      { for name, value in environment : name => value if startswith(name, "SLACK_") } == {
        SLACK_BOT_TOKEN_SECRET = "slack/bot-token"
        SLACK_CHANNEL          = "G0123456789"
      }
    )])
    error_message = "both functions know the token's secret and the channel, and no webhook"
  }
  assert {
    condition = alltrue([for policy in aws_iam_role_policy.slack_secret : jsondecode(policy.policy).Statement == [{
      Effect   = "Allow"
      Action   = "secretsmanager:GetSecretValue"
      Resource = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:slack/bot-token-AbCdEf"
    }]]) && length(aws_ssm_parameter.webhook) == 0
    error_message = "both functions read that secret, by its whole ARN"
  }
}
