# The webhook: by name from one of two stores, or written without ever being kept.

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
    condition     = length(aws_ssm_parameter.webhook) == 0 && aws_lambda_function.lines.environment[0].variables["SLACK_WEBHOOK_PARAMETER"] == "/slack/webhook"
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
    target = data.aws_secretsmanager_secret.webhook
    values = { arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:slack/webhook-AbCdEf" }
  }

  assert {
    condition = (
      aws_lambda_function.lines.environment[0].variables["SLACK_WEBHOOK_SECRET"] == "slack/webhook" &&
      aws_lambda_function.alarms.environment[0].variables["SLACK_WEBHOOK_SECRET"] == "slack/webhook" &&
      !contains(keys(aws_lambda_function.lines.environment[0].variables), "SLACK_WEBHOOK_PARAMETER")
    )
    error_message = "an existing secret is only named"
  }
  assert {
    condition = alltrue([for policy in aws_iam_role_policy.webhook : jsondecode(policy.policy).Statement == [{
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
    condition     = alltrue([for value in values(aws_lambda_function.lines.environment[0].variables) : !strcontains(value, "hooks.slack.com")])
    error_message = "the environment holds its name only"
  }
}
