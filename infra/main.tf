# Start here. main.tf holds no code: each file below is one concern, with its resources, its permissions and the reasons
# for them. `variables_*.tf` has the variables in the same parts, `outputs.tf` what callers take, `versions.tf` what the
# module requires, `moved.tf` the addresses that resources had in earlier versions.
#
# A log line, from API Gateway to Slack, in the order in which to read:
#   names.tf                  names, and the ARNs that follow from them
#   access_log.tf             the log group that API Gateway writes to; access_log_format.tf: in which format
#   apis.tf                   several APIs, a row each
#   subscription.tf           from the log groups to the function, directly or by kinesis.tf
#   functions.tf              the two functions, one for log lines and one for alarms
#   function_environment.tf   what they read; rules.tf, destinations.tf and secret.tf: what is stored for them
#   function_roles.tf         their roles; what each role may do stands with its concern
#   state.tf                  the table of incidents; tick.tf has what is due posted
#   failure.tf                where a delivery goes that could not be posted; queues.tf; redrive.tf tries it again
#
# An alarm, from CloudWatch to Slack:
#   alarm.tf                  metric filters and alarms
#   alarm_topic.tf            from the alarms to the function; topics.tf: the topics; chatbot.tf: past the function
#
# Beside both:
#   existing.tf               alarms, topics, network, key and traces that exist already
#   watch.tf                  alarms on statuswatch itself; dashboard.tf
