# Each validation refuses what it is there to refuse. Values that do not meet stand in one run.

mock_provider "aws" {
  mock_data "aws_caller_identity" { defaults = { account_id = "123456789012" } }
  mock_data "aws_partition" { defaults = { partition = "aws", dns_suffix = "amazonaws.com" } }
  mock_data "aws_region" { defaults = { id = "eu-west-1" } }
}

variables {
  package_path           = "tests/package.placeholder"
  webhook_parameter_name = "/slack/webhook"
}

run "words_that_are_not_offered" {
  command = plan

  variables {
    architecture              = "arm"
    alarm_source              = "none"
    alarm_lines               = "fetched"
    alarm_statistic           = "p99"
    alarm_comparison_operator = "GreaterThanUpperThreshold"
    alarm_treat_missing_data  = "notbreaching"
    application_log_level     = "WARN"
    system_log_level          = "ERROR"
    failure_destination       = "sns"
    format                    = "JSON"
    ingest                    = "firehose"
    kinesis_stream_mode       = "provisioned"
    slack_color               = "red"
    state                     = "dynamodb"
  }

  expect_failures = [
    var.architecture,
    var.alarm_source,
    var.alarm_lines,
    var.alarm_statistic,
    var.alarm_comparison_operator,
    var.alarm_treat_missing_data,
    var.application_log_level,
    var.system_log_level,
    var.failure_destination,
    var.format,
    var.ingest,
    var.kinesis_stream_mode,
    var.slack_color,
    var.state,
  ]
}

run "numbers_out_of_range" {
  command = plan

  variables {
    retention_in_days                          = 100
    function_log_retention_in_days             = -1
    alarm_threshold                            = -1
    alarm_period                               = 30
    memory_size                                = 64
    timeout                                    = 5
    alarms_reserved_concurrent_executions      = 0
    maximum_event_age_in_seconds               = 59
    maximum_retry_attempts                     = 3
    max_lines                                  = 0
    burst                                      = 0
    max_decompressed_bytes                     = 1000
    kinesis_shard_count                        = 0
    kinesis_retention_period                   = 12
    kinesis_batch_size                         = 0
    kinesis_maximum_batching_window_in_seconds = 301
    kinesis_maximum_retry_attempts             = -2
    watch_unreadable_threshold                 = 0
    watch_pending_minutes                      = 1
    watch_delivery_lag_seconds                 = 0
    webhook_url_version                        = 0
  }

  expect_failures = [
    var.retention_in_days,
    var.function_log_retention_in_days,
    var.alarm_threshold,
    var.alarm_period,
    var.memory_size,
    var.timeout,
    var.alarms_reserved_concurrent_executions,
    var.maximum_event_age_in_seconds,
    var.maximum_retry_attempts,
    var.max_lines,
    var.burst,
    var.max_decompressed_bytes,
    var.kinesis_shard_count,
    var.kinesis_retention_period,
    var.kinesis_batch_size,
    var.kinesis_maximum_batching_window_in_seconds,
    var.kinesis_maximum_retry_attempts,
    var.watch_unreadable_threshold,
    var.watch_pending_minutes,
    var.watch_delivery_lag_seconds,
    var.webhook_url_version,
  ]
}

run "numbers_that_the_function_refuses" {
  command = plan

  variables {
    max_lines              = 201
    notify                 = "all"
    follow_ups             = "1m*5,hourly"
    quiet_seconds          = 9
    burst                  = 101
    spacing_seconds        = 3601
    max_decompressed_bytes = 1099511627777
  }

  expect_failures = [
    var.max_lines,
    var.notify,
    var.follow_ups,
    var.quiet_seconds,
    var.burst,
    var.spacing_seconds,
    var.max_decompressed_bytes,
  ]
}

run "follow_ups_that_come_too_seldom" {
  command = plan

  variables {
    follow_ups = "1m*5, 2d"
  }

  expect_failures = [var.follow_ups]
}

run "follow_ups_that_come_too_often" {
  command = plan

  variables {
    follow_ups = "4s,1h"
  }

  expect_failures = [var.follow_ups]
}

