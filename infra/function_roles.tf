# The roles of the two functions, and what each may do with logs. Every other permission stands with its concern: the
# webhook in secret.tf, the table in state.tf, the failure destination in failure.tf, and so on.
# Who may call the functions is in subscription.tf, alarm_topic.tf, existing.tf and tick.tf.

locals {
  function_roles = { for key, role in aws_iam_role.function : key => role.name }

  fetched_log_groups = sort(distinct(concat(tolist(local.log_group_names), flatten(values(var.alarm_log_groups)))))
}

resource "aws_iam_role" "function" {
  for_each = local.functions

  name                 = each.value.name
  path                 = var.role_path
  permissions_boundary = var.permissions_boundary
  description          = each.value.role_description
  tags                 = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

# No logs:CreateLogGroup: a group that Lambda makes has no retention.
resource "aws_iam_role_policy" "function_logs" {
  for_each = local.functions

  name = "logs"
  role = local.function_roles[each.key]

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = "${local.arn_prefix.logs}:log-group:/aws/lambda/${each.value.name}:*"
    }]
  })
}

# Only where the lines under the notice of an alarm may be fetched.
resource "aws_iam_role_policy" "alarm_lines" {
  count = var.alarm_lines == "fetch" ? 1 : 0

  name = "alarm-lines"
  role = local.function_roles["alarms"]

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = "logs:FilterLogEvents"
        Resource = [for name in local.fetched_log_groups : "${local.arn_prefix.logs}:log-group:${name}:*"]
      },
      # IAM knows no resource for the results of a query.
      {
        Effect   = "Allow"
        Action   = "logs:GetQueryResults"
        Resource = "*"
      },
    ]
  })
}
