// The interaction as it is forwarded: canonical members, and where the customer's id and the context go.
import { randomUUID } from "node:crypto";

function identifiersOf(customer) {
    const { identifiers = [], ...byType } = customer;
    const all = [...identifiers];
    for (const [type, values] of Object.entries(byType)) {
        for (const value of [values].flat()) {
            all.push({ type, value });
        }
    }
    return all.map(({ type, value }) => ({ type, value: type === "email" ? value.trim().toLowerCase() : value.trim() }));
}

export function canonical(sent, receivedAt) {
    const { id = randomUUID(), source = "default", channel, type, time, customer, ...others } = sent;
    const moment = new Date(time ?? receivedAt);
    const identifiers = identifiersOf(customer);
    const at = moment.toISOString();
    const event = { schema: 1, id, source, channel, type, time: at, received_at: receivedAt, ...others };
    const head = JSON.stringify(event).slice(0, -1);
    return {
        id,
        source,
        channel,
        type,
        time: at,
        ms: moment.getTime(),
        identifiers,
        beforeCustomer: `${head},"customer":{"id":"`,
        afterCustomer: `","identifiers":${JSON.stringify(identifiers)}},"context":`,
    };
}
