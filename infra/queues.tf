# The queues of what Slack did not get: `failures`, where Lambda puts it, and `parked`, where it goes after it was tried
# again in vain. Nobody reaches them without TLS.
# That the function takes up what is in `failures` is in redrive.tf.

locals {
  queues = merge(
    var.failure_destination != "sqs" ? {} : {
      failures = {
        name                       = "${var.name}-failures"
        arn                        = local.failure_queue_arn
        retention_in_days          = var.failure_retention_in_days
        visibility_timeout_seconds = var.redrive ? var.redrive_interval_in_minutes * 60 : null
      }
    },
    !var.redrive ? {} : {
      parked = {
        name = local.parked_queue_name
        arn  = "${local.arn_prefix.sqs}:${local.parked_queue_name}"
        # The most that a queue offers. A message keeps the age that it had in the other queue.
        retention_in_days          = 14
        visibility_timeout_seconds = null
      }
    },
  )
}

resource "aws_sqs_queue" "this" {
  for_each = local.queues

  name                              = each.value.name
  message_retention_seconds         = each.value.retention_in_days * 86400
  visibility_timeout_seconds        = each.value.visibility_timeout_seconds
  sqs_managed_sse_enabled           = var.kms_key_arn == null ? true : null
  kms_master_key_id                 = var.kms_key_arn
  kms_data_key_reuse_period_seconds = var.kms_key_arn == null ? null : 300
  tags                              = var.tags
}

resource "aws_sqs_queue_policy" "this" {
  for_each = local.queues

  queue_url = aws_sqs_queue.this[each.key].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "OnlyEncrypted"
      Effect    = "Deny"
      Principal = { AWS = "*" }
      Action    = "sqs:*"
      Resource  = each.value.arn
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}
