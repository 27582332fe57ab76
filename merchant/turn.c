#include "turn.h"

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "platform.h"
#include "steps.h"

static void decide(struct turn *turn);

/* --- when to look again -------------------------------------------------------------------- */

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* By the state it is in now. 0 = never. */
static int64_t next_due(struct turn *turn)
{
    struct shop *shop = turn->shop;
    const struct order *order = &turn->order;
    int64_t now = shop_now_ms(shop);
    int64_t again = now + shop->steps->retry_gap_s(shop, order) * 1000;

    switch (order->state) {
    case ORDER_CREATING: return earlier(again, order->expire_ms);
    case ORDER_PENDING: {
        int64_t gap_s = shop->steps->fallback_gap_s(shop, order);
        int64_t due = gap_s < 0 ? order->expire_ms : now + gap_s * 1000;
        if (!turn->by_itself && turn->due_ms > now)
            due = turn->due_ms; /* a refresh does not move the timetable */
        if (order->fails > 0)
            due = earlier(due, again);
        return now < order->expire_ms ? earlier(due, order->expire_ms) : due;
    }
    case ORDER_CLOSING: {
        int64_t allowed = shop->steps->close_not_before(shop, order);
        return allowed > now ? allowed : again;
    }
    case ORDER_PAID: return order->held ? 0 : again;
    default: return 0;
    }
}

/* --- the turn's end ------------------------------------------------------------------------- */

static void on_pause_closed(uv_handle_t *handle)
{
    struct turn *turn = container_of(handle, struct turn, pause);
    message_release(&turn->msg);
    mem_free(turn);
}

static void turn_end(struct turn *turn)
{
    struct shop *shop = turn->shop;

    turn->order.due_ms = next_due(turn);
    if (ledger_schedule(shop->ledger, &turn->order))
        log_line(LOG_ERROR, "turn", "order %s keeps its old due time", turn->order.id);

    turns_ended(turn);
    uv_close((uv_handle_t *)&turn->pause, on_pause_closed);
}

/* --- reactions -------------------------------------------------------------------------------- */

static void move_order(struct turn *turn, enum order_event event)
{
    turn->order.fails = 0;
    turn->order.tries = 0;
    int err = ledger_move(turn->shop->ledger, &turn->order, event);
    if (err && err != ERR_EXISTS) /* EXISTS: somebody was faster, decide() reads it anew */
        log_line(LOG_ERROR, "turn", "order %s did not move: %s", turn->order.id, err_text(err));
}

static void apply(struct turn *turn, enum move move)
{
    turn->move = move;
    switch (move) {
    case MOVE_AGAIN: turn->order.fails++; break;
    case MOVE_ENDED: move_order(turn, EVENT_CLOSED_THERE); break;
    case MOVE_FAILED:
        move_order(turn, turn->order.state == ORDER_CREATING ? EVENT_REFUSED : EVENT_CLOSED_THERE);
        break;
    case MOVE_QUERY: turn->queried = false; break;
    case MOVE_REST: turn->order.fails = 0; break;
    }
}

static enum move react_create(struct turn *turn, struct answer *answer)
{
    struct shop *shop = turn->shop;
    struct order *order = &turn->order;
    if (answer->outcome == ANSWER_UNKNOWN)
        return shop->steps->create_unknown(shop, order, answer);
    if (answer->outcome == ANSWER_ERROR) {
        switch (answer->error) {
        case REFUSAL_PAID: return shop->steps->create_orderpaid(shop, order, answer);
        case REFUSAL_CLOSED:
        case REFUSAL_FINAL: return shop->steps->create_refused(shop, order, answer);
        default: return shop->steps->create_unknown(shop, order, answer);
        }
    }
    const char *why = shop->steps->create_accepted(shop, order, answer);
    if (why) {
        log_line(LOG_WARN, "turn", "order %s: %s", order->id, why);
        return shop->steps->create_unknown(shop, order, answer);
    }
    if (order->state == ORDER_CREATING)
        move_order(turn, EVENT_ACCEPTED);
    return MOVE_REST;
}

static void on_claimed(struct claim *, void *owner)
{
    struct turn *turn = owner;
    apply(turn, MOVE_REST);
    decide(turn);
}

/* The message moves into the turn: the claim may outlive the answer. */
static int claim_paid(struct turn *turn, struct answer *answer, bool refunded)
{
    message_move(&turn->msg, &answer->message);
    struct claim_wish wish = { .order = &turn->order,
                               .msg = &turn->msg,
                               .refunded = refunded,
                               .on_end = on_claimed,
                               .owner = turn };
    return claim_query(turn->shop, &wish);
}

/* true when the turn goes on in on_claimed(). */
static bool react_query(struct turn *turn, struct answer *answer, enum move *move)
{
    struct shop *shop = turn->shop;
    struct order *order = &turn->order;
    *move = MOVE_REST;
    if (answer->outcome == ANSWER_OK) {
        enum trade trade = shop->steps->query_state(shop, answer->told.state);
        if (trade == TRADE_CLOSED)
            *move = MOVE_ENDED;
        if (trade == TRADE_PAID || trade == TRADE_REFUNDED)
            return claim_paid(turn, answer, trade == TRADE_REFUNDED) == 0;
    } else if (answer->outcome == ANSWER_ERROR && answer->error == REFUSAL_NOT_EXIST) {
        *move = shop->steps->query_not_exist(shop, order, answer);
    } else {
        *move = shop->steps->query_unknown(shop, order, answer);
    }
    return false;
}

