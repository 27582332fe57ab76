#include "exchange.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define RINGS_MAX      100001 /* every account's, and nobody's */
#define SPARES_MAX     64
#define SPARE_BUF      (4 * 1024) /* a larger part gives its memory back */
#define LINE_BYTES_MAX (1024 * 1024)
#define GROW_BY        4

struct ring;

/*
 * A record with its two places: in the ring of its account, and among all of them by age. Both
 * lists run from the oldest to the newest. A forgotten record is kept for the next call, so that
 * at full load nothing is allocated.
 */
struct record {
    struct exchange exchange; /* first: a record is its exchange */
    struct record *ring_next, *next, *prev;
    struct ring *ring; /* NULL while it is not complete */
    size_t bytes, check_cap, remark_cap;
};

struct ring {
    char mch_id[33];
    struct record *oldest, *newest;
    size_t count;
    int64_t lost, lost_id; /* how many were pushed out, and the last of them */
};

struct exchange_log {
    size_t per_ring, bytes;
    int64_t last_id;
    struct record *oldest, *newest; /* of all rings */
    struct ring **ring;             /* owned, by mch_id */
    size_t ring_count, ring_cap;
    struct record *spare; /* linked by next */
    size_t spare_count, open_count;
    int file; /* -1: none */
    bool file_failed;
    void (*on_exchange)(void *owner, const struct exchange *exchange);
    void *owner;
};

/* ---- records --------------------------------------------------------------------------------- */

#define PARTS_MAX 9

static void parts_of(struct exchange *exchange, struct buf *part[PARTS_MAX])
{
    part[0] = &exchange->request_head;
    part[1] = &exchange->request_body;
    part[2] = &exchange->answer_head;
    part[3] = &exchange->answer_body;
    part[4] = &exchange->hint;
    part[5] = &exchange->sign_text;
    part[6] = &exchange->url;
    part[7] = &exchange->real_url;
    part[8] = &exchange->signed_text;
}

static void record_free(struct record *record)
{
    struct buf *part[PARTS_MAX];
    parts_of(&record->exchange, part);
    for (size_t i = 0; i < PARTS_MAX; i++)
        buf_release(part[i]);
    mem_free(record->exchange.check);
    mem_free(record->exchange.remark);
    mem_free(record);
}

/* As new, but for the memory of its parts. */
static void record_clear(struct record *record)
{
    struct exchange *exchange = &record->exchange;
    struct buf *part[PARTS_MAX], kept[PARTS_MAX];
    parts_of(exchange, part);
    for (size_t i = 0; i < PARTS_MAX; i++)
        kept[i] = *part[i];
    *exchange = (struct exchange){ .check = exchange->check, .remark = exchange->remark };
    for (size_t i = 0; i < PARTS_MAX; i++) {
        *part[i] = kept[i];
        part[i]->max = EXCHANGE_RAW_MAX;
        if (part[i]->cap > SPARE_BUF)
            buf_release(part[i]);
        buf_clear(part[i]);
    }
    record->ring_next = record->next = record->prev = NULL;
    record->ring = NULL;
    record->bytes = 0;
}

static void record_spare(struct exchange_log *log, struct record *record)
{
    if (log->spare_count == SPARES_MAX) {
        record_free(record);
        return;
    }
    record->next = log->spare;
    log->spare = record;
    log->spare_count++;
}

static size_t record_bytes(struct record *record)
{
    struct buf *part[PARTS_MAX];
    parts_of(&record->exchange, part);
    size_t bytes = sizeof(*record) + record->check_cap * sizeof(struct check_mark) +
                   record->remark_cap * sizeof(struct remark);
    for (size_t i = 0; i < PARTS_MAX; i++)
        bytes += part[i]->cap;
    return bytes;
}

/* ---- rings ----------------------------------------------------------------------------------- */

static struct view ring_name(struct view mch_id)
{
    return mch_id.len ? mch_id : VIEW("-");
}

