# Method 2: how log events reach the function.

variable "ingest" {
  type        = string
  default     = "lambda"
  nullable    = false
  description = "How log events reach the function: `lambda` (CloudWatch Logs calls it) or `kinesis` (through a stream, where nothing is acknowledged before it is in the table or, with `state = \"memory\"`, before Slack took it)."

  validation {
    condition     = contains(["lambda", "kinesis"], var.ingest)
    error_message = "ingest must be `lambda` or `kinesis`."
  }
}

# With the pattern of the output `errors_only_filter_pattern`, `%\x22status\x22:\s?\x22?[45][0-9][0-9]%`,
# CloudWatch sends only lines with a status of 4xx or 5xx, broken JSON among them.
# What that saves: the calls, and the log lines, of deliveries that hold no error.
# What it hides: the counts of good and of unreadable lines in ledger and dashboard, so the alarm
# `lines-unreadable` can hardly fire; and errors in lines that have another form (CLF, CSV, XML, a space
# before the colon).
variable "filter_pattern" {
  type        = string
  default     = ""
  nullable    = false
  description = "Filter pattern of the subscription filters. Empty sends every line, so that the ledger counts good and unreadable ones too; the output `errors_only_filter_pattern` sends errors only, see \"Which lines are sent\"."

  validation {
    condition     = length(var.filter_pattern) <= 1024
    error_message = "filter_pattern must be at most 1,024 characters: CloudWatch Logs takes no longer one."
  }
}

variable "account_subscription" {
  type = object({
    filter_pattern           = optional(string, "%\\x22status\\x22:\\s?\\x22?[45][0-9][0-9]%")
    excluded_log_group_names = optional(set(string), [])
  })
  default     = null
  description = "A subscription policy for all log groups of the account and Region, besides the filters of those that are named: null for none, `{}` for lines with a status of 4xx or 5xx in JSON, of all but the functions' own log groups. An account has one such policy; \"All log groups of an account\" says when to use it."

  validation {
    condition     = var.account_subscription == null || try(length(var.account_subscription.filter_pattern) >= 1 && length(var.account_subscription.filter_pattern) <= 1024, false)
    error_message = "account_subscription.filter_pattern must be 1 to 1,024 characters: an empty one would send every line of every log group. Leave it out for lines with a status of 4xx or 5xx."
  }

  validation {
    condition     = var.account_subscription == null || try(alltrue([for name in var.account_subscription.excluded_log_group_names : can(regex("^[A-Za-z0-9._/#-]{1,512}$", name))]), false)
    error_message = "account_subscription.excluded_log_group_names must hold names of log groups, not ARNs, without wildcards: CloudWatch Logs compares whole names."
  }
}

variable "kinesis_stream_mode" {
  type        = string
  default     = "PROVISIONED"
  nullable    = false
  description = "Capacity of the stream: `PROVISIONED`, or `ON_DEMAND`, which begins with 4 shards and so wants `reserved_concurrent_executions = 4` (and `spacing_seconds = 8` with `state = \"memory\"`)."

  validation {
    condition     = contains(["PROVISIONED", "ON_DEMAND"], var.kinesis_stream_mode)
    error_message = "kinesis_stream_mode must be `PROVISIONED` or `ON_DEMAND`."
  }
}

variable "kinesis_shard_count" {
  type        = number
  default     = 1
  nullable    = false
  description = "Shards of a provisioned stream; each takes 1 MB or 1,000 records a second."

  validation {
    condition     = var.kinesis_shard_count >= 1 && floor(var.kinesis_shard_count) == var.kinesis_shard_count
    error_message = "kinesis_shard_count must be a whole number from 1."
  }
}

variable "kinesis_retention_period" {
  type        = number
  default     = 24
  nullable    = false
  description = "Hours that the stream keeps a record."

  validation {
    condition     = var.kinesis_retention_period >= 24 && var.kinesis_retention_period <= 8760
    error_message = "kinesis_retention_period must be from 24 to 8760."
  }
}

variable "kinesis_batch_size" {
  type        = number
  default     = 100
  nullable    = false
  description = "Records in one invocation at most."

  validation {
    condition     = var.kinesis_batch_size >= 1 && var.kinesis_batch_size <= 10000
    error_message = "kinesis_batch_size must be from 1 to 10000."
  }
}

variable "kinesis_maximum_batching_window_in_seconds" {
  type        = number
  default     = 10
  nullable    = false
  description = "Seconds for which records are gathered into one invocation, and so into one message."

  validation {
    condition     = var.kinesis_maximum_batching_window_in_seconds >= 0 && var.kinesis_maximum_batching_window_in_seconds <= 300
    error_message = "kinesis_maximum_batching_window_in_seconds must be from 0 to 300."
  }
}

variable "kinesis_maximum_retry_attempts" {
  type        = number
  default     = -1
  nullable    = false
  description = "Times that a failed batch is run again; -1 for as long as its age allows."

  validation {
    condition     = var.kinesis_maximum_retry_attempts >= -1 && var.kinesis_maximum_retry_attempts <= 10000
    error_message = "kinesis_maximum_retry_attempts must be from 0 to 10000, or -1 for as long as the record's age allows."
  }
}

variable "kinesis_maximum_record_age_in_seconds" {
  type        = number
  default     = 21600
  nullable    = false
  description = "Seconds after which a record that could not be told goes to the failure destination."

  validation {
    condition     = var.kinesis_maximum_record_age_in_seconds >= 60 && var.kinesis_maximum_record_age_in_seconds <= min(604800, var.kinesis_retention_period * 3600)
    error_message = "kinesis_maximum_record_age_in_seconds must be from 60 to the stream's retention, kinesis_retention_period × 3600, and at most 604800 (a week): an older record is gone, or is no longer known when it comes again."
  }
}
