output "api_endpoint" {
  description = "URL of the API."
  value       = aws_apigatewayv2_api.this.api_endpoint
}

output "statuswatch" {
  description = "Everything that the module gives out."
  value       = module.statuswatch
}
