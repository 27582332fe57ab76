/*
 * bill_token.h — inside the bills of V3 only: the token of a download_url (V3 4.5).
 */
#ifndef API_V3_BILL_TOKEN_H
#define API_V3_BILL_TOKEN_H

#include "call.h"

#define TOKEN_LIFE_MS    (5 * 60 * 1000LL) /* real time */
#define TOKEN_SERIAL_LEN 16
#define TOKEN_TEXT_MAX   1024

struct bill_asked {
    int64_t day_ms;
    bool fund; /* the fund-flow bill */
    int which; /* of enum bill_kind, or of enum bill_account */
    bool gzip;
    char sub[MCH_ID_MAX + 1];          /* only of this sub-merchant; "": all */
    char serial[TOKEN_SERIAL_LEN + 1]; /* two tokens for the same bill differ */
};

/* Appended; it can stand in a URL as it is. */
[[nodiscard]] int bill_token_write(struct call *call, const struct bill_asked *asked,
                                   struct buf *out);

/* The one in the query: ours, alive, and this merchant's? */
[[nodiscard]] const struct refusal *bill_token_read(struct call *call, struct bill_asked *out);

#endif
