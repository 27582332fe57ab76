#include "reply_send.h"

#include "base/mem.h"
#include "reply_v2.h"

#define WITHHELD_MAX_MS 120000

void reply_trouble(struct call *call)
{
    static const char system_error[] = "<xml><return_code><![CDATA[FAIL]]></return_code>\n"
                                       "<return_msg><![CDATA[SYSTEMERROR]]></return_msg>\n"
                                       "</xml>";
    static const char v3_error[] =
        "{\"code\":\"SYSTEM_ERROR\",\"message\":\"系统异常，请稍后重试\"}";
    buf_clear(&call->body);
    call->spoilt = true;
    call->header[0] = call->header[1] = (struct http_header){};
    if (call->v3)
        call->status = buf_str(&call->body, v3_error) ? 503 : 500;
    else
        call->status = buf_str(&call->body, system_error) ? 500 : 200;
}

/* A switch's text is static: it outlives the account that chose it. */
static void choose_type(struct call *call)
{
    static const struct switches defaults;
    const struct switches *switches = call->account ? &call->account->switches : &defaults;
    if (!call->header[0].name.ptr)
        call->header[0] =
            (struct http_header){ VIEW("Content-Type"),
                                  view_str(switch_value(switches, SWITCH_answer_type)) };
    call->headers = call->header;
    call->header_count = call->header[1].name.ptr ? 2 : 1;
}

/* ---- the record ------------------------------------------------------------------------------ */

/* What the record shows of the answer's head; Date and Connection are the server's. */
static void record_head(struct call *call)
{
    struct buf *head = &call->exchange->answer_head;
    char line[] = "HTTP/1.1 000\r\n";
    int rest = call->status;
    for (size_t i = 3; i-- > 0; rest /= 10)
        line[9 + i] = (char)('0' + rest % 10);
    int err = buf_add(head, line, sizeof(line) - 1);
    for (size_t i = 0; !err && i < call->header_count; i++) {
        err = buf_view_add(head, call->headers[i].name);
        if (!err)
            err = buf_str(head, ": ");
        if (!err)
            err = buf_view_add(head, call->headers[i].value);
        if (!err)
            err = buf_str(head, "\r\n");
    }
    if (!err)
        err = buf_str(head, "\r\n");
    call->exchange->cut |= err != 0;
}

static void record(struct call *call, enum exchange_outcome outcome)
{
    struct exchange *exchange = call->exchange;
    call->exchange = NULL;
    exchange->outcome = outcome;
    exchange->status = call->status;
    exchange->duration_us = clock_mono_us() - call->began_us;
    exchange_end(call->sandbox->exchanges, exchange);
}

void reply_send_now(struct call *call)
{
    record_head(call);
    exchange_raw(call->exchange, &call->exchange->answer_body, buf_view(&call->body));
    record(call, EXCHANGE_ANSWERED);
    http_call_reply(call->http, call->status, call->headers, call->header_count,
                    buf_view(&call->body));
    call_free(call);
}

static void send_now(struct call *call)
{
    if (call->seal)
        call->seal(call);
    else
        reply_send_now(call);
}

static void drop_now(struct call *call, enum exchange_outcome outcome)
{
    record(call, outcome);
    http_call_cut(call->http);
    call_free(call);
}

/* ---- held back by time ----------------------------------------------------------------------- */

/* The account may have gone meanwhile; then the record is nobody's. */
static void know_the_account(struct call *call)
{
    struct exchange *exchange = call->exchange;
    if (!accounts_find(call->sandbox->accounts, view_str(exchange->mch_id)))
        exchange->mch_id[0] = '\0';
}

static void hold_over(struct call *call)
{
    know_the_account(call);
    if (call->fault_kind == FAULT_NO_ANSWER)
        drop_now(call, EXCHANGE_WITHHELD);
    else if (http_call_is_lost(call->http))
        drop_now(call, EXCHANGE_PEER_GONE);
    else
        send_now(call);
}

static void on_hold_closed(uv_handle_t *handle)
{
    hold_over(container_of(handle, struct call, timer));
}

static void end_hold(struct call *call)
{
    call->timed = false;
    uv_close((uv_handle_t *)&call->timer, on_hold_closed);
}

static void on_time(uv_timer_t *timer)
{
    end_hold(container_of(timer, struct call, timer));
}

/*
 * A client whose input has ended may have shut its sending half only: a delayed answer is still
 * sent. What is never answered need not be held for it.
 */
static bool is_over(const struct call *call)
{
    return http_call_is_lost(call->http) || (call->gone && call->fault_kind == FAULT_NO_ANSWER);
}

/* The answer waits for the ordered delay, or until the client gives up. */
static void hold(struct call *call, int64_t ms)
{
    if (is_over(call)) {
        hold_over(call);
        return;
    }
    uv_timer_init(call->sandbox->loop, &call->timer);
    uv_timer_start(&call->timer, on_time, (uint64_t)ms, 0);
    call->timed = true;
}

static void on_gone(struct http_call *http)
{
    struct call *call = http_call_data(http);
    call->gone = true;
    if (call->timed && is_over(call))
        end_hold(call);
}

void reply_watch(struct call *call)
{
    http_call_set_data(call->http, call);
    http_call_on_gone(call->http, on_gone);
}

/* ---- after the commit ------------------------------------------------------------------------ */

static void go_out(struct call *call)
{
    switch (call->fault_kind) {
    case FAULT_CUT_BEFORE:
    case FAULT_CUT_AFTER: drop_now(call, EXCHANGE_CUT); break;
    case FAULT_NO_ANSWER: hold(call, WITHHELD_MAX_MS); break;
    case FAULT_DELAY: hold(call, call->delay_ms); break;
    default: send_now(call); break;
    }
}

static void on_committed(struct turn_answer *answer)
{
    struct call *call = container_of(answer, struct call, answer);
    if (call->waits && !call->delivered)
        call->held = true;
    else
        go_out(call);
}

void reply_delivered(struct call *call)
{
    call->delivered = true;
    if (call->held)
        go_out(call); /* otherwise the commit is still to come */
}

/* Nothing of this turn was kept: whatever was prepared would be a lie. */
static void on_commit_failed(struct turn_answer *answer)
{
    struct call *call = container_of(answer, struct call, answer);
    know_the_account(call);
    reply_trouble(call);
    choose_type(call);
    send_now(call);
}

/* Remembers what the fault still needs and gives it back: it may be gone at the commit. */
static void part_with_fault(struct call *call)
{
    struct fault *fault = call->fault;
    if (!fault)
        return;
    call->fault = NULL;
    call->fault_kind = fault->kind;
    call->delay_ms = fault->delay_ms;
    call->exchange->fault = fault_kind_name(fault->kind);
    faults_done(call->account, fault);
}

void reply_leave(struct call *call)
{
    part_with_fault(call);
    choose_type(call);
    call_park(call);
    call->account = NULL; /* may be deleted from now on */
    call->answer.send = on_committed;
    call->answer.failed = on_commit_failed;
    turn_answer(call->sandbox->turn, &call->answer);
}
