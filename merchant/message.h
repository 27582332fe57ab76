/*
 * message.h — a message of the platform as parsed: API V2's flat list, or API V3's JSON.
 */
#ifndef MERCHANT_MESSAGE_H
#define MERCHANT_MESSAGE_H

#include "wxpay/v2_msg.h"

#include <jansson.h>

/* Zeroed is a valid empty one. */
struct message {
    struct v2_msg v2;
    json_t *v3; /* owned; of a notification the opened resource */
};

static inline void message_release(struct message *message)
{
    v2_msg_release(&message->v2);
    json_decref(message->v3);
    message->v3 = NULL;
}

/* *to becomes *from, which is empty afterwards. */
static inline void message_move(struct message *to, struct message *from)
{
    message_release(to);
    *to = *from;
    *from = (struct message){};
}

#endif
