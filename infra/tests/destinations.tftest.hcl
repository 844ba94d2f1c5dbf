# Further destinations: named to both functions, readable for both, and nothing else is.

mock_provider "aws" {
  mock_data "aws_caller_identity" { defaults = { account_id = "123456789012" } }
  mock_data "aws_partition" { defaults = { partition = "aws", dns_suffix = "amazonaws.com" } }
  mock_data "aws_region" { defaults = { id = "eu-west-1" } }
}

variables {
  package_path             = "tests/package.placeholder"
  bot_token_parameter_name = "/slack/bot-token"
  slack_channel            = "C0123456789"
}

run "none" {
  command = plan

  assert {
    condition = (
      length(aws_iam_role_policy.destinations) == 0 &&
      !contains(keys(aws_lambda_function.function["lines"].environment[0].variables), "STATUSWATCH_DESTINATIONS") &&
      !contains(keys(aws_lambda_function.function["alarms"].environment[0].variables), "STATUSWATCH_RULES")
    )
    error_message = "without any, nothing is named and nothing allowed"
  }
}

run "channels_and_webhooks" {
  command = plan
  variables {
    destinations = {
      orders  = "C0123456780"
      pets    = "ssm:/prod/pets-webhook"
      on-call = "ssm:on-call"
      ops     = "secret:ops/webhook"
    }
    destinations_kms_key_arns = ["arn:aws:kms:eu-west-1:123456789012:key/one"]
    rules                     = jsonencode({ rules = [{ name = "pets", status = "5xx", action = "notify", to = ["pets", "default"] }, { name = "orders", action = "notify", to = "orders" }] })
  }

  override_data {
    target = data.aws_secretsmanager_secret.destination
    values = { arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:ops/webhook-AbCdEf" }
  }

  assert {
    condition = alltrue([for environment in [aws_lambda_function.function["lines"].environment[0].variables, aws_lambda_function.function["alarms"].environment[0].variables] : (
      jsondecode(environment["STATUSWATCH_DESTINATIONS"]) == {
        orders  = "C0123456780"
        pets    = "ssm:/prod/pets-webhook"
        on-call = "ssm:on-call"
        ops     = "secret:ops/webhook"
      } && length(jsondecode(environment["STATUSWATCH_RULES"]).rules) == 2
    )])
    error_message = "both functions know the destinations, and the rules that name them"
  }
  assert {
    condition = length(aws_iam_role_policy.destinations) == 2 && alltrue([for policy in aws_iam_role_policy.destinations : jsondecode(policy.policy).Statement == [
      { Effect = "Allow", Action = "ssm:GetParameter", Resource = ["arn:aws:ssm:eu-west-1:123456789012:parameter/prod/pets-webhook", "arn:aws:ssm:eu-west-1:123456789012:parameter/on-call"] },
      { Effect = "Allow", Action = "secretsmanager:GetSecretValue", Resource = ["arn:aws:secretsmanager:eu-west-1:123456789012:secret:ops/webhook-AbCdEf"] },
      { Effect = "Allow", Action = "kms:Decrypt", Resource = ["arn:aws:kms:eu-west-1:123456789012:key/one"] },
    ]])
    error_message = "both functions read exactly these parameters and secrets, with that key"
  }
}

run "channels_alone_need_no_permission" {
  command = plan
  variables {
    destinations         = { orders = "C0123456780" }
    rules_parameter_name = "team/rules"
  }

  assert {
    condition     = length(aws_iam_role_policy.destinations) == 0
    error_message = "the bot token is the only secret"
  }
  assert {
    condition     = length(aws_iam_role_policy.rules) == 2 && aws_lambda_function.function["alarms"].environment[0].variables["STATUSWATCH_RULES"] == "ssm:team/rules"
    error_message = "both functions read the rules"
  }
}

run "a_webhook_beside_others" {
  command = plan
  variables {
    bot_token_parameter_name = null
    slack_channel            = null
    webhook_parameter_name   = "/slack/webhook"
    destinations             = { pets = "ssm:/prod/pets-webhook" }
  }

  assert {
    condition     = aws_lambda_function.function["lines"].environment[0].variables["STATUSWATCH_DESTINATIONS"] == "{\"pets\":\"ssm:/prod/pets-webhook\"}"
    error_message = "several webhooks need no bot token"
  }
}
