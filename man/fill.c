/* Makes touchpointd.conf(5): copies standard input, with the settings where it says @SETTINGS@. */
#include <stdio.h>
#include <string.h>

#include "daemon/settings/settings.h"

int main(void) {
    char line[1024];
    while (fgets(line, sizeof line, stdin)) {
        if (strcmp(line, "@SETTINGS@\n") == 0)
            tp_settings_write_manual(stdout);
        else
            fputs(line, stdout);
    }
    return fflush(stdout) == 0 && !ferror(stdin) && !ferror(stdout) ? 0 : 1;
}
