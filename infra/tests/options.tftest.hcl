# Each option does what it says.

mock_provider "aws" {
  mock_data "aws_caller_identity" { defaults = { account_id = "123456789012" } }
  mock_data "aws_partition" { defaults = { partition = "aws", dns_suffix = "amazonaws.com" } }
  mock_data "aws_region" { defaults = { id = "eu-west-1" } }
}

variables {
  package_path           = "tests/package.placeholder"
  webhook_parameter_name = "/slack/webhook"
}

run "existing_log_groups_only" {
  command = plan

  variables {
    create_log_group = false
    log_group_names  = ["/aws/apigateway/orders", "/aws/apigateway/pets"]
  }

  assert {
    condition     = length(aws_cloudwatch_log_group.access_log) == 0 && output.access_log_destination_arn == null
    error_message = "no log group is created"
  }
  assert {
    condition = (
      toset(keys(aws_cloudwatch_log_subscription_filter.this)) == var.log_group_names &&
      toset(keys(aws_cloudwatch_log_metric_filter.errors)) == var.log_group_names &&
      toset(keys(aws_lambda_permission.log_group)) == var.log_group_names &&
      toset(keys(aws_cloudwatch_metric_alarm.watch_subscription)) == var.log_group_names
    )
    error_message = "each log group has its filters, its permission and its alarm"
  }
  assert {
    condition     = length(aws_cloudwatch_metric_alarm.errors) == 1
    error_message = "one alarm counts all of them"
  }
  assert {
    condition     = aws_lambda_function.function["alarms"].environment[0].variables["STATUSWATCH_LOG_GROUPS"] == "/aws/apigateway/orders,/aws/apigateway/pets"
    error_message = "its notice opens all of them"
  }
}

run "alarms_of_other_log_groups" {
  command = plan
  variables {
    alarm_source = "both"
    alarm_log_groups = {
      "pets *"                                                  = ["/aws/apigateway/pets"]
      "APIGateway statuswatch accesslog 4xx5xxError (function)" = ["/aws/apigateway/orders", "/aws/apigateway/pets"]
    }
  }

  assert {
    condition = jsondecode(aws_lambda_function.function["alarms"].environment[0].variables["STATUSWATCH_ALARM_LOG_GROUPS"]) == {
      "APIGateway statuswatch accesslog 4xx5xxError"            = ["/aws/apigateway/statuswatch-accesslog"]
      "APIGateway statuswatch accesslog 4xx5xxError (function)" = ["/aws/apigateway/orders", "/aws/apigateway/pets"]
      "pets *"                                                  = ["/aws/apigateway/pets"]
    }
    error_message = "the module's own alarms belong to all watched log groups, and the map adds to that"
  }
  assert {
    condition     = !contains(keys(aws_lambda_function.function["lines"].environment[0].variables), "STATUSWATCH_ALARM_LOG_GROUPS")
    error_message = "the function for lines gets no alarms"
  }
}

run "an_alarm_name_with_a_star" {
  command = plan
  variables { alarm_name = "errors * all" }

  assert {
    condition     = !contains(keys(aws_lambda_function.function["alarms"].environment[0].variables), "STATUSWATCH_ALARM_LOG_GROUPS")
    error_message = "the function would take it for the beginning of a name, or not start"
  }
}

run "lines_that_are_fetched" {
  command = plan
  variables {
    alarm_lines      = "fetch"
    alarm_log_groups = { "pets *" = ["/aws/apigateway/pets"] }
    format           = "clf"
    redact           = ["ip"]
    rules            = jsonencode({ rules = [{ name = "all", status = ["4xx"], action = "count" }] })
  }

  assert {
    condition     = aws_lambda_function.function["alarms"].environment[0].variables["STATUSWATCH_ALARM_LINES"] == "fetch"
    error_message = "the function fetches them"
  }
  assert {
    condition     = aws_lambda_function.function["alarms"].environment[0].variables["STATUSWATCH_REDACT"] == "ip" && aws_lambda_function.function["alarms"].environment[0].variables["STATUSWATCH_FORMAT"] == "clf" && aws_lambda_function.function["alarms"].environment[0].variables["STATUSWATCH_RULES"] == aws_lambda_function.function["lines"].environment[0].variables["STATUSWATCH_RULES"]
    error_message = "it judges and masks them as the function for lines does"
  }
  assert {
    condition = jsondecode(aws_iam_role_policy.alarm_lines[0].policy).Statement[0] == {
      Effect = "Allow"
      Action = "logs:FilterLogEvents"
      Resource = [
        "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/apigateway/pets:*",
        "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/apigateway/statuswatch-accesslog:*",
      ]
    }
    error_message = "it may read the log groups of its alarms, and no other"
  }
}

