# The rules: in the environment while they are short, since all of it may hold 4 KB; else in an SSM
# parameter. The version in the name makes a change of rules a change of the environment, and so
# starts new containers.

locals {
  rules_json         = var.rules == null ? null : jsonencode(jsondecode(var.rules))
  rules_in_parameter = local.rules_json == null ? false : length(local.rules_json) > 2000
  rules_parameter_name = (
    var.rules_parameter_name != null ? var.rules_parameter_name :
    local.rules_in_parameter ? "/${var.name}/rules" : null
  )
  # With further destinations, an alarm matters to the incidents of each that the rules send its log group to. Lines that are
  # fetched for it are judged by the rules, too.
  alarms_read_rules = length(var.destinations) > 0 || var.alarm_lines == "fetch"
  rules_roles       = { for name, role in local.function_roles : name => role if name == "lines" || local.alarms_read_rules }
  rules_environment = (
    local.rules_in_parameter ? "ssm:${aws_ssm_parameter.rules[0].name}:${aws_ssm_parameter.rules[0].version}" :
    var.rules_parameter_name != null ? "ssm:${var.rules_parameter_name}" : local.rules_json
  )
}

resource "aws_ssm_parameter" "rules" {
  count = local.rules_in_parameter ? 1 : 0

  name        = local.rules_parameter_name
  description = "Rules of statuswatch"
  type        = "String"
  tier        = length(local.rules_json) > 4096 ? "Advanced" : "Standard"
  value       = local.rules_json
  tags        = var.tags
}

resource "aws_iam_role_policy" "rules" {
  for_each = local.rules_parameter_name == null ? {} : local.rules_roles

  name = "rules"
  role = each.value

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = "ssm:GetParameter"
      Resource = "${local.arn_prefix.ssm}:parameter/${trimprefix(local.rules_parameter_name, "/")}"
    }]
  })
}

moved {
  from = aws_iam_role_policy.rules[0]
  to   = aws_iam_role_policy.rules["lines"]
}
