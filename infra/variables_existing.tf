# What exists already and is plugged in: alarms and topics, the network, keys, tracing, code signing.

variable "external_alarm_arns" {
  type        = set(string)
  default     = []
  nullable    = false
  description = "ARNs of alarms that the module did not make: each may call the function for alarms, whose ARN (output `alarms_function_arn`) you add to its actions on ALARM and on OK, or publish to the module's topic. `alarm_log_groups` says whose they are."

  validation {
    condition     = length(var.external_alarm_arns) <= 10 && alltrue([for arn in var.external_alarm_arns : can(regex("^arn:[a-z-]+:cloudwatch:[a-z0-9-]+:\\d{12}:alarm:[^*?]{1,255}$", arn))])
    error_message = "external_alarm_arns must be at most 10 ARNs of alarms, without wildcards, such as `arn:aws:cloudwatch:eu-west-1:123456789012:alarm:orders 5xx`. For more, have them publish to one topic and give that in external_alarm_topic_arns."
  }
}

variable "external_alarm_topic_arns" {
  type        = set(string)
  default     = []
  nullable    = false
  description = "ARNs of existing topics, in the module's Region, to which alarms publish: the function for alarms subscribes to each. `alarm_log_groups` says whose alarms they are."

  validation {
    condition     = length(var.external_alarm_topic_arns) <= 10 && alltrue([for arn in var.external_alarm_topic_arns : can(regex("^arn:[a-z-]+:sns:[a-z0-9-]+:\\d{12}:[A-Za-z0-9_-]{1,256}$", arn))])
    error_message = "external_alarm_topic_arns must be at most 10 ARNs of standard topics, such as `arn:aws:sns:eu-west-1:123456789012:alarms`: neither a FIFO topic, which calls no function, nor a subscription."
  }
}

variable "vpc" {
  type = object({
    subnet_ids         = set(string)
    security_group_ids = set(string)
  })
  default     = null
  description = "Private subnets and security groups of both functions; null for Lambda's own network. The subnets need a way to Slack (a NAT gateway), and by it or by endpoints to DynamoDB, SSM or Secrets Manager."

  validation {
    condition     = var.vpc == null || try(length(var.vpc.subnet_ids) >= 1 && length(var.vpc.subnet_ids) <= 16 && alltrue([for id in var.vpc.subnet_ids : can(regex("^subnet-[0-9a-f]+$", id))]), false)
    error_message = "vpc.subnet_ids must be 1 to 16 ids such as `subnet-0123456789abcdef0`, best of two availability zones."
  }

  validation {
    condition     = var.vpc == null || try(length(var.vpc.security_group_ids) >= 1 && length(var.vpc.security_group_ids) <= 5 && alltrue([for id in var.vpc.security_group_ids : can(regex("^sg-[0-9a-f]+$", id))]), false)
    error_message = "vpc.security_group_ids must be 1 to 5 ids such as `sg-0123456789abcdef0`; the functions need port 443 outwards and nothing inwards."
  }
}

variable "tracing_mode" {
  type        = string
  default     = null
  description = "X-Ray: `Active` (Lambda samples invocations itself), `PassThrough` (as the caller says), or null for what Lambda does by itself, which is the latter. The traces are Lambda's own; the function adds no segments."

  validation {
    condition     = var.tracing_mode == null || contains(["Active", "PassThrough"], coalesce(var.tracing_mode, "-"))
    error_message = "tracing_mode must be `Active`, `PassThrough` or null."
  }
}

variable "environment_kms_key_arn" {
  type        = string
  default     = null
  description = "ARN of the customer-managed key that encrypts the functions' environment; null for Lambda's own. There is no secret in it."

  validation {
    condition     = var.environment_kms_key_arn == null || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:\\d{12}:key/.+$", var.environment_kms_key_arn))
    error_message = "environment_kms_key_arn must be the ARN of a key, not an alias, since the functions' permissions name the key. `aws kms describe-key --key-id alias/NAME --query KeyMetadata.Arn` prints it."
  }
}

variable "code_signing_config_arn" {
  type        = string
  default     = null
  description = "ARN of the code signing configuration of both functions; null for none. The package must be signed by one of its profiles."

  validation {
    condition     = var.code_signing_config_arn == null || can(regex("^arn:[a-z-]+:lambda:[a-z0-9-]+:\\d{12}:code-signing-config:csc-[0-9a-f]+$", var.code_signing_config_arn))
    error_message = "code_signing_config_arn must be the ARN of a code signing configuration, such as `arn:aws:lambda:eu-west-1:123456789012:code-signing-config:csc-0123456789abcdef0`."
  }
}

variable "function_log_class" {
  type        = string
  default     = "STANDARD"
  nullable    = false
  description = "Class of the functions' own log groups: `STANDARD` or `INFREQUENT_ACCESS`, which costs less and makes no metrics of the log lines. The access log is always `STANDARD`: no other class has subscription filters. To be set before the first apply: a later change fails, since the new log group would have the old one's name."

  validation {
    condition     = contains(["STANDARD", "INFREQUENT_ACCESS"], var.function_log_class)
    error_message = "function_log_class must be `STANDARD` or `INFREQUENT_ACCESS`."
  }

  validation {
    condition     = var.function_log_class == "STANDARD" || (!var.create_watch_alarms && !var.create_dashboard && var.alarm_source == "metric_filter")
    error_message = "function_log_class = \"INFREQUENT_ACCESS\" makes no metrics of the functions' log lines, so that the alarms and the dashboard on them would stay empty. Set create_watch_alarms = false, create_dashboard = false and alarm_source = \"metric_filter\" with it, or keep `STANDARD`."
  }
}