run "log_groups_that_a_link_holds" {
  command = plan
  # 12 times (5 * 3 characters for each `/` + 33 others + 2) is 600.
  variables {
    create_log_group = false
    log_group_names  = [for number in range(12) : format("/a/b/c/d/%029d", number)]
  }

  assert {
    condition     = length(split(",", aws_lambda_function.function["alarms"].environment[0].variables["STATUSWATCH_LOG_GROUPS"])) == 12
    error_message = "as much as the function takes is passed on"
  }
}

run "log_groups_too_long_for_a_link" {
  command = plan
  variables {
    create_log_group = false
    log_group_names  = concat([for number in range(11) : format("/a/b/c/d/%029d", number)], [format("/a/b/c/d/%030d", 0)])
  }

  assert {
    condition     = !contains(keys(aws_lambda_function.function["alarms"].environment[0].variables), "STATUSWATCH_LOG_GROUPS")
    error_message = "the function would not start with one character more"
  }
}

run "log_groups_too_many_for_a_query" {
  command = plan
  variables {
    create_log_group = false
    log_group_names  = [for number in range(51) : format("g%d", number)]
  }

  assert {
    condition     = !contains(keys(aws_lambda_function.function["alarms"].environment[0].variables), "STATUSWATCH_LOG_GROUPS")
    error_message = "Logs Insights takes 50 at once"
  }
}

run "api_gateway_account_role" {
  command = plan
  variables { create_api_gateway_account_role = true }

  assert {
    condition     = endswith(aws_iam_role_policy_attachment.api_gateway[0].policy_arn, ":iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs") && length(aws_api_gateway_account.this) == 1
    error_message = "API Gateway gets AWS's own policy for writing logs, and the account's setting"
  }
}

run "alarm_on_the_function_s_count" {
  command = plan
  variables { alarm_source = "function" }

  assert {
    condition     = length(aws_cloudwatch_log_metric_filter.errors) == 0 && keys(aws_cloudwatch_metric_alarm.errors) == ["function"]
    error_message = "no metric filter is needed"
  }
  assert {
    condition = (
      aws_cloudwatch_metric_alarm.errors["function"].namespace == "Statuswatch" &&
      aws_cloudwatch_metric_alarm.errors["function"].metric_name == "Matched" &&
      aws_cloudwatch_metric_alarm.errors["function"].dimensions == tomap({ FunctionName = "statuswatch-lines" }) &&
      aws_cloudwatch_metric_alarm.errors["function"].alarm_name == "APIGateway statuswatch accesslog 4xx5xxError (function)"
    )
    error_message = "the alarm looks at the lines that the function matched"
  }
}

run "alarms_on_both_counts" {
  command = plan
  variables { alarm_source = "both" }

  assert {
    condition     = length(distinct([for alarm in aws_cloudwatch_metric_alarm.errors : alarm.alarm_name])) == 2
    error_message = "two alarms have two names"
  }
  assert {
    condition     = toset([for permission in aws_lambda_permission.alarm_action : permission.source_arn]) == toset([for alarm in aws_cloudwatch_metric_alarm.errors : "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:${alarm.alarm_name}"])
    error_message = "each alarm may call the function"
  }
}

run "alarm_periods_that_fill_a_day" {
  command = plan
  variables {
    alarm_period             = 60
    alarm_evaluation_periods = 1440
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.errors["metric_filter"].evaluation_periods == 1440
    error_message = "periods under an hour may together be a day"
  }
}

run "alarm_periods_of_a_day" {
  command = plan
  variables {
    alarm_period             = 86400
    alarm_evaluation_periods = 2
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.errors["metric_filter"].period == 86400
    error_message = "a period may be a day, and periods of an hour or longer together more than a day"
  }
}

run "alarm_periods_that_fill_seven_days" {
  command = plan
  variables {
    alarm_period             = 3600
    alarm_evaluation_periods = 168
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.errors["metric_filter"].evaluation_periods == 168
    error_message = "periods of an hour may together be seven days"
  }
}

run "alarm_period_of_seven_days" {
  command = plan
  variables { alarm_period = 604800 }
  assert {
    condition     = aws_cloudwatch_metric_alarm.errors["metric_filter"].period == 604800
    error_message = "a period may be seven days"
  }
}

