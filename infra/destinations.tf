# Further destinations: their names and places are in the environment of both functions, their webhooks are not.

locals {
  destination_parameters = toset([for place in values(var.destinations) : trimprefix(place, "ssm:") if startswith(place, "ssm:")])
  destination_secrets    = toset([for place in values(var.destinations) : trimprefix(place, "secret:") if startswith(place, "secret:")])

  destination_statements = concat(
    length(local.destination_parameters) == 0 ? [] : [{
      Effect   = "Allow"
      Action   = "ssm:GetParameter"
      Resource = [for name in local.destination_parameters : "${local.arn_prefix.ssm}:parameter/${trimprefix(name, "/")}"]
    }],
    length(local.destination_secrets) == 0 ? [] : [{
      Effect   = "Allow"
      Action   = "secretsmanager:GetSecretValue"
      Resource = [for name in local.destination_secrets : data.aws_secretsmanager_secret.destination[name].arn]
    }],
    length(var.destinations_kms_key_arns) == 0 ? [] : [{
      Effect   = "Allow"
      Action   = "kms:Decrypt"
      Resource = var.destinations_kms_key_arns
    }],
  )
}

# The ARN of a secret ends in six characters of Secrets Manager's own. This reads no value.
data "aws_secretsmanager_secret" "destination" {
  for_each = local.destination_secrets

  name = each.value
}

resource "aws_iam_role_policy" "destinations" {
  for_each = length(local.destination_statements) > 0 ? local.function_roles : {}

  name = "destinations"
  role = each.value

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = local.destination_statements
  })
}
