// The same digest in Node: for each number N on standard input, N digests of the event in the file named first.
// Answers each with the CPU time that they took, in seconds, and the number of errors.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { gunzipSync } from "node:zlib";

const body = readFileSync(process.argv[2]);

function digest() {
  const event = JSON.parse(body.toString("utf8"));
  const message = JSON.parse(gunzipSync(Buffer.from(event.awslogs.data, "base64")).toString("utf8"));
  const groups = new Map();
  for (const logEvent of message.logEvents) {
    const line = JSON.parse(logEvent.message);
    const status = Number(line.status);
    if (status < 400) continue;
    const key = `${status} ${line.httpMethod} ${line.resourcePath}`;
    let group = groups.get(key);
    if (!group) groups.set(key, (group = { count: 0, lines: [] }));
    group.count += 1;
    if (group.lines.length < 20) group.lines.push(logEvent.message);
  }
  return groups;
}

for await (const request of createInterface({ input: process.stdin })) {
  const before = process.cpuUsage();
  let groups;
  for (let left = Number(request); left > 0; left -= 1) groups = digest();
  const { user, system } = process.cpuUsage(before);
  const errors = [...groups.values()].reduce((sum, { count }) => sum + count, 0);
  console.log((user + system) / 1e6, errors);
}
