# The table in which the containers of both functions keep incidents, what is deferred, and the rate limit of Slack.
# With state = "memory" there is none, and each container keeps these for itself.

locals {
  state_in_table   = var.state == "table"
  state_table_name = "${var.name}-state"
  state_table_arn  = "${local.arn_prefix.dynamodb}:table/${local.state_table_name}"

  state_statements = concat(
    [{
      Effect = "Allow"
      # What the function calls and no more: `store::PERMISSIONS`, as the test `state_table` holds.
      Action = [
        "dynamodb:BatchGetItem",
        "dynamodb:BatchWriteItem",
        "dynamodb:DeleteItem",
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:Query",
        "dynamodb:UpdateItem",
      ]
      Resource = local.state_table_arn
    }],
    # DynamoDB uses the key on behalf of whoever asks for an item, so each role needs it, too.
    var.state_table_kms_key_arn == null ? [] : [{
      Effect = "Allow"
      Action = [
        "kms:Decrypt",
        "kms:DescribeKey",
        "kms:Encrypt",
        "kms:GenerateDataKey",
        "kms:GenerateDataKeyWithoutPlaintext",
        "kms:ReEncryptFrom",
        "kms:ReEncryptTo",
      ]
      Resource  = var.state_table_kms_key_arn
      Condition = { StringEquals = { "kms:ViaService" = "dynamodb.${local.region}.${data.aws_partition.current.dns_suffix}" } }
    }],
  )
}

resource "aws_dynamodb_table" "state" {
  count = local.state_in_table ? 1 : 0

  name                        = local.state_table_name
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "pk"
  range_key                   = "sk"
  deletion_protection_enabled = var.state_table_deletion_protection
  tags                        = var.tags

  attribute {
    name = "pk"
    type = "S"
  }

  attribute {
    name = "sk"
    type = "S"
  }

  ttl {
    attribute_name = "expires"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = var.state_table_point_in_time_recovery
  }

  # Without this block DynamoDB encrypts with a key that it owns, free of charge.
  dynamic "server_side_encryption" {
    for_each = var.state_table_kms_key_arn[*]

    content {
      enabled     = true
      kms_key_arn = server_side_encryption.value
    }
  }

  # On the way to state = "memory" the table goes only after the functions no longer use it.
  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_iam_role_policy" "state" {
  for_each = local.state_in_table ? local.function_roles : {}

  name = "state"
  role = each.value

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = local.state_statements
  })

  lifecycle {
    create_before_destroy = true
  }
}
