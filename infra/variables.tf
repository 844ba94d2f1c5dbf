# What every part shares: names, tags, roles, keys.

variable "name" {
  type        = string
  default     = "statuswatch"
  nullable    = false
  description = "Prefix of every name that the module gives; one per instance in an account, in whatever Region: the IAM roles carry it."

  validation {
    condition     = can(regex("^[A-Za-z][A-Za-z0-9-]{0,38}[A-Za-z0-9]$", var.name))
    error_message = "name must be 2 to 40 characters: letters, digits and hyphens, a letter first, no hyphen last. IAM allows 64 and the module appends up to 17."
  }
}

variable "tags" {
  type        = map(string)
  default     = {}
  nullable    = false
  description = "Tags on everything that can be tagged, beside the provider's `default_tags`."

  validation {
    condition     = alltrue([for key in keys(var.tags) : !startswith(lower(key), "aws:")])
    error_message = "tags must not use keys that begin with `aws:`: AWS reserves them. Rename the key."
  }
}

variable "role_path" {
  type        = string
  default     = "/"
  nullable    = false
  description = "Path of every IAM role; set it before the first apply (a role cannot move while its name is taken)."

  validation {
    condition     = can(regex("^/(.{1,510}/)?$", var.role_path))
    error_message = "role_path must begin and end with a slash, for example `/service/`."
  }
}

variable "permissions_boundary" {
  type        = string
  default     = null
  description = "ARN of the policy that bounds every IAM role; null for none."

  validation {
    condition     = var.permissions_boundary == null || can(regex("^arn:[a-z-]+:iam::(\\d{12}|aws):policy/.+$", var.permissions_boundary))
    error_message = "permissions_boundary must be the ARN of an IAM policy, for example `arn:aws:iam::123456789012:policy/boundary`."
  }
}

variable "kms_key_arn" {
  type        = string
  default     = null
  description = "ARN of a customer-managed key for log groups, topics, failure queue or bucket, and stream; null for AWS's own keys. README.md has the key policy it needs."

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:\\d{12}:key/.+$", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a key, not an alias: log groups do not take an alias. `aws kms describe-key --key-id alias/NAME --query KeyMetadata.Arn` prints it."
  }
}
