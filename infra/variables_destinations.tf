# Further channels and webhooks beside the one above, for rules that name them in `to`.

variable "destinations" {
  type        = map(string)
  default     = {}
  nullable    = false
  description = "`STATUSWATCH_DESTINATIONS`: the name of each further destination and where it is: a channel's id (with a bot token), `ssm:NAME` or `secret:NAME` for a webhook in an existing SSM parameter (SecureString) or Secrets Manager secret. Needs `state = \"table\"`."

  validation {
    condition     = alltrue([for name in keys(var.destinations) : can(regex("^[a-z][a-z0-9_-]{0,31}$", name)) && name != "default"])
    error_message = "The names in destinations must have 1 to 32 lower-case letters, digits, `-` and `_`, a letter first; `default` is where webhook or bot token lead."
  }

  validation {
    condition     = alltrue([for place in values(var.destinations) : can(regex("^([CGD][A-Z0-9]{8,31}|ssm:[A-Za-z0-9_./-]+|secret:[A-Za-z0-9/_+=.@-]+)$", place)) && !can(regex("^(ssm|secret):xox[a-z]-[0-9]", place))])
    error_message = "Each of destinations must be a channel's id such as `C0123456789`, `ssm:` with the name of a parameter or `secret:` with that of a secret (names, not ARNs). A webhook or a token that was written here itself is in Terraform's output now: revoke it."
  }

  validation {
    condition     = length(var.destinations) <= 50 && length(distinct(values(var.destinations))) == length(var.destinations)
    error_message = "destinations must be at most 50, and no two the same: each place has one rate limit."
  }

  validation {
    condition     = !contains(values(var.destinations), try(coalesce(var.slack_channel, ""), "")) && !contains(values(var.destinations), "ssm:${coalesce(var.webhook_parameter_name, "/${var.name}/slack-webhook")}") && !contains(values(var.destinations), "secret:${coalesce(var.webhook_secret_name, "-")}")
    error_message = "One of destinations is where slack_channel, the webhook's parameter or its secret lead already: leave it out, and name `default` in the rules."
  }

  validation {
    condition     = !anytrue([for place in values(var.destinations) : can(regex("^[CGD][A-Z0-9]+$", place))]) || var.bot_token_parameter_name != null || var.bot_token_secret_name != null
    error_message = "A channel in destinations takes a bot token: give bot_token_parameter_name or bot_token_secret_name with slack_channel instead of the webhook, and put the webhook's parameter into destinations."
  }

  validation {
    condition     = length(var.destinations) == 0 || (var.state == "table" && var.notify == "incidents")
    error_message = "destinations need state = \"table\" and notify = \"incidents\": each of them has incidents of its own, which are kept in the table alone."
  }

  validation {
    condition     = length(var.destinations) == 0 || var.slack_channel == null || var.bot_token_parameter_name != null || var.bot_token_secret_name != null
    error_message = "With a webhook, slack_channel would be asked for in the messages of all destinations: leave it out."
  }

  validation {
    condition     = var.rules == null || try(alltrue(flatten([for rule in jsondecode(var.rules).rules : [for name in flatten([try(rule.to, [])]) : name == "default" || contains(keys(var.destinations), name)]])), true)
    error_message = "A rule's `to` names no destination: add it to destinations, or correct the rule. `default` is where webhook or bot token lead."
  }
}

variable "destinations_kms_key_arns" {
  type        = list(string)
  default     = []
  nullable    = false
  description = "ARNs of the customer-managed keys that encrypt the webhooks of `destinations`, each once; none for AWS's own key."

  validation {
    condition     = alltrue([for arn in var.destinations_kms_key_arns : can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:\\d{12}:key/.+$", arn))])
    error_message = "destinations_kms_key_arns must be ARNs of keys, not aliases: a policy does not take an alias. `aws kms describe-key --key-id alias/NAME --query KeyMetadata.Arn` prints one."
  }

  validation {
    condition     = length(var.destinations_kms_key_arns) == 0 || length(var.destinations) > 0
    error_message = "destinations_kms_key_arns goes with destinations; the webhook's key is webhook_kms_key_arn, the bot token's bot_token_kms_key_arn."
  }
}
