/* One small request to our own gateway, and its answer. */
#ifndef DEFENSECLAW_CLI_HTTP_CLIENT_H
#define DEFENSECLAW_CLI_HTTP_CLIENT_H

#include "base/buf.h"
#include "base/err.h"

#include <netinet/in.h>

/* Sends METHOD path with a JSON body (NULL: none) to ip:port and reads the whole answer, five
 * seconds at most for each step. *ret_status is the answer's, its body is appended to out. 0, or
 * negative errno with e set (EXIT_FAILED). */
int http_request(struct in_addr ip, uint16_t port, const char *method, const char *path,
                 const char *body, int *ret_status, struct buf *out, struct err *e);

/* The status and the body of a whole answer (HTTP/1.x, body to the end of the text). 0 or -EBADMSG.
 */
int http_answer(const char *text, size_t len, int *ret_status, struct buf *out);

#endif
