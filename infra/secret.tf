# Slack's incoming webhook: in SSM or in Secrets Manager, and in neither state nor plan.

locals {
  create_webhook_parameter = var.webhook_parameter_name == null && var.webhook_secret_name == null
  webhook_parameter_name   = coalesce(var.webhook_parameter_name, "/${var.name}/slack-webhook")

  webhook_statement = var.webhook_secret_name != null ? {
    Effect   = "Allow"
    Action   = "secretsmanager:GetSecretValue"
    Resource = data.aws_secretsmanager_secret.webhook[0].arn
    } : {
    Effect   = "Allow"
    Action   = "ssm:GetParameter"
    Resource = "${local.arn_prefix.ssm}:parameter/${trimprefix(local.webhook_parameter_name, "/")}"
  }
}

# The ARN of a secret ends in six characters of Secrets Manager's own. This reads no value.
data "aws_secretsmanager_secret" "webhook" {
  count = var.webhook_secret_name == null ? 0 : 1

  name = var.webhook_secret_name
}

resource "aws_ssm_parameter" "webhook" {
  count = local.create_webhook_parameter ? 1 : 0

  name             = local.webhook_parameter_name
  description      = "Slack's incoming webhook for statuswatch"
  type             = "SecureString"
  key_id           = var.webhook_kms_key_arn
  value_wo         = var.webhook_url
  value_wo_version = var.webhook_url_version
  tags             = var.tags
}

resource "aws_iam_role_policy" "webhook" {
  for_each = local.function_roles

  name = "webhook"
  role = each.value

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([local.webhook_statement], var.webhook_kms_key_arn == null ? [] : [{
      Effect   = "Allow"
      Action   = "kms:Decrypt"
      Resource = var.webhook_kms_key_arn
    }])
  })
}
