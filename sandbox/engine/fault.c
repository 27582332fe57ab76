#include "engine/fault.h"

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/fault_list.h"

#include <assert.h>

#define SPEC_MAX (256 * 1024)

/* A fault with those who hold it: its list, and every call it is happening to. */
struct fault_node {
    struct fault fault; /* first: a fault is its node */
    struct buf spec;    /* owned: JSON as ordered */
    unsigned holders;
};

struct fault_list {
    size_t count;
    struct fault_node *node[FAULTS_MAX]; /* in order of giving */
};

const char *const fault_header_names[] = {
    "Wechatpay-Nonce",  "Wechatpay-Signature",      "Wechatpay-Timestamp",
    "Wechatpay-Serial", "Wechatpay-Signature-Type", NULL,
};

const char *fault_kind_name(enum fault_kind kind)
{
    static const char *const names[] = { [FAULT_NONE] = "none",
#define X(id, name) [FAULT_##id] = (name),
                                         FAULT_KIND_MAP(X)
#undef X
    };
    assert(kind >= 0 && (size_t)kind < COUNT(names));
    return names[kind];
}

static void node_drop(struct fault_node *node)
{
    if (!node || --node->holders)
        return;
    buf_release(&node->fault.text);
    buf_release(&node->spec);
    mem_free(node);
}

void fault_list_free(struct fault_list *list)
{
    for (size_t i = 0; list && i < list->count; i++)
        node_drop(list->node[i]);
    mem_free(list);
}

static struct fault_node *node_new(struct view json, struct fault_error *error, int *err)
{
    struct fault_node *node = mem_new(struct fault_node);
    *err = node ? 0 : ERR_NOMEM;
    if (!node)
        return NULL;
    node->holders = 1;
    node->spec = BUF_INIT(SPEC_MAX);
    *err = fault_parse(json, &node->fault, &node->spec, error);
    if (!*err)
        return node;
    node_drop(node);
    return NULL;
}

/* Made with an account's first fault. */
static int list_of(struct account *account, struct fault_list **out)
{
    if (!account->faults)
        account->faults = mem_new(struct fault_list);
    *out = account->faults;
    return account->faults ? 0 : ERR_NOMEM;
}

static void remove_at(struct fault_list *list, size_t index)
{
    struct fault_node *node = list->node[index];
    memmove(list->node + index, list->node + index + 1,
            (list->count - index - 1) * sizeof(struct fault_node *));
    list->count--;
    node_drop(node); /* last line: it may be gone now */
}

static size_t index_of(const struct fault_list *list, int64_t id)
{
    size_t i = 0;
    while (i < list->count && list->node[i]->fault.id != id)
        i++;
    return i;
}

/* ---- what the store has ---------------------------------------------------------------------- */

static int load_row(void *ctx, const struct fault_row *row)
{
    struct fault_list *fresh = ctx;
    struct fault_error error = {};
    int err;
    if (fresh->count == FAULTS_MAX)
        return ERR_STORE;
    struct fault_node *node = node_new(buf_view(&row->spec), &error, &err);
    if (err == ERR_SYNTAX) {
        log_line(LOG_ERROR, "engine", "fault %lld of the store: %s %s", (long long)row->id,
                 error.where, error.message);
        return ERR_STORE;
    }
    if (err)
        return err;
    node->fault.id = row->id;
    node->fault.left = row->left;
    node->fault.skip = row->skip;
    fresh->node[fresh->count++] = node;
    return 0;
}

int fault_list_load(struct store *store, struct account *account)
{
    struct fault_list *fresh = mem_new(struct fault_list);
    if (!fresh)
        return ERR_NOMEM;
    int err = fault_each(store, account->id, load_row, fresh);
    struct fault_list *spare = fresh;
    if (!err) {
        spare = account->faults;
        account->faults = fresh;
    }
    fault_list_free(spare);
    if (!err && !fresh->count) { /* most accounts never have one */
        mem_free(fresh);
        account->faults = NULL;
    }
    return err;
}

/* ---- ordering and forgetting ----------------------------------------------------------------- */

