# The access log: the log group that API Gateway writes to, and the role that lets it write.

locals {
  api_gateway_role_name = "${var.name}-api-gateway-logs"

  # Those without a row in `apis`, which share one alarm. The created one by its attribute, so that what reads it waits.
  shared_log_group_names = setunion(var.log_group_names, aws_cloudwatch_log_group.access_log[*].name)
  # Every log group that is watched.
  log_group_names = setunion(local.shared_log_group_names, values(local.api_log_group_names))
}

resource "aws_cloudwatch_log_group" "access_log" {
  count = var.create_log_group ? 1 : 0

  name              = coalesce(var.log_group_name, "/aws/apigateway/${var.name}-accesslog")
  retention_in_days = var.retention_in_days
  kms_key_id        = var.kms_key_arn
  tags              = var.tags
}

resource "aws_iam_role" "api_gateway" {
  count = var.create_api_gateway_account_role ? 1 : 0

  name                 = local.api_gateway_role_name
  path                 = var.role_path
  permissions_boundary = var.permissions_boundary
  description          = "Lets API Gateway write logs"
  tags                 = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "apigateway.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy_attachment" "api_gateway" {
  count = var.create_api_gateway_account_role ? 1 : 0

  role       = aws_iam_role.api_gateway[0].name
  policy_arn = "arn:${local.partition}:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
}

resource "aws_api_gateway_account" "this" {
  count = var.create_api_gateway_account_role ? 1 : 0

  cloudwatch_role_arn = aws_iam_role.api_gateway[0].arn

  # API Gateway tries the role when it is entered, and refuses one that cannot write.
  depends_on = [aws_iam_role_policy_attachment.api_gateway]
}
