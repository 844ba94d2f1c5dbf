"""redrive, from the failure queue and bucket: what it posts, deletes and leaves, and when AWS or Slack does not answer as one
would like.
"""

import base64
import gzip
import json
import signal

from account import BUCKET, QUEUE, REGION
from fake_slack import FakeSlack
from faulty_proxy import refuse

POISON = {"requestContext": {"condition": "RetriesExhausted"}, "requestPayload": {"awslogs": {"data": "H4sIAAAA"}}}
# Lambda's record of a stream: where the lines were, and none of them.
WITHOUT_LINES = {"requestContext": {}, "KinesisBatchInfo": {"shardId": "shardId-000000000000"}}


def _event(number):
    """What CloudWatch Logs pushes of one error."""
    line = json.dumps({"requestId": str(number), "httpMethod": "GET", "resourcePath": f"/{number}", "status": "502"})
    events = [{"id": f"{number:056}", "timestamp": 1_793_697_300_000 + number, "message": line}]
    message = {"messageType": "DATA_MESSAGE", "owner": "123456789012", "logGroup": "g", "logStream": "s", "logEvents": events}
    return {"awslogs": {"data": base64.b64encode(gzip.compress(json.dumps(message).encode())).decode()}}


def _record(number):
    """What Lambda puts into the queue of a delivery that it gave up."""
    return {"version": "1.0", "requestContext": {"condition": "RetriesExhausted"}, "requestPayload": _event(number)}


def _queue(setup, *bodies):
    """Lets the queue hold these messages and no others."""
    sqs = setup.account.client("sqs")
    while found := sqs.receive_message(QueueUrl=setup.account.queue_url, MaxNumberOfMessages=10).get("Messages"):
        for message in found:
            sqs.delete_message(QueueUrl=setup.account.queue_url, ReceiptHandle=message["ReceiptHandle"])
    setup.account.put_queue(*bodies)


