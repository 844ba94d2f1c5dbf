# The topics: `alarms` takes the alarms on errors, `watch` those on statuswatch itself. Only the alarms named here may
# publish, and nobody without TLS.

locals {
  topics = merge(
    {
      alarms = {
        name       = local.alarms_name
        arn        = local.alarm_topic_arn
        alarm_arns = concat([for alarm in local.alarms : "${local.arn_prefix.cloudwatch}:alarm:${alarm.name}"], tolist(var.external_alarm_arns))
      }
    },
    local.create_watch_topic ? {
      watch = {
        name       = "${var.name}-watch"
        arn        = local.watch_topic_arn
        alarm_arns = local.watch_alarm_arns
      }
    } : {},
  )
}

resource "aws_sns_topic" "this" {
  for_each = local.topics

  name              = each.value.name
  kms_master_key_id = var.kms_key_arn
  tags              = var.tags
}

resource "aws_sns_topic_policy" "this" {
  for_each = local.topics

  arn = aws_sns_topic.this[each.key].arn

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "AlarmsPublish"
        Effect    = "Allow"
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Action    = "sns:Publish"
        Resource  = each.value.arn
        Condition = {
          ArnEquals    = { "aws:SourceArn" = each.value.alarm_arns }
          StringEquals = { "aws:SourceAccount" = local.account_id }
        }
      },
      {
        Sid       = "OnlyEncrypted"
        Effect    = "Deny"
        Principal = { AWS = "*" }
        Action    = "sns:Publish"
        Resource  = each.value.arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}