run "alarm_settings" {
  command = plan
  variables {
    alarm_name                = "orders are failing"
    alarm_description         = "Look at the runbook"
    metric_filter_pattern     = "{ $.status = 5* }"
    metric_namespace          = "Orders"
    metric_name               = "Errors"
    alarm_threshold           = 10
    alarm_period              = 300
    alarm_evaluation_periods  = 5
    alarm_datapoints_to_alarm = 3
    alarm_statistic           = "Maximum"
    alarm_comparison_operator = "GreaterThanThreshold"
    alarm_treat_missing_data  = "ignore"
    alarm_actions             = ["arn:aws:sns:eu-west-1:123456789012:pager"]
    ok_actions                = ["arn:aws:sns:eu-west-1:123456789012:resolved"]
  }

  assert {
    condition = (
      aws_cloudwatch_metric_alarm.errors["metric_filter"].alarm_name == "orders are failing" &&
      aws_cloudwatch_metric_alarm.errors["metric_filter"].alarm_description == "Look at the runbook" &&
      aws_cloudwatch_metric_alarm.errors["metric_filter"].namespace == "Orders" &&
      aws_cloudwatch_metric_alarm.errors["metric_filter"].metric_name == "Errors" &&
      aws_cloudwatch_metric_alarm.errors["metric_filter"].threshold == 10 &&
      aws_cloudwatch_metric_alarm.errors["metric_filter"].period == 300 &&
      aws_cloudwatch_metric_alarm.errors["metric_filter"].evaluation_periods == 5 &&
      aws_cloudwatch_metric_alarm.errors["metric_filter"].datapoints_to_alarm == 3 &&
      aws_cloudwatch_metric_alarm.errors["metric_filter"].statistic == "Maximum" &&
      aws_cloudwatch_metric_alarm.errors["metric_filter"].comparison_operator == "GreaterThanThreshold" &&
      aws_cloudwatch_metric_alarm.errors["metric_filter"].treat_missing_data == "ignore"
    )
    error_message = "every setting of the alarm is settable"
  }
  assert {
    condition = (
      contains(aws_cloudwatch_metric_alarm.errors["metric_filter"].alarm_actions, "arn:aws:sns:eu-west-1:123456789012:pager") &&
      contains(aws_cloudwatch_metric_alarm.errors["metric_filter"].ok_actions, "arn:aws:sns:eu-west-1:123456789012:resolved") &&
      length(aws_cloudwatch_metric_alarm.errors["metric_filter"].alarm_actions) == 3
    )
    error_message = "further actions stand beside the module's own"
  }
  assert {
    condition     = aws_cloudwatch_log_metric_filter.errors["/aws/apigateway/statuswatch-accesslog"].pattern == "{ $.status = 5* }"
    error_message = "the metric filter's pattern is settable"
  }
}

run "chatbot" {
  command = plan
  variables { chatbot_slack_channel = { slack_team_id = "T0123ABCD", slack_channel_id = "C0123ABCD" } }

  assert {
    condition = (
      aws_chatbot_slack_channel_configuration.alarm[0].slack_team_id == "T0123ABCD" &&
      aws_chatbot_slack_channel_configuration.alarm[0].slack_channel_id == "C0123ABCD" &&
      aws_chatbot_slack_channel_configuration.alarm[0].logging_level == "ERROR" &&
      aws_chatbot_slack_channel_configuration.alarm[0].guardrail_policy_arns == tolist(["arn:aws:iam::aws:policy/CloudWatchReadOnlyAccess"])
    )
    error_message = "the channel is set, and people in it cannot do more than read"
  }
}

run "function_settings" {
  command = plan
  variables {
    architecture                          = "arm64"
    memory_size                           = 256
    timeout                               = 60
    reserved_concurrent_executions        = -1
    alarms_reserved_concurrent_executions = -1
    maximum_event_age_in_seconds          = 600
    maximum_retry_attempts                = 0
    function_log_retention_in_days        = 7
    application_log_level                 = "DEBUG"
    system_log_level                      = "WARN"
    tags                                  = { team = "orders" }
  }

  assert {
    condition = alltrue([for function in [aws_lambda_function.function["lines"], aws_lambda_function.function["alarms"]] : (
      function.architectures == tolist(["arm64"]) &&
      function.memory_size == 256 &&
      function.timeout == 60 &&
      function.reserved_concurrent_executions == -1 &&
      function.logging_config[0].application_log_level == "DEBUG" &&
      function.logging_config[0].system_log_level == "WARN" &&
      function.tags == tomap({ team = "orders" })
    )])
    error_message = "the settings reach both functions"
  }
  assert {
    condition     = aws_lambda_function_event_invoke_config.function["lines"].maximum_event_age_in_seconds == 600 && aws_lambda_function_event_invoke_config.function["lines"].maximum_retry_attempts == 0
    error_message = "event age and retries are settable"
  }
  assert {
    condition     = aws_cloudwatch_log_group.function["lines"].retention_in_days == 7 && aws_cloudwatch_log_group.function["alarms"].retention_in_days == 7
    error_message = "the functions' log retention is settable"
  }
}

run "access_log_retention" {
  command = plan
  variables {
    retention_in_days = 14
    apis              = { orders = { create_log_group = true } }
  }

  assert {
    condition     = aws_cloudwatch_log_group.access_log[0].retention_in_days == 14 && aws_cloudwatch_log_group.api["orders"].retention_in_days == 14
    error_message = "access logs are kept as long as is asked for, those of `apis` too"
  }
  assert {
    condition     = aws_cloudwatch_log_group.function["lines"].retention_in_days == 30
    error_message = "the functions' own logs are kept apart from that"
  }
}

