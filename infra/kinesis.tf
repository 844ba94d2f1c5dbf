# The way through a stream: for scale, and to keep log events for as long as the function cannot take them.

resource "aws_kinesis_stream" "lines" {
  count = var.ingest == "kinesis" ? 1 : 0

  name             = local.lines_name
  shard_count      = var.kinesis_stream_mode == "PROVISIONED" ? var.kinesis_shard_count : null
  retention_period = var.kinesis_retention_period
  encryption_type  = "KMS"
  kms_key_id       = coalesce(var.kms_key_arn, "alias/aws/kinesis")
  tags             = var.tags

  stream_mode_details {
    stream_mode = var.kinesis_stream_mode
  }
}

resource "aws_iam_role" "logs_to_stream" {
  count = var.ingest == "kinesis" ? 1 : 0

  name                 = "${var.name}-logs-to-stream"
  path                 = var.role_path
  permissions_boundary = var.permissions_boundary
  description          = "Lets CloudWatch Logs write to the stream ${local.lines_name}"
  tags                 = var.tags

  # Without the condition, CloudWatch Logs would write here on behalf of any account.
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "logs.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        StringEquals = { "aws:SourceAccount" = local.account_id }
        StringLike   = { "aws:SourceArn" = "${local.arn_prefix.logs}:*" }
      }
    }]
  })
}

resource "aws_iam_role_policy" "logs_to_stream" {
  count = var.ingest == "kinesis" ? 1 : 0

  name = "stream"
  role = aws_iam_role.logs_to_stream[0].name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Effect   = "Allow"
        Action   = "kinesis:PutRecord"
        Resource = local.stream_arn
      }],
      var.kms_key_arn == null ? [] : [{
        Effect   = "Allow"
        Action   = "kms:GenerateDataKey"
        Resource = var.kms_key_arn
      }],
    )
  })
}

resource "aws_iam_role_policy" "stream" {
  count = var.ingest == "kinesis" ? 1 : 0

  name = "stream"
  role = local.function_roles["lines"]

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Effect = "Allow"
        Action = [
          "kinesis:DescribeStream",
          "kinesis:DescribeStreamSummary",
          "kinesis:GetRecords",
          "kinesis:GetShardIterator",
          "kinesis:ListShards",
        ]
        Resource = local.stream_arn
      }],
      var.kms_key_arn == null ? [] : [{
        Effect   = "Allow"
        Action   = "kms:Decrypt"
        Resource = var.kms_key_arn
      }],
    )
  })
}

resource "aws_lambda_event_source_mapping" "lines" {
  count = var.ingest == "kinesis" ? 1 : 0

  function_name                      = aws_lambda_function.function["lines"].function_name
  event_source_arn                   = aws_kinesis_stream.lines[0].arn
  starting_position                  = "TRIM_HORIZON"
  batch_size                         = var.kinesis_batch_size
  maximum_batching_window_in_seconds = var.kinesis_maximum_batching_window_in_seconds
  maximum_retry_attempts             = var.kinesis_maximum_retry_attempts
  maximum_record_age_in_seconds      = var.kinesis_maximum_record_age_in_seconds
  bisect_batch_on_function_error     = true
  function_response_types            = ["ReportBatchItemFailures"]
  # With state = "memory" more would post more often than Slack allows.
  parallelization_factor = 1
  tags                   = var.tags

  dynamic "destination_config" {
    for_each = local.failure_destination_arns

    content {
      on_failure {
        destination_arn = destination_config.value
      }
    }
  }

  # Lambda tries stream and destination with the function's role.
  depends_on = [
    aws_iam_role_policy.failure,
    aws_iam_role_policy.stream,
  ]
}
