# Begin here. The module has no code in main.tf: each file is one concern, with its resources, its permissions and the
# reason for them. `variables_*.tf` has the variables in the same parts, `outputs.tf` what others take, `versions.tf` what
# it wants.
#
# The way of a line, in the order in which to read:
#   names.tf                  names, and the ARNs that follow from them
#   access_log.tf             the log group that API Gateway writes to; access_log_format.tf: in which form
#   apis.tf                   several APIs, a row each
#   subscription.tf           from the log groups to the function, or by kinesis.tf
#   function_lines.tf         the function for lines; function_alarms.tf is its twin for alarms, with the same package.tf
#   function_environment.tf   what both read; rules.tf, destinations.tf and secret.tf what is stored for them
#   function_roles.tf         who they are; what each may do stands with its concern
#   state.tf                  the table of incidents; tick.tf has what is due posted
#   failure.tf                what could not be notified; redrive.tf tries it again
#
# The way of an alarm:
#   alarm.tf                  metric filters and alarms; alarm_topic.tf: from there to the function; chatbot.tf: past it
#
# Beside both:
#   existing.tf               alarms, topics, network, key and traces that are there already
#   watch.tf                  alarms on statuswatch itself; dashboard.tf
