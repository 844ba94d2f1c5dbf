# The recommended access-log formats.
#
# Each stays valid JSON when there is an error, whatever the client sends:
# - every value stands in quotes, since a missing one is written as a bare `-`;
# - not `error.messageString`, which brings its own quotes, and no other free text (error message,
#   validation error, user agent, path): whether API Gateway escapes it is not documented.

locals {
  access_log_fields = {
    requestId         = "$context.requestId"
    requestTime       = "$context.requestTime"
    ip                = "$context.identity.sourceIp"
    httpMethod        = "$context.httpMethod"
    stage             = "$context.stage"
    protocol          = "$context.protocol"
    status            = "$context.status"
    responseLength    = "$context.responseLength"
    responseLatency   = "$context.responseLatency"
    errorResponseType = "$context.error.responseType"
    # Not integrationStatus, which is API Gateway's word for what the integration's service answered.
    integration_status = "$context.integration.status"
    integrationLatency = "$context.integrationLatency"
  }

  access_log_format_rest = jsonencode(merge(local.access_log_fields, {
    extendedRequestId = "$context.extendedRequestId"
    resourcePath      = "$context.resourcePath"
  }))

  access_log_format_http = jsonencode(merge(local.access_log_fields, {
    routeKey = "$context.routeKey"
  }))
}
