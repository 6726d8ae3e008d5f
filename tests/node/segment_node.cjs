// One person's story by @segment/analytics-node: `node segment_node.cjs HOST KEY`. Says the id of each message.
const { Analytics } = require("@segment/analytics-node");

const [host, writeKey] = process.argv.slice(2);
const analytics = new Analytics({ host, writeKey });
analytics.on("error", (error) => {
  console.error(error);
  process.exitCode = 1;
});
const said = (_, context) => console.log(context.event.messageId);
const user = { userId: "4711" };
const total = { order_id: "W-1", total: 19.9 };

analytics.page({ anonymousId: "visitor-1", name: "Pricing", category: "Shop" }, said);
analytics.identify({ ...user, anonymousId: "visitor-1", traits: { name: "Nora", email: "Nora@Example.com" } }, said);
analytics.track({ ...user, event: "Order Completed", properties: total, timestamp: new Date("2026-01-02T03:04:05.678Z") }, said);
analytics.track({ ...user, event: "Trial Started" }, said);
analytics.screen({ ...user, name: "Basket" }, said);
analytics.group({ ...user, groupId: "acme", traits: { name: "Acme Ltd" } }, said);
analytics.alias({ ...user, previousId: "visitor-0" }, said);
analytics.closeAndFlush();