int faults_add(struct accounts *accounts, struct account *account, struct view json, int64_t *id,
               struct fault_error *error)
{
    struct fault_list *list;
    *error = (struct fault_error){};
    int err = list_of(account, &list);
    if (err)
        return err;
    if (list->count == FAULTS_MAX)
        return ERR_LIMIT;
    struct fault_node *node = node_new(json, error, &err);
    if (err)
        return err;
    struct fault_row row = { .account_id = account->id,
                             .spec = node->spec, /* borrowed for the insert */
                             .left = node->fault.left,
                             .skip = node->fault.skip };
    err = fault_insert(accounts_store(accounts), &row);
    if (err) {
        node_drop(node);
        return err;
    }
    node->fault.id = *id = row.id;
    list->node[list->count++] = node;
    return 0;
}

int faults_remove(struct accounts *accounts, struct account *account, int64_t id)
{
    struct fault_list *list = account->faults;
    size_t index = list ? index_of(list, id) : 0;
    if (!list || index == list->count)
        return ERR_NOT_FOUND;
    int err = fault_delete(accounts_store(accounts), id);
    if (!err)
        remove_at(list, index);
    return err;
}

int faults_clear(struct accounts *accounts, struct account *account)
{
    int err = 0;
    while (!err && faults_count(account))
        err = faults_remove(accounts, account, faults_at(account, 0)->id);
    return err;
}

size_t faults_count(const struct account *account)
{
    return account->faults ? account->faults->count : 0;
}

const struct fault *faults_at(const struct account *account, size_t index)
{
    assert(index < faults_count(account));
    return &account->faults->node[index]->fault;
}

int fault_describe(const struct fault *fault, struct buf *out)
{
    const struct fault_node *node = (const struct fault_node *)fault;
    struct view spec = buf_view(&node->spec);
    assert(spec.len >= 2);
    int err = buf_fmt(out, "{\"id\":%lld,\"left\":", (long long)fault->id);
    if (!err) /* null: until deleted */
        err = fault->left == INT64_MAX ? buf_str(out, "null")
                                       : buf_fmt(out, "%lld", (long long)fault->left);
    if (!err)
        err = buf_byte(out, ',');
    return err ? err : buf_add(out, spec.ptr + 1, spec.len - 1);
}

/* ---- happening ------------------------------------------------------------------------------- */

static bool matches(const struct fault *fault, enum fault_door door, struct view api,
                    struct view out_trade_no)
{
    if (fault->door != door)
        return false;
    if (fault->out_trade_no[0] && !view_is(out_trade_no, fault->out_trade_no))
        return false;
    if (door == FAULT_DOOR_NOTIFICATION && fault->kind == FAULT_BEFORE_ANSWER)
        return view_eq(api, VIEW("unifiedorder"));
    if (door == FAULT_DOOR_NOTIFICATION)
        return fault->of[0] ? view_is(api, fault->of) : !view_eq(api, VIEW("unifiedorder"));
    return fault->api[0] == '*' || view_is(api, fault->api);
}

static void write_counts(struct accounts *accounts, const struct fault *fault)
{
    struct store *store = accounts_store(accounts);
    struct fault_row row = { .id = fault->id, .left = fault->left, .skip = fault->skip };
    int err = fault->left ? fault_set_counts(store, &row) : fault_delete(store, fault->id);
    if (err) /* it happens all the same; after a restart it may happen once more */
        log_line(LOG_ERROR, "engine", "count a fault: %s %s", err_name(err), store_trouble(store));
}

struct fault *faults_take(struct accounts *accounts, struct account *account, enum fault_door door,
                          struct view api, struct view out_trade_no)
{
    struct fault_list *list = account->faults;
    for (size_t i = 0; list && i < list->count; i++) {
        struct fault_node *node = list->node[i];
        struct fault *fault = &node->fault;
        if (!matches(fault, door, api, out_trade_no))
            continue;
        bool passes = fault->skip > 0;
        if (passes)
            fault->skip--;
        else if (fault->left != INT64_MAX)
            fault->left--;
        if (passes || fault->left != INT64_MAX)
            write_counts(accounts, fault);
        if (passes)
            continue; /* a later one may still happen */
        node->holders++;
        if (!fault->left)
            remove_at(list, i);
        return fault;
    }
    return NULL;
}

void faults_done(struct account *account, struct fault *fault)
{
    (void)account;
    node_drop((struct fault_node *)fault);
}
