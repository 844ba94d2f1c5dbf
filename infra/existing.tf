# What exists already and is plugged in: the ways of other alarms and topics to the function for alarms, and what both
# functions need for a network, a key and traces of your own.

resource "aws_lambda_permission" "external_alarm" {
  for_each = var.external_alarm_arns

  statement_id_prefix = "external-"
  function_name       = aws_lambda_function.function["alarms"].function_name
  action              = "lambda:InvokeFunction"
  principal           = "lambda.alarms.cloudwatch.amazonaws.com"
  source_arn          = each.value
  source_account      = split(":", each.value)[4]

  lifecycle {
    create_before_destroy = true
  }
}

# As for the module's own topic, no source_account.
resource "aws_lambda_permission" "external_alarm_topic" {
  for_each = var.external_alarm_topic_arns

  statement_id_prefix = "external-topic-"
  function_name       = aws_lambda_function.function["alarms"].function_name
  action              = "lambda:InvokeFunction"
  principal           = "sns.amazonaws.com"
  source_arn          = each.value

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_sns_topic_subscription" "external_alarm_topic" {
  for_each = var.external_alarm_topic_arns

  topic_arn = each.value
  protocol  = "lambda"
  endpoint  = aws_lambda_function.function["alarms"].arn

  depends_on = [aws_lambda_permission.external_alarm_topic]

  lifecycle {
    precondition {
      condition     = split(":", each.value)[3] == local.region
      error_message = "external_alarm_topic_arns holds a topic of another Region than the module's: the provider cannot subscribe to it. Use an instance of the module in that Region."
    }
  }
}

# Lambda makes and removes network interfaces by the function's role. The function's own code is denied the same.
resource "aws_iam_role_policy" "vpc" {
  for_each = var.vpc == null ? {} : local.function_roles

  name = "vpc"
  role = each.value

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect = "Allow"
        Action = [
          "ec2:AssignPrivateIpAddresses",
          "ec2:CreateNetworkInterface",
          "ec2:DeleteNetworkInterface",
          "ec2:UnassignPrivateIpAddresses",
        ]
        # Lambda refuses a role that may not delete any of the account's: it asks before there is one.
        Resource = "arn:${local.partition}:ec2:${local.region}:${local.account_id}:*/*"
      },
      # IAM knows no resource for these.
      {
        Effect   = "Allow"
        Action   = ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"]
        Resource = "*"
      },
      {
        Effect = "Deny"
        Action = [
          "ec2:AssignPrivateIpAddresses",
          "ec2:CreateNetworkInterface",
          "ec2:DeleteNetworkInterface",
          "ec2:DescribeNetworkInterfaces",
          "ec2:DescribeSubnets",
          "ec2:UnassignPrivateIpAddresses",
        ]
        Resource  = "*"
        Condition = { ArnEquals = { "lambda:SourceFunctionArn" = "${local.arn_prefix.lambda}:function:${local.function_names[each.key]}" } }
      },
    ]
  })
}

resource "aws_iam_role_policy" "tracing" {
  for_each = var.tracing_mode == null ? {} : local.function_roles

  name = "tracing"
  role = each.value

  # IAM knows no resource for traces.
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
      Resource = "*"
    }]
  })
}

resource "aws_iam_role_policy" "environment_key" {
  for_each = var.environment_kms_key_arn == null ? {} : local.function_roles

  name = "environment-key"
  role = each.value

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = "kms:Decrypt"
      Resource = var.environment_kms_key_arn
    }]
  })
}
