#include "rpc_call.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
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
  const char *json = strstr(answer->body, "\"Code\":\""), *xml = strstr(answer->body, "<Code>");
  if (json != NULL) sscanf(json + 8, "%127[^\"]", answer->code);
  else if (xml != NULL) sscanf(xml + 6, "%127[^<]", answer->code);
}

int http_call(const char *host, const char *port, const char *method, const char *target, const char *headers,
              const char *body, int timeout_ms, struct rpc_answer *answer) {
  char head[8192], text[sizeof answer->body];
  *answer = (struct rpc_answer){0};
  int fd = connect_to(host, port, timeout_ms);
  if (fd < 0) return -1;
  int head_len = snprintf(head, sizeof head,
                          "%s %s HTTP/1.1\r\nHost: %s:%s\r\n%sContent-Length: %zu\r\nConnection: close\r\n\r\n", method,
                          target, host, port, headers, strlen(body));
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

int http_post(const char *host, const char *port, const char *path, const char *type, const char *body, int timeout_ms,
              struct rpc_answer *answer) {
  char header[128];
  snprintf(header, sizeof header, "Content-Type: %s\r\n", type);
  return http_call(host, port, "POST", path, header, body, timeout_ms, answer);
}

static kmsramcred_pair pair(const char *name, const char *value) {
  return (kmsramcred_pair){name, strlen(name), value, strlen(value)};
}

int rpc_form(const char *action, const kmsramcred_credential *credential, char *form, size_t room) {
  const kmsramcred_pair parameters[] = {
      pair("Action", action), pair("Format", "JSON"), pair("RegionId", "cn-hangzhou"), pair("Version", "2014-05-26")};
  const kmsramcred_request request = {.struct_size = sizeof request,
                                      .family = KMSRAMCRED_FAMILY_RPC_V1,
                                      .method = "POST",
                                      .method_len = 4,
                                      .parameters = parameters,
                                      .parameter_count = sizeof parameters / sizeof *parameters};
  kmsramcred_signed *signed_request = NULL;
  if (kmsramcred_credential_sign(credential, &request, &signed_request, NULL) != KMSRAMCRED_OK) return -1;
  int length = snprintf(form, room, "%s", kmsramcred_signed_query(signed_request, NULL));
  kmsramcred_signed_free(signed_request);
  return length < 0 || (size_t)length >= room ? -1 : 0;
}

int rpc_call(const char *host, const char *port, const char *action, const kmsramcred_credential *credential,
             int timeout_ms, struct rpc_answer *answer) {
  char form[RPC_FORM_SIZE];
  if (rpc_form(action, credential, form, sizeof form) != 0) return -1;
  return http_post(host, port, "/", "application/x-www-form-urlencoded", form, timeout_ms, answer);
}
