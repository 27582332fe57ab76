#include "trust.h"

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "message.h"
#include "platform.h"
#include "steps.h"
#include "turns.h"
#include "v3_call.h"

struct trust_waiter {
    struct trust_waiter *next;
    void (*on_end)(void *owner);
    void *owner;
};

void trust_list_release(struct trust_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        v3_public_free(list->item[i].key);
    *list = (struct trust_list){};
}

/* --- what a download holds ------------------------------------------------------------------ */

/* One certificate; whoever is not in force, or not whom the list says, is left out. */
static int add_entry(struct shop *shop, const json_t *entry, struct trust_list *list)
{
    struct buf pem = BUF_INIT(V3_PEM_MAX);
    struct v3_certificate about;
    struct trusted *item = &list->item[list->count];
    int64_t now = clock_real_ms();
    int err = shop->steps->v3_keys_open(shop, entry, &pem);
    if (!err)
        err = v3_certificate_read(&about, buf_view(&pem));
    if (!err && (now < about.from_ms || now >= about.until_ms))
        err = ERR_RANGE;
    if (!err)
        err = v3_public_read(&item->key, buf_view(&pem));
    if (!err) {
        memcpy(item->serial, about.serial, sizeof(item->serial));
        item->from_ms = about.from_ms;
        item->until_ms = about.until_ms;
        list->count++;
    }
    buf_release(&pem);
    return err;
}

static const char *read_list(struct shop *shop, struct view body, struct trust_list *list)
{
    json_t *root = json_loadb(body.ptr ? body.ptr : "", body.len, JSON_REJECT_DUPLICATES, NULL);
    const json_t *data = json_object_get(root, "data");
    const char *why = json_is_array(data) ? NULL : "this is no list of certificates";
    for (size_t i = 0; i < json_array_size(data) && list->count < TRUST_MAX; i++) {
        int err = add_entry(shop, json_array_get(data, i), list);
        if (err)
            log_line(LOG_WARN, "trust", "certificate %zu is left out: %s", i, err_text(err));
    }
    json_decref(root);
    return why;
}

/* NULL, or why nothing of it may be believed. */
static const char *take_list(struct shop *shop, const struct http_response *response)
{
    struct trust_list list = {};
    struct v3_proof proof;
    v3_proof_read(&proof, response->headers);
    const char *why = read_list(shop, response->body, &list);
    if (!why)
        why = shop->steps->v3_keys_verify(shop, &list, &proof, response->body);
    if (!why)
        shop->steps->v3_keys_keep(shop, &list);
    trust_list_release(&list);
    return why;
}

static bool says_none(const struct http_response *response)
{
    json_t *root =
        json_loadb(response->body.ptr ? response->body.ptr : "", response->body.len, 0, NULL);
    const char *code = json_string_value(json_object_get(root, "code"));
    bool none = response->status == 404 && code && strcmp(code, "RESOURCE_NOT_EXISTS") == 0;
    json_decref(root);
    return none;
}

/* --- one download ---------------------------------------------------------------------------- */

static void tell_waiters(struct trust *trust)
{
    struct trust_waiter *waiter = trust->waiters;
    trust->waiters = NULL;
    while (waiter) { /* they may wait again at once: that is a new download */
        struct trust_waiter *told = waiter;
        waiter = told->next;
        told->on_end(told->owner);
        mem_free(told);
    }
}

static void end(struct shop *shop, enum trust_end how, const char *why)
{
    struct trust *trust = shop->trust;
    static const char *const words[] = {
        [TRUST_GOT] = "downloaded", [TRUST_NONE] = "none", [TRUST_FAILED] = "failed"
    };
    trust->busy = false;
    trust->exchange = NULL;
    trust->failed = how == TRUST_FAILED ? trust->failed + 1 : 0;
    trust->next_ms = shop_now_ms(shop) + shop->steps->v3_keys_gap_s(shop, how) * 1000;
    log_event(how == TRUST_GOT ? LOG_INFO : LOG_WARN, "trust", "certificates", "outcome",
              view_str(words[how]), "why", view_str(why), NULL);
    tell_waiters(trust);
    if (!trust->stopping)
        turns_wake(shop);
}

static void on_done(void *owner, int err, const struct http_response *response)
{
    struct shop *shop = owner;
    if (err) {
        end(shop, TRUST_FAILED, err_text(err));
    } else if (says_none(response)) {
        end(shop, TRUST_NONE, "this merchant has a public key: say --platform-public-key");
    } else if (response->status != 200) {
        end(shop, TRUST_FAILED, "the status is not 200");
    } else {
        const char *why = take_list(shop, response);
        end(shop, why ? TRUST_FAILED : TRUST_GOT, why ? why : "");
    }
}

static int begin(struct shop *shop)
{
    struct v3_call call;
    v3_call_init(&call, "GET");
    int err = buf_str(&call.target, "/v3/certificates");
    if (!err)
        err = v3_call_send(shop, &call, on_done, shop);
    v3_call_release(&call);
    shop->trust->busy = !err;
    shop->trust->exchange = err ? NULL : call.sent;
    return err;
}

int trust_fetch(struct shop *shop, void (*on_end)(void *owner), void *owner)
{
    struct trust *trust = shop->trust;
    struct trust_waiter *waiter = mem_new(struct trust_waiter);
    int err = waiter ? 0 : ERR_NOMEM;
    if (!err && trust->stopping)
        err = ERR_CLOSED;
    if (!err && !trust->busy)
        err = begin(shop);
    if (err) {
        mem_free(waiter);
        return err;
    }
    *waiter = (struct trust_waiter){ trust->waiters, on_end, owner };
    trust->waiters = waiter;
    return 0;
}

/* --- the agenda -------------------------------------------------------------------------------- */

bool trust_is_needed(const struct shop *shop)
{
    const struct trust *trust = shop->trust;
    bool known = trust->list.count || shop->options->public_key;
    return !known && shop_now_ms(shop) >= trust->next_ms;
}

int64_t trust_due_ms(const struct shop *shop)
{
    return shop->trust && !shop->trust->stopping ? shop->trust->next_ms : 0;
}

bool trust_is_busy(const struct shop *shop)
{
    return shop->trust && shop->trust->busy;
}

void trust_tend(struct shop *shop)
{
    int64_t due = trust_due_ms(shop);
    if (!due || shop->trust->busy || due > shop_now_ms(shop))
        return;
    int err = begin(shop);
    if (err)
        end(shop, TRUST_FAILED, err_text(err));
}

/* --- life ----------------------------------------------------------------------------------------- */

int trust_start(struct shop *shop)
{
    const struct options *options = shop->options;
    struct trust *trust = shop->trust = mem_new(struct trust);
    if (!trust)
        return ERR_NOMEM;
    if (!options->platform_cert)
        return 0;
    struct trusted *item = &trust->list.item[trust->list.count++];
    item->key = v3_public_share(options->platform_cert);
    memcpy(item->serial, options->platform_cert_serial, sizeof(item->serial));
    item->until_ms = INT64_MAX;
    trust->next_ms = shop_now_ms(shop) + shop->steps->v3_keys_gap_s(shop, TRUST_GOT) * 1000;
    return 0;
}

void trust_stop(struct shop *shop)
{
    if (!shop->trust)
        return;
    shop->trust->stopping = true;
    if (shop->trust->exchange)
        http_exchange_cancel(shop->trust->exchange);
}

void trust_release(struct shop *shop)
{
    if (!shop->trust)
        return;
    trust_list_release(&shop->trust->list);
    mem_free(shop->trust);
    shop->trust = NULL;
}