run "follow_ups_that_come_too_many_times" {
  command = plan

  variables {
    follow_ups = "5m*1001,1h"
  }

  expect_failures = [var.follow_ups]
}

run "the_least_and_the_most_of_follow_ups" {
  command = plan

  variables {
    follow_ups = "5s*1000, 86400s,1d"
  }
}

run "numbers_that_are_not_whole" {
  command = plan

  variables {
    alarm_evaluation_periods  = 1.5
    failure_retention_in_days = 1.5
    max_lines                 = 1.5
    burst                     = 1.5
    kinesis_shard_count       = 1.5
    watch_pending_minutes     = 2.5
    webhook_url_version       = 1.5
    max_decompressed_bytes    = 2000000.5
  }

  expect_failures = [
    var.alarm_evaluation_periods,
    var.failure_retention_in_days,
    var.max_lines,
    var.burst,
    var.kinesis_shard_count,
    var.watch_pending_minutes,
    var.webhook_url_version,
    var.max_decompressed_bytes,
  ]
}

run "names_that_are_not_names" {
  command = plan

  variables {
    tags                    = { "aws:team" = "a" }
    role_path               = "service"
    permissions_boundary    = "boundary"
    kms_key_arn             = "arn:aws:kms:eu-west-1:123456789012:alias/logs"
    webhook_kms_key_arn     = "alias/slack"
    state_table_kms_key_arn = "alias/aws/dynamodb"
    log_group_name          = "arn:aws:logs:eu-west-1:123456789012:log-group:x"
    alarm_name              = "警報"
    metric_namespace        = "AWS/ApiGateway"
    metric_name             = "a:b"
    metric_filter_pattern   = ""
    alarm_actions           = ["page-me"]
    ok_actions              = ["page-me"]
    slack_channel           = ""
    slack_user_name         = ""
    slack_icon_emoji        = "fire"
    slack_text              = ""
    redact                  = ["ip, user"]
    allowed_hosts           = ["https://chat.example.com"]
    watch_email_addresses   = ["ops"]
    rules_parameter_name    = "arn:aws:ssm:eu-west-1:123456789012:parameter/rules"
    chatbot_slack_channel   = { slack_team_id = "my-team", slack_channel_id = "#alerts" }
  }

  expect_failures = [
    var.tags,
    var.role_path,
    var.permissions_boundary,
    var.kms_key_arn,
    var.webhook_kms_key_arn,
    var.state_table_kms_key_arn,
    var.log_group_name,
    var.alarm_name,
    var.metric_namespace,
    var.metric_name,
    var.metric_filter_pattern,
    var.alarm_actions,
    var.ok_actions,
    var.slack_channel,
    var.slack_user_name,
    var.slack_icon_emoji,
    var.slack_text,
    var.redact,
    var.allowed_hosts,
    var.watch_email_addresses,
    var.rules_parameter_name,
    var.chatbot_slack_channel,
  ]
}

run "names_that_do_not_fit" {
  command = plan

  variables {
    name              = "a-name-that-is-longer-than-forty-characters"
    alarm_description = format("%01025d", 0)
    alarm_actions     = ["arn:a", "arn:b", "arn:c", "arn:d"]
    ok_actions        = ["arn:a", "arn:b", "arn:c", "arn:d"]
    filter_pattern    = format("%01025d", 0)
  }

  expect_failures = [
    var.name,
    var.alarm_description,
    var.alarm_actions,
    var.ok_actions,
    var.filter_pattern,
  ]
}

run "chatbot_logging_level_that_is_not_offered" {
  command = plan
  variables { chatbot_slack_channel = { slack_team_id = "T0", slack_channel_id = "C0", logging_level = "DEBUG" } }
  expect_failures = [var.chatbot_slack_channel]
}

run "package_that_is_not_there" {
  command = plan
  variables { package_path = "tests/no-such-file.zip" }
  expect_failures = [var.package_path]
}

run "package_in_two_places" {
  command = plan
  variables {
    package_s3_bucket = "releases"
    package_s3_key    = "bootstrap.zip"
    package_sha256    = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
  }
  expect_failures = [var.package_path]
}

