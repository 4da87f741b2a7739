/* Threads and forked children that call a service. */
#ifndef LOAD_H
#define LOAD_H
#include <kmsramcred.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct load;

/* NULL when there is no memory or no thread. `host` is HOST:PORT. */
struct load *load_start(const kmsramcred_secret *secret, const char *host, unsigned threads, uint64_t budget_ms);
/* Adds what its callers saw to an answer. */
void load_tell(struct load *load);
/* Begins the slowest call and the complaint anew. */
void load_begin_anew(struct load *load);
/* Ends the callers. */
void load_stop(struct load *load);
void load_free(struct load *load);

/* What a forked child does: acquires, calls until it has been refused if `until_refused`, then makes `calls` calls. Whether
 * nothing failed. */
bool child_lives(const kmsramcred_secret *secret, const char *host, uint64_t timeout_ms, uint64_t calls,
                 bool until_refused);

#endif
