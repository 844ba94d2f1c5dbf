# The two functions: one package, deployed twice, so that a storm of lines cannot delay an alarm. What distinguishes them
# is in `local.functions` and in function_environment.tf; all else is the same.

locals {
  functions = {
    lines = {
      name                           = local.lines_name
      description                    = "Tells Slack of client and server errors in API Gateway's access log"
      role_description               = "Role of the function that tells Slack of access-log lines"
      reserved_concurrent_executions = var.reserved_concurrent_executions
      # What to do when the environment is too large for Lambda.
      make_environment_smaller = "Shorten slack_text, redact or allowed_hosts, or keep the rules in a parameter (rules_parameter_name)."
    }
    alarms = {
      name                           = local.alarms_name
      description                    = "Tells Slack of an alarm's first notice and of its recovery"
      role_description               = "Role of the function that tells Slack of alarms"
      reserved_concurrent_executions = var.alarms_reserved_concurrent_executions
      make_environment_smaller       = "Shorten alarm_log_groups (the beginning of a name with `*` behind it stands for several alarms), alarm.name in apis, slack_text or allowed_hosts, or divide apis between two instances."
    }
  }

  function_names = { for key, function in local.functions : key => function.name }

  package_file = coalesce(var.package_path, "${path.module}/../target/lambda/statuswatch-lambda/bootstrap.zip")

  package_path   = var.package_s3_bucket == null ? local.package_file : null
  package_sha256 = var.package_s3_bucket == null ? filebase64sha256(local.package_file) : var.package_sha256
}

resource "aws_cloudwatch_log_group" "function" {
  for_each = local.functions

  name              = "/aws/lambda/${each.value.name}"
  retention_in_days = var.function_log_retention_in_days
  kms_key_id        = var.kms_key_arn
  log_group_class   = var.function_log_class
  tags              = var.tags
}

resource "aws_lambda_function" "function" {
  for_each = local.functions

  function_name                  = each.value.name
  description                    = each.value.description
  role                           = aws_iam_role.function[each.key].arn
  filename                       = local.package_path
  s3_bucket                      = var.package_s3_bucket
  s3_key                         = var.package_s3_key
  source_code_hash               = local.package_sha256
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  architectures                  = [var.architecture]
  memory_size                    = var.memory_size
  timeout                        = var.timeout
  reserved_concurrent_executions = each.value.reserved_concurrent_executions
  kms_key_arn                    = var.environment_kms_key_arn
  code_signing_config_arn        = var.code_signing_config_arn
  tags                           = var.tags

  environment {
    variables = local.environments[each.key]
  }

  logging_config {
    log_group             = aws_cloudwatch_log_group.function[each.key].name
    log_format            = "JSON"
    application_log_level = var.application_log_level
    system_log_level      = var.system_log_level
  }

  dynamic "vpc_config" {
    for_each = var.vpc[*]

    content {
      subnet_ids         = vpc_config.value.subnet_ids
      security_group_ids = vpc_config.value.security_group_ids
    }
  }

  dynamic "tracing_config" {
    for_each = var.tracing_mode[*]

    content {
      mode = tracing_config.value
    }
  }

  lifecycle {
    precondition {
      # Said once, of the function that always reads the rules.
      condition     = each.key != "lines" || local.rules_fit
      error_message = "With a copy for each destination in apis, the rules are more than 100, more than the 8,192 characters that a parameter holds, or two have the same name. Merge rules, let several of apis share a destination, or give all rules `log_group` and `to` yourself and leave destination out of apis."
    }
    precondition {
      condition     = length(jsonencode(local.environments[each.key])) <= 4096
      error_message = "The environment of the function ${each.value.name} would exceed the 4 KB that Lambda allows. ${each.value.make_environment_smaller}"
    }
  }

  # A start without these would fail, or would find no secret or no table.
  depends_on = [
    aws_dynamodb_table.state,
    aws_iam_role_policy.alarm_lines,
    aws_iam_role_policy.destinations,
    aws_iam_role_policy.environment_key,
    aws_iam_role_policy.function_logs,
    aws_iam_role_policy.rules,
    aws_iam_role_policy.slack_secret,
    aws_iam_role_policy.state,
    aws_iam_role_policy.tracing,
    aws_iam_role_policy.vpc,
    aws_ssm_parameter.webhook,
  ]
}

resource "aws_lambda_function_event_invoke_config" "function" {
  for_each = local.functions

  function_name                = aws_lambda_function.function[each.key].function_name
  maximum_event_age_in_seconds = var.maximum_event_age_in_seconds
  maximum_retry_attempts       = var.maximum_retry_attempts

  dynamic "destination_config" {
    for_each = local.failure_destination_arns

    content {
      on_failure {
        destination = destination_config.value
      }
    }
  }

  # Lambda tries the destination with the function's role.
  depends_on = [aws_iam_role_policy.failure]
}
