#include "call_v3.h"

#include "base/err.h"
#include "base/mem.h"

#include <stdio.h>

#define SPARE_MAX 256

/* Calls that ended, kept with their buffers: a busy server allocates nothing per call. */
struct call_pool {
    struct turn_answer *spare;
    size_t count;
    struct v2_msg in, out, message; /* owned: of the call parked last; empty while one uses them */
};

int call_pool_new(struct call_pool **out)
{
    *out = mem_new(struct call_pool);
    return *out ? 0 : ERR_NOMEM;
}

static void call_delete(struct call *call)
{
    buf_release(&call->body);
    mem_free(call);
}

/* To where there is none yet, forgetting the fields. */
static void msg_move(struct v2_msg *to, struct v2_msg *from)
{
    if (to->field || to->text) {
        v2_msg_release(from);
        return;
    }
    v2_msg_clear(from);
    *to = *from;
    *from = (struct v2_msg){};
}

void call_park(struct call *call)
{
    struct call_pool *pool = call->sandbox->calls;
    msg_move(&pool->in, &call->in);
    msg_move(&pool->out, &call->out);
    msg_move(&pool->message, &call->message);
}

void call_pool_free(struct call_pool *pool)
{
    while (pool && pool->spare) {
        struct call *call = container_of(pool->spare, struct call, answer);
        pool->spare = pool->spare->next;
        call_delete(call);
    }
    if (pool) {
        v2_msg_release(&pool->in);
        v2_msg_release(&pool->out);
        v2_msg_release(&pool->message);
    }
    mem_free(pool);
}

static struct call *call_fresh(void)
{
    struct call *call = mem_new(struct call);
    if (call)
        call->body = BUF_INIT(CALL_BODY_MAX);
    return call;
}

struct call *call_new(struct sandbox *sandbox, struct http_call *http)
{
    struct call_pool *pool = sandbox->calls;
    struct call *call;
    if (pool->spare) {
        call = container_of(pool->spare, struct call, answer);
        pool->spare = pool->spare->next;
        pool->count--;
    } else {
        call = call_fresh();
    }
    if (!call)
        return NULL;
    call->sandbox = sandbox;
    call->http = http;
    call->began_us = clock_mono_us();
    call->sign_type = V2_MD5;
    call->status = 200;
    msg_move(&call->in, &pool->in);
    msg_move(&call->out, &pool->out);
    msg_move(&call->message, &pool->message);
    return call;
}

void call_free(struct call *call)
{
    struct call_pool *pool = call->sandbox->calls;
    call_park(call);
    call_v3_free(call->v3);
    if (call->body.max != CALL_BODY_MAX || pool->count >= SPARE_MAX) { /* it carried a file */
        call_delete(call);
        return;
    }
    struct buf body = call->body;
    *call = (struct call){ .body = body };
    buf_clear(&call->body);
    call->answer.next = pool->spare;
    pool->spare = &call->answer;
    pool->count++;
}

bool call_chose(const struct call *call, enum switch_id id, const char *value)
{
    static const struct switches defaults;
    return switch_is(call->account ? &call->account->switches : &defaults, id, value);
}

const struct refusal *call_refuse(struct call *call, const struct refusal *no, struct view field,
                                  const char *why, ...)
{
    size_t len = field.len < sizeof(call->where) ? field.len : sizeof(call->where) - 1;
    if (len)
        memcpy(call->where, field.ptr, len);
    call->where[len] = '\0';
    va_list args;
    va_start(args, why);
    vsnprintf(call->why, sizeof(call->why), why, args);
    va_end(args);
    return no;
}
