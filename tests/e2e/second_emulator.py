"""moto's server for the second plan: it keeps what it is told and runs nothing. Some of what the module sets moto 5.2.5
forgets; here it does not:

1. a function's logging settings;
2. a log group's class;
3. a queue's policy, when another attribute is set afterwards. Its redrive policy is answered without spaces, as it was
   given, since Terraform would take them for a change.

In: the command line of `moto_server`. Out: AWS's APIs on the port given there.
"""

import json
import sys

from moto.awslambda.models import LambdaFunction
from moto.logs.models import LogGroup
from moto.logs.responses import LogsResponse
from moto.server import main
from moto.sqs.models import Queue

create, update, read = LambdaFunction.__init__, LambdaFunction.update_configuration, LambdaFunction.get_configuration
create_group, describe_group = LogsResponse.create_log_group, LogGroup.to_describe_dict
set_attributes, attributes = Queue._set_attributes, Queue.attributes


def create_with_logging(function, account_id, spec, *arguments, **named):
    function.logging_config = spec.get("LoggingConfig")
    create(function, account_id, spec, *arguments, **named)


def update_with_logging(function, updates):
    function.logging_config = updates.get("LoggingConfig", function.logging_config)
    return update(function, updates)


def read_with_logging(function, *arguments, **named):
    configuration = read(function, *arguments, **named)
    if function.logging_config:
        configuration["LoggingConfig"] = function.logging_config
    return configuration


def create_group_with_class(request):
    answer = create_group(request)
    group = request.logs_backend.groups[request._get_param("logGroupName")]
    group.log_group_class = request._get_param("logGroupClass") or "STANDARD"
    return answer


def describe_group_with_class(group):
    return describe_group(group) | {"logGroupClass": getattr(group, "log_group_class", "STANDARD")}


def set_attributes_beside_the_policy(queue, given, *arguments):
    policy = {"Policy": queue.policy} if hasattr(queue, "_policy_json") else {}
    set_attributes(queue, policy | given, *arguments)


def attributes_as_given(queue):
    found = attributes.fget(queue)
    if found.get("RedrivePolicy"):
        found["RedrivePolicy"] = json.dumps(json.loads(found["RedrivePolicy"]), separators=(",", ":"))
    return found


LambdaFunction.__init__ = create_with_logging
LambdaFunction.update_configuration = update_with_logging
LambdaFunction.get_configuration = read_with_logging
LogsResponse.create_log_group = create_group_with_class
LogGroup.to_describe_dict = describe_group_with_class
Queue._set_attributes = set_attributes_beside_the_policy
Queue.attributes = property(attributes_as_given)

if __name__ == "__main__":
    main(sys.argv[1:])
