// Events by the SDK of CloudEvents, in each mode: `node cloudevents_node.cjs URL TYPE DATA`, DATA in JSON. By the SDK's own transport,
// but for the batch, which it reads and does not write: that is made of what it writes. Says the status of the batch's answer.
const { CloudEvent, HTTP, Mode, emitterFor, httpTransport } = require("cloudevents");

const [url, type, data] = process.argv.slice(2);
const event = (id) =>
  new CloudEvent({ id, source: "/shop", type, time: "2026-03-02T09:30:00.500Z", subject: "o-9", data: JSON.parse(data) });

async function main() {
  await emitterFor(httpTransport(url), { mode: Mode.BINARY })(event("binary"));
  await emitterFor(httpTransport(url), { mode: Mode.STRUCTURED })(event("structured"));
  const bodies = ["batch-1", "batch-2"].map((id) => HTTP.structured(event(id)).body);
  const headers = { "content-type": "application/cloudevents-batch+json" };
  const answer = await fetch(url, { method: "POST", headers, body: `[${bodies}]` });
  console.log(answer.status);
}

main();
