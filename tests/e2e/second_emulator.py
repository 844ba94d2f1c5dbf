"""moto's server for the second plan: it keeps what it is told and runs nothing. It forgets two things
that the module sets, a function's logging settings, and a queue's policy as soon as another attribute is set; here it
does not.

In: the command line of `moto_server`. Out: AWS's APIs on the port given there.
"""

import sys

from moto.awslambda.models import LambdaFunction
from moto.server import main
from moto.sqs.models import Queue

create, update, read = LambdaFunction.__init__, LambdaFunction.update_configuration, LambdaFunction.get_configuration
set_attributes = Queue._set_attributes


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


def set_attributes_beside_the_policy(queue, attributes, *arguments):
    known = {"Policy": queue.policy} if hasattr(queue, "_policy_json") else {}
    set_attributes(queue, known | attributes, *arguments)


LambdaFunction.__init__ = create_with_logging
LambdaFunction.update_configuration = update_with_logging
LambdaFunction.get_configuration = read_with_logging
Queue._set_attributes = set_attributes_beside_the_policy

if __name__ == "__main__":
    main(sys.argv[1:])
