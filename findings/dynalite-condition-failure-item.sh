#!/usr/bin/env bash
# dynalite 4.0.0 (npm): ReturnValuesOnConditionCheckFailure = ALL_OLD is accepted and ignored; the failed write answers
# ConditionalCheckFailedException without the item that stands there, where DynamoDB sends it. An operation that
# dynalite does not have (TransactWriteItems) is an error, so one would expect one here, or the item. A writer that
# learns from the failed write who holds a lock learns nothing here.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --silent --no-fund --no-audit dynalite@4.0.0 @aws-sdk/client-dynamodb@3.840.0 >/dev/null
cat >run.js <<'NODE'
const dynalite = require('dynalite')
const { DynamoDBClient, CreateTableCommand, DescribeTableCommand, PutItemCommand } = require('@aws-sdk/client-dynamodb')

const server = dynalite({ createTableMs: 0 })
server.listen(0, async () => {
  const client = new DynamoDBClient({
    endpoint: `http://127.0.0.1:${server.address().port}`,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  })
  const TableName = 'locks'
  await client.send(new CreateTableCommand({
    TableName,
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
    BillingMode: 'PAY_PER_REQUEST',
  }))
  let status
  do {
    status = (await client.send(new DescribeTableCommand({ TableName }))).Table.TableStatus
  } while (status !== 'ACTIVE')
  const put = (owner) => client.send(new PutItemCommand({
    TableName,
    Item: { pk: { S: 'lock' }, owner: { S: owner } },
    ConditionExpression: 'attribute_not_exists(pk)',
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  }))
  await put('first')
  try {
    await put('second')
  } catch (error) {
    console.log(error.name, 'with item:', error.Item !== undefined)
  }
  server.close()
  process.exit(0)
})
NODE
seen=$(node run.js)
expected='ConditionalCheckFailedException with item: false'
[ "$seen" = "$expected" ] || { printf 'it behaves differently now:\n%s\n' "$seen"; exit 1; }
echo 'as found: the failed write does not send the item'