static enum move react_close(struct turn *turn, struct answer *answer)
{
    struct shop *shop = turn->shop;
    struct order *order = &turn->order;
    if (answer->outcome == ANSWER_OK)
        return MOVE_ENDED;
    if (answer->outcome == ANSWER_ERROR) {
        switch (answer->error) {
        case REFUSAL_PAID: return shop->steps->close_orderpaid(shop, order, answer);
        case REFUSAL_CLOSED:
        case REFUSAL_NOT_EXIST: return shop->steps->close_gone(shop, order, answer);
        default: break;
        }
    }
    return shop->steps->close_unknown(shop, order, answer);
}

static void on_answer(struct answer *answer, void *owner)
{
    struct turn *turn = owner;
    enum move move = MOVE_REST;
    switch (answer->api) {
    case API_CREATE: move = react_create(turn, answer); break;
    case API_QUERY:
        if (react_query(turn, answer, &move))
            return;
        break;
    default: move = react_close(turn, answer); break;
    }
    apply(turn, move);
    decide(turn);
}

/* --- decisions --------------------------------------------------------------------------------- */

static void ask(struct turn *turn, enum api api)
{
    struct shop *shop = turn->shop;
    struct platform_ask question = {
        .api = api, .order = &turn->order, .on_answer = on_answer, .owner = turn
    };
    turn->created = turn->created || api == API_CREATE;
    turn->queried = turn->queried || api == API_QUERY;
    turn->closed = turn->closed || api == API_CLOSE;
    if (api == API_QUERY)
        turn->order.asked_ms = shop_now_ms(shop);
    if (api == API_QUERY && turn->by_itself && turn->order.state == ORDER_PENDING)
        turn->order.tries++;
    if (platform_send(shop, &question)) {
        turn->order.fails++;
        turn_end(turn);
    }
}

static void decide_creating(struct turn *turn)
{
    if (turn->move == MOVE_QUERY && !turn->queried)
        ask(turn, API_QUERY);
    else if (!turn->created)
        ask(turn, API_CREATE);
    else
        turn_end(turn);
}

static void decide_closing(struct turn *turn)
{
    struct shop *shop = turn->shop;
    const struct order *order = &turn->order;
    bool first = !turn->closed && shop->steps->close_query_first(shop, order);
    if (!turn->queried && (first || turn->move == MOVE_QUERY)) {
        ask(turn, API_QUERY);
    } else if (!shop->steps->close_needed(shop, order)) {
        move_order(turn, EVENT_CLOSED_THERE);
        turn_end(turn);
    } else if (!turn->closed && turn->move != MOVE_AGAIN &&
               shop_now_ms(shop) >= shop->steps->close_not_before(shop, order)) {
        ask(turn, API_CLOSE);
    } else {
        turn_end(turn);
    }
}

void turn_ship(struct shop *shop, struct order *order)
{
    int err = shop->steps->ship_once(shop, order);
    if (!err)
        log_event(LOG_INFO, "ship", "shipped", "order", view_str(order->id), NULL);
    else if (err != ERR_EXISTS)
        log_line(LOG_ERROR, "ship", "order %s: %s", order->id, err_text(err));
}

/* Counters of this turn are kept: the row is read for its state, code and transaction. */
static int read_anew(struct turn *turn)
{
    int64_t tries = turn->order.tries, fails = turn->order.fails, asked = turn->order.asked_ms;
    int err = ledger_get(turn->shop->ledger, view_str(turn->order.id), &turn->order);
    turn->order.tries = tries;
    turn->order.fails = fails;
    turn->order.asked_ms = asked;
    return err;
}

static void decide(struct turn *turn)
{
    struct shop *shop = turn->shop;
    struct order *order = &turn->order;
    if (read_anew(turn) || turns_stopping(shop)) {
        turn_end(turn);
        return;
    }
    bool open = order->state == ORDER_CREATING || order->state == ORDER_PENDING;
    if (open && (turn->want == WANT_CLOSE || shop->steps->expire_due(shop, order)))
        move_order(turn, EVENT_GIVE_UP);

    switch (order->state) {
    case ORDER_CREATING: decide_creating(turn); break;
    case ORDER_PENDING:
        if (!turn->queried && !turn->created)
            ask(turn, API_QUERY);
        else
            turn_end(turn);
        break;
    case ORDER_CLOSING: decide_closing(turn); break;
    case ORDER_PAID:
        if (!order->held)
            turn_ship(shop, order);
        turn_end(turn);
        break;
    default: turn_end(turn); break;
    }
}

/* --- the turn's beginning ------------------------------------------------------------------------ */

static void on_pause_over(uv_timer_t *timer)
{
    decide(container_of(timer, struct turn, pause));
}

int turn_begin(struct shop *shop, const struct order *order, enum turn_want want, bool by_itself)
{
    struct turn *turn = mem_new(struct turn);
    if (!turn)
        return ERR_NOMEM;
    turn->shop = shop;
    turn->order = *order;
    turn->want = want;
    turn->by_itself = by_itself;
    turn->due_ms = order->due_ms;
    uv_timer_init(shop->loop, &turn->pause);
    turns_began(turn);

    turn->order.due_ms = shop_now_ms(shop) + TURN_LEASE_MS;
    int64_t pause = 0;
    if (ledger_schedule(shop->ledger, &turn->order))
        log_line(LOG_ERROR, "turn", "order %s keeps its old due time", turn->order.id);
    if (!by_itself && order->asked_ms)
        pause = shop->steps->refresh_pause_ms(shop, shop_now_ms(shop) - order->asked_ms);
    uv_timer_start(&turn->pause, on_pause_over, pause > 0 ? (uint64_t)pause : 0, 0);
    return 0;
}
