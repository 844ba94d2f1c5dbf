variable "name" {
  type        = string
  default     = "pets"
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

variable "webhook_parameter_name" {
  type        = string
  description = "Name of the SSM parameter (SecureString) that holds Slack's incoming webhook."
}

variable "backend_url" {
  type        = string
  description = "URL of the service behind GET /pets."
}

variable "reserve_concurrency" {
  type        = bool
  default     = true
  description = "Whether to reserve concurrent executions for the functions; false where the account's quota is small, as a new account's is."
}
