# Who watches the watcher.

variable "create_watch_alarms" {
  type        = bool
  default     = true
  nullable    = false
  description = "Whether to create the alarms on the functions, their failure destination and their deliveries, with a topic of their own."
}

variable "watch_email_addresses" {
  type        = set(string)
  default     = []
  nullable    = false
  description = "E-mail addresses that those alarms go to; each must confirm the mail that AWS sends."

  validation {
    condition     = alltrue([for address in var.watch_email_addresses : can(regex("^[^@\\s]+@[^@\\s]+$", address))])
    error_message = "watch_email_addresses must be e-mail addresses, such as `ops@example.com`; for anything else subscribe to the topic in the output watch_topic_arn."
  }

  validation {
    condition     = var.create_watch_alarms || length(var.watch_email_addresses) == 0
    error_message = "watch_email_addresses needs create_watch_alarms = true: there is no topic to subscribe to."
  }
}

variable "watch_topic_arns" {
  type        = set(string)
  default     = []
  nullable    = false
  description = "ARNs of existing topics that those alarms go to, instead of a topic `NAME-watch`. Their policies must let `cloudwatch.amazonaws.com` publish, and so must the key of an encrypted one."

  validation {
    condition     = length(var.watch_topic_arns) <= 5 && alltrue([for arn in var.watch_topic_arns : can(regex("^arn:[a-z-]+:sns:[a-z0-9-]+:\\d{12}:[A-Za-z0-9_-]{1,256}$", arn))])
    error_message = "watch_topic_arns must be at most 5 ARNs of standard topics, such as `arn:aws:sns:eu-west-1:123456789012:ops`: an alarm takes five actions."
  }

  validation {
    condition     = length(var.watch_topic_arns) == 0 || (var.create_watch_alarms && length(var.watch_email_addresses) == 0)
    error_message = "watch_topic_arns goes with create_watch_alarms = true and without watch_email_addresses: subscribe mail to those topics yourself."
  }
}

variable "watch_unreadable_threshold" {
  type        = number
  default     = 1
  nullable    = false
  description = "Lines in 5 minutes without a readable status from which the alarm breaches."

  validation {
    condition     = var.watch_unreadable_threshold >= 1
    error_message = "watch_unreadable_threshold must be at least 1."
  }
}

variable "watch_pending_minutes" {
  type        = number
  default     = 15
  nullable    = false
  description = "Minutes on end in which Slack does not take what is due, from which the alarm breaches."

  validation {
    condition     = var.watch_pending_minutes >= 2 && var.watch_pending_minutes <= 1440 && floor(var.watch_pending_minutes) == var.watch_pending_minutes
    error_message = "watch_pending_minutes must be a whole number from 2 to 1440."
  }
}

variable "watch_delivery_lag_seconds" {
  type        = number
  default     = 300
  nullable    = false
  description = "Seconds from a line's timestamp to Slack's acceptance from which the alarm breaches."

  validation {
    condition     = var.watch_delivery_lag_seconds >= 1
    error_message = "watch_delivery_lag_seconds must be at least 1."
  }
}

variable "create_dashboard" {
  type        = bool
  default     = true
  nullable    = false
  description = "Whether to create the dashboard."
}
