#!/usr/bin/env bash
# cfn-lint 1.58.0 (PyPI) checks an alarm's period on its own (45 is refused), but neither against the other numbers nor
# the filter pattern beside it: more datapoints to alarm than evaluation periods, 30 periods of a day (CloudWatch looks
# back 7 days at most) and a metric filter's pattern that ends in its middle all pass, and fail in the deployment. As it
# knows which periods there are, one would take a passed template for an alarm that can be made.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" -q install 'cfn-lint==1.58.0'
template() { # period, evaluation periods, datapoints to alarm
  cat >"$dir/template.yaml" <<YAML
AWSTemplateFormatVersion: '2010-09-09'
Resources:
  Group:
    Type: AWS::Logs::LogGroup
  Errors:
    Type: AWS::Logs::MetricFilter
    Properties:
      LogGroupName: !Ref Group
      FilterPattern: '{ \$.status = '
      MetricTransformations: [{MetricName: Errors, MetricNamespace: Api, MetricValue: '1'}]
  Alarm:
    Type: AWS::CloudWatch::Alarm
    Properties:
      MetricName: Errors
      Namespace: Api
      Statistic: Sum
      Period: $1
      EvaluationPeriods: $2
      DatapointsToAlarm: $3
      Threshold: 1
      ComparisonOperator: GreaterThanOrEqualToThreshold
YAML
}
seen=$(
  for numbers in '60 1 1' '45 1 1' '60 1 3' '86400 30 30'; do
    # shellcheck disable=SC2086 # three numbers
    template $numbers
    if found=$("$dir/venv/bin/cfn-lint" --format parseable "$dir/template.yaml"); then
      echo "$numbers passes"
    else
      echo "$numbers $(cut -d: -f6 <<<"$found" | sort -u)"
    fi
  done
)
expected='60 1 1 passes
45 1 1 E3615
60 1 3 passes
86400 30 30 passes'
[ "$seen" = "$expected" ] || { printf 'it behaves differently now:\n%s\n' "$seen"; exit 1; }
echo 'as found: the period is checked, its sum and the filter pattern are not'
