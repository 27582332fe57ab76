/* http_status.h — the phrase that goes with a status number. */
#ifndef NET_HTTP_STATUS_H
#define NET_HTTP_STATUS_H

/* "OK", "Not Found", …; "Unknown" for a number without one. Static. */
const char *http_status_phrase(int status);

#endif
