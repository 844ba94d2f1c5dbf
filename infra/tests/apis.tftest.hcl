# Many APIs in one instance: a row of `apis` has its own filters, alarm and destination, and shares the rest.

mock_provider "aws" {
  mock_data "aws_caller_identity" { defaults = { account_id = "123456789012" } }
  mock_data "aws_partition" { defaults = { partition = "aws", dns_suffix = "amazonaws.com" } }
  mock_data "aws_region" { defaults = { id = "eu-west-1" } }
}

variables {
  package_path             = "tests/package.placeholder"
  bot_token_parameter_name = "/slack/bot-token"
  slack_channel            = "C0123456789"
  create_log_group         = false
}

run "rows_have_filters_and_alarms_of_their_own" {
  command = plan

  variables {
    alarm_threshold = 2
    alarm_actions   = ["arn:aws:sns:eu-west-1:123456789012:ops"]
    filter_pattern  = "all"
    apis = {
      orders = { log_group = "/apis/orders" }
      pets = {
        create_log_group = true
        filter_pattern   = ""
        alarm = {
          name                  = "pets fail"
          description           = "Call the vet"
          metric_name           = "PetErrors"
          metric_filter_pattern = "{ $.status = 5* }"
          statistic             = "Average"
          comparison_operator   = "GreaterThanThreshold"
          threshold             = 0.5
          period                = 300
          evaluation_periods    = 3
          datapoints_to_alarm   = 2
          treat_missing_data    = "missing"
          actions               = []
          ok_actions            = ["arn:aws:sns:eu-west-1:123456789012:vet"]
        }
      }
      quiet = { log_group = "/apis/quiet", alarm = { create = false } }
    }
  }

  assert {
    condition = (
      { for name, filter in aws_cloudwatch_log_subscription_filter.this : name => filter.filter_pattern } == { "/apis/orders" = "all", "/apis/quiet" = "all", "/aws/apigateway/statuswatch-pets-accesslog" = "" } &&
      toset(keys(aws_lambda_permission.log_group)) == toset(["/apis/orders", "/apis/quiet", "/aws/apigateway/statuswatch-pets-accesslog"]) &&
      keys(aws_cloudwatch_log_group.api) == ["pets"]
    )
    error_message = "each row's log group is subscribed, with the row's pattern, and may call the function"
  }
  assert {
    condition = { for name, filter in aws_cloudwatch_log_metric_filter.errors : name => [filter.pattern, one(filter.metric_transformation).name] } == {
      "/apis/orders"                               = ["{ ($.status = 4*) || ($.status = 5*) }", "statuswatch-orders-4xx5xxError"]
      "/aws/apigateway/statuswatch-pets-accesslog" = ["{ $.status = 5* }", "PetErrors"]
    }
    error_message = "each row with an alarm has a metric of its own"
  }
  assert {
    condition     = keys(aws_cloudwatch_metric_alarm.errors) == ["api/orders", "api/pets"]
    error_message = "there is an alarm for each row, and none over no log group"
  }
  assert {
    condition = (
      aws_cloudwatch_metric_alarm.errors["api/orders"].alarm_name == "statuswatch orders 4xx5xxError" &&
      aws_cloudwatch_metric_alarm.errors["api/orders"].metric_name == "statuswatch-orders-4xx5xxError" &&
      aws_cloudwatch_metric_alarm.errors["api/orders"].threshold == 2 &&
      aws_cloudwatch_metric_alarm.errors["api/orders"].period == 60 &&
      aws_cloudwatch_metric_alarm.errors["api/orders"].alarm_actions == toset(["arn:aws:sns:eu-west-1:123456789012:statuswatch-alarms", "arn:aws:lambda:eu-west-1:123456789012:function:statuswatch-alarms", "arn:aws:sns:eu-west-1:123456789012:ops"])
    )
    error_message = "what a row leaves out is as for all"
  }
  assert {
    condition = (
      aws_cloudwatch_metric_alarm.errors["api/pets"].alarm_name == "pets fail" &&
      aws_cloudwatch_metric_alarm.errors["api/pets"].alarm_description == "Call the vet" &&
      aws_cloudwatch_metric_alarm.errors["api/pets"].metric_name == "PetErrors" &&
      aws_cloudwatch_metric_alarm.errors["api/pets"].statistic == "Average" &&
      aws_cloudwatch_metric_alarm.errors["api/pets"].comparison_operator == "GreaterThanThreshold" &&
      aws_cloudwatch_metric_alarm.errors["api/pets"].threshold == 0.5 &&
      aws_cloudwatch_metric_alarm.errors["api/pets"].period == 300 &&
      aws_cloudwatch_metric_alarm.errors["api/pets"].evaluation_periods == 3 &&
      aws_cloudwatch_metric_alarm.errors["api/pets"].datapoints_to_alarm == 2 &&
      aws_cloudwatch_metric_alarm.errors["api/pets"].treat_missing_data == "missing" &&
      aws_cloudwatch_metric_alarm.errors["api/pets"].alarm_actions == toset(["arn:aws:sns:eu-west-1:123456789012:statuswatch-alarms", "arn:aws:lambda:eu-west-1:123456789012:function:statuswatch-alarms"]) &&
      contains(aws_cloudwatch_metric_alarm.errors["api/pets"].ok_actions, "arn:aws:sns:eu-west-1:123456789012:vet")
    )
    error_message = "a row's alarm is as the row says"
  }
  assert {
    condition = (
      { for key, permission in aws_lambda_permission.alarm_action : key => permission.source_arn } == {
        "api/orders" = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:statuswatch orders 4xx5xxError"
        "api/pets"   = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:pets fail"
      } &&
      jsondecode(aws_sns_topic_policy.this["alarms"].policy).Statement[0].Condition.ArnEquals["aws:SourceArn"] == values(aws_lambda_permission.alarm_action)[*].source_arn
    )
    error_message = "each alarm may call the function and publish to the topic"
  }
  assert {
    condition = jsondecode(aws_lambda_function.function["alarms"].environment[0].variables["STATUSWATCH_ALARM_LOG_GROUPS"]) == {
      "statuswatch orders 4xx5xxError" = ["/apis/orders"]
      "pets fail"                      = ["/aws/apigateway/statuswatch-pets-accesslog"]
    }
    error_message = "each alarm belongs to its log group"
  }
  assert {
    condition     = !contains(keys(aws_lambda_function.function["lines"].environment[0].variables), "STATUSWATCH_RULES")
    error_message = "without destinations the rules stay the built-in ones"
  }
  assert {
    condition = (
      output.apis["orders"] == { log_group_name = "/apis/orders", access_log_destination_arn = null, alarm_name = "statuswatch orders 4xx5xxError" } &&
      output.apis["quiet"].alarm_name == null && output.alarm_names == {}
    )
    error_message = "the outputs name what each row has"
  }
}

