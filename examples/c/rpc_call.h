/* One signed call to an RPC service over plain HTTP: just enough for the example. An application uses its SDK. */
#ifndef RPC_CALL_H
#define RPC_CALL_H
#include <kmsramcred.h>
#include <stddef.h>

struct rpc_answer {
  int http_status; /* 0: there was no answer */
  char code[128];  /* the service's error code, or "" */
  char body[8192];
};

/* Sends a request to http://`host`:`port``target` and reads the answer; each of the `headers` ends with CR LF. 0, or -1 when
 * there is none within `timeout_ms`. */
int http_call(const char *host, const char *port, const char *method, const char *target, const char *headers,
              const char *body, int timeout_ms, struct rpc_answer *answer);

/* Sends `body` to http://`host`:`port``path` and reads the answer. 0, or -1 when there is none within `timeout_ms`. */
int http_post(const char *host, const char *port, const char *path, const char *type, const char *body, int timeout_ms,
              struct rpc_answer *answer);

/* Makes `answer->code` from `answer->body`. */
void rpc_read_code(struct rpc_answer *answer);

/* Room for a signed form; 4096 is enough for a call without parameters of its own. */
#define RPC_FORM_SIZE 4096

/* Makes the body of a POST: `action`, which the library signs with `credential` (RPC, signature version 1.0). 0, or -1 when it
 * cannot. */
int rpc_form(const char *action, const kmsramcred_credential *credential, char *form, size_t room);

/* Signs `action` with `credential` and sends it. 0, or -1 when there is no answer. */
int rpc_call(const char *host, const char *port, const char *action, const kmsramcred_credential *credential,
             int timeout_ms, struct rpc_answer *answer);

#endif
