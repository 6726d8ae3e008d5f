// The same story by @rudderstack/rudder-sdk-node: `node rudder_node.cjs HOST KEY`.
const RudderAnalytics = require("@rudderstack/rudder-sdk-node");

const [dataPlaneUrl, key] = process.argv.slice(2);
const analytics = new RudderAnalytics(key, { dataPlaneUrl, flushAt: 20 });
const user = { userId: "4711" };
let number = 1;
const message = (members) => {
  const messageId = `m-${number++}`;
  console.log(messageId);
  return { messageId, ...members };
};
const total = { order_id: "W-1", total: 19.9 };

analytics.page(message({ anonymousId: "visitor-1", name: "Pricing", category: "Shop" }));
analytics.identify(message({ ...user, anonymousId: "visitor-1", traits: { name: "Nora", email: "Nora@Example.com" } }));
analytics.track(message({ ...user, event: "Order Completed", properties: total, originalTimestamp: new Date("2026-01-02T03:04:05.678Z") }));
analytics.track(message({ ...user, event: "Trial Started" }));
analytics.screen(message({ ...user, name: "Basket" }));
analytics.group(message({ ...user, groupId: "acme", traits: { name: "Acme Ltd" } }));
analytics.alias(message({ ...user, previousId: "visitor-0" }));
analytics.flush().then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
