"""replay, backtest and match on objects of S3."""

from account import EXPORTED, FIREHOSE, LOGS_BUCKET


def replay_reads_an_export_part_by_part(setup):
    ran = setup.cli.done("replay", "--json", f"s3://{LOGS_BUCKET}/exports/")
    read = [(document["source"], document["ledger"]["received"]) for document in ran.documents]
    assert read == [(f"s3://{LOGS_BUCKET}/{key}", 100) for key in EXPORTED], read
    return f"{len(read)} objects, {100 * len(read)} lines"


def backtest_reads_what_firehose_wrote(setup):
    [found] = setup.cli.done("backtest", "--json", f"s3://{LOGS_BUCKET}/firehose/2026/11/").documents
    assert found["sources"] == [f"s3://{LOGS_BUCKET}/{key}" for key in FIREHOSE], found["sources"]
    assert found["lines"]["received"] == 100 * len(FIREHOSE), found["lines"]
    return f"{len(FIREHOSE)} objects in the order of time"


def replay_names_what_is_denied_or_not_there(setup):
    ran = setup.cli("replay", "s3://no-such-bucket/")
    assert (ran.code, ran.stderr) == (1, "statuswatch: s3://no-such-bucket/: there is no such bucket\n"), ran
    ran = setup.cli("replay", f"s3://{LOGS_BUCKET}/nothing/")
    assert (ran.code, ran.stderr) == (1, f"statuswatch: s3://{LOGS_BUCKET}/nothing/: no object below it\n"), ran
    return "no bucket, no object"
