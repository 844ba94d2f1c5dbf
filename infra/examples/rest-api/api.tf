# GET /orders answers 200; GET /orders/{id} answers 404; anything else is refused by API Gateway.

resource "aws_api_gateway_rest_api" "this" {
  name        = var.name
  description = "Example of an API that statuswatch watches"
}

resource "aws_api_gateway_resource" "orders" {
  rest_api_id = aws_api_gateway_rest_api.this.id
  parent_id   = aws_api_gateway_rest_api.this.root_resource_id
  path_part   = "orders"
}

resource "aws_api_gateway_resource" "order" {
  rest_api_id = aws_api_gateway_rest_api.this.id
  parent_id   = aws_api_gateway_resource.orders.id
  path_part   = "{id}"
}

locals {
  methods = {
    orders = { resource_id = aws_api_gateway_resource.orders.id, status = "200" }
    order  = { resource_id = aws_api_gateway_resource.order.id, status = "404" }
  }
}

resource "aws_api_gateway_method" "get" {
  for_each = local.methods

  rest_api_id   = aws_api_gateway_rest_api.this.id
  resource_id   = each.value.resource_id
  http_method   = "GET"
  authorization = "NONE"
}

resource "aws_api_gateway_integration" "mock" {
  for_each = local.methods

  rest_api_id       = aws_api_gateway_rest_api.this.id
  resource_id       = each.value.resource_id
  http_method       = aws_api_gateway_method.get[each.key].http_method
  type              = "MOCK"
  request_templates = { "application/json" = jsonencode({ statusCode = tonumber(each.value.status) }) }
}

resource "aws_api_gateway_method_response" "this" {
  for_each = local.methods

  rest_api_id = aws_api_gateway_rest_api.this.id
  resource_id = each.value.resource_id
  http_method = aws_api_gateway_method.get[each.key].http_method
  status_code = each.value.status
}

resource "aws_api_gateway_integration_response" "this" {
  for_each = local.methods

  rest_api_id        = aws_api_gateway_rest_api.this.id
  resource_id        = each.value.resource_id
  http_method        = aws_api_gateway_integration.mock[each.key].http_method
  status_code        = aws_api_gateway_method_response.this[each.key].status_code
  response_templates = { "application/json" = jsonencode({}) }
}

resource "aws_api_gateway_deployment" "this" {
  rest_api_id = aws_api_gateway_rest_api.this.id

  # A deployment is a snapshot: a new one whenever the definition above changes.
  triggers = {
    definition = filesha1("${path.module}/api.tf")
  }

  depends_on = [aws_api_gateway_integration_response.this]

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_api_gateway_stage" "v1" {
  rest_api_id   = aws_api_gateway_rest_api.this.id
  deployment_id = aws_api_gateway_deployment.this.id
  stage_name    = "v1"

  access_log_settings {
    destination_arn = module.statuswatch.access_log_destination_arn
    format          = module.statuswatch.access_log_format_rest
  }
}