run "rows_beside_the_log_groups_of_one_alarm" {
  command = plan

  variables {
    alarm_source    = "both"
    log_group_names = ["/apis/old"]
    apis            = { orders = { log_group = "/apis/orders" } }
  }

  assert {
    condition     = keys(aws_cloudwatch_metric_alarm.errors) == ["api/orders", "function", "metric_filter"]
    error_message = "the alarm over all other log groups stays"
  }
  assert {
    condition     = one(aws_cloudwatch_log_metric_filter.errors["/apis/old"].metric_transformation).name == "statuswatch-4xx5xxError"
    error_message = "and counts these alone"
  }
  assert {
    condition = jsondecode(aws_lambda_function.function["alarms"].environment[0].variables["STATUSWATCH_ALARM_LOG_GROUPS"]) == {
      "APIGateway statuswatch accesslog 4xx5xxError"            = ["/apis/old"]
      "APIGateway statuswatch accesslog 4xx5xxError (function)" = ["/apis/old", "/apis/orders"]
      "statuswatch orders 4xx5xxError"                          = ["/apis/orders"]
    }
    error_message = "the function counts the lines of all log groups"
  }
}

run "destinations_without_rules" {
  command = plan

  variables {
    destinations = { team-a = "C0123456780", team-b = "C0123456781" }
    apis = {
      orders  = { log_group = "/apis/orders", destination = "team-a" }
      pets    = { log_group = "/apis/pets", destination = "team-b" }
      returns = { log_group = "/apis/returns", destination = "team-a" }
      other   = { log_group = "/apis/other" }
    }
  }

  assert {
    condition = jsondecode(aws_lambda_function.function["lines"].environment[0].variables["STATUSWATCH_RULES"]).rules == [
      { name = "errors for team-a", log_group = ["/apis/orders", "/apis/returns", "(none)"], action = "notify", to = "team-a" },
      { name = "errors for team-b", log_group = ["/apis/pets", "(none)"], action = "notify", to = "team-b" },
    ]
    error_message = "each destination gets the errors of its rows"
  }
  assert {
    condition     = aws_lambda_function.function["alarms"].environment[0].variables["STATUSWATCH_RULES"] == aws_lambda_function.function["lines"].environment[0].variables["STATUSWATCH_RULES"]
    error_message = "and the notices of their alarms"
  }
}

