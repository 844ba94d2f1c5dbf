"""moto's server for the second plan: it keeps what it is told and runs nothing. It forgets one thing
that the module sets, a function's logging settings; here it does not.

In: the command line of `moto_server`. Out: AWS's APIs on the port given there.
"""

import sys

from moto.awslambda.models import LambdaFunction
from moto.server import main

create, update, read = LambdaFunction.__init__, LambdaFunction.update_configuration, LambdaFunction.get_configuration


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


LambdaFunction.__init__ = create_with_logging
LambdaFunction.update_configuration = update_with_logging
LambdaFunction.get_configuration = read_with_logging

if __name__ == "__main__":
    main(sys.argv[1:])
