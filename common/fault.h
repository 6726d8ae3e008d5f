/* Fault points: named places in the code at which a test can kill the process, stop it, or let the call that follows
 * fail. Compiled in only where TP_FAULTS is defined, which is for tests; elsewhere a point is the constant 0.
 *
 * The environment's TOUCHPOINTD_FAULT says what happens where, "POINT=ACTION" or "POINT=ACTION:PASS", separated by
 * spaces: at the PASS-th pass (1 without it) through POINT. ACTION is `kill` (SIGKILL), `stop` (SIGSTOP), or an errno
 * by name: EIO, ENOSPC, EMFILE, ... Any thread. */
#pragma once

#ifdef TP_FAULTS
/* The errno with which the call at this point is to fail, which errno is then set to; 0: it is not to. */
int tp_fault_at(const char *point);
#define TP_FAULT(point) tp_fault_at(point)
#else
#define TP_FAULT(point) 0
#endif
