# Where incidents, what is deferred and the rate limit of Slack are kept.

variable "state" {
  type        = string
  default     = "table"
  nullable    = false
  description = "`table` (a DynamoDB table, `STATUSWATCH_STATE_TABLE`, which all containers share and which outlives them) or `memory` (each container for itself: nothing is deferred for more than a minute, and concurrency is limited by `spacing_seconds`)."

  validation {
    condition     = contains(["table", "memory"], var.state)
    error_message = "state must be `table` or `memory`."
  }
}

variable "state_table_kms_key_arn" {
  type        = string
  default     = null
  description = "ARN of the customer-managed key that encrypts the table; null for a key that DynamoDB owns, which costs nothing. README.md has the key policy it needs."

  validation {
    condition     = var.state_table_kms_key_arn == null || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:\\d{12}:key/.+$", var.state_table_kms_key_arn))
    error_message = "state_table_kms_key_arn must be the ARN of a key, not an alias, since the functions' permissions name the key. `aws kms describe-key --key-id alias/NAME --query KeyMetadata.Arn` prints it."
  }

  validation {
    condition     = var.state_table_kms_key_arn == null || var.state == "table"
    error_message = "state_table_kms_key_arn needs state = \"table\": with state = \"memory\" there is no table to encrypt. Leave it out."
  }
}

variable "state_table_point_in_time_recovery" {
  type        = bool
  default     = false
  nullable    = false
  description = "Whether DynamoDB keeps the table's last 35 days, at a price. What is in the table is over within days."
}

variable "state_table_deletion_protection" {
  type        = bool
  default     = false
  nullable    = false
  description = "Whether DynamoDB refuses to delete the table. To remove it, or to go to `state = \"memory\"`, apply with false first."
}
