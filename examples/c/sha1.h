/* HMAC-SHA1 for the example, so that it needs no other library. An application uses that of its SDK. */
#ifndef SHA1_H
#define SHA1_H
#include <stddef.h>
#include <stdint.h>

#define SHA1_SIZE 20

void hmac_sha1(const void *key, size_t key_len, const void *text, size_t text_len, uint8_t mac[SHA1_SIZE]);

#endif
