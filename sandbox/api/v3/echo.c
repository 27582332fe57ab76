/* POST /v3/security/echo — V3 4.14 */
#include "api/v3/api_v3.h"
#include "api/v3/hidden.h"
#include "base/err.h"
#include "engine/json_write.h"
#include "engine/told.h"

#define MESSAGE_MAX 1024 /* no number is public */
#define P           "V3 4.14 "

const struct v3_field v3_echo_fields[] = {
    { P "echo_message", "echo_message", "回显信息", V3_TEXT, true, 1, MESSAGE_MAX, NULL, NULL,
      V3_BODY },
    { P "encrypted_echo_message", "encrypted_echo_message", "加密回显信息", V3_TEXT, false, 1, 1024,
      NULL, NULL, V3_BODY },
    { P "notify_url", "notify_url", "回调通知地址", V3_TEXT, false, 8, 256, &v3_url_pattern, NULL,
      V3_BODY },
    { 0 },
};

/* What was hidden, hidden again for the merchant; empty when nothing was. */
static const struct refusal *hide_again(struct call *call, struct buf *out)
{
    const struct identity *key;
    struct buf plain = BUF_INIT(V3_HIDDEN_MAX);
    int err = 0;
    const struct refusal *no = v3_hidden_key(call, &key);
    if (!no)
        no = v3_hidden_read(call, key, "encrypted_echo_message", &plain);
    if (!no && plain.len) {
        const struct keys *keys = account_keys(call->account, &err);
        if (keys)
            err = v3_hide(keys->merchant.public, buf_view(&plain), out);
    }
    buf_release(&plain);
    return no || !err ? no : REFUSE(SYSTEM_ERROR);
}

/* @name: the answer and the notification spell it differently. */
static json_t *message(struct call *call, const char *name, const struct buf *hidden)
{
    struct view text = v3_body_text(call, "echo_message");
    json_t *json = json_pack("{s:s%}", "echo_message", text.ptr, text.len);
    if (!json || !hidden->len ||
        json_object_set_new(json, name, json_stringn(hidden->ptr, hidden->len)) == 0)
        return json;
    json_decref(json);
    return NULL;
}

static int tell(struct call *call, const struct buf *hidden)
{
    struct view url = v3_body_text(call, "notify_url");
    struct buf text = BUF_INIT(TOLD_BODY_MAX);
    if (!url.len)
        return 0;
    json_t *json = message(call, "encrypt_echo_message", hidden);
    int err = json ? json_write(json, &text) : ERR_NOMEM;
    if (!err)
        err = told_open(&call->sandbox->engine, call->account, NOTICE_ECHO, url, buf_view(&text));
    json_decref(json);
    buf_release(&text);
    return err;
}

const struct refusal *v3_echo(struct call *call)
{
    struct buf hidden = BUF_INIT(1024);
    const struct refusal *no = hide_again(call, &hidden);
    if (!no) {
        call->v3->out = message(call, "encrypted_echo_message", &hidden);
        if (!call->v3->out || tell(call, &hidden))
            no = REFUSE(SYSTEM_ERROR);
    }
    buf_release(&hidden);
    return no;
}
