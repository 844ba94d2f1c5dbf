# Where API Gateway writes its access log.

variable "create_api_gateway_account_role" {
  type        = bool
  default     = false
  nullable    = false
  description = "Whether to create the role with which REST and WebSocket APIs write logs, and to enter it in the account's API Gateway settings. There is one setting per account and Region: true overwrites what is there."
}

variable "create_log_group" {
  type        = bool
  default     = true
  nullable    = false
  description = "Whether to create a log group for the access log; false when every log group in `log_group_names` exists already."
}

variable "log_group_name" {
  type        = string
  default     = null
  description = "Name of the log group to create; null for `/aws/apigateway/<name>-accesslog`."

  validation {
    condition     = var.log_group_name == null || can(regex("^[A-Za-z0-9._/#-]{1,512}$", var.log_group_name))
    error_message = "log_group_name must be 1 to 512 of the characters that CloudWatch Logs allows: letters, digits and `. - _ / #`."
  }

  validation {
    condition     = var.log_group_name == null || !contains(["/aws/lambda/${var.name}-lines", "/aws/lambda/${var.name}-alarms"], coalesce(var.log_group_name, "-"))
    error_message = "log_group_name is the function's own log group: each delivery would write lines that cause the next. Name the access log's group instead."
  }
}

variable "log_group_names" {
  type        = set(string)
  default     = []
  nullable    = false
  description = "Existing log groups that hold access logs and are watched too. Each has room for five subscription filters; this takes one. The notice of an alarm opens all watched log groups in Logs Insights, unless they are more than 50 or their names too long for one link (`STATUSWATCH_LOG_GROUPS`)."

  validation {
    condition     = alltrue([for name in var.log_group_names : can(regex("^[A-Za-z0-9._/#-]{1,512}$", name))])
    error_message = "log_group_names must hold names, not ARNs, without wildcards: letters, digits and `. - _ / #`."
  }

  validation {
    condition     = length(setintersection(var.log_group_names, ["/aws/lambda/${var.name}-lines", "/aws/lambda/${var.name}-alarms"])) == 0
    error_message = "log_group_names holds the function's own log group: each delivery would write lines that cause the next. Remove it."
  }

  validation {
    condition     = !var.create_log_group || !contains(var.log_group_names, coalesce(var.log_group_name, "/aws/apigateway/${var.name}-accesslog"))
    error_message = "log_group_names holds the log group that the module creates. Remove it there, or set create_log_group = false if it exists already."
  }
}

variable "retention_in_days" {
  type        = number
  default     = 90
  nullable    = false
  description = "Days that the created access log is kept; 0 for ever."

  validation {
    condition     = contains([0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.retention_in_days)
    error_message = "retention_in_days must be one that CloudWatch Logs offers: 0 (for ever), 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}
