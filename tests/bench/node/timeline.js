// The timelines: one Lua script does an event's whole work in Redis, for as many events as it is given.
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { Redis } from "ioredis";

const lua = readFileSync(new URL("append.lua", import.meta.url), "utf8");

function argumentsOf(event) {
    const { id, channel, type, time } = event;
    return [
        `${event.source} ${id}`,
        randomUUID(),
        event.ms,
        channel,
        JSON.stringify({ id, channel, type, time }),
        event.beforeCustomer,
        event.afterCustomer,
        event.identifiers.length,
        ...event.identifiers.map((identifier) => `${identifier.type}:${identifier.value}`),
    ];
}

export function openTimeline(url) {
    const redis = new Redis(url, { enableAutoPipelining: true });
    redis.defineCommand("append", { lua, numberOfKeys: 0 });
    // Gives each event its customer and context; null where it is a duplicate.
    return (events) => redis.append(...events.flatMap(argumentsOf));
}
