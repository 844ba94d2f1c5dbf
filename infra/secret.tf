# Slack's incoming webhook or bot token: in SSM or in Secrets Manager, and in neither state nor plan.

locals {
  uses_bot_token = var.bot_token_parameter_name != null || var.bot_token_secret_name != null

  # At most one of each pair is set.
  slack_parameter_given = try(coalesce(var.webhook_parameter_name, var.bot_token_parameter_name), null)
  slack_secret_name     = try(coalesce(var.webhook_secret_name, var.bot_token_secret_name), null)
  slack_kms_key_arn     = local.uses_bot_token ? var.bot_token_kms_key_arn : var.webhook_kms_key_arn

  create_webhook_parameter = local.slack_parameter_given == null && local.slack_secret_name == null
  slack_parameter_name     = coalesce(local.slack_parameter_given, "/${var.name}/slack-webhook")

  slack_secret_statement = local.slack_secret_name != null ? {
    Effect   = "Allow"
    Action   = "secretsmanager:GetSecretValue"
    Resource = data.aws_secretsmanager_secret.slack[0].arn
    } : {
    Effect   = "Allow"
    Action   = "ssm:GetParameter"
    Resource = "${local.arn_prefix.ssm}:parameter/${trimprefix(local.slack_parameter_name, "/")}"
  }
}

# The ARN of a secret ends in six characters of Secrets Manager's own. This reads no value.
data "aws_secretsmanager_secret" "slack" {
  count = local.slack_secret_name == null ? 0 : 1

  name = local.slack_secret_name
}

resource "aws_ssm_parameter" "webhook" {
  count = local.create_webhook_parameter ? 1 : 0

  name             = local.slack_parameter_name
  description      = "Slack's incoming webhook for statuswatch"
  type             = "SecureString"
  key_id           = var.webhook_kms_key_arn
  value_wo         = var.webhook_url
  value_wo_version = var.webhook_url_version
  tags             = var.tags
}

resource "aws_iam_role_policy" "slack_secret" {
  for_each = local.function_roles

  name = local.uses_bot_token ? "bot-token" : "webhook"
  role = each.value

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([local.slack_secret_statement], local.slack_kms_key_arn == null ? [] : [{
      Effect   = "Allow"
      Action   = "kms:Decrypt"
      Resource = local.slack_kms_key_arn
    }])
  })
}