run "package_in_a_bucket" {
  command = plan
  variables {
    package_path      = null
    package_s3_bucket = "releases"
    package_s3_key    = "statuswatch/bootstrap-arm64.zip"
    package_sha256    = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
  }

  assert {
    condition = alltrue([for function in [aws_lambda_function.function["lines"], aws_lambda_function.function["alarms"]] : (
      function.filename == null &&
      function.s3_bucket == "releases" &&
      function.s3_key == "statuswatch/bootstrap-arm64.zip" &&
      function.source_code_hash == "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
    )])
    error_message = "both functions take their code from the bucket, and change with its sum"
  }
}

run "in_memory_without_reserved_concurrency" {
  command = plan
  variables {
    state                          = "memory"
    reserved_concurrent_executions = -1
  }

  assert {
    condition     = length(aws_cloudwatch_event_target.tick) == 5 && length(aws_cloudwatch_event_rule.tick) == 1
    error_message = "without reserved concurrency there is one rule with as many targets as it takes"
  }
}

run "state_in_memory" {
  command = plan
  variables { state = "memory" }

  assert {
    condition     = length(aws_dynamodb_table.state) == 0 && length(aws_iam_role_policy.state) == 0 && output.state_table_name == null
    error_message = "there is no table, and nobody may use one"
  }
  assert {
    condition = alltrue([for function in [aws_lambda_function.function["lines"], aws_lambda_function.function["alarms"]] :
      !contains(keys(function.environment[0].variables), "STATUSWATCH_STATE_TABLE")
    ])
    error_message = "the functions look for no table"
  }
  assert {
    condition     = !contains(keys(aws_lambda_function.function["alarms"].environment[0].variables), "STATUSWATCH_FOLLOW_UPS")
    error_message = "without the table the function for alarms tells of no incident"
  }
  assert {
    condition     = toset([for target in aws_cloudwatch_event_target.tick : target.target_id]) == toset(["lines-0", "lines-1"])
    error_message = "the tick has a target per container"
  }
  assert {
    condition = (
      !strcontains(aws_cloudwatch_dashboard.this[0].dashboard_body, "StoreErrors") &&
      !strcontains(aws_cloudwatch_dashboard.this[0].dashboard_body, "Released") &&
      !strcontains(aws_cloudwatch_dashboard.this[0].dashboard_body, "DynamoDB")
    )
    error_message = "the dashboard draws nothing of a table"
  }
  assert {
    condition = (
      aws_cloudwatch_metric_alarm.watch["lines-pending"].metric_name == "Pending" &&
      !contains(keys(aws_cloudwatch_metric_alarm.watch), "lines-refused") &&
      !contains(keys(aws_cloudwatch_metric_alarm.watch), "alarms-refused") &&
      !contains(keys(aws_cloudwatch_metric_alarm.watch), "lines-store-errors") &&
      !contains(keys(aws_cloudwatch_metric_alarm.watch), "alarms-store-errors")
    )
    error_message = "what a container holds too long has an alarm, a table that is not there has none"
  }
}

run "state_table_as_asked_for" {
  command = plan
  variables {
    state_table_kms_key_arn            = "arn:aws:kms:eu-west-1:123456789012:key/two"
    state_table_point_in_time_recovery = true
    state_table_deletion_protection    = true
  }

  assert {
    condition = (
      aws_dynamodb_table.state[0].server_side_encryption[0].enabled &&
      aws_dynamodb_table.state[0].server_side_encryption[0].kms_key_arn == "arn:aws:kms:eu-west-1:123456789012:key/two" &&
      aws_dynamodb_table.state[0].point_in_time_recovery[0].enabled &&
      aws_dynamodb_table.state[0].deletion_protection_enabled
    )
    error_message = "key, recovery and protection of the table are settable"
  }
}

run "table_with_a_hundred_containers" {
  command = plan
  variables { reserved_concurrent_executions = 100 }

  assert {
    condition     = aws_lambda_function.function["lines"].reserved_concurrent_executions == 100 && aws_lambda_function.function["lines"].environment[0].variables["STATUSWATCH_SPACING_SECONDS"] == "5"
    error_message = "with the table, spacing does not limit concurrency"
  }
  assert {
    condition     = length(aws_cloudwatch_event_rule.tick) == 1 && length(aws_cloudwatch_event_target.tick) == 1
    error_message = "with the table, one tick is enough for any number of containers"
  }
}

run "dashboard_of_the_table" {
  command = plan

  assert {
    condition = alltrue([for metric in [
      "\"Statuswatch\",\"Released\",\"FunctionName\",\"statuswatch-lines\"",
      "\"Statuswatch\",\"StoreErrors\",\"FunctionName\",\"statuswatch-lines\"",
      "\"Statuswatch\",\"StoreErrors\",\"FunctionName\",\"statuswatch-alarms\"",
      "\"AWS/DynamoDB\",\"WriteThrottleEvents\",\"TableName\",\"statuswatch-state\"",
      "\"AWS/DynamoDB\",\"ConsumedWriteCapacityUnits\",\"TableName\",\"statuswatch-state\"",
    ] : strcontains(aws_cloudwatch_dashboard.this[0].dashboard_body, metric)])
    error_message = "the dashboard draws what is released, what the table costs and what goes wrong with it"
  }
}

