variable "name" {
  type        = string
  default     = "orders"
  description = "Name of the API and prefix of everything beside it."
}

variable "region" {
  type        = string
  default     = "us-east-1"
  description = "Region to build in."
}

variable "package_path" {
  type        = string
  default     = null
  description = "Path of the function's package; null for the place where `cargo lambda build` leaves it."
}

variable "architecture" {
  type        = string
  default     = "x86_64"
  description = "Instruction set that the package was built for."
}

variable "webhook_url" {
  type        = string
  default     = null
  ephemeral   = true
  sensitive   = true
  description = "Slack's incoming webhook, best given as TF_VAR_webhook_url."
}

variable "bot_token_parameter_name" {
  type        = string
  default     = null
  description = "Parameter that holds a bot token, to be used instead of the webhook."
}

variable "slack_channel" {
  type        = string
  default     = null
  description = "With a bot token: the channel's id."
}

variable "slack_api_url" {
  type        = string
  default     = null
  description = "With a bot token: the base of the Web API; null for Slack's own."
}

variable "create_api_gateway_account_role" {
  type        = bool
  default     = true
  description = "Whether to set the account's API Gateway role, as the first API that logs needs it; false where the account has one already."
}

variable "alarm_source" {
  type        = string
  default     = "metric_filter"
  description = "What the alarm counts: metric_filter, function or both."
}

variable "ingest" {
  type        = string
  default     = "lambda"
  description = "How log events reach the function: lambda or kinesis."
}

variable "state" {
  type        = string
  default     = "table"
  description = "Where incidents are kept: table or memory."
}

variable "follow_ups" {
  type        = string
  default     = "1m*5,5m*5,15m*6,1h"
  description = "Times between the follow-ups of an incident."
}

variable "quiet_seconds" {
  type        = number
  default     = 300
  description = "Without an error for so long an incident is over."
}

variable "watch_email_addresses" {
  type        = set(string)
  default     = []
  description = "E-mail addresses for alarms on statuswatch itself."
}

variable "reserve_concurrency" {
  type        = bool
  default     = true
  description = "Whether to reserve concurrent executions for the functions; false where the account's quota is small, as a new account's is."
}
