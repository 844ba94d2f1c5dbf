main.tf
locals {
  fields = {
    requestId = "$context.requestId"
    status    = "$context.status"
  }
}

resource "aws_api_gateway_stage" "good" {
  access_log_settings {
    format = jsonencode(merge(local.fields, { stage = var.stage, team = var.team }))
  }
}

resource "aws_apigatewayv2_stage" "bare_latency" {
  access_log_settings {
    format = "{\"requestId\":\"$context.requestId\",\"routeKey\":\"$context.routeKey\",\"status\":\"$context.status\",\"latency\":$context.integrationLatency}"
  }
}

resource "aws_api_gateway_stage" "elsewhere" {
  access_log_settings {
    format = var.format_of_the_platform
  }
}

variable "stage" {
  default = "prod"
}
variable "team" {}
variable "format_of_the_platform" {}