def _left(setup):
    """How many messages can be received, and how many somebody holds."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = setup.account.client("sqs").get_queue_attributes(QueueUrl=setup.account.queue_url, AttributeNames=names)
    return tuple(int(found["Attributes"][name]) for name in names)


def _deliver(setup, slack, *arguments):
    webhook = f"http://127.0.0.1:{slack.port}/services/T000/B000/XXXXXXXX"
    return setup.cli("redrive", "--queue", QUEUE, "--deliver", *arguments, SLACK_WEBHOOK_URL=webhook)


def a_dry_run_leaves_the_queue_as_it_was(setup):
    _queue(setup, _record(1), POISON, _event(2))
    ran = setup.cli("redrive", "--queue", QUEUE)
    assert ran.code == 1 and "In all: 3 records · 2 can be redriven · 1 cannot be read\n" in ran.stdout, ran
    assert _left(setup) == (3, 0), _left(setup)
    assert "DeleteMessage" not in setup.proxy.calls, setup.proxy.calls
    return "3 records shown, 3 are there"


def what_slack_accepts_is_deleted_and_a_poisoned_record_holds_up_nothing(setup):
    _queue(setup, POISON, *[_record(number) for number in range(12)], WITHOUT_LINES, "what somebody else put there", _event(3))
    slack = FakeSlack()
    try:
        ran = _deliver(setup, slack)
        assert ran.code == 1, ran
        assert "In all: 16 records · 13 redriven and deleted · 3 cannot be read\n" in ran.stdout, ran.stdout
        assert f"Left in {QUEUE}: about 3 records\n" in ran.stdout, ran.stdout
        # One of the thirteen is a delivery that was there twice.
        assert (len(slack.bodies()), _left(setup)) == (12, (3, 0)), (len(slack.bodies()), _left(setup))
        return "13 of 16 records deleted for 12 messages"
    finally:
        slack.close()


def the_queue_is_found_by_name_url_and_arn(setup):
    _queue(setup, _record(1))
    arn = f"arn:aws:sqs:{REGION}:123456789012:{QUEUE}"
    for name in (QUEUE, setup.account.queue_url, arn):
        ran = setup.cli.done("redrive", "--queue", name)
        assert "In all: 1 record · 1 can be redriven\n" in ran.stdout, (name, ran)
    gone = setup.cli("redrive", "--queue", "gone")
    said = f"statuswatch: gone: there is no such queue in {REGION}: give its URL or ARN, or another --region\n"
    assert (gone.code, gone.stderr) == (1, said), gone
    return "three ways, and one that is not there"


def throttling_and_a_failure_in_between_are_gone_through(setup):
    _queue(setup, *[_record(number) for number in range(3)])
    setup.proxy.inject("ReceiveMessage", refuse("RequestThrottled"), times=2)
    setup.proxy.inject("DeleteMessage", refuse("InternalFailure", 500), times=1)
    slack = FakeSlack()
    try:
        ran = _deliver(setup, slack)
        assert (ran.code, len(slack.bodies()), _left(setup)) == (0, 3, (0, 0)), ran
        return "3 calls refused, 3 records redriven once"
    finally:
        slack.close()


def a_permission_that_is_missing_is_named_and_leaves_the_rest(setup):
    slack = FakeSlack()
    denied = {"GetQueueUrl": 0, "GetQueueAttributes": 0, "ReceiveMessage": 0, "DeleteMessage": 1}
    try:
        for operation, posted in denied.items():
            _queue(setup, _record(1), _record(2))
            setup.proxy.inject(operation, refuse("AccessDeniedException"))
            before = len(slack.bodies())
            ran = _deliver(setup, slack)
            said = f"{QUEUE}: access denied: these credentials lack the permission sqs:{operation}\n"
            assert ran.code == 1 and ran.stderr.endswith(said), ran
            assert (len(slack.bodies()) - before, _left(setup)) == (posted, (2, 0)), (operation, ran, _left(setup))
            setup.proxy.clear()
        return ", ".join(f"sqs:{operation}" for operation in denied)
    finally:
        slack.close()


def what_slack_refuses_stays(setup):
    _queue(setup, *[_record(number) for number in range(5)])
    slack = FakeSlack()
    slack.refuse(403, "invalid_token")
    try:
        ran = _deliver(setup, slack)
        assert ran.code == 1 and "stopped: 3 records in a row were not accepted\n" in ran.stderr, ran
        assert (slack.refused(), _left(setup)) == (3, (5, 0)), (slack.refused(), _left(setup))
        slack.accept()
        ran = _deliver(setup, slack)
        assert (ran.code, len(slack.bodies()), _left(setup)) == (0, 5, (0, 0)), ran
        return "5 records wait until the token is good"
    finally:
        slack.close()


def ctrl_c_leaves_what_was_not_accepted(setup):
    _queue(setup, *[_record(number) for number in range(4)])
    slack, asked = FakeSlack(), []

    def deleted(call):
        asked.append(call)
        process.send_signal(signal.SIGINT)

    setup.proxy.inject("DeleteMessage", deleted, times=1)
    webhook = f"http://127.0.0.1:{slack.port}/services/T000/B000/XXXXXXXX"
    try:
        process = setup.cli.start("redrive", "--queue", QUEUE, "--deliver", SLACK_WEBHOOK_URL=webhook)
        ran = setup.cli.ended(process)
        said = f"statuswatch: {QUEUE}: interrupted before its end, about 3 records left\n"
        assert (ran.code, ran.stderr) == (1, said), ran
        assert (len(slack.bodies()), _left(setup)) == (1, (3, 0)), (ran, _left(setup))
        _queue(setup)
        return "1 record redriven, 3 are there"
    finally:
        slack.close()


def a_bucket_is_redriven_and_only_what_slack_accepted_is_deleted(setup):
    s3, slack = setup.account.client("s3"), FakeSlack()
    keys = [f"aws/lambda/async/lines/2026/11/03/2026-11-03T09.15.0{number}-x" for number in range(3)]
    for number, key in enumerate(keys):
        s3.put_object(Bucket=BUCKET, Key=key, Body=json.dumps(_record(number)))
    s3.put_object(Bucket=BUCKET, Key="aws/lambda/poison", Body=json.dumps(POISON))
    left = lambda: [found["Key"] for found in s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]
    try:
        place = f"s3://{BUCKET}/aws/lambda/"
        dry = setup.cli("redrive", "--bucket", place)
        assert dry.code == 1 and "In all: 4 records · 3 can be redriven · 1 cannot be read\n" in dry.stdout, dry
        assert len(left()) == 4, left()
        webhook = f"http://127.0.0.1:{slack.port}/services/T000/B000/XXXXXXXX"
        ran = setup.cli("redrive", "--bucket", place, "--deliver", SLACK_WEBHOOK_URL=webhook)
        assert ran.code == 1 and f"Left in {place}: 1 record\n" in ran.stdout, ran
        assert (len(slack.bodies()), left()) == (3, ["aws/lambda/poison"]), (slack.bodies(), left())
        return "3 of 4 records deleted"
    finally:
        slack.close()
        for key in left():
            s3.delete_object(Bucket=BUCKET, Key=key)
