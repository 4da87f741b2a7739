#include "sha1.h"

#include <string.h>

#define BLOCK 64

struct sha1 {
  uint32_t state[5];
  uint64_t length;
  uint8_t block[BLOCK];
};

static uint32_t rotate(uint32_t word, int by) {
  return word << by | word >> (32 - by);
}

static void mix(struct sha1 *sha) {
  uint32_t w[80];
  for (int i = 0; i < 16; i++) {
    const uint8_t *b = sha->block + 4 * i;
    w[i] = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
  }
  for (int i = 16; i < 80; i++) w[i] = rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
  uint32_t a = sha->state[0], b = sha->state[1], c = sha->state[2], d = sha->state[3], e = sha->state[4];
  for (int i = 0; i < 80; i++) {
    uint32_t f, k;
    if (i < 20) f = (b & c) | (~b & d), k = 0x5a827999;
    else if (i < 40) f = b ^ c ^ d, k = 0x6ed9eba1;
    else if (i < 60) f = (b & c) | (b & d) | (c & d), k = 0x8f1bbcdc;
    else f = b ^ c ^ d, k = 0xca62c1d6;
    uint32_t next = rotate(a, 5) + f + e + k + w[i];
    e = d, d = c, c = rotate(b, 30), b = a, a = next;
  }
  sha->state[0] += a, sha->state[1] += b, sha->state[2] += c, sha->state[3] += d, sha->state[4] += e;
}

static void start(struct sha1 *sha) {
  *sha = (struct sha1){.state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0}};
}

static void add(struct sha1 *sha, const void *bytes, size_t length) {
  const uint8_t *from = bytes;
  while (length-- > 0) {
    sha->block[sha->length++ % BLOCK] = *from++;
    if (sha->length % BLOCK == 0) mix(sha);
  }
}

static void finish(struct sha1 *sha, uint8_t digest[SHA1_SIZE]) {
  uint64_t bits = sha->length * 8;
  uint8_t size[8];
  for (int i = 0; i < 8; i++) size[i] = (uint8_t)(bits >> (56 - 8 * i));
  add(sha, "\x80", 1);
  while (sha->length % BLOCK != BLOCK - sizeof size) add(sha, "", 1);
  add(sha, size, sizeof size);
  for (int i = 0; i < SHA1_SIZE; i++) digest[i] = (uint8_t)(sha->state[i / 4] >> (24 - 8 * (i % 4)));
}

void hmac_sha1(const void *key, size_t key_len, const void *text, size_t text_len, uint8_t mac[SHA1_SIZE]) {
  uint8_t pad[BLOCK] = {0}, inner[SHA1_SIZE];
  struct sha1 sha;
  if (key_len > BLOCK) {
    start(&sha);
    add(&sha, key, key_len);
    finish(&sha, pad);
  } else {
    memcpy(pad, key, key_len);
  }
  for (int i = 0; i < BLOCK; i++) pad[i] ^= 0x36;
  start(&sha);
  add(&sha, pad, BLOCK);
  add(&sha, text, text_len);
  finish(&sha, inner);
  for (int i = 0; i < BLOCK; i++) pad[i] ^= 0x36 ^ 0x5c;
  start(&sha);
  add(&sha, pad, BLOCK);
  add(&sha, inner, SHA1_SIZE);
  finish(&sha, mac);
}
