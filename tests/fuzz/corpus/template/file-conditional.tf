main.tf
resource "aws_apigatewayv2_stage" "api" {
  access_log_settings {
    format = var.short ? "$context.requestId $context.routeKey" : jsonencode({
      requestId = "$context.requestId"
      routeKey  = "$context.routeKey"
      status    = "$context.status"
    })
  }
}
