# The failure queue as an event source of the function for lines: what could not be told is tried again, until Slack or
# the table has it or it is parked. Lambda runs this synchronously: what fails stays in the queue, and makes no record of
# its own in the failure destination.

resource "aws_sqs_queue_redrive_policy" "failures" {
  count = var.redrive ? 1 : 0

  queue_url = aws_sqs_queue.this["failures"].id

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.this["parked"].arn
    maxReceiveCount     = var.redrive_attempts
  })
}

resource "aws_iam_role_policy" "redrive" {
  count = var.redrive ? 1 : 0

  name = "redrive"
  role = local.function_roles["lines"]

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Effect   = "Allow"
        Action   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
        Resource = local.failure_queue_arn
      }],
      var.kms_key_arn == null ? [] : [{
        Effect   = "Allow"
        Action   = "kms:Decrypt"
        Resource = var.kms_key_arn
      }],
    )
  })
}

resource "aws_lambda_event_source_mapping" "redrive" {
  count = var.redrive ? 1 : 0

  function_name    = aws_lambda_function.function["lines"].function_name
  event_source_arn = aws_sqs_queue.this["failures"].arn
  # They share the time of one invocation.
  batch_size              = 5
  function_response_types = ["ReportBatchItemFailures"]
  tags                    = var.tags

  # The fewest that Lambda offers: what comes now is more urgent than what came before.
  scaling_config {
    maximum_concurrency = 2
  }

  # Lambda tries the queue with the function's role. A record that never succeeds must have a way out first.
  depends_on = [
    aws_iam_role_policy.redrive,
    aws_sqs_queue_redrive_policy.failures,
  ]
}
