# The addresses that resources had before, so that an instance that exists keeps them. An entry stays for as long as
# somebody may come from before it.

moved {
  from = aws_cloudwatch_log_group.lines
  to   = aws_cloudwatch_log_group.function["lines"]
}

moved {
  from = aws_cloudwatch_log_group.alarms
  to   = aws_cloudwatch_log_group.function["alarms"]
}

moved {
  from = aws_lambda_function.lines
  to   = aws_lambda_function.function["lines"]
}

moved {
  from = aws_lambda_function.alarms
  to   = aws_lambda_function.function["alarms"]
}

moved {
  from = aws_lambda_function_event_invoke_config.lines
  to   = aws_lambda_function_event_invoke_config.function["lines"]
}

moved {
  from = aws_lambda_function_event_invoke_config.alarms
  to   = aws_lambda_function_event_invoke_config.function["alarms"]
}

moved {
  from = aws_iam_role.lines
  to   = aws_iam_role.function["lines"]
}

moved {
  from = aws_iam_role.alarms
  to   = aws_iam_role.function["alarms"]
}

moved {
  from = aws_iam_role_policy.lines_logs
  to   = aws_iam_role_policy.function_logs["lines"]
}

moved {
  from = aws_iam_role_policy.alarms_logs
  to   = aws_iam_role_policy.function_logs["alarms"]
}

moved {
  from = aws_iam_role_policy.rules[0]
  to   = aws_iam_role_policy.rules["lines"]
}

moved {
  from = aws_iam_role_policy.webhook
  to   = aws_iam_role_policy.slack_secret
}

moved {
  from = aws_sns_topic.alarm
  to   = aws_sns_topic.this["alarms"]
}

moved {
  from = aws_sns_topic.watch[0]
  to   = aws_sns_topic.this["watch"]
}

moved {
  from = aws_sns_topic_policy.alarm
  to   = aws_sns_topic_policy.this["alarms"]
}

moved {
  from = aws_sns_topic_policy.watch[0]
  to   = aws_sns_topic_policy.this["watch"]
}

moved {
  from = aws_sqs_queue.failures[0]
  to   = aws_sqs_queue.this["failures"]
}

moved {
  from = aws_sqs_queue.parked[0]
  to   = aws_sqs_queue.this["parked"]
}

moved {
  from = aws_sqs_queue_policy.failures[0]
  to   = aws_sqs_queue_policy.this["failures"]
}

moved {
  from = aws_sqs_queue_policy.parked[0]
  to   = aws_sqs_queue_policy.this["parked"]
}
