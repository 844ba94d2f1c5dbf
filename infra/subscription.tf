# Method 2: a subscription filter per log group, and the permission to call the function.
#
# While CloudWatch Logs is denied it disables the filter for up to ten minutes and skips the logs.
# So a permission exists before its filter and is never removed before its successor exists:
# `create_before_destroy` with statement ids that cannot collide, and the permissions per log group
# depend on the one for the account, which orders the change from one kind to the other.

locals {
  # A function's policy holds 20 KB; one statement takes up to 600 bytes.
  permission_per_log_group = length(local.log_group_names) <= 30 && var.account_subscription == null
}

resource "aws_lambda_permission" "account" {
  count = var.ingest == "lambda" && !local.permission_per_log_group ? 1 : 0

  statement_id_prefix = "logs-"
  function_name       = aws_lambda_function.function["lines"].function_name
  action              = "lambda:InvokeFunction"
  principal           = "logs.amazonaws.com"
  source_arn          = "${local.arn_prefix.logs}:log-group:*"
  source_account      = local.account_id

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_lambda_permission" "log_group" {
  for_each = var.ingest == "lambda" && local.permission_per_log_group ? local.log_group_names : []

  statement_id_prefix = "logs-"
  function_name       = aws_lambda_function.function["lines"].function_name
  action              = "lambda:InvokeFunction"
  principal           = "logs.amazonaws.com"
  source_arn          = "${local.arn_prefix.logs}:log-group:${each.value}:*"
  source_account      = local.account_id

  depends_on = [aws_lambda_permission.account]

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_cloudwatch_log_subscription_filter" "this" {
  for_each = local.filter_patterns

  # The way is part of the name, so that the new filter can exist before the old one goes.
  name            = local.subscription_filter_name
  log_group_name  = each.key
  filter_pattern  = each.value
  destination_arn = var.ingest == "kinesis" ? local.stream_arn : aws_lambda_function.function["lines"].arn
  role_arn        = var.ingest == "kinesis" ? aws_iam_role.logs_to_stream[0].arn : null
  # Records of one log stream need no order, and one busy log stream would fill one shard.
  distribution = var.ingest == "kinesis" ? "Random" : null

  depends_on = [
    aws_iam_role_policy.logs_to_stream,
    aws_kinesis_stream.lines,
    aws_lambda_event_source_mapping.lines,
    aws_lambda_function_event_invoke_config.function,
    aws_lambda_permission.account,
    aws_lambda_permission.log_group,
  ]

  lifecycle {
    create_before_destroy = true
  }
}

# All other log groups of the account and Region, those that are made later among them. CloudWatch Logs itself leaves out
# the log group of the function that it calls, and no other: what that function or its neighbour writes would go round.
resource "aws_cloudwatch_log_account_policy" "subscription" {
  count = var.account_subscription == null ? 0 : 1

  policy_name = local.subscription_filter_name
  policy_type = "SUBSCRIPTION_FILTER_POLICY"
  scope       = "ALL"

  policy_document = jsonencode(merge({
    DestinationArn = var.ingest == "kinesis" ? local.stream_arn : "${local.arn_prefix.lambda}:function:${local.lines_name}"
    FilterPattern  = var.account_subscription.filter_pattern
    Distribution   = "Random"
  }, var.ingest == "kinesis" ? { RoleArn = "arn:${local.partition}:iam::${local.account_id}:role${var.role_path}${var.name}-logs-to-stream" } : {}))

  selection_criteria = local.account_selection_criteria

  depends_on = [
    aws_iam_role_policy.logs_to_stream,
    aws_kinesis_stream.lines,
    aws_lambda_event_source_mapping.lines,
    aws_lambda_function_event_invoke_config.function,
    aws_lambda_permission.account,
  ]

  lifecycle {
    precondition {
      condition     = length(local.account_selection_criteria) <= 25000
      error_message = "The names of the log groups that account_subscription leaves out, with those that have a filter of their own, would exceed the 25 KB that CloudWatch Logs takes. Name fewer in excluded_log_group_names."
    }
  }
}

locals {
  # Those with a filter of their own would be notified twice.
  account_selection_criteria = var.account_subscription == null ? "" : "LogGroupName NOT IN ${jsonencode(sort(setunion(
    local.log_group_names,
    [for name in values(local.function_names) : "/aws/lambda/${name}"],
    var.account_subscription.excluded_log_group_names,
  )))}"

  subscription_filter_name = "${var.name}-${var.ingest}"

  filter_patterns = merge(
    { for name in local.shared_log_group_names : name => var.filter_pattern },
    { for key, api in var.apis : local.api_log_group_names[key] => api.filter_pattern == null ? var.filter_pattern : api.filter_pattern },
  )
}
