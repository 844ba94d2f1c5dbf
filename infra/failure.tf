# Where a delivery goes that could not be told: a queue by default; a bucket for deliveries that are
# larger than a queue message, whose record would be lost there. `statuswatch redrive` posts what either
# holds; of the queue the function itself can do so, too (redrive.tf).

locals {
  failure_destination_arns = {
    sqs  = [for key, queue in aws_sqs_queue.this : queue.arn if key == "failures"]
    s3   = aws_s3_bucket.failures[*].arn
    none = []
  }[var.failure_destination]

  failure_statements = {
    sqs = [{
      Effect   = "Allow"
      Action   = ["sqs:SendMessage"]
      Resource = local.failure_queue_arn
    }]
    s3 = [
      {
        Effect   = "Allow"
        Action   = ["s3:ListBucket"]
        Resource = local.failure_bucket_arn
      },
      {
        # Lambda names the objects: aws/lambda/async/FUNCTION/… and aws/lambda/MAPPING/SHARD/….
        Effect   = "Allow"
        Action   = ["s3:PutObject"]
        Resource = "${local.failure_bucket_arn}/aws/lambda/*"
      },
    ]
    none = []
  }[var.failure_destination]

  failure_key_statements = var.kms_key_arn == null ? [] : [{
    Effect   = "Allow"
    Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
    Resource = var.kms_key_arn
  }]
}

resource "aws_s3_bucket" "failures" {
  count = var.failure_destination == "s3" ? 1 : 0

  bucket = "${var.name}-failures-${local.account_id}-${local.region}"
  tags   = var.tags

  lifecycle {
    precondition {
      condition     = can(regex("^[a-z0-9-]{3,63}$", "${var.name}-failures-${local.account_id}-${local.region}"))
      error_message = "The bucket's name follows from name: use lower-case letters, digits and hyphens, and at most 24 characters, with failure_destination = \"s3\"."
    }
  }
}

resource "aws_s3_bucket_policy" "failures" {
  count = var.failure_destination == "s3" ? 1 : 0

  bucket = aws_s3_bucket.failures[0].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "OnlyEncrypted"
      Effect    = "Deny"
      Principal = { AWS = "*" }
      Action    = "s3:*"
      Resource  = [local.failure_bucket_arn, "${local.failure_bucket_arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })

  # A policy and the block of public ones that are set at once get in each other's way.
  depends_on = [aws_s3_bucket_public_access_block.failures]
}

resource "aws_s3_bucket_public_access_block" "failures" {
  count = var.failure_destination == "s3" ? 1 : 0

  bucket                  = aws_s3_bucket.failures[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "failures" {
  count = var.failure_destination == "s3" ? 1 : 0

  bucket = aws_s3_bucket.failures[0].id

  rule {
    bucket_key_enabled = var.kms_key_arn != null

    apply_server_side_encryption_by_default {
      sse_algorithm     = var.kms_key_arn == null ? "AES256" : "aws:kms"
      kms_master_key_id = var.kms_key_arn
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "failures" {
  count = var.failure_destination == "s3" ? 1 : 0

  bucket = aws_s3_bucket.failures[0].id

  rule {
    id     = "expire"
    status = "Enabled"

    filter {}

    expiration {
      days = var.failure_retention_in_days
    }
  }
}

resource "aws_iam_role_policy" "failure" {
  for_each = var.failure_destination == "none" ? {} : local.function_roles

  name = "failure-destination"
  role = each.value

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = concat(local.failure_statements, local.failure_key_statements)
  })
}
