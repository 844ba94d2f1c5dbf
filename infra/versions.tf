terraform {
  # Write-only arguments (`value_wo` in secret.tf) came with Terraform 1.11.
  required_version = ">= 1.11.0"

  required_providers {
    aws = {
      source = "hashicorp/aws"
      # The version that the tests and the emulator run apply; 6.x is admitted, not tried.
      version = ">= 5.100.0"
    }
  }
}
