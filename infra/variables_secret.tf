# How the functions get to Slack: exactly one of three places of an incoming webhook and two of a bot token, which
# goes with the channel's id in `slack_channel`.

variable "webhook_parameter_name" {
  type        = string
  default     = null
  description = "`SLACK_WEBHOOK_PARAMETER`: name of an existing SSM parameter (SecureString) that holds the webhook."

  validation {
    condition     = var.webhook_parameter_name == null || can(regex("^[A-Za-z0-9_./-]+$", var.webhook_parameter_name))
    error_message = "webhook_parameter_name must be the name of a parameter, not its ARN: letters, digits and `_ . / -`."
  }
}

variable "webhook_secret_name" {
  type        = string
  default     = null
  description = "`SLACK_WEBHOOK_SECRET`: name of an existing Secrets Manager secret that holds the webhook."

  validation {
    condition     = var.webhook_secret_name == null || can(regex("^[A-Za-z0-9/_+=.@-]+$", var.webhook_secret_name))
    error_message = "webhook_secret_name must be the name of a secret, not its ARN: the part after `:secret:` without the last hyphen and six characters."
  }

  validation {
    condition     = var.webhook_parameter_name == null || var.webhook_secret_name == null
    error_message = "Give webhook_parameter_name or webhook_secret_name, not both."
  }
}

variable "webhook_url" {
  type        = string
  default     = null
  ephemeral   = true
  sensitive   = true
  description = "The webhook itself, where neither name is given: written to an SSM parameter, never to state or plan. To be given at every plan, best as `TF_VAR_webhook_url`."

  validation {
    condition     = (var.webhook_url == null) == (var.webhook_parameter_name != null || var.webhook_secret_name != null || var.bot_token_parameter_name != null || var.bot_token_secret_name != null)
    error_message = "Give exactly one of webhook_parameter_name, webhook_secret_name, webhook_url, bot_token_parameter_name and bot_token_secret_name."
  }

  validation {
    condition     = var.webhook_url == null || can(regex("^(https://[^/@]+|http://(127\\.0\\.0\\.1|\\[::1\\]|localhost)(:[0-9]+)?)/[!-~]+$", var.webhook_url))
    error_message = "webhook_url must be an https URL without white space, as Slack shows it under Incoming Webhooks (plain http goes to a loopback address only)."
  }
}

variable "webhook_url_version" {
  type        = number
  default     = 1
  nullable    = false
  description = "To be raised when `webhook_url` changes: Terraform cannot see that it did."

  validation {
    condition     = var.webhook_url_version >= 1 && floor(var.webhook_url_version) == var.webhook_url_version
    error_message = "webhook_url_version must be a whole number from 1."
  }
}

variable "webhook_kms_key_arn" {
  type        = string
  default     = null
  description = "ARN of the customer-managed key that encrypts the webhook; null for AWS's own key."

  validation {
    condition     = var.webhook_kms_key_arn == null || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:\\d{12}:key/.+$", var.webhook_kms_key_arn))
    error_message = "webhook_kms_key_arn must be the ARN of a key, not an alias: a policy does not take an alias. `aws kms describe-key --key-id alias/NAME --query KeyMetadata.Arn` prints it."
  }
}

variable "bot_token_parameter_name" {
  type        = string
  default     = null
  description = "`SLACK_BOT_TOKEN_PARAMETER`: name of an existing SSM parameter (SecureString) that holds the Slack app's bot token, instead of a webhook."

  validation {
    condition     = var.bot_token_parameter_name == null || can(regex("^[A-Za-z0-9_./-]+$", var.bot_token_parameter_name))
    error_message = "bot_token_parameter_name must be the name of a parameter, not its ARN: letters, digits and `_ . / -`."
  }

  validation {
    condition     = var.bot_token_parameter_name == null || !can(regex("^xox[a-z]-[0-9]", var.bot_token_parameter_name))
    error_message = "bot_token_parameter_name is a token itself: store it in a parameter, and give that one's name. Revoke the token, it is in Terraform's output now."
  }

  validation {
    condition     = var.bot_token_parameter_name == null || (var.webhook_parameter_name == null && var.webhook_secret_name == null)
    error_message = "A webhook and a bot token exclude each other: give bot_token_parameter_name, or webhook_parameter_name or webhook_secret_name."
  }
}

variable "bot_token_secret_name" {
  type        = string
  default     = null
  description = "`SLACK_BOT_TOKEN_SECRET`: name of an existing Secrets Manager secret that holds the bot token, instead of a webhook."

  validation {
    condition     = var.bot_token_secret_name == null || can(regex("^[A-Za-z0-9/_+=.@-]+$", var.bot_token_secret_name))
    error_message = "bot_token_secret_name must be the name of a secret, not its ARN: the part after `:secret:` without the last hyphen and six characters."
  }

  validation {
    condition     = var.bot_token_secret_name == null || !can(regex("^xox[a-z]-[0-9]", var.bot_token_secret_name))
    error_message = "bot_token_secret_name is a token itself: store it as a secret, and give that one's name. Revoke the token, it is in Terraform's output now."
  }

  validation {
    condition     = var.bot_token_secret_name == null || (var.webhook_parameter_name == null && var.webhook_secret_name == null && var.bot_token_parameter_name == null)
    error_message = "Give bot_token_secret_name alone: a webhook and a bot token exclude each other, and so do bot_token_parameter_name and bot_token_secret_name."
  }
}

variable "bot_token_kms_key_arn" {
  type        = string
  default     = null
  description = "ARN of the customer-managed key that encrypts the bot token; null for AWS's own key."

  validation {
    condition     = var.bot_token_kms_key_arn == null || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:\\d{12}:key/.+$", var.bot_token_kms_key_arn))
    error_message = "bot_token_kms_key_arn must be the ARN of a key, not an alias: a policy does not take an alias. `aws kms describe-key --key-id alias/NAME --query KeyMetadata.Arn` prints it."
  }

  validation {
    condition     = var.bot_token_kms_key_arn == null || var.bot_token_parameter_name != null || var.bot_token_secret_name != null
    error_message = "bot_token_kms_key_arn goes with bot_token_parameter_name or bot_token_secret_name; the webhook's is webhook_kms_key_arn."
  }
}
