# The function that tells Slack of alarms: the same package, apart from the other, so that a storm
# of lines cannot delay an alarm.

resource "aws_cloudwatch_log_group" "alarms" {
  name              = "/aws/lambda/${local.alarms_name}"
  retention_in_days = var.function_log_retention_in_days
  kms_key_id        = var.kms_key_arn
  log_group_class   = var.function_log_class
  tags              = var.tags
}

resource "aws_lambda_function" "alarms" {
  function_name                  = local.alarms_name
  description                    = "Tells Slack of an alarm's first notice and of its recovery"
  role                           = aws_iam_role.alarms.arn
  filename                       = local.package_path
  s3_bucket                      = var.package_s3_bucket
  s3_key                         = var.package_s3_key
  source_code_hash               = local.package_sha256
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  architectures                  = [var.architecture]
  memory_size                    = var.memory_size
  timeout                        = var.timeout
  reserved_concurrent_executions = var.alarms_reserved_concurrent_executions
  kms_key_arn                    = var.environment_kms_key_arn
  code_signing_config_arn        = var.code_signing_config_arn
  tags                           = var.tags

  environment {
    variables = local.alarms_environment
  }

  logging_config {
    log_group             = aws_cloudwatch_log_group.alarms.name
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
      condition     = length(jsonencode(local.alarms_environment)) <= 4096
      error_message = "The environment of the function for alarms would exceed the 4 KB that Lambda allows. Shorten alarm_log_groups (the beginning of a name with `*` behind it stands for several alarms), alarm.name in apis, slack_text or allowed_hosts, or divide apis between two instances."
    }
  }

  # A start without these would fail, or would find no secret or no table.
  depends_on = [
    aws_dynamodb_table.state,
    aws_iam_role_policy.alarm_lines,
    aws_iam_role_policy.alarms_logs,
    aws_iam_role_policy.destinations,
    aws_iam_role_policy.environment_key,
    aws_iam_role_policy.rules,
    aws_iam_role_policy.slack_secret,
    aws_iam_role_policy.state,
    aws_iam_role_policy.tracing,
    aws_iam_role_policy.vpc,
    aws_ssm_parameter.webhook,
  ]
}

resource "aws_lambda_function_event_invoke_config" "alarms" {
  function_name                = aws_lambda_function.alarms.function_name
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
