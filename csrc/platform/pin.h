// Keeps this library in memory until the process ends.
#pragma once

// Runtimes close libraries while they exit, but the pool's threads, and callers that wait on other threads, still run
// this code then: it must not be unmapped under them.
void library_pin(void);
