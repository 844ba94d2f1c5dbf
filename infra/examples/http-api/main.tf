# A small HTTP API whose stage writes an access log, and statuswatch beside it.

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

  name                   = var.name
  package_path           = var.package_path
  architecture           = var.architecture
  webhook_parameter_name = var.webhook_parameter_name
  tags                   = { application = var.name }

  # The defaults, or none.
  reserved_concurrent_executions        = var.reserve_concurrency ? 2 : -1
  alarms_reserved_concurrent_executions = var.reserve_concurrency ? 1 : -1
}
