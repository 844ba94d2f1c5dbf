# Whether the function itself takes up what is in the failure queue.

variable "redrive" {
  type        = bool
  default     = false
  nullable    = false
  description = "Whether the function for lines takes up again what is in the failure queue, so that nobody has to: each record until Slack or the table has it, or for `redrive_attempts` times, after which it is in the queue `NAME-failures-parked`."

  validation {
    condition     = !var.redrive || var.failure_destination == "sqs"
    error_message = "redrive needs failure_destination = \"sqs\": only a queue can call the function again. A bucket is read by `statuswatch redrive`."
  }
}

variable "redrive_interval_in_minutes" {
  type        = number
  default     = 30
  nullable    = false
  description = "Minutes until a record of the failure queue that was not told is tried again."

  validation {
    condition     = var.redrive_interval_in_minutes >= 1 && var.redrive_interval_in_minutes <= 720 && floor(var.redrive_interval_in_minutes) == var.redrive_interval_in_minutes
    error_message = "redrive_interval_in_minutes must be a whole number from 1 to 720 (12 hours), for which a queue can hide a message."
  }

  validation {
    condition     = !var.redrive || var.redrive_interval_in_minutes * 60 >= 6 * var.timeout
    error_message = "redrive_interval_in_minutes must be at least six times the function's timeout, as AWS asks of a queue that calls a function: raise it, or lower timeout."
  }
}

variable "redrive_attempts" {
  type        = number
  default     = 96
  nullable    = false
  description = "Times that a record of the failure queue is tried again; then it is parked. A look at it from the command line counts as one."

  validation {
    condition     = var.redrive_attempts >= 5 && var.redrive_attempts <= 1000 && floor(var.redrive_attempts) == var.redrive_attempts
    error_message = "redrive_attempts must be a whole number from 5 to 1000: with fewer, a function that is short of containers would park records that it never saw."
  }

  validation {
    condition     = !var.redrive || var.redrive_attempts * var.redrive_interval_in_minutes <= 1440 * min(7, var.failure_retention_in_days)
    error_message = "redrive_attempts × redrive_interval_in_minutes must not exceed a week, for which the table knows what was counted, nor failure_retention_in_days, after which the record is gone. Lower one of the two, or raise failure_retention_in_days."
  }
}
