main.tf
resource "aws_api_gateway_stage" "orders" {
  stage_name = "prod"

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.orders.arn
    # format = "{\"latency\":$context.integrationLatency}"
    // format = "$context.nonsense"
    /* format = "" */
    format = replace(<<-EOF
      {"requestId":"$context.requestId",
      "httpMethod":"$context.httpMethod",
      "resourcePath":"$context.resourcePath",
      "status":"$context.status"}
    EOF
    , "\n", "")
  }
}