run "package_bucket_as_an_address" {
  command = plan
  variables {
    package_path      = null
    package_s3_bucket = "s3://releases/statuswatch"
    package_s3_key    = "bootstrap.zip"
    package_sha256    = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
  }
  expect_failures = [var.package_s3_bucket]
}

run "package_bucket_without_a_key" {
  command = plan
  variables {
    package_path      = null
    package_s3_bucket = "releases"
    package_sha256    = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
  }
  expect_failures = [var.package_s3_bucket]
}

run "package_key_with_a_slash_at_its_beginning" {
  command = plan
  variables {
    package_path      = null
    package_s3_bucket = "releases"
    package_s3_key    = "/bootstrap.zip"
    package_sha256    = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
  }
  expect_failures = [var.package_s3_key]
}

run "package_sum_in_hexadecimal_digits" {
  command = plan
  variables { package_sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" }
  expect_failures = [var.package_sha256]
}

run "package_in_a_bucket_without_its_sum" {
  command = plan
  variables {
    package_path      = null
    package_s3_bucket = "releases"
    package_s3_key    = "bootstrap.zip"
  }
  expect_failures = [var.package_sha256]
}

run "package_with_another_sum" {
  command = plan
  variables { package_sha256 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" }
  expect_failures = [var.package_sha256]
}

run "no_log_group_at_all" {
  command = plan
  variables { create_log_group = false }
  expect_failures = [var.apis]
}

run "log_group_with_a_wildcard" {
  command = plan
  variables { log_group_names = ["/aws/apigateway/*"] }
  expect_failures = [var.log_group_names]
}

run "log_group_that_is_the_function_s_own" {
  command = plan
  variables { log_group_names = ["/aws/lambda/statuswatch-lines"] }
  expect_failures = [var.log_group_names]
}

run "log_group_that_is_the_other_function_s_own" {
  command = plan
  variables { log_group_names = ["/aws/lambda/statuswatch-alarms"] }
  expect_failures = [var.log_group_names]
}

run "created_log_group_that_is_the_function_s_own" {
  command = plan
  variables { log_group_name = "/aws/lambda/statuswatch-lines" }
  expect_failures = [var.log_group_name]
}

run "created_log_group_that_is_also_said_to_exist" {
  command = plan
  variables { log_group_names = ["/aws/apigateway/statuswatch-accesslog"] }
  expect_failures = [var.log_group_names]
}

run "more_datapoints_than_periods" {
  command = plan
  variables { alarm_datapoints_to_alarm = 2 }
  expect_failures = [var.alarm_datapoints_to_alarm]
}

run "short_periods_that_together_are_more_than_a_day" {
  command = plan
  variables {
    alarm_period             = 3540
    alarm_evaluation_periods = 25
  }
  expect_failures = [var.alarm_evaluation_periods]
}

run "long_periods_that_together_are_more_than_seven_days" {
  command = plan
  variables {
    alarm_period             = 3600
    alarm_evaluation_periods = 169
  }
  expect_failures = [var.alarm_evaluation_periods]
}

run "one_week_twice" {
  command = plan
  variables {
    alarm_period             = 604800
    alarm_evaluation_periods = 2
  }
  expect_failures = [var.alarm_evaluation_periods]
}

run "period_of_more_than_seven_days" {
  command = plan
  variables { alarm_period = 604860 }
  expect_failures = [var.alarm_period]
}

run "period_that_is_no_whole_minute" {
  command = plan
  variables { alarm_period = 3630 }
  expect_failures = [var.alarm_period]
}

run "reserved_concurrency_of_zero" {
  command = plan
  variables { reserved_concurrent_executions = 0 }
  expect_failures = [var.reserved_concurrent_executions]
}

run "fewer_containers_than_shards" {
  command = plan
  variables {
    ingest              = "kinesis"
    kinesis_shard_count = 3
  }
  expect_failures = [var.reserved_concurrent_executions]
}

run "fewer_containers_than_a_stream_on_demand_begins_with" {
  command = plan
  variables {
    ingest              = "kinesis"
    kinesis_stream_mode = "ON_DEMAND"
  }
  expect_failures = [var.reserved_concurrent_executions]
}

run "more_containers_in_memory_than_the_tick_reaches" {
  command = plan
  variables {
    state                          = "memory"
    reserved_concurrent_executions = 51
    spacing_seconds                = 102
  }
  expect_failures = [var.reserved_concurrent_executions]
}

run "half_a_container" {
  command = plan
  variables { reserved_concurrent_executions = 2.5 }
  expect_failures = [var.reserved_concurrent_executions]
}

run "key_of_a_table_that_is_not_there" {
  command = plan
  variables {
    state                   = "memory"
    state_table_kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/two"
  }
  expect_failures = [var.state_table_kms_key_arn]
}

run "containers_that_post_more_than_slack_allows" {
  command = plan
  variables {
    state                          = "memory"
    reserved_concurrent_executions = 3
  }
  expect_failures = [var.spacing_seconds]
}

run "spacing_that_is_not_whole" {
  command = plan
  variables { spacing_seconds = 4.5 }
  expect_failures = [var.spacing_seconds]
}

run "record_older_than_the_stream_keeps" {
  command = plan
  variables { kinesis_maximum_record_age_in_seconds = 86401 }
  expect_failures = [var.kinesis_maximum_record_age_in_seconds]
}

run "record_older_than_lambda_delivers_and_the_table_remembers" {
  command = plan
  variables {
    kinesis_retention_period              = 8760
    kinesis_maximum_record_age_in_seconds = 604801
  }
  expect_failures = [var.kinesis_maximum_record_age_in_seconds]
}

run "failures_kept_longer_than_a_queue_does" {
  command = plan
  variables { failure_retention_in_days = 15 }
  expect_failures = [var.failure_retention_in_days]
}

run "bucket_name_in_capitals" {
  command = plan
  variables {
    name                = "Orders"
    failure_destination = "s3"
  }
  expect_failures = [aws_s3_bucket.failures]
}

run "rules_that_are_not_json" {
  command = plan
  variables { rules = "{\"rules\":[" }
  expect_failures = [var.rules]
}

run "rules_without_an_action" {
  command = plan
  variables { rules = "{\"rules\":[{\"name\":\"health\"}]}" }
  expect_failures = [var.rules]
}

run "rules_that_no_parameter_holds" {
  command = plan
  variables { rules = jsonencode({ rules = [for number in range(200) : { name = "a rule with a long name, number ${number}", action = "count" }] }) }
  expect_failures = [var.rules]
}

run "rules_twice" {
  command = plan
  variables {
    rules                = "{\"rules\":[{\"action\":\"notify\"}]}"
    rules_parameter_name = "/rules"
  }
  expect_failures = [var.rules]
}

run "environment_beyond_four_kilobytes" {
  command = plan
  variables {
    slack_text    = format("%0900d", 0)
    allowed_hosts = [for number in range(200) : "host-${number}.example.com"]
  }
  expect_failures = [aws_lambda_function.function["lines"], aws_lambda_function.function["alarms"]]
}

run "mail_without_a_topic" {
  command = plan
  variables {
    create_watch_alarms   = false
    watch_email_addresses = ["ops@example.com"]
  }
  expect_failures = [var.watch_email_addresses]
}

run "webhook_nowhere" {
  command = plan
  variables { webhook_parameter_name = null }
  expect_failures = [var.webhook_url]
}

run "webhook_in_two_stores" {
  command = plan
  variables { webhook_secret_name = "slack/webhook" }
  expect_failures = [var.webhook_secret_name]
}

run "webhook_by_name_and_by_value" {
  command = plan
  variables { webhook_url = "https://hooks.slack.com/services/T000/B000/XXXX" }
  expect_failures = [var.webhook_url]
}

run "webhook_by_arn" {
  command = plan
  variables { webhook_parameter_name = "arn:aws:ssm:eu-west-1:123456789012:parameter/slack/webhook" }
  expect_failures = [var.webhook_parameter_name]
}

run "secret_by_arn" {
  command = plan
  variables {
    webhook_parameter_name = null
    webhook_secret_name    = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:slack-abcdef"
  }
  expect_failures = [var.webhook_secret_name]
}

run "webhook_in_plain_http" {
  command = plan
  variables {
    webhook_parameter_name = null
    webhook_url            = "http://hooks.slack.com/services/T000/B000/XXXX"
  }
  expect_failures = [var.webhook_url]
}

run "webhook_with_a_line_end" {
  command = plan
  variables {
    webhook_parameter_name = null
    webhook_url            = "https://hooks.slack.com/services/T000/B000/XXXX\n"
  }
  expect_failures = [var.webhook_url]
}

run "webhook_with_a_user" {
  command = plan
  variables {
    webhook_parameter_name = null
    webhook_url            = "https://hooks.slack.com@example.com/services/T000/B000/XXXX"
  }
  expect_failures = [var.webhook_url]
}

run "bot_token_beside_a_webhook_parameter" {
  command = plan
  variables {
    bot_token_parameter_name = "/slack/bot-token"
    slack_channel            = "C0123456789"
  }
  expect_failures = [var.bot_token_parameter_name]
}

run "bot_token_beside_a_webhook_secret" {
  command = plan
  variables {
    webhook_parameter_name = null
    webhook_secret_name    = "slack/webhook"
    bot_token_secret_name  = "slack/bot-token"
    slack_channel          = "C0123456789"
  }
  expect_failures = [var.bot_token_secret_name]
}

run "bot_token_beside_a_webhook" {
  command = plan
  variables {
    webhook_parameter_name   = null
    webhook_url              = "https://hooks.slack.com/services/T000/B000/XXXX"
    bot_token_parameter_name = "/slack/bot-token"
    slack_channel            = "C0123456789"
  }
  expect_failures = [var.webhook_url]
}

run "bot_token_in_two_stores" {
  command = plan
  variables {
    webhook_parameter_name   = null
    bot_token_parameter_name = "/slack/bot-token"
    bot_token_secret_name    = "slack/bot-token"
    slack_channel            = "C0123456789"
  }
  expect_failures = [var.bot_token_secret_name]
}

run "bot_token_by_the_arn_of_a_parameter" {
  command = plan
  variables {
    webhook_parameter_name   = null
    bot_token_parameter_name = "arn:aws:ssm:eu-west-1:123456789012:parameter/slack"
    slack_channel            = "C0123456789"
  }
  expect_failures = [var.bot_token_parameter_name]
}

run "bot_token_by_the_arn_of_a_secret" {
  command = plan
  variables {
    webhook_parameter_name = null
    bot_token_secret_name  = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:slack-abcdef"
    slack_channel          = "C0123456789"
  }
  expect_failures = [var.bot_token_secret_name]
}

run "bot_token_as_the_name_of_its_parameter" {
  command = plan
  variables {
    webhook_parameter_name   = null
    bot_token_parameter_name = "xoxb-123456789012-1234567890123-AbCdEf"
    slack_channel            = "C0123456789"
  }
  expect_failures = [var.bot_token_parameter_name]
}

run "bot_token_as_the_name_of_its_secret" {
  command = plan
  variables {
    webhook_parameter_name = null
    bot_token_secret_name  = "xoxb-123456789012-1234567890123-AbCdEf"
    slack_channel          = "C0123456789"
  }
  expect_failures = [var.bot_token_secret_name]
}

run "bot_token_without_a_channel" {
  command = plan
  variables {
    webhook_parameter_name   = null
    bot_token_parameter_name = "/slack/bot-token"
  }
  expect_failures = [var.slack_channel]
}

run "bot_token_with_the_name_of_a_channel" {
  command = plan
  variables {
    webhook_parameter_name = null
    bot_token_secret_name  = "slack/bot-token"
    slack_channel          = "#alerts"
  }
  expect_failures = [var.slack_channel]
}

run "bot_token_with_an_alias_of_a_key" {
  command = plan
  variables {
    webhook_parameter_name   = null
    bot_token_parameter_name = "/slack/bot-token"
    slack_channel            = "C0123456789"
    bot_token_kms_key_arn    = "alias/slack"
  }
  expect_failures = [var.bot_token_kms_key_arn]
}

run "key_of_a_bot_token_with_a_webhook" {
  command = plan
  variables {
    bot_token_kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/one"
  }
  expect_failures = [var.bot_token_kms_key_arn]
}

run "web_api_on_another_host" {
  command = plan
  variables {
    webhook_parameter_name   = null
    bot_token_parameter_name = "/slack/bot-token"
    slack_channel            = "C0123456789"
    slack_api_url            = "https://slack.com.example.com/api/"
  }
  expect_failures = [var.slack_api_url]
}

run "web_api_in_plain_http" {
  command = plan
  variables {
    webhook_parameter_name   = null
    bot_token_parameter_name = "/slack/bot-token"
    slack_channel            = "C0123456789"
    slack_api_url            = "http://slack.com/api/"
  }
  expect_failures = [var.slack_api_url]
}

run "web_api_with_a_webhook" {
  command = plan
  variables {
    slack_api_url = "https://slack.com/api/"
  }
  expect_failures = [var.slack_api_url]
}

run "destinations_by_names_that_no_rule_can_write" {
  command = plan
  variables {
    destinations = { Orders = "ssm:/a" }
  }
  expect_failures = [var.destinations]
}

run "a_destination_that_is_the_default_one_by_name" {
  command = plan
  variables {
    destinations = { default = "ssm:/a" }
  }
  expect_failures = [var.destinations]
}

run "a_webhook_as_a_destination" {
  command = plan
  variables {
    destinations = { orders = "https://hooks.slack.com/services/T000/B000/XXXX" }
  }
  expect_failures = [var.destinations]
}

run "a_destinations_key_by_its_alias" {
  command = plan
  variables {
    destinations              = { orders = "ssm:/a" }
    destinations_kms_key_arns = ["alias/slack"]
  }
  expect_failures = [var.destinations_kms_key_arns]
}

run "a_token_as_a_destinations_parameter" {
  command = plan
  variables {
    destinations = { orders = "ssm:xoxb-123456789012-abcdefghij" }
  }
  expect_failures = [var.destinations]
}

run "two_destinations_in_one_place" {
  command = plan
  variables {
    destinations = { orders = "ssm:/a", pets = "ssm:/a" }
  }
  expect_failures = [var.destinations]
}

run "a_destination_where_the_webhook_leads" {
  command = plan
  variables {
    destinations = { orders = "ssm:/slack/webhook" }
  }
  expect_failures = [var.destinations]
}

run "a_channel_without_a_bot_token" {
  command = plan
  variables {
    destinations = { orders = "C0123456780" }
  }
  expect_failures = [var.destinations]
}

run "destinations_without_a_table" {
  command = plan
  variables {
    destinations    = { orders = "ssm:/a" }
    state           = "memory"
    spacing_seconds = 20
  }
  expect_failures = [var.destinations]
}

run "destinations_and_every_delivery" {
  command = plan
  variables {
    destinations = { orders = "ssm:/a" }
    notify       = "every"
  }
  expect_failures = [var.destinations]
}

run "destinations_and_a_legacy_channel" {
  command = plan
  variables {
    destinations  = { orders = "ssm:/a" }
    slack_channel = "#alerts"
  }
  expect_failures = [var.destinations]
}

run "rules_that_name_no_destination" {
  command = plan
  variables {
    destinations = { orders = "ssm:/a" }
    rules        = jsonencode({ rules = [{ name = "pets", action = "notify", to = ["orders", "pets"] }] })
  }
  expect_failures = [var.destinations]
}

run "keys_of_no_destination" {
  command = plan
  variables {
    destinations_kms_key_arns = ["arn:aws:kms:eu-west-1:123456789012:key/one"]
  }
  expect_failures = [var.destinations_kms_key_arns]
}

run "an_alarm_with_a_star_in_its_middle" {
  command = plan
  variables { alarm_log_groups = { "orders * 5xx" = ["orders"] } }
  expect_failures = [var.alarm_log_groups]
}

run "an_alarm_of_no_log_group" {
  command = plan
  variables { alarm_log_groups = { "orders 5xx" = [] } }
  expect_failures = [var.alarm_log_groups]
}

run "an_alarm_of_an_arn" {
  command = plan
  variables { alarm_log_groups = { "orders 5xx" = ["arn:aws:logs:eu-west-1:123456789012:log-group:orders"] } }
  expect_failures = [var.alarm_log_groups]
}

run "redrive_without_a_queue" {
  command = plan
  variables {
    redrive             = true
    failure_destination = "s3"
  }
  expect_failures = [var.redrive]
}

run "redrive_after_too_long" {
  command = plan
  variables { redrive_interval_in_minutes = 721 }
  expect_failures = [var.redrive_interval_in_minutes]
}

run "redrive_too_seldom" {
  command = plan
  variables { redrive_attempts = 4 }
  expect_failures = [var.redrive_attempts]
}

run "redrive_before_the_function_is_through" {
  command = plan
  variables {
    redrive                     = true
    redrive_interval_in_minutes = 10
    timeout                     = 101
  }
  expect_failures = [var.redrive_interval_in_minutes]
}

run "redrive_for_longer_than_the_table_knows" {
  command = plan
  variables {
    redrive                     = true
    redrive_interval_in_minutes = 60
    redrive_attempts            = 169
  }
  expect_failures = [var.redrive_attempts]
}

run "redrive_for_longer_than_the_queue_keeps" {
  command = plan
  variables {
    redrive                   = true
    failure_retention_in_days = 1
  }
  expect_failures = [var.redrive_attempts]
}

run "api_with_a_name_that_is_none" {
  command = plan
  variables { apis = { "orders v1" = { log_group = "/apis/orders" } } }
  expect_failures = [var.apis]
}

run "api_without_a_log_group" {
  command = plan
  variables { apis = { orders = {} } }
  expect_failures = [var.apis]
}

run "api_with_the_arn_of_a_log_group" {
  command = plan
  variables { apis = { orders = { log_group = "arn:aws:logs:eu-west-1:123456789012:log-group:/apis/orders:*" } } }
  expect_failures = [var.apis]
}

run "api_with_the_function_s_own_log_group" {
  command = plan
  variables { apis = { orders = { log_group = "/aws/lambda/statuswatch-alarms" } } }
  expect_failures = [var.apis]
}

run "apis_that_share_a_log_group" {
  command = plan
  variables { apis = { orders = { log_group = "/apis/orders" }, pets = { log_group = "/apis/orders" } } }
  expect_failures = [var.apis]
}

run "api_with_a_log_group_that_is_watched_already" {
  command = plan
  variables {
    log_group_names = ["/apis/orders"]
    apis            = { orders = { log_group = "/apis/orders" } }
  }
  expect_failures = [var.apis]
}

run "api_with_the_log_group_that_the_module_creates" {
  command = plan
  variables { apis = { orders = { log_group = "/aws/apigateway/statuswatch-accesslog" } } }
  expect_failures = [var.apis]
}

run "api_with_a_destination_that_there_is_not" {
  command = plan
  variables { apis = { orders = { log_group = "/apis/orders", destination = "team-a" } } }
  expect_failures = [var.apis]
}

run "api_with_a_destination_beside_rules_of_ones_own" {
  command = plan
  variables {
    rules_parameter_name = "/rules"
    destinations         = { team-a = "ssm:/team-a" }
    apis                 = { orders = { log_group = "/apis/orders", destination = "team-a" } }
  }
  expect_failures = [var.apis]
}

run "api_with_a_filter_pattern_that_is_too_long" {
  command = plan
  variables { apis = { orders = { log_group = "/apis/orders", filter_pattern = format("%1025s", "a") } } }
  expect_failures = [var.apis]
}

run "api_with_an_alarm_s_name_that_is_none" {
  command = plan
  variables { apis = { orders = { log_group = "/apis/orders", alarm = { name = "größer" } } } }
  expect_failures = [var.apis]
}

run "api_with_a_description_that_is_too_long" {
  command = plan
  variables { apis = { orders = { log_group = "/apis/orders", alarm = { description = format("%1025s", "a") } } } }
  expect_failures = [var.apis]
}

run "api_with_a_metric_s_name_that_is_none" {
  command = plan
  variables { apis = { orders = { log_group = "/apis/orders", alarm = { metric_name = "a:b" } } } }
  expect_failures = [var.apis]
}

run "apis_whose_alarms_have_one_name" {
  command = plan
  variables {
    apis = {
      orders = { log_group = "/apis/orders", alarm = { name = "statuswatch pets 4xx5xxError" } }
      pets   = { log_group = "/apis/pets" }
    }
  }
  expect_failures = [var.apis]
}

run "api_whose_metric_filter_takes_every_line" {
  command = plan
  variables { apis = { orders = { log_group = "/apis/orders", alarm = { metric_filter_pattern = "" } } } }
  expect_failures = [var.apis]
}

run "api_whose_alarm_has_a_word_that_is_not_offered" {
  command = plan
  variables { apis = { orders = { log_group = "/apis/orders", alarm = { statistic = "p99" } } } }
  expect_failures = [var.apis]
}

run "api_whose_alarm_looks_back_too_far" {
  command = plan
  variables { apis = { orders = { log_group = "/apis/orders", alarm = { evaluation_periods = 1441 } } } }
  expect_failures = [var.apis]
}

run "api_with_more_datapoints_than_periods" {
  command = plan
  variables { apis = { orders = { log_group = "/apis/orders", alarm = { datapoints_to_alarm = 2 } } } }
  expect_failures = [var.apis]
}

run "api_with_an_action_that_is_no_arn" {
  command = plan
  variables { apis = { orders = { log_group = "/apis/orders", alarm = { actions = ["ops"] } } } }
  expect_failures = [var.apis]
}

run "api_whose_metric_is_that_of_the_other_log_groups" {
  command = plan
  variables { apis = { orders = { log_group = "/apis/orders", alarm = { metric_name = "statuswatch-4xx5xxError" } } } }
  expect_failures = [var.apis]
}

run "what_exists_by_names_that_are_none" {
  command = plan

  variables {
    external_alarm_arns       = ["arn:aws:cloudwatch:eu-west-1:123456789012:alarm:*"]
    external_alarm_topic_arns = ["arn:aws:sns:eu-west-1:123456789012:alarms.fifo"]
    watch_topic_arns          = ["ops"]
    vpc                       = { subnet_ids = ["private-a"], security_group_ids = ["sg-0c"] }
    tracing_mode              = "active"
    environment_kms_key_arn   = "arn:aws:kms:eu-west-1:123456789012:alias/environment"
    code_signing_config_arn   = "csc-0123456789abcdef0"
    function_log_class        = "DELIVERY"
  }

  expect_failures = [
    var.external_alarm_arns,
    var.external_alarm_topic_arns,
    var.watch_topic_arns,
    var.vpc,
    var.tracing_mode,
    var.environment_kms_key_arn,
    var.code_signing_config_arn,
    var.function_log_class,
  ]
}

run "what_does_not_go_with_what_exists" {
  command = plan

  variables {
    vpc                   = { subnet_ids = ["subnet-0a"], security_group_ids = [] }
    watch_topic_arns      = ["arn:aws:sns:eu-west-1:123456789012:ops"]
    watch_email_addresses = ["ops@example.com"]
    function_log_class    = "INFREQUENT_ACCESS"
  }

  expect_failures = [var.vpc, var.watch_topic_arns, var.function_log_class]
}

run "account_subscription_of_every_line" {
  command = plan
  variables { account_subscription = { filter_pattern = "" } }
  expect_failures = [var.account_subscription]
}

run "account_subscription_with_a_wildcard" {
  command = plan
  variables { account_subscription = { excluded_log_group_names = ["/aws/lambda/*"] } }
  expect_failures = [var.account_subscription]
}
