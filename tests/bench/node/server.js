// POST /v1/events, by hand: fastify, ioredis with a script, kafkajs. It has no journal, so it answers 202 when Redis and
// Kafka have the events.
//
//   PORT=... REDIS=... BROKER=... TOPIC=... SCHEMA=... WORKERS=... node server.js
import cluster from "node:cluster";
import { readFileSync } from "node:fs";
import Fastify from "fastify";
import { openForward } from "./forward.js";
import { canonical } from "./interaction.js";
import { openTimeline } from "./timeline.js";

const { PORT, REDIS, BROKER, TOPIC, SCHEMA, WORKERS } = process.env;

// The schema that touchpointd publishes; only the name of its dialect is none that fastify knows.
const { $schema, ...interaction } = JSON.parse(readFileSync(SCHEMA));

const text = { type: "string" };
const count = { type: "integer" };
const answer = {
    type: "object",
    properties: {
        accepted: count,
        rejected: count,
        events: {
            type: "array",
            items: {
                type: "object",
                properties: {
                    index: count,
                    id: text,
                    status: text,
                    error: { type: "object", properties: { code: text, path: text, message: text } },
                },
            },
        },
    },
};

function refusal(index, sent, [fault]) {
    const error = { code: fault.keyword, path: fault.instancePath, message: fault.message };
    return { index, id: sent?.id, status: "rejected", error };
}

async function serve() {
    const append = openTimeline(REDIS);
    const forward = await openForward(BROKER, TOPIC);
    const app = Fastify({ logger: false, ajv: { customOptions: { removeAdditional: false, coerceTypes: false } } });

    app.post("/v1/events", { schema: { response: { 202: answer, 422: answer } } }, async (request, reply) => {
        const valid = request.compileValidationSchema(interaction);
        const receivedAt = new Date().toISOString();
        const accepted = [];
        const events = [request.body].flat().map((sent, index) => {
            if (!valid(sent)) {
                return refusal(index, sent, valid.errors);
            }
            const event = canonical(sent, receivedAt);
            accepted.push(event);
            return { index, id: event.id, status: "accepted" };
        });
        if (accepted.length > 0) {
            const appended = await append(accepted);
            await forward(
                accepted
                    .map((event, index) => ({ event, customer: appended[index]?.[0], context: appended[index]?.[1] }))
                    .filter(({ customer }) => customer),
            );
        }
        reply.code(accepted.length > 0 ? 202 : 422);
        return { accepted: accepted.length, rejected: events.length - accepted.length, events };
    });

    await app.listen({ host: "127.0.0.1", port: Number(PORT) });
    console.log(`ready ${process.pid}`);
}

if (cluster.isPrimary && WORKERS > 1) {
    for (let number = 0; number < WORKERS; number++) {
        cluster.fork();
    }
    cluster.on("exit", () => process.exit(1));
} else {
    await serve();
}
