# The functions' package: a file, or an object of S3.

variable "package_path" {
  type        = string
  default     = null
  description = "Path of the zip that holds `bootstrap`; null for an object of S3, or else for the place where `cargo lambda build` leaves it in this repository."

  validation {
    condition     = var.package_s3_bucket != null || fileexists(coalesce(var.package_path, "${path.module}/../target/lambda/statuswatch-lambda/bootstrap.zip"))
    error_message = "package_path names no file. Take the zip of a release, or build it: \"The package\" in README.md says how."
  }

  validation {
    condition     = var.package_path == null || var.package_s3_bucket == null
    error_message = "package_path and package_s3_bucket are both set. Keep one of them."
  }
}

variable "package_s3_bucket" {
  type        = string
  default     = null
  description = "Bucket of the Region that holds the zip; null for a file."

  validation {
    condition     = var.package_s3_bucket == null || can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.package_s3_bucket))
    error_message = "package_s3_bucket must be the name of a bucket, without s3:// and without a path: the path is package_s3_key."
  }

  validation {
    condition     = (var.package_s3_bucket == null) == (var.package_s3_key == null)
    error_message = "package_s3_bucket and package_s3_key go together. Set both, or neither."
  }
}

variable "package_s3_key" {
  type        = string
  default     = null
  description = "Key of the zip in that bucket."

  validation {
    condition     = var.package_s3_key == null || can(regex("^[^/]", var.package_s3_key)) && length(coalesce(var.package_s3_key, "/")) <= 1024
    error_message = "package_s3_key must be the key of an object, 1 to 1024 characters, without a slash at its beginning."
  }
}

variable "package_sha256" {
  type        = string
  default     = null
  description = "SHA-256 of the zip in base64, as `statuswatch package` prints it; required with S3, where Terraform sees a new package by it alone. A file that has another one is refused."

  validation {
    condition     = var.package_sha256 == null || can(regex("^[A-Za-z0-9+/]{43}=$", var.package_sha256))
    error_message = "package_sha256 must be a SHA-256 in base64, 44 characters: `openssl dgst -sha256 -binary bootstrap.zip | base64` prints it. The 64 hexadecimal digits that sha256sum prints are the same sum in another notation."
  }

  validation {
    condition     = var.package_s3_bucket == null || var.package_sha256 != null
    error_message = "package_s3_bucket needs package_sha256: without it Terraform would not see that there is a new package under the same key."
  }

  validation {
    condition     = var.package_s3_bucket != null || var.package_sha256 == null || !fileexists(local.package_file) || try(filebase64sha256(local.package_file) == var.package_sha256, false)
    error_message = "The file of package_path has another SHA-256 than package_sha256. Fetch it again, or correct the sum."
  }
}

variable "architecture" {
  type        = string
  default     = "x86_64"
  nullable    = false
  description = "Instruction set that the package was built for: `x86_64` or `arm64`."

  validation {
    condition     = contains(["x86_64", "arm64"], var.architecture)
    error_message = "architecture must be `x86_64` or `arm64`, and the package must have been built for it."
  }
}
