/* `touchpointd --dev`: a private redis-server (append-only file on, data under the state directory) and librdkafka's
 * mock cluster in this process as a broker, so that a first try needs neither. The broker's log is in memory. */
#pragma once

#include "common/buf.h"
#include "daemon/settings/settings.h"

struct tp_dev;

/* Starts both, and points `settings` (redis.url, kafka.brokers, journal.dir, and http.listen when its port is taken) at
 * them. Writes the addresses, as HOST:PORT, to the files redis, kafka and http in the state directory, for scripts. A
 * redis-server of a killed daemon is waited for; TP_ELOCKED while another daemon uses the directory. */
int tp_dev_start(struct tp_settings *settings, struct tp_buf *fault, struct tp_dev **ret);
/* What a person should read: where each listens, what of it lasts and what does not, one command each to send, to look
 * up and to consume. */
void tp_dev_greet(const struct tp_dev *dev, const char *http_addresses); /* as tp_http_addresses gives them */
/* Stops the child and waits for it. NULL is fine. */
void tp_dev_stop(struct tp_dev *dev);