run "more_containers_in_memory_than_one_rule_has_targets" {
  command = plan
  variables {
    state                          = "memory"
    reserved_concurrent_executions = 7
    spacing_seconds                = 14
  }

  assert {
    condition     = length(aws_cloudwatch_event_rule.tick) == 2 && length(aws_cloudwatch_event_target.tick) == 7
    error_message = "seven containers have seven targets in two rules"
  }
  assert {
    condition     = alltrue([for rule in aws_cloudwatch_event_rule.tick : length([for target in aws_cloudwatch_event_target.tick : target if target.rule == rule.name]) <= 5])
    error_message = "no rule has more than five targets"
  }
  assert {
    condition     = toset([for permission in aws_lambda_permission.tick : permission.source_arn]) == toset(["arn:aws:events:eu-west-1:123456789012:rule/statuswatch-tick-0", "arn:aws:events:eu-west-1:123456789012:rule/statuswatch-tick-1"])
    error_message = "each rule may call the function"
  }
}

run "whole_environment" {
  command = plan
  variables {
    slack_channel          = "#alerts"
    slack_user_name        = "statuswatch"
    slack_icon_emoji       = ":rotating_light:"
    slack_text             = "APIでエラーが発生しました"
    slack_color            = "#FF0000"
    rules                  = "{ \"rules\": [ { \"name\": \"all\", \"status\": [\"4xx\", \"5xx\"], \"action\": \"notify\" } ] }"
    format                 = "vpc-lattice"
    max_lines              = 5
    redact                 = ["ip", "user"]
    notify                 = "every"
    follow_ups             = "30s*2, 1d"
    quiet_seconds          = 60
    end_in_channel         = false
    burst                  = 3
    spacing_seconds        = 10
    max_decompressed_bytes = 16777216
    allowed_hosts          = ["chat.example.com", "chat.example.org"]
  }

  assert {
    condition = aws_lambda_function.function["lines"].environment[0].variables == tomap({
      SLACK_WEBHOOK_PARAMETER            = "/slack/webhook"
      SLACK_CHANNEL                      = "#alerts"
      SLACK_USER_NAME                    = "statuswatch"
      SLACK_ICON_EMOJI                   = ":rotating_light:"
      SLACK_TEXT                         = "APIでエラーが発生しました"
      SLACK_COLOR                        = "#FF0000"
      STATUSWATCH_RULES                  = "{\"rules\":[{\"action\":\"notify\",\"name\":\"all\",\"status\":[\"4xx\",\"5xx\"]}]}"
      STATUSWATCH_FORMAT                 = "vpc-lattice"
      STATUSWATCH_STATE_TABLE            = "statuswatch-state"
      STATUSWATCH_MAX_LINES              = "5"
      STATUSWATCH_REDACT                 = "ip,user"
      STATUSWATCH_NOTIFY                 = "every"
      STATUSWATCH_FOLLOW_UPS             = "30s*2, 1d"
      STATUSWATCH_QUIET_SECONDS          = "60"
      STATUSWATCH_END_IN_CHANNEL         = "false"
      STATUSWATCH_BURST                  = "3"
      STATUSWATCH_SPACING_SECONDS        = "10"
      STATUSWATCH_MAX_DECOMPRESSED_BYTES = "16777216"
      STATUSWATCH_ALLOWED_HOSTS          = "chat.example.com,chat.example.org"
    })
    error_message = "each variable of the contract is settable"
  }
  assert {
    condition = aws_lambda_function.function["alarms"].environment[0].variables == tomap({
      SLACK_WEBHOOK_PARAMETER      = "/slack/webhook"
      SLACK_CHANNEL                = "#alerts"
      SLACK_USER_NAME              = "statuswatch"
      SLACK_ICON_EMOJI             = ":rotating_light:"
      SLACK_TEXT                   = "APIでエラーが発生しました"
      SLACK_COLOR                  = "#FF0000"
      STATUSWATCH_ALLOWED_HOSTS    = "chat.example.com,chat.example.org"
      STATUSWATCH_END_IN_CHANNEL   = "false"
      STATUSWATCH_STATE_TABLE      = "statuswatch-state"
      STATUSWATCH_LOG_GROUPS       = "/aws/apigateway/statuswatch-accesslog"
      STATUSWATCH_REDACT           = "ip,user"
      STATUSWATCH_ALARM_LOG_GROUPS = "{\"APIGateway statuswatch accesslog 4xx5xxError\":[\"/aws/apigateway/statuswatch-accesslog\"]}"
      STATUSWATCH_NOTIFY           = "every"
      STATUSWATCH_FOLLOW_UPS       = "30s*2, 1d"
      STATUSWATCH_QUIET_SECONDS    = "60"
      STATUSWATCH_BURST            = "3"
      STATUSWATCH_SPACING_SECONDS  = "10"
      STATUSWATCH_MAX_LINES        = "5"
    })
    error_message = "the function for alarms posts in the same way"
  }
}

