/* Fault points: named places in the code at which a test can kill the process, stop it, or let the call that follows
 * fail. Compiled in only where TP_FAULTS is defined, which is for tests; elsewhere a point is the constant 0.
 *
 * The environment's TOUCHPOINTD_FAULT says what happens where, "POINT=ACTION", "POINT=ACTION:PASS" or
 * "POINT=ACTION:PASS+", separated by spaces: at the PASS-th pass (1 without it) through POINT, with + also at each
 * later one. It is said on standard error. ACTION is `kill` (SIGKILL), `stop` (SIGSTOP), `short`, or an errno by name:
 * EIO, ENOSPC, EMFILE, ... Any thread. */
#pragma once

enum { TP_FAULT_SHORT = -1 };

#ifdef TP_FAULTS
/* 0: nothing is to happen to the call at this point. An errno, which errno is then set to: it is to fail with that.
 * TP_FAULT_SHORT: it is to do a part of what it is asked, as a write may. */
int tp_fault_at(const char *point);
#define TP_FAULT(point) tp_fault_at(point)
#else
#define TP_FAULT(point) 0
#endif