run "destinations_with_rules" {
  command = plan

  variables {
    destinations = { team-a = "C0123456780", on-call = "C0123456781" }
    apis = {
      orders = { log_group = "/apis/orders", destination = "team-a" }
      pets   = { log_group = "/apis/pets" }
    }
    rules = jsonencode({ rules = [
      { name = "noise", status = ["403"], action = "count" },
      { name = "admin", log_group = ["/apis/orders"], status = ["4xx"], action = "ignore" },
      { name = "wake", log_group = "/apis/*", status = ["504"], action = "notify", to = "on-call" },
      { name = "some", log_group = ["/apis/orders", "/apis/pets"], status = ["502"], action = "notify", color = "danger" },
      { name = "one", log_group = "/apis/orders", status = ["500"], action = "notify" },
      { name = "others", log_group = "/a.is/*", action = "notify" },
      { name = "server errors", status = ["5xx"], action = "notify", mention = "<!here>" },
    ] })
  }

  assert {
    condition = jsondecode(aws_lambda_function.function["lines"].environment[0].variables["STATUSWATCH_RULES"]).rules == [
      { name = "noise", status = ["403"], action = "count" },
      { name = "admin", log_group = ["/apis/orders"], status = ["4xx"], action = "ignore" },
      { name = "wake", log_group = "/apis/*", status = ["504"], action = "notify", to = "on-call" },
      { name = "some (team-a)", log_group = ["/apis/orders", "(none)"], status = ["502"], action = "notify", color = "danger", to = "team-a" },
      { name = "some", log_group = ["/apis/pets", "(none)"], status = ["502"], action = "notify", color = "danger" },
      { name = "one (team-a)", log_group = ["/apis/orders", "(none)"], status = ["500"], action = "notify", to = "team-a" },
      { name = "others", log_group = ["/a.is/*"], action = "notify" },
      { name = "server errors (team-a)", log_group = ["/apis/orders", "(none)"], status = ["5xx"], action = "notify", mention = "<!here>", to = "team-a" },
      { name = "server errors", status = ["5xx"], action = "notify", mention = "<!here>" },
      { name = "errors for team-a", log_group = ["/apis/orders", "(none)"], action = "notify", to = "team-a" },
    ]
    error_message = "a rule that notifies has a copy for the destination of the log groups that it asks for"
  }
}

run "rules_that_the_destinations_make_too_many" {
  command = plan

  variables {
    destinations = { for number in range(30) : "team-${number}" => "C0123456${100 + number}" }
    apis         = { for number in range(30) : "api-${number}" => { log_group = "/apis/${number}", destination = "team-${number}" } }
    rules = jsonencode({ rules = [
      for status in ["500", "502", "503", "504"] : { name = status, status = [status], action = "notify" }
    ] })
  }

  expect_failures = [aws_lambda_function.function]
}

run "thirty_rows" {
  command = plan

  variables {
    destinations = { for number in range(10) : "team-${number}" => "C0123456${100 + number}" }
    apis = {
      for number in range(30) : "service-${number}" => { log_group = "/aws/apigateway/service-${number}", destination = "team-${number % 10}" }
    }
    rules = jsonencode({ rules = [
      { name = "scanner noise", status = ["403", "404"], action = "count" },
      { name = "server errors", status = ["5xx"], action = "notify", mention = "<!here>" },
      { name = "client errors", status = ["4xx"], action = "notify" },
    ] })
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.errors) == 30 && length(aws_lambda_permission.alarm_action) == 30 && length(aws_lambda_permission.alarm_account) == 0
    error_message = "thirty alarms are named one by one"
  }
  assert {
    condition     = length(aws_ssm_parameter.rules) == 1 && length(aws_iam_role_policy.rules) == 2
    error_message = "their rules are in a parameter that both functions read"
  }
}

run "more_alarms_than_a_policy_holds" {
  command = plan

  variables {
    apis = { for number in range(31) : "${number}" => { log_group = "/${number}", alarm = { name = "a${number}" } } }
  }

  assert {
    condition = (
      length(aws_lambda_permission.alarm_action) == 0 &&
      aws_lambda_permission.alarm_account[0].source_arn == "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:*" &&
      aws_lambda_permission.alarm_account[0].principal == "lambda.alarms.cloudwatch.amazonaws.com" &&
      aws_lambda_permission.alarm_account[0].source_account == "123456789012"
    )
    error_message = "above thirty one permission stands for the account's alarms"
  }
  assert {
    condition     = length(jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets) > 0 && alltrue([for widget in jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets : try(length(widget.properties.alarms), 0) <= 100])
    error_message = "the dashboard shows as many alarms as a widget takes"
  }
}
