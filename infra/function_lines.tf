# The function that tells Slack of access-log lines.

resource "aws_cloudwatch_log_group" "lines" {
  name              = "/aws/lambda/${local.lines_name}"
  retention_in_days = var.function_log_retention_in_days
  kms_key_id        = var.kms_key_arn
  log_group_class   = var.function_log_class
  tags              = var.tags
}

resource "aws_lambda_function" "lines" {
  function_name                  = local.lines_name
  description                    = "Tells Slack of client and server errors in API Gateway's access log"
  role                           = aws_iam_role.lines.arn
  filename                       = local.package_path
  s3_bucket                      = var.package_s3_bucket
  s3_key                         = var.package_s3_key
  source_code_hash               = local.package_sha256
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  architectures                  = [var.architecture]
  memory_size                    = var.memory_size
  timeout                        = var.timeout
  reserved_concurrent_executions = var.reserved_concurrent_executions
  kms_key_arn                    = var.environment_kms_key_arn
  code_signing_config_arn        = var.code_signing_config_arn
  tags                           = var.tags

  environment {
    variables = local.lines_environment
  }

  logging_config {
    log_group             = aws_cloudwatch_log_group.lines.name
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
      condition     = length(local.log_groups_of_destinations) == 0 || length(local.rules) <= 100 && length(distinct(local.rules[*].name)) == length(local.rules) && length(coalesce(local.rules_json, "-")) <= 8192
      error_message = "With a copy for each destination in apis, the rules are more than 100, more than the 8,192 characters that a parameter holds, or two have the same name. Merge rules, let several of apis share a destination, or give all rules `log_group` and `to` yourself and leave destination out of apis."
    }
    precondition {
      condition     = length(jsonencode(local.lines_environment)) <= 4096
      error_message = "The function's environment would exceed the 4 KB that Lambda allows. Shorten slack_text, redact or allowed_hosts, or keep the rules in a parameter (rules_parameter_name)."
    }
  }

  # A start without these would fail, or would find no secret or no table.
  depends_on = [
    aws_dynamodb_table.state,
    aws_iam_role_policy.destinations,
    aws_iam_role_policy.environment_key,
    aws_iam_role_policy.lines_logs,
    aws_iam_role_policy.rules,
    aws_iam_role_policy.slack_secret,
    aws_iam_role_policy.state,
    aws_iam_role_policy.tracing,
    aws_iam_role_policy.vpc,
    aws_ssm_parameter.webhook,
  ]
}

resource "aws_lambda_function_event_invoke_config" "lines" {
  function_name                = aws_lambda_function.lines.function_name
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
