# The rules: in the environment while they are short, since all of it may hold 4 KB; else in an SSM
# parameter. The version in the name makes a change of rules a change of the environment, and so
# starts new containers.
#
# Where rows of `apis` name destinations, the rules send their errors there: a rule that notifies and has no `to` gets a
# copy for each destination, and a last rule for each takes what none took. A rule with `to`, and one that counts or
# ignores, is left as it is.

locals {
  given_rules = try(jsondecode(var.rules).rules, [])

  # For each rule, which log groups with a destination of their own it asks for.
  rule_log_groups = [for rule in local.given_rules : {
    for destination, names in local.log_groups_of_destinations : destination => [
      for name in names : name if anytrue([
        for wanted in flatten([try(rule.log_group, "*")]) : can(regex("^${replace(replace(wanted, "/[^A-Za-z0-9*]/", "\\$0"), "*", ".*")}$", name))
      ])
    ] if try(rule.action, "") == "notify" && !can(rule.to)
  }]

  # A copy, or what it leaves of the rule, to which rules above leave nothing is no fault; no log group has this name, which
  # makes the function take it.
  no_log_group = "(none)"

  rules_of_destinations = flatten([for at, rule in local.given_rules : concat(
    [for destination, names in local.rule_log_groups[at] : merge(rule, {
      name      = "${substr(rule.name, 0, 79 - length(destination) - 2)} (${destination})"
      log_group = concat(names, [local.no_log_group])
      to        = destination
    }) if length(names) > 0],
    # What is left of the rule: of a list of log groups, those that no copy has.
    [for left in [setsubtract(flatten([try(rule.log_group, "*")]), flatten(values(local.rule_log_groups[at])))] :
      merge(rule, { for key in ["log_group"] : key => concat(sort(left), length(flatten(values(local.rule_log_groups[at]))) > 0 ? [local.no_log_group] : []) if can(rule.log_group) && length(local.rule_log_groups[at]) > 0 })
      if length(left) > 0
    ],
  )])

  rules = concat(local.rules_of_destinations, [for destination, names in local.log_groups_of_destinations : {
    name      = "errors for ${destination}"
    log_group = concat(names, [local.no_log_group])
    action    = "notify"
    to        = destination
  }])

  rules_json = (
    length(local.log_groups_of_destinations) > 0 ? jsonencode({ rules = local.rules }) :
    var.rules == null ? null : jsonencode(jsondecode(var.rules))
  )
  # Of rules that the module copies; those of `rules` alone are checked there.
  rules_fit = length(local.log_groups_of_destinations) == 0 || (
    length(local.rules) <= 100 && length(distinct(local.rules[*].name)) == length(local.rules) && length(coalesce(local.rules_json, "-")) <= 8192
  )
  rules_in_parameter = local.rules_json == null ? false : length(local.rules_json) > 2000
  rules_parameter_name = (
    var.rules_parameter_name != null ? var.rules_parameter_name :
    local.rules_in_parameter ? "/${var.name}/rules" : null
  )
  # With further destinations, an alarm matters to the incidents of each that the rules send its log group to. Lines that are
  # fetched for it are judged by the rules, too.
  alarms_read_rules = length(var.destinations) > 0 || var.alarm_lines == "fetch"
  rules_roles       = { for name, role in local.function_roles : name => role if name == "lines" || local.alarms_read_rules }
  rules_environment = (
    local.rules_in_parameter ? "ssm:${aws_ssm_parameter.rules[0].name}:${aws_ssm_parameter.rules[0].version}" :
    var.rules_parameter_name != null ? "ssm:${var.rules_parameter_name}" : local.rules_json
  )
}

resource "aws_ssm_parameter" "rules" {
  count = local.rules_in_parameter ? 1 : 0

  name        = local.rules_parameter_name
  description = "Rules of statuswatch"
  type        = "String"
  tier        = length(local.rules_json) > 4096 ? "Advanced" : "Standard"
  value       = local.rules_json
  tags        = var.tags
}

resource "aws_iam_role_policy" "rules" {
  for_each = local.rules_parameter_name == null ? {} : local.rules_roles

  name = "rules"
  role = each.value

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = "ssm:GetParameter"
      Resource = "${local.arn_prefix.ssm}:parameter/${trimprefix(local.rules_parameter_name, "/")}"
    }]
  })
}
