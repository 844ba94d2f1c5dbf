# How the two functions run.

variable "memory_size" {
  type        = number
  default     = 128
  nullable    = false
  description = "Megabytes of memory of each function; CPU comes in proportion."

  validation {
    condition     = var.memory_size >= 128 && var.memory_size <= 10240
    error_message = "memory_size must be from 128 to 10240, which is what Lambda offers."
  }
}

variable "timeout" {
  type        = number
  default     = 30
  nullable    = false
  description = "Seconds that one invocation may take, Slack's answers and retries included."

  validation {
    condition     = var.timeout >= 10 && var.timeout <= 900
    error_message = "timeout must be from 10 to 900: below 10 seconds there is no room for one retry to Slack."
  }
}

variable "reserved_concurrent_executions" {
  type        = number
  default     = 2
  nullable    = false
  description = "Containers that may handle lines at once; -1 to reserve none. An account must keep 100 unreserved: where the quota is small, raise the quota or set -1."

  validation {
    condition     = var.reserved_concurrent_executions == -1 || var.reserved_concurrent_executions >= 1 && floor(var.reserved_concurrent_executions) == var.reserved_concurrent_executions
    error_message = "reserved_concurrent_executions must be a whole number from 1, or -1 to reserve none. 0 would send every delivery straight to the failure destination."
  }

  validation {
    condition     = var.state == "table" || var.reserved_concurrent_executions <= 50
    error_message = "reserved_concurrent_executions must be at most 50 with state = \"memory\": the tick has a target for each container. With state = \"table\" one target is enough."
  }

  validation {
    condition     = var.ingest != "kinesis" || var.reserved_concurrent_executions == -1 || var.reserved_concurrent_executions >= (var.kinesis_stream_mode == "ON_DEMAND" ? 4 : var.kinesis_shard_count)
    error_message = "reserved_concurrent_executions must be at least the stream's shards, since each is read by one invocation at a time: kinesis_shard_count, or the 4 with which a stream on demand begins. Raise it (with state = \"memory\" spacing_seconds to twice as much, too), or set -1."
  }
}

variable "alarms_reserved_concurrent_executions" {
  type        = number
  default     = 1
  nullable    = false
  description = "Containers that may handle alarms at once; -1 to reserve none. With one, a change that comes by topic and by direct action is told once."

  validation {
    condition     = var.alarms_reserved_concurrent_executions == -1 || var.alarms_reserved_concurrent_executions >= 1 && var.alarms_reserved_concurrent_executions <= 10
    error_message = "alarms_reserved_concurrent_executions must be from 1 to 10, or -1 to reserve none."
  }
}

variable "maximum_event_age_in_seconds" {
  type        = number
  default     = 3600
  nullable    = false
  description = "Seconds for which Lambda keeps a delivery that it cannot run, before it goes to the failure destination."

  validation {
    condition     = var.maximum_event_age_in_seconds >= 60 && var.maximum_event_age_in_seconds <= 21600
    error_message = "maximum_event_age_in_seconds must be from 60 to 21600 (six hours), which is what Lambda offers."
  }
}

variable "maximum_retry_attempts" {
  type        = number
  default     = 2
  nullable    = false
  description = "Times that Lambda runs a failed delivery again, before it goes to the failure destination."

  validation {
    condition     = contains([0, 1, 2], var.maximum_retry_attempts)
    error_message = "maximum_retry_attempts must be 0, 1 or 2."
  }
}

variable "function_log_retention_in_days" {
  type        = number
  default     = 30
  nullable    = false
  description = "Days that the functions' own logs are kept; 0 for ever."

  validation {
    condition     = contains([0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.function_log_retention_in_days)
    error_message = "function_log_retention_in_days must be one that CloudWatch Logs offers: 0 (for ever), 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}

variable "application_log_level" {
  type        = string
  default     = "INFO"
  nullable    = false
  description = "Lowest level that the functions log: `TRACE`, `DEBUG` or `INFO`. Nothing above INFO: the metrics are log lines of that level."

  validation {
    condition     = contains(["TRACE", "DEBUG", "INFO"], var.application_log_level)
    error_message = "application_log_level must be `TRACE`, `DEBUG` or `INFO`: a higher one drops the lines that carry the metrics, and every alarm on them would be blind."
  }
}

variable "system_log_level" {
  type        = string
  default     = "INFO"
  nullable    = false
  description = "Lowest level that Lambda itself logs: `DEBUG`, `INFO` or `WARN`. WARN leaves out the line per invocation with duration and memory."

  validation {
    condition     = contains(["DEBUG", "INFO", "WARN"], var.system_log_level)
    error_message = "system_log_level must be `DEBUG`, `INFO` or `WARN`."
  }
}

variable "failure_destination" {
  type        = string
  default     = "sqs"
  nullable    = false
  description = "Where a delivery goes that could not be told: `sqs`, `s3` (for deliveries that may exceed what a queue message holds) or `none` (it is lost)."

  validation {
    condition     = contains(["sqs", "s3", "none"], var.failure_destination)
    error_message = "failure_destination must be `sqs`, `s3` or `none`."
  }
}

variable "failure_retention_in_days" {
  type        = number
  default     = 14
  nullable    = false
  description = "Days that a failed delivery is kept; a queue keeps 14 at most."

  validation {
    condition     = var.failure_retention_in_days >= 1 && floor(var.failure_retention_in_days) == var.failure_retention_in_days && (var.failure_destination != "sqs" || var.failure_retention_in_days <= 14)
    error_message = "failure_retention_in_days must be a whole number from 1, and at most 14 for a queue. Use failure_destination = \"s3\" to keep failures longer."
  }
}
