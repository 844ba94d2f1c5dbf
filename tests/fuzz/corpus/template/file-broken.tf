main.tf
resource "aws_api_gateway_stage" "orders" {
  access_log_settings {
    format = "$context.status
  }
}
