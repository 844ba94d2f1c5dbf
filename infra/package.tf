# Where both functions take their code from.

locals {
  package_file = coalesce(var.package_path, "${path.module}/../target/lambda/statuswatch-lambda/bootstrap.zip")

  package_path   = var.package_s3_bucket == null ? local.package_file : null
  package_sha256 = var.package_s3_bucket == null ? filebase64sha256(local.package_file) : var.package_sha256
}
