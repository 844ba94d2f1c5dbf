output "invoke_url" {
  description = "URL of the API's stage."
  value       = aws_api_gateway_stage.v1.invoke_url
}

output "statuswatch" {
  description = "Everything that the module gives out."
  value       = module.statuswatch
}
