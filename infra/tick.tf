# The tick: once a minute, what was deferred and is due is posted.
# With the table one target is enough: whichever container it reaches finds everything there.
# With state = "memory" each container has to be reached: as many targets as containers; a tick that
# finds nothing waits a moment, so that the others reach the other containers. There a stream defers
# nothing, and has no tick.

locals {
  # Without reserved concurrency the number of containers is open: one rule's worth, best effort.
  tick_count_in_memory = var.ingest != "lambda" ? 0 : var.reserved_concurrent_executions == -1 ? 5 : var.reserved_concurrent_executions

  tick_count       = local.state_in_table ? 1 : local.tick_count_in_memory
  targets_per_rule = 5 # EventBridge's limit

  tick_rules = { for number in range(ceil(local.tick_count / local.targets_per_rule)) : tostring(number) => "${var.name}-tick-${number}" }
  tick_targets = {
    for number in range(local.tick_count) : tostring(number) => tostring(floor(number / local.targets_per_rule))
  }
}

resource "aws_cloudwatch_event_rule" "tick" {
  for_each = local.tick_rules

  name                = each.value
  description         = "Has ${local.lines_name} post what was deferred and is due"
  schedule_expression = "rate(1 minute)"
  tags                = var.tags
}

resource "aws_cloudwatch_event_target" "tick" {
  for_each = local.tick_targets

  rule      = aws_cloudwatch_event_rule.tick[each.value].name
  target_id = "lines-${each.key}"
  arn       = aws_lambda_function.function["lines"].arn

  # A tick that comes late has been replaced by the next.
  retry_policy {
    maximum_event_age_in_seconds = 60
    maximum_retry_attempts       = 0
  }

  depends_on = [aws_lambda_permission.tick]
}

# A schedule whose function does not let it in fires in silence.
resource "aws_lambda_permission" "tick" {
  for_each = local.tick_rules

  statement_id_prefix = "tick-"
  function_name       = aws_lambda_function.function["lines"].function_name
  action              = "lambda:InvokeFunction"
  principal           = "events.amazonaws.com"
  source_arn          = "${local.arn_prefix.events}:rule/${each.value}"
  source_account      = local.account_id

  lifecycle {
    create_before_destroy = true
  }
}
