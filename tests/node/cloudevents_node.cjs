// Three events by the SDK of CloudEvents, one in each mode: `node cloudevents_node.cjs URL`. Says the status of each answer.
const { CloudEvent, HTTP, Mode, emitterFor } = require("cloudevents");

const [url] = process.argv.slice(2);
const order = (id) =>
  new CloudEvent({
    id,
    source: "/shop",
    type: "order.paid",
    time: "2026-03-02T09:30:00.500Z",
    subject: "o-9",
    data: { user: { email: "Ann@Example.com" }, total: 19.99, note: "größer 😀" },
  });

async function post({ headers, body }) {
  const answer = await fetch(url, { method: "POST", headers, body });
  console.log(answer.status);
}

async function main() {
  await emitterFor(post, { mode: Mode.BINARY })(order("binary"));
  await emitterFor(post, { mode: Mode.STRUCTURED })(order("structured"));
  const batch = ["batch-1", "batch-2"].map((id) => JSON.parse(HTTP.structured(order(id)).body));
  await post({ headers: { "content-type": "application/cloudevents-batch+json" }, body: JSON.stringify(batch) });
}

main();