run "long_rules_go_to_a_parameter" {
  command = plan
  variables { rules = jsonencode({ rules = [for number in range(50) : { name = "a rule with a long name, number ${number}", action = "count" }] }) }

  assert {
    condition     = aws_ssm_parameter.rules[0].name == "/statuswatch/rules" && aws_ssm_parameter.rules[0].type == "String" && aws_ssm_parameter.rules[0].tier == "Standard"
    error_message = "rules too long for the environment are kept in a parameter"
  }
  assert {
    condition     = jsondecode(aws_iam_role_policy.rules["lines"].policy).Statement[0].Resource == "arn:aws:ssm:eu-west-1:123456789012:parameter/statuswatch/rules"
    error_message = "the function may read them"
  }
}

run "very_long_rules_go_to_an_advanced_parameter" {
  command = plan
  variables { rules = jsonencode({ rules = [for number in range(90) : { name = "a rule with a long name, number ${number}", action = "count" }] }) }

  assert {
    condition     = aws_ssm_parameter.rules[0].tier == "Advanced"
    error_message = "a standard parameter holds 4 KB"
  }
}

run "rules_in_an_existing_parameter" {
  command = plan
  variables { rules_parameter_name = "team/rules" }

  assert {
    condition     = aws_lambda_function.function["lines"].environment[0].variables["STATUSWATCH_RULES"] == "ssm:team/rules" && length(aws_ssm_parameter.rules) == 0
    error_message = "the function is told the parameter's name"
  }
  assert {
    condition     = jsondecode(aws_iam_role_policy.rules["lines"].policy).Statement[0].Resource == "arn:aws:ssm:eu-west-1:123456789012:parameter/team/rules"
    error_message = "the function may read that parameter"
  }
}

run "filter_pattern" {
  command = plan
  variables { filter_pattern = "%\\x22status\\x22:\\s?\\x22?[45][0-9][0-9]%" }

  assert {
    condition     = aws_cloudwatch_log_subscription_filter.this["/aws/apigateway/statuswatch-accesslog"].filter_pattern == output.errors_only_filter_pattern
    error_message = "the filter pattern is settable, and the output gives the one for errors only"
  }
}

run "failures_in_a_bucket" {
  command = plan
  variables {
    failure_destination       = "s3"
    failure_retention_in_days = 60
  }

  assert {
    condition     = aws_s3_bucket.failures[0].bucket == "statuswatch-failures-123456789012-eu-west-1" && length(aws_sqs_queue.this) == 0
    error_message = "there is a bucket and no queue"
  }
  assert {
    condition = (
      aws_s3_bucket_public_access_block.failures[0].block_public_acls &&
      aws_s3_bucket_public_access_block.failures[0].block_public_policy &&
      aws_s3_bucket_public_access_block.failures[0].ignore_public_acls &&
      aws_s3_bucket_public_access_block.failures[0].restrict_public_buckets
    )
    error_message = "the bucket is closed to the public"
  }
  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.failures[0].rule[0].expiration[0].days == 60
    error_message = "failures expire"
  }
  assert {
    condition     = !contains(keys(aws_cloudwatch_metric_alarm.watch), "failure-queue")
    error_message = "there is no alarm on a queue that is not there"
  }
}

run "failures_nowhere" {
  command = plan
  variables { failure_destination = "none" }

  assert {
    condition = (
      length(aws_sqs_queue.this) == 0 && length(aws_s3_bucket.failures) == 0 && length(aws_iam_role_policy.failure) == 0 &&
      length(aws_lambda_function_event_invoke_config.function["lines"].destination_config) == 0
    )
    error_message = "nothing is left of the failure destination"
  }
}

run "stream_with_the_table" {
  command = plan
  variables { ingest = "kinesis" }

  assert {
    condition     = length(aws_cloudwatch_event_target.tick) == 1 && length(aws_cloudwatch_metric_alarm.watch_heartbeat) == 1
    error_message = "what is deferred in the table is posted by the tick, whose silence is a fault"
  }
}

