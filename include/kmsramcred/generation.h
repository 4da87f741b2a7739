/* How to read the word that `kmsramcred_secret_generation` points to: one load, no call.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef KMSRAMCRED_GENERATION_H
#define KMSRAMCRED_GENERATION_H

#include <stdint.h>
#if defined(_MSC_VER) && !defined(__clang__)
#  include <intrin.h>
#endif

/** The generation of a secret now.
 *
 * Keep a credential as long as this gives `kmsramcred_credential_generation` of that credential (and, when
 * `kmsramcred_credential_not_after_unix_ms` is not 0, the clock has not reached that); else acquire again. The number is a
 * hint: it guards no memory, so a read that comes a moment late is harmless.
 *
 * NULL: `generation` must not be NULL; `kmsramcred_secret_generation` never gives NULL.
 * Threads: any, also while the secret is being freed. */
static inline uint64_t kmsramcred_generation_load(const uint64_t *generation) {
#if defined(_MSC_VER) && !defined(__clang__)
  return (uint64_t)_InterlockedCompareExchange64((volatile __int64 *)(uintptr_t)generation, 0, 0);
#else
  return __atomic_load_n(generation, __ATOMIC_ACQUIRE);
#endif
}

#endif /* KMSRAMCRED_GENERATION_H */
