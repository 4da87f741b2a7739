#include "rpc_call.h"

#include "sha1.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static int connect_to(const char *host, const char *port, int timeout_ms) {
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *addresses = NULL;
  if (getaddrinfo(host, port, &hints, &addresses) != 0) return -1;
  struct timeval wait = {timeout_ms / 1000, timeout_ms % 1000 * 1000};
  int found = -1;
  for (struct addrinfo *at = addresses; at != NULL && found < 0; at = at->ai_next) {
    int fd = socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, at->ai_protocol);
    if (fd < 0) continue;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    if (connect(fd, at->ai_addr, at->ai_addrlen) == 0) found = fd;
    else close(fd);
  }
  freeaddrinfo(addresses);
  return found;
}

static int send_all(int fd, const char *text, size_t length) {
  while (length > 0) {
    ssize_t sent = send(fd, text, length, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return -1;
    text += sent, length -= (size_t)sent;
  }
  return 0;
}

void rpc_read_code(struct rpc_answer *answer) {
  const char *code = strstr(answer->body, "\"Code\":\"");
  if (code != NULL) sscanf(code + 8, "%127[^\"]", answer->code);
}

int http_post(const char *host, const char *port, const char *path, const char *type, const char *body, int timeout_ms,
              struct rpc_answer *answer) {
  char head[1024], text[sizeof answer->body];
  *answer = (struct rpc_answer){0};
  int fd = connect_to(host, port, timeout_ms);
  if (fd < 0) return -1;
  int head_len = snprintf(head, sizeof head,
                          "POST %s HTTP/1.1\r\nHost: %s:%s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
                          "Connection: close\r\n\r\n",
                          path, host, port, type, strlen(body));
  int failed = head_len < 0 || (size_t)head_len >= sizeof head || send_all(fd, head, (size_t)head_len) != 0 ||
               send_all(fd, body, strlen(body)) != 0;
  size_t length = 0;
  while (!failed && length < sizeof text - 1) {
    ssize_t got = recv(fd, text + length, sizeof text - 1 - length, 0);
    /* A socket with a time-out is interrupted when a suspended process goes on. */
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    length += (size_t)got;
  }
  close(fd);
  text[length] = '\0';
  const char *rest = strstr(text, "\r\n\r\n");
  if (failed || rest == NULL || sscanf(text, "HTTP/1.%*d %d", &answer->http_status) != 1) return -1;
  snprintf(answer->body, sizeof answer->body, "%s", rest + 4);
  rpc_read_code(answer);
  return 0;
}

/* Appends `text` percent-encoded as RFC 3986 wants it. */
static void append_encoded(char *to, size_t room, const char *text) {
  static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~";
  size_t at = strlen(to);
  for (; *text != '\0' && at + 4 < room; text++) {
    if (strchr(plain, *text) != NULL) at += (size_t)snprintf(to + at, room - at, "%c", *text);
    else at += (size_t)snprintf(to + at, room - at, "%%%02X", (unsigned)(unsigned char)*text);
  }
}

static void base64(const uint8_t *bytes, size_t length, char *to) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t i = 0; i < length; i += 3) {
    uint32_t word = (uint32_t)bytes[i] << 16;
    if (i + 1 < length) word |= (uint32_t)bytes[i + 1] << 8;
    if (i + 2 < length) word |= bytes[i + 2];
    *to++ = digits[word >> 18];
    *to++ = digits[word >> 12 & 63];
    *to++ = i + 1 < length ? digits[word >> 6 & 63] : '=';
    *to++ = i + 2 < length ? digits[word & 63] : '=';
  }
  *to = '\0';
}

int rpc_form(const char *action, const kmsramcred_credential *credential, char *form, size_t room) {
  char now[32], nonce[33], to_sign[8192] = "POST&%2F&", key[512], signature[64];
  uint8_t random[16], mac[SHA1_SIZE];
  time_t seconds = time(NULL);
  struct tm utc;
  strftime(now, sizeof now, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&seconds, &utc));
  if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random) return -1;
  for (size_t i = 0; i < sizeof random; i++) snprintf(nonce + 2 * i, 3, "%02x", random[i]);

  const char *token = kmsramcred_credential_security_token(credential, NULL);
  /* In the order of their names, as the signature wants them. */
  const char *fields[][2] = {
      {"AccessKeyId", kmsramcred_credential_access_key_id(credential, NULL)},
      {"Action", action},
      {"Format", "JSON"},
      {"RegionId", "cn-hangzhou"},
      {"SecurityToken", *token != '\0' ? token : NULL},
      {"SignatureMethod", "HMAC-SHA1"},
      {"SignatureNonce", nonce},
      {"SignatureVersion", "1.0"},
      {"Timestamp", now},
      {"Version", "2014-05-26"},
  };
  *form = '\0';
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
    if (fields[i][1] == NULL) continue;
    size_t at = strlen(form);
    snprintf(form + at, room - at, "%s%s=", at > 0 ? "&" : "", fields[i][0]);
    append_encoded(form, room, fields[i][1]);
  }
  append_encoded(to_sign, sizeof to_sign, form);
  int key_len = snprintf(key, sizeof key, "%s&", kmsramcred_credential_access_key_secret(credential, NULL));
  if (key_len < 0 || (size_t)key_len >= sizeof key) return -1;
  hmac_sha1(key, (size_t)key_len, to_sign, strlen(to_sign), mac);
  explicit_bzero(key, sizeof key);
  base64(mac, sizeof mac, signature);
  size_t at = strlen(form);
  snprintf(form + at, room - at, "&Signature=");
  append_encoded(form, room, signature);
  return 0;
}

int rpc_call(const char *host, const char *port, const char *action, const kmsramcred_credential *credential,
             int timeout_ms, struct rpc_answer *answer) {
  char form[RPC_FORM_SIZE];
  if (rpc_form(action, credential, form, sizeof form) != 0) return -1;
  return http_post(host, port, "/", "application/x-www-form-urlencoded", form, timeout_ms, answer);
}