run "stream" {
  command = plan
  variables {
    state                                      = "memory"
    ingest                                     = "kinesis"
    kinesis_shard_count                        = 2
    kinesis_retention_period                   = 48
    kinesis_batch_size                         = 50
    kinesis_maximum_batching_window_in_seconds = 5
    kinesis_maximum_retry_attempts             = 20
    kinesis_maximum_record_age_in_seconds      = 7200
  }

  assert {
    condition = (
      aws_kinesis_stream.lines[0].shard_count == 2 &&
      aws_kinesis_stream.lines[0].retention_period == 48 &&
      aws_kinesis_stream.lines[0].encryption_type == "KMS" &&
      aws_kinesis_stream.lines[0].kms_key_id == "alias/aws/kinesis"
    )
    error_message = "the stream is as asked for, and encrypted"
  }
  assert {
    condition = (
      aws_lambda_event_source_mapping.lines[0].batch_size == 50 &&
      aws_lambda_event_source_mapping.lines[0].maximum_batching_window_in_seconds == 5 &&
      aws_lambda_event_source_mapping.lines[0].maximum_retry_attempts == 20 &&
      aws_lambda_event_source_mapping.lines[0].maximum_record_age_in_seconds == 7200 &&
      aws_lambda_event_source_mapping.lines[0].parallelization_factor == 1 &&
      aws_lambda_event_source_mapping.lines[0].bisect_batch_on_function_error &&
      aws_lambda_event_source_mapping.lines[0].function_response_types == toset(["ReportBatchItemFailures"])
    )
    error_message = "the mapping reports partial failures and splits a failing batch"
  }
  assert {
    condition = (
      aws_cloudwatch_log_subscription_filter.this["/aws/apigateway/statuswatch-accesslog"].destination_arn == "arn:aws:kinesis:eu-west-1:123456789012:stream/statuswatch-lines" &&
      aws_cloudwatch_log_subscription_filter.this["/aws/apigateway/statuswatch-accesslog"].name == "statuswatch-kinesis"
    )
    error_message = "the filter writes to the stream, under a name of its own"
  }
  assert {
    condition     = length(aws_lambda_permission.log_group) == 0 && length(aws_lambda_permission.account) == 0
    error_message = "CloudWatch Logs may not call the function"
  }
  assert {
    condition     = length(aws_cloudwatch_event_rule.tick) == 0 && length(aws_cloudwatch_metric_alarm.watch_heartbeat) == 0
    error_message = "nothing is deferred, so nothing ticks, and silence is no fault"
  }
  assert {
    condition     = contains(keys(aws_cloudwatch_metric_alarm.watch), "lines-iterator-age")
    error_message = "falling behind the stream raises an alarm"
  }
}

run "stream_on_demand" {
  command = plan
  variables {
    ingest                         = "kinesis"
    kinesis_stream_mode            = "ON_DEMAND"
    reserved_concurrent_executions = 4
    spacing_seconds                = 8
    kms_key_arn                    = "arn:aws:kms:eu-west-1:123456789012:key/one"
  }

  assert {
    condition     = aws_kinesis_stream.lines[0].stream_mode_details[0].stream_mode == "ON_DEMAND" && aws_kinesis_stream.lines[0].kms_key_id == "arn:aws:kms:eu-west-1:123456789012:key/one"
    error_message = "the stream's capacity is on demand, its key the customer's"
  }
}

