# The alarm in a second way to Slack: Amazon Q Developer in chat applications (AWS Chatbot).

locals {
  chatbot_name = "${var.name}-chatbot"
}

resource "aws_iam_role" "chatbot" {
  count = var.chatbot_slack_channel == null ? 0 : 1

  name                 = local.chatbot_name
  path                 = var.role_path
  permissions_boundary = var.permissions_boundary
  description          = "Role of the Slack channel that shows the alarm; it may do nothing"
  tags                 = var.tags

  # No policy is attached: telling an alarm needs none, and people in the channel get no access.
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "chatbot.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = local.account_id } }
    }]
  })
}

resource "aws_chatbot_slack_channel_configuration" "alarm" {
  count = var.chatbot_slack_channel == null ? 0 : 1

  configuration_name = local.chatbot_name
  iam_role_arn       = aws_iam_role.chatbot[0].arn
  slack_team_id      = var.chatbot_slack_channel.slack_team_id
  slack_channel_id   = var.chatbot_slack_channel.slack_channel_id
  sns_topic_arns     = [aws_sns_topic.this["alarms"].arn]
  logging_level      = var.chatbot_slack_channel.logging_level
  tags               = var.tags

  # The service's own default is AdministratorAccess.
  guardrail_policy_arns = coalesce(
    var.chatbot_slack_channel.guardrail_policy_arns,
    ["arn:${local.partition}:iam::aws:policy/CloudWatchReadOnlyAccess"],
  )
}
