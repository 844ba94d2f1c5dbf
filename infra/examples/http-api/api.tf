# GET /pets is passed on to the backend; any other route answers 404.

resource "aws_apigatewayv2_api" "this" {
  name          = var.name
  description   = "Example of an API that statuswatch watches"
  protocol_type = "HTTP"
}

resource "aws_apigatewayv2_integration" "backend" {
  api_id             = aws_apigatewayv2_api.this.id
  integration_type   = "HTTP_PROXY"
  integration_method = "GET"
  integration_uri    = var.backend_url
}

resource "aws_apigatewayv2_route" "pets" {
  api_id    = aws_apigatewayv2_api.this.id
  route_key = "GET /pets"
  target    = "integrations/${aws_apigatewayv2_integration.backend.id}"
}

resource "aws_apigatewayv2_stage" "default" {
  api_id      = aws_apigatewayv2_api.this.id
  name        = "$default"
  auto_deploy = true

  access_log_settings {
    destination_arn = module.statuswatch.access_log_destination_arn
    format          = module.statuswatch.access_log_format_http
  }
}
