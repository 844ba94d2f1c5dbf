# The roles of the two functions. What each may do stands with its concern: logs here, the webhook
# in secret.tf, the table in state.tf, the failure destination in failure.tf, the rules in rules.tf, the stream in kinesis.tf,
# the failure queue as a source in redrive.tf.

locals {
  function_roles = {
    lines  = aws_iam_role.lines.name
    alarms = aws_iam_role.alarms.name
  }

  fetched_log_groups = sort(distinct(concat(tolist(local.log_group_names), flatten(values(var.alarm_log_groups)))))

  function_trust_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })

  # No logs:CreateLogGroup: a group that Lambda makes has no retention.
  function_log_policy = {
    for name in [local.lines_name, local.alarms_name] : name => jsonencode({
      Version = "2012-10-17"
      Statement = [{
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${local.arn_prefix.logs}:log-group:/aws/lambda/${name}:*"
      }]
    })
  }
}

resource "aws_iam_role" "lines" {
  name                 = local.lines_name
  path                 = var.role_path
  permissions_boundary = var.permissions_boundary
  description          = "Role of the function that tells Slack of access-log lines"
  assume_role_policy   = local.function_trust_policy
  tags                 = var.tags
}

resource "aws_iam_role" "alarms" {
  name                 = local.alarms_name
  path                 = var.role_path
  permissions_boundary = var.permissions_boundary
  description          = "Role of the function that tells Slack of alarms"
  assume_role_policy   = local.function_trust_policy
  tags                 = var.tags
}

resource "aws_iam_role_policy" "lines_logs" {
  name   = "logs"
  role   = aws_iam_role.lines.name
  policy = local.function_log_policy[local.lines_name]
}

resource "aws_iam_role_policy" "alarms_logs" {
  name   = "logs"
  role   = aws_iam_role.alarms.name
  policy = local.function_log_policy[local.alarms_name]
}

# Only where the lines under the notice of an alarm may be fetched.
resource "aws_iam_role_policy" "alarm_lines" {
  count = var.alarm_lines == "fetch" ? 1 : 0

  name = "alarm-lines"
  role = aws_iam_role.alarms.name

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