/* Where the ring is, or would be. */
static size_t place_of(const struct exchange_log *log, struct view name)
{
    size_t low = 0, high = log->ring_count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (view_cmp(view_str(log->ring[mid]->mch_id), name) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static struct ring *ring_find(const struct exchange_log *log, struct view name)
{
    size_t at = place_of(log, name);
    return at < log->ring_count && view_is(name, log->ring[at]->mch_id) ? log->ring[at] : NULL;
}

static int rings_reserve(struct exchange_log *log)
{
    if (log->ring_count < log->ring_cap)
        return 0;
    if (log->ring_count == RINGS_MAX)
        return ERR_LIMIT;
    size_t cap = log->ring_cap ? log->ring_cap * 2 : 8;
    struct ring **grown = mem_realloc(log->ring, cap * sizeof(struct ring *));
    if (!grown)
        return ERR_NOMEM;
    log->ring = grown;
    log->ring_cap = cap;
    return 0;
}

/* Found or made; NULL without memory. */
static struct ring *ring_of(struct exchange_log *log, struct view name)
{
    struct ring *ring = ring_find(log, name);
    if (ring || rings_reserve(log))
        return ring;
    ring = mem_new(struct ring);
    if (!ring || view_copy(name, ring->mch_id, sizeof(ring->mch_id))) {
        mem_free(ring);
        return NULL;
    }
    size_t at = place_of(log, name);
    memmove(log->ring + at + 1, log->ring + at, (log->ring_count - at) * sizeof(struct ring *));
    log->ring[at] = ring;
    log->ring_count++;
    return ring;
}

static void join(struct exchange_log *log, struct ring *ring, struct record *record)
{
    record->ring = ring;
    *(ring->newest ? &ring->newest->ring_next : &ring->oldest) = record;
    ring->newest = record;
    ring->count++;
    record->prev = log->newest;
    *(log->newest ? &log->newest->next : &log->oldest) = record;
    log->newest = record;
    record->bytes = record_bytes(record);
    log->bytes += record->bytes;
}

/* The oldest of a ring out of both lists. */
static struct record *leave(struct exchange_log *log, struct ring *ring)
{
    struct record *record = ring->oldest;
    ring->oldest = record->ring_next;
    if (!ring->oldest)
        ring->newest = NULL;
    ring->count--;
    *(record->prev ? &record->prev->next : &log->oldest) = record->next;
    *(record->next ? &record->next->prev : &log->newest) = record->prev;
    log->bytes -= record->bytes;
    return record;
}

static void push_out(struct exchange_log *log, struct ring *ring)
{
    struct record *record = leave(log, ring);
    ring->lost++;
    ring->lost_id = record->exchange.id;
    record_clear(record);
    record_spare(log, record);
}

/* ---- life ------------------------------------------------------------------------------------ */

int exchange_log_new(struct exchange_log **out, const struct exchange_log_options *options)
{
    *out = NULL;
    struct exchange_log *log = mem_new(struct exchange_log);
    if (!log)
        return ERR_NOMEM;
    log->per_ring = options->ring ? options->ring : EXCHANGE_RING_DEFAULT;
    log->file = -1;
    if (options->file) {
        log->file = open(options->file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (log->file < 0) {
            int err = -errno;
            mem_free(log);
            return err;
        }
    }
    *out = log;
    return 0;
}

static void ring_empty(struct exchange_log *log, struct ring *ring)
{
    while (ring->count)
        record_free(leave(log, ring));
}

void exchange_log_free(struct exchange_log *log)
{
    if (!log)
        return;
    assert(log->open_count == 0 && "every record was ended or dropped");
    for (size_t i = 0; i < log->ring_count; i++) {
        ring_empty(log, log->ring[i]);
        mem_free(log->ring[i]);
    }
    while (log->spare) {
        struct record *record = log->spare;
        log->spare = record->next;
        record_free(record);
    }
    if (log->file >= 0)
        close(log->file);
    mem_free(log->ring);
    mem_free(log);
}

/* The ring goes too: accounts come and go, and the number of rings is bounded. */
void exchange_reset(struct exchange_log *log, struct view mch_id)
{
    size_t kept = 0;
    for (size_t i = 0; i < log->ring_count; i++) {
        struct ring *ring = log->ring[i];
        if (mch_id.len && !view_is(mch_id, ring->mch_id)) {
            log->ring[kept++] = ring;
            continue;
        }
        ring_empty(log, ring);
        mem_free(ring);
    }
    log->ring_count = kept;
}

void exchange_log_listen(struct exchange_log *log,
                         void (*on_exchange)(void *owner, const struct exchange *exchange),
                         void *owner)
{
    log->on_exchange = on_exchange;
    log->owner = owner;
}

/* ---- one record ------------------------------------------------------------------------------ */

int exchange_begin(struct exchange_log *log, enum exchange_door door, struct exchange **out)
{
    struct record *record = log->spare;
    if (record) {
        log->spare = record->next;
        log->spare_count--;
        record->next = NULL;
    } else {
        record = mem_new(struct record);
        if (!record)
            return ERR_NOMEM;
        record_clear(record); /* the ceilings of its parts */
    }
    log->open_count++;
    record->exchange.door = door;
    record->exchange.real_ms = record->exchange.virtual_ms = clock_real_ms();
    *out = &record->exchange;
    return 0;
}

static struct record *record_of(struct exchange *exchange)
{
    return container_of(exchange, struct record, exchange);
}

void exchange_drop(struct exchange_log *log, struct exchange *exchange)
{
    struct record *record = record_of(exchange);
    assert(!record->ring && "a complete record belongs to its ring");
    log->open_count--;
    record_clear(record);
    record_spare(log, record);
}

/* One write per line; the reader of the file shall never see half of one from us. */
static void append_line(struct exchange_log *log, const struct exchange *exchange)
{
    struct buf line = BUF_INIT(LINE_BYTES_MAX);
    int err = exchange_json(exchange, &line);
    if (!err)
        err = buf_byte(&line, '\n');
    if (!err && write(log->file, line.ptr, line.len) != (ssize_t)line.len)
        err = ERR_IO;
    if (err && !log->file_failed)
        log_line(LOG_ERROR, "exchange", "not written to the file: %s", err_text(err));
    log->file_failed = err != 0;
    buf_release(&line);
}

void exchange_end(struct exchange_log *log, struct exchange *exchange)
{
    struct record *record = record_of(exchange);
    struct ring *ring = ring_of(log, ring_name(view_str(exchange->mch_id)));
    assert(!record->ring);
    log->open_count--;
    exchange->id = ++log->last_id;
    if (ring) {
        join(log, ring, record);
        while (ring->count > log->per_ring)
            push_out(log, ring);
        while (log->bytes > EXCHANGE_TOTAL_MAX && log->oldest != record)
            push_out(log, log->oldest->ring);
    }
    if (log->file >= 0)
        append_line(log, exchange);
    if (log->on_exchange)
        log->on_exchange(log->owner, exchange);
    if (!ring) { /* no memory for one more: heard, and forgotten */
        record_clear(record);
        record_spare(log, record);
    }
}

void exchange_raw(struct exchange *exchange, struct buf *part, struct view bytes)
{
    if (bytes.len > EXCHANGE_RAW_MAX) {
        bytes.len = EXCHANGE_RAW_MAX;
        exchange->cut = true;
    }
    buf_clear(part);
    if (buf_view_add(part, bytes))
        exchange->cut = true;
}

/* What was cut ends with a whole character. */
static void trim_character(char *text, size_t len)
{
    size_t lead = len;
    while (lead && ((unsigned char)text[lead - 1] & 0xc0) == 0x80)
        lead--;
    if (!lead--)
        return;
    unsigned char byte = (unsigned char)text[lead];
    size_t want = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    if (len - lead < want)
        text[lead] = '\0';
}

/* "%s", which makes up nearly all calls, needs no printf. */
__attribute__((format(printf, 3, 0))) static void say(char *out, size_t size, const char *format,
                                                      va_list args)
{
    if (strcmp(format, "%s") != 0) {
        int len = vsnprintf(out, size, format, args);
        if (len >= (int)size)
            trim_character(out, size - 1);
        return;
    }
    struct view text = view_str(va_arg(args, const char *));
    bool cut = text.len >= size;
    if (cut)
        text.len = size - 1;
    memcpy(out, text.len ? text.ptr : "", text.len);
    out[text.len] = '\0';
    if (cut)
        trim_character(out, text.len);
}

/* Room for one more in an array of the record; NULL above its bound or without memory. */
static void *one_more(void **array, size_t *cap, size_t count, size_t size)
{
    if (count < *cap)
        return (char *)*array + count * size;
    void *grown = mem_realloc(*array, (*cap + GROW_BY) * size);
    if (!grown)
        return NULL;
    *array = grown;
    *cap += GROW_BY;
    return (char *)grown + count * size;
}

void exchange_check(struct exchange *exchange, const char *check, const char *clause, bool ok,
                    const char *why, ...)
{
    void *array = exchange->check;
    struct check_mark *mark = NULL;
    if (exchange->check_count < CHECKS_MAX)
        mark =
            one_more(&array, &record_of(exchange)->check_cap, exchange->check_count, sizeof(*mark));
    exchange->check = array;
    if (!mark) {
        exchange->cut = true;
        return;
    }
    *mark = (struct check_mark){ .check = check, .clause = clause, .ok = ok };
    exchange->check_count++;
    va_list args;
    va_start(args, why);
    say(mark->why, sizeof(mark->why), why, args);
    va_end(args);
}

void exchange_remark(struct exchange *exchange, const char *id, const char *clause,
                     const char *text, ...)
{
    void *array = exchange->remark;
    struct remark *remark = NULL;
    if (exchange->remark_count < REMARKS_MAX)
        remark = one_more(&array, &record_of(exchange)->remark_cap, exchange->remark_count,
                          sizeof(*remark));
    exchange->remark = array;
    if (!remark) {
        exchange->cut = true;
        return;
    }
    *remark = (struct remark){ .id = id, .clause = clause };
    exchange->remark_count++;
    va_list args;
    va_start(args, text);
    say(remark->text, sizeof(remark->text), text, args);
    va_end(args);
}

/* ---- reading --------------------------------------------------------------------------------- */

static bool wanted(const struct exchange_filter *filter, const struct exchange *exchange)
{
    return exchange->id > filter->after_id &&
           (!filter->api.len || view_is(filter->api, exchange->api)) &&
           (!filter->out_trade_no.len || view_is(filter->out_trade_no, exchange->out_trade_no));
}

size_t exchange_each(const struct exchange_log *log, const struct exchange_filter *filter,
                     void (*visit)(void *ctx, const struct exchange *exchange), void *ctx)
{
    const struct ring *ring = ring_find(log, ring_name(filter->mch_id));
    size_t left = filter->limit;
    if (!ring)
        return 0;
    for (const struct record *record = ring->oldest; record && left; record = record->ring_next) {
        if (!wanted(filter, &record->exchange))
            continue;
        visit(ctx, &record->exchange);
        left--;
    }
    int64_t gap = ring->lost_id - filter->after_id;
    if (gap <= 0)
        return 0;
    return (size_t)(gap < ring->lost ? gap : ring->lost);
}

const struct exchange *exchange_get(const struct exchange_log *log, int64_t id)
{
    for (const struct record *record = log->newest; record; record = record->prev)
        if (record->exchange.id <= id)
            return record->exchange.id == id ? &record->exchange : NULL;
    return NULL;
}

size_t exchange_sign_differs_at(const struct exchange *exchange)
{
    struct view ours = buf_view(&exchange->sign_text), theirs = buf_view(&exchange->signed_text);
    size_t at = 0;
    if (!ours.len || !theirs.len)
        return SIZE_MAX;
    while (at < ours.len && at < theirs.len && ours.ptr[at] == theirs.ptr[at])
        at++;
    while (at && at < theirs.len && ((unsigned char)theirs.ptr[at] & 0xc0) == 0x80)
        at--; /* the beginning of a character, not its middle */
    return at;
}
