# A small REST API whose stage writes an access log, and statuswatch beside it.

terraform {
  required_version = ">= 1.11.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100.0"
    }
  }
}

provider "aws" {
  region = var.region
}

module "statuswatch" {
  source = "../.."

  name         = var.name
  package_path = var.package_path
  architecture = var.architecture
  webhook_url  = var.bot_token_parameter_name == null ? var.webhook_url : null

  # Instead of the webhook, for incidents in threads.
  bot_token_parameter_name = var.bot_token_parameter_name
  slack_channel            = var.slack_channel
  slack_api_url            = var.slack_api_url

  create_api_gateway_account_role = var.create_api_gateway_account_role

  # The defaults, or none.
  reserved_concurrent_executions        = var.reserve_concurrency ? 2 : -1
  alarms_reserved_concurrent_executions = var.reserve_concurrency ? 1 : -1

  alarm_source          = var.alarm_source
  ingest                = var.ingest
  state                 = var.state
  follow_ups            = var.follow_ups
  quiet_seconds         = var.quiet_seconds
  watch_email_addresses = var.watch_email_addresses
  tags                  = { application = var.name }
}