run "customer_managed_key" {
  command = plan
  variables { kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/one" }

  assert {
    condition     = alltrue([for group in [aws_cloudwatch_log_group.access_log[0], aws_cloudwatch_log_group.function["lines"], aws_cloudwatch_log_group.function["alarms"]] : group.kms_key_id == "arn:aws:kms:eu-west-1:123456789012:key/one"])
    error_message = "log groups are encrypted with it"
  }
  assert {
    condition     = aws_sns_topic.this["alarms"].kms_master_key_id == "arn:aws:kms:eu-west-1:123456789012:key/one" && aws_sns_topic.this["watch"].kms_master_key_id == aws_sns_topic.this["alarms"].kms_master_key_id && aws_sqs_queue.this["failures"].kms_master_key_id == aws_sns_topic.this["alarms"].kms_master_key_id
    error_message = "topics and queue are encrypted with it"
  }
}

run "no_watching" {
  command = plan
  variables {
    create_watch_alarms = false
    create_dashboard    = false
  }

  assert {
    condition = (
      length(aws_cloudwatch_metric_alarm.watch) == 0 && length(aws_cloudwatch_metric_alarm.watch_heartbeat) == 0 && length(aws_cloudwatch_metric_alarm.watch_subscription) == 0 &&
      !contains(keys(aws_sns_topic.this), "watch") && !contains(keys(aws_sns_topic_policy.this), "watch") && length(aws_cloudwatch_dashboard.this) == 0
    )
    error_message = "alarms, topic and dashboard can be left out"
  }
}

run "watching" {
  command = plan
  variables {
    watch_email_addresses      = ["ops@example.com"]
    watch_unreadable_threshold = 10
    watch_pending_minutes      = 30
    watch_delivery_lag_seconds = 60
  }

  assert {
    condition = toset(keys(aws_cloudwatch_metric_alarm.watch)) == toset([
      "lines-errors", "lines-throttles", "lines-dropped", "lines-destination",
      "alarms-errors", "alarms-throttles", "alarms-dropped", "alarms-destination",
      "lines-failed", "lines-unreadable", "lines-undecodable", "lines-pending", "lines-delivery-lag",
      "lines-refused", "alarms-refused", "lines-store-errors", "alarms-store-errors",
      "failure-queue",
    ])
    error_message = "every way in which a line can be lost or late has an alarm"
  }
  assert {
    condition = (
      aws_cloudwatch_metric_alarm.watch["lines-unreadable"].threshold == 10 &&
      aws_cloudwatch_metric_alarm.watch["lines-pending"].evaluation_periods == 30 &&
      aws_cloudwatch_metric_alarm.watch["lines-delivery-lag"].threshold == 60000
    )
    error_message = "thresholds are settable"
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.watch_heartbeat[0].treat_missing_data == "breaching" && aws_cloudwatch_metric_alarm.watch_heartbeat[0].comparison_operator == "LessThanThreshold"
    error_message = "a function that no longer runs raises an alarm"
  }
  assert {
    condition     = aws_sns_topic_subscription.watch_email["ops@example.com"].protocol == "email"
    error_message = "mail goes to the given addresses"
  }
  assert {
    condition = toset([for query in aws_cloudwatch_metric_alarm.watch_subscription["/aws/apigateway/statuswatch-accesslog"].metric_query : query.metric[0].dimensions if length(query.metric) > 0]) == toset([tomap({
      LogGroupName    = "/aws/apigateway/statuswatch-accesslog"
      DestinationType = "Lambda"
      FilterName      = aws_cloudwatch_log_subscription_filter.this["/aws/apigateway/statuswatch-accesslog"].name
    })])
    error_message = "the alarm on the subscription looks at the filter that is there"
  }
}

run "messages_that_slack_does_not_take" {
  command = plan

  assert {
    condition = alltrue([for role in ["lines", "alarms"] :
      aws_cloudwatch_metric_alarm.watch["${role}-refused"].namespace == "Statuswatch" &&
      aws_cloudwatch_metric_alarm.watch["${role}-refused"].metric_name == "Refused" &&
      aws_cloudwatch_metric_alarm.watch["${role}-refused"].dimensions == tomap({ FunctionName = "statuswatch-${role}" }) &&
      aws_cloudwatch_metric_alarm.watch["${role}-refused"].evaluation_periods == 1
    ])
    error_message = "with the table, one message that Slack refuses for good raises an alarm"
  }
  assert {
    condition = (
      aws_cloudwatch_metric_alarm.watch["lines-pending"].metric_name == "Unavailable" &&
      aws_cloudwatch_metric_alarm.watch["lines-pending"].period == 60 &&
      aws_cloudwatch_metric_alarm.watch["lines-pending"].evaluation_periods == 15
    )
    error_message = "with the table, a Slack that is not available raises an alarm after a while"
  }
}

run "another_name" {
  command = plan
  variables { name = "orders" }

  assert {
    condition = alltrue([for name in [
      aws_lambda_function.function["lines"].function_name, aws_lambda_function.function["alarms"].function_name,
      aws_iam_role.function["lines"].name, aws_iam_role.function["alarms"].name,
      aws_sns_topic.this["alarms"].name, aws_sns_topic.this["watch"].name, aws_sqs_queue.this["failures"].name, aws_dynamodb_table.state[0].name,
      aws_cloudwatch_event_rule.tick["0"].name, aws_cloudwatch_dashboard.this[0].dashboard_name,
      aws_cloudwatch_log_subscription_filter.this["/aws/apigateway/orders-accesslog"].name,
      aws_cloudwatch_log_metric_filter.errors["/aws/apigateway/orders-accesslog"].name,
      one(aws_cloudwatch_log_metric_filter.errors["/aws/apigateway/orders-accesslog"].metric_transformation).name,
    ] : startswith(name, "orders")])
    error_message = "an instance of another name shares nothing with the first"
  }
  assert {
    condition     = alltrue([for alarm in merge(aws_cloudwatch_metric_alarm.watch, aws_cloudwatch_metric_alarm.errors) : strcontains(alarm.alarm_name, "orders")])
    error_message = "its alarms have names of their own"
  }
}

run "null_is_the_default" {
  command = plan
  variables {
    name                           = null
    tags                           = null
    create_log_group               = null
    log_group_names                = null
    retention_in_days              = null
    alarm_source                   = null
    alarm_threshold                = null
    format                         = null
    redact                         = null
    reserved_concurrent_executions = null
    failure_destination            = null
    ingest                         = null
    state                          = null
    filter_pattern                 = null
    create_watch_alarms            = null
    watch_email_addresses          = null
  }

  assert {
    condition = (
      aws_lambda_function.function["lines"].function_name == "statuswatch-lines" &&
      aws_lambda_function.function["lines"].reserved_concurrent_executions == 2 &&
      aws_cloudwatch_log_group.access_log[0].retention_in_days == 90 &&
      aws_cloudwatch_metric_alarm.errors["metric_filter"].threshold == 1 &&
      aws_cloudwatch_log_subscription_filter.this["/aws/apigateway/statuswatch-accesslog"].filter_pattern == "" &&
      keys(aws_sqs_queue.this) == ["failures"] && length(aws_cloudwatch_metric_alarm.watch_heartbeat) == 1 &&
      length(aws_dynamodb_table.state) == 1
    )
    error_message = "a caller who hands null on gets the default"
  }
}
