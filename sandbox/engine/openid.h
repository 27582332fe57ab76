/*
 * openid.h — who pays: an openid names a person for one appid (V3 1.7).
 *
 * The sandbox makes one payer per appid and knows its own openids again by a check at their end; of
 * any other it can only say whether it has the form.
 */
#ifndef ENGINE_OPENID_H
#define ENGINE_OPENID_H

#include "store/rows.h"

#define OPENID_LEN 28

/* The usual payer of an appid: always the same one. */
void openid_of(struct view appid, char out[OPENID_MAX + 1]);

enum openid_kind {
    OPENID_NO_FORM, /* not 28 letters, digits, - and _ with an o in front */
    OPENID_FOREIGN, /* made here, for another appid */
    OPENID_FINE,
};
enum openid_kind openid_judge(struct view openid, struct view appid);

#endif
