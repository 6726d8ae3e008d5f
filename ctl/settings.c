/* The daemon's own settings, for commands that look at what it keeps: from the place where it has them, or -c, and
 * --set.
 */
#include "ctl/internal.h"

#include <unistd.h>

#include "common/error.h"
#include "daemon/settings/settings.h"

#define INSTALLED "/etc/touchpointd/touchpointd.conf"

struct tp_settings *tp_ctl_settings(const struct tp_ctl_options *options) {
    const char *file = options->config ? options->config : access(INSTALLED, R_OK) == 0 ? INSTALLED : NULL;
    struct tp_buf faults = TP_BUF_INIT;
    struct tp_settings *settings = NULL;
    int status = tp_settings_load(file, options->sets, options->n_sets, &faults, &settings);
    if (status < 0)
        tp_ctl_say("the settings cannot be read: %s", tp_error_text(status));
    tp_ctl_write(&faults, stderr);
    tp_buf_free(&faults);
    return settings;
}
