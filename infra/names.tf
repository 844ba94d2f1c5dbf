# Names, and the ARNs that follow from them.
#
# Policies are written with these ARNs and not with the attributes of resources, which are unknown
# before the first apply: so the plan shows every policy in full, and a test can read it there.
# Where a policy must exist first, `depends_on` says so.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  partition  = data.aws_partition.current.partition
  region     = data.aws_region.current.id
  account_id = data.aws_caller_identity.current.account_id

  lines_name  = "${var.name}-lines"
  alarms_name = "${var.name}-alarms"

  arn_prefix = {
    for service in ["cloudwatch", "dynamodb", "events", "kinesis", "lambda", "logs", "sns", "sqs", "ssm"] :
    service => "arn:${local.partition}:${service}:${local.region}:${local.account_id}"
  }

  alarms_function_arn = "${local.arn_prefix.lambda}:function:${local.alarms_name}"
  alarm_topic_arn     = "${local.arn_prefix.sns}:${local.alarms_name}"
  watch_topic_arn     = "${local.arn_prefix.sns}:${var.name}-watch"
  stream_arn          = "${local.arn_prefix.kinesis}:stream/${local.lines_name}"
  parked_queue_name   = "${var.name}-failures-parked"
  failure_queue_arn   = "${local.arn_prefix.sqs}:${var.name}-failures"
  failure_bucket_arn  = "arn:${local.partition}:s3:::${var.name}-failures-${local.account_id}-${local.region}"
}
