// The way to Kafka. kafkajs does not gather by itself, so what is asked for while a send is under way goes with the next.
import lz4 from "@2l/kafkajs-lz4";
import kafkajs from "kafkajs";
import { gather } from "./gather.js";

const { CompressionCodecs, CompressionTypes, Kafka, Partitioners, logLevel } = kafkajs;
const MOST_REQUESTS = 500;

CompressionCodecs[CompressionTypes.LZ4] = new lz4().codec;

function messageOf({ event, customer, context }) {
    return {
        key: customer,
        value: `${event.beforeCustomer}${customer}${event.afterCustomer}${context}}`,
        headers: {
            ce_specversion: "1.0",
            ce_id: event.id,
            ce_source: event.source,
            ce_type: event.type,
            ce_time: event.time,
            "content-type": "application/json",
        },
    };
}

export async function openForward(broker, topic) {
    const kafka = new Kafka({ clientId: "bench", brokers: [broker], logLevel: logLevel.ERROR });
    const producer = kafka.producer({
        createPartitioner: Partitioners.DefaultPartitioner,
        allowAutoTopicCreation: false,
    });
    await producer.connect();
    // Each request's enriched events; answers when the broker has them.
    return gather(async (requests) => {
        const messages = requests.flat().map(messageOf);
        await producer.sendBatch({
            acks: -1,
            compression: CompressionTypes.LZ4,
            topicMessages: [{ topic, messages }],
        });
        return requests;
    }, MOST_REQUESTS);
}
