# The alarm's ways to the function: by topic, and directly; with the permissions for both. The direct event knows the state before;
# the topic is there for other subscribers. The function posts each change once.

resource "aws_sns_topic_subscription" "alarm_function" {
  topic_arn = aws_sns_topic.this["alarms"].arn
  protocol  = "lambda"
  endpoint  = aws_lambda_function.function["alarms"].arn

  depends_on = [aws_lambda_permission.alarm_topic]
}

resource "aws_lambda_permission" "alarm_topic" {
  statement_id_prefix = "topic-"
  function_name       = aws_lambda_function.function["alarms"].function_name
  action              = "lambda:InvokeFunction"
  principal           = "sns.amazonaws.com"
  # No source_account: AWS documents the key for the other callers, not for SNS, and a condition on
  # a key that is not sent denies every call. The topic's ARN names the account.
  source_arn = local.alarm_topic_arn

  lifecycle {
    create_before_destroy = true
  }
}

locals {
  # A function's policy holds 20 KB; one statement takes up to 600 bytes.
  permission_per_alarm = length(local.alarms) <= 30
}

resource "aws_lambda_permission" "alarm_account" {
  count = local.permission_per_alarm ? 0 : 1

  statement_id_prefix = "alarms-"
  function_name       = aws_lambda_function.function["alarms"].function_name
  action              = "lambda:InvokeFunction"
  principal           = "lambda.alarms.cloudwatch.amazonaws.com"
  source_arn          = "${local.arn_prefix.cloudwatch}:alarm:*"
  source_account      = local.account_id

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_lambda_permission" "alarm_action" {
  for_each = { for key, alarm in local.alarms : key => alarm.name if local.permission_per_alarm }

  statement_id_prefix = "alarm-"
  function_name       = aws_lambda_function.function["alarms"].function_name
  action              = "lambda:InvokeFunction"
  principal           = "lambda.alarms.cloudwatch.amazonaws.com"
  source_arn          = "${local.arn_prefix.cloudwatch}:alarm:${each.value}"
  source_account      = local.account_id

  # Orders the change from one kind to the other, so that no alarm is without its permission meanwhile.
  depends_on = [aws_lambda_permission.alarm_account]

  lifecycle {
    create_before_destroy = true
  }
}
