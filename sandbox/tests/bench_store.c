/*
 * bench_store — what an order costs, without network and signature.
 *
 *   bench_store [orders [folder]]
 *
 * Opens that many distinct orders in transactions of 32, as a busy loop turn has, and finds them
 * again in another order. Prints nanoseconds of the processor for each, the longest turn by the
 * clock on the wall and by work done (a busy machine makes the first one longer), and resident
 * bytes per order.
 */
#include "base/err.h"
#include "engine/order.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define PER_TURN 32

static int64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Costs in time of the processor, so that a busy machine does not count; pauses as they are. */
static int64_t cpu_ns(void)
{
    return clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

static int64_t resident_bytes(void)
{
    long total = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file) {
        if (fscanf(file, "%ld %ld", &total, &resident) != 2)
            resident = 0;
        fclose(file);
    }
    return (int64_t)resident * sysconf(_SC_PAGESIZE);
}

static void must(int err, struct store *store)
{
    if (!err)
        return;
    fprintf(stderr, "%s %s\n", err_name(err), store_trouble(store));
    exit(EXIT_FAILURE);
}

/* Distinct and not in order, as the numbers of real shops. */
static void number_of(int64_t i, char out[OUT_TRADE_NO_MAX + 1])
{
    snprintf(out, OUT_TRADE_NO_MAX + 1, "20261124%012llx",
             (unsigned long long)i * 0x9e3779b97f4a7c15ULL >> 16);
}

static void fill(struct v2_msg *msg)
{
    static const char *const fields[][2] = {
        { "appid", "wx8888888888888888" },
        { "mch_id", "1900000109" },
        { "nonce_str", "5K8264ILTKCH16CQ2502SI8ZNMTM67VS" },
        { "body", "腾讯充值中心-QQ会员充值" },
        { "out_trade_no", "20150806125346" },
        { "total_fee", "88" },
        { "spbill_create_ip", "123.12.12.123" },
        { "notify_url", "https://merchant.example/wxpay/notify" },
        { "trade_type", "NATIVE" },
        { "product_id", "12235413214070356458058" },
        { "sign", "6ED405E70CC27E6608DB7891497BE304" },
    };
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        if (v2_msg_add_str(msg, fields[i][0], fields[i][1]))
            exit(EXIT_FAILURE);
}

struct bench {
    struct engine engine;
    struct account *account;
    struct v2_msg msg;
    int64_t orders, turn_max_ns, turn_max_cpu_ns;
};

static void open_turn(struct bench *bench, int64_t from)
{
    int64_t began = clock_ns(CLOCK_MONOTONIC), began_cpu = cpu_ns();
    must(store_begin(bench->engine.store), bench->engine.store);
    for (int64_t i = from; i < from + PER_TURN && i < bench->orders; i++) {
        char number[OUT_TRADE_NO_MAX + 1];
        struct order_row row;
        number_of(i, number);
        struct order_spec spec = { .out_trade_no = view_str(number),
                                   .trade_type = TRADE_TYPE_NATIVE,
                                   .total_fen = 88,
                                   .request = &bench->msg };
        const struct refusal *no = order_open(&bench->engine, bench->account, &spec, &row, NULL);
        must(no ? ERR_STORE : 0, bench->engine.store);
        order_row_release(&row);
    }
    must(store_commit(bench->engine.store), bench->engine.store);
    int64_t took = clock_ns(CLOCK_MONOTONIC) - began;
    int64_t cost = cpu_ns() - began_cpu;
    if (took > bench->turn_max_ns)
        bench->turn_max_ns = took;
    if (cost > bench->turn_max_cpu_ns)
        bench->turn_max_cpu_ns = cost;
}

static void find_all(struct bench *bench)
{
    for (int64_t i = 0; i < bench->orders; i++) {
        char number[OUT_TRADE_NO_MAX + 1];
        struct order_row row;
        number_of(i * 7919 % bench->orders, number);
        const struct refusal *no =
            order_find(&bench->engine, bench->account, (struct view){}, view_str(number), &row);
        must(no ? ERR_STORE : 0, bench->engine.store);
        order_row_release(&row);
    }
}

int main(int argc, char **argv)
{
    struct bench bench = { .orders = argc > 1 ? strtoll(argv[1], NULL, 10) : 1000000 };
    struct store_options options = { .dir = argc > 2 ? argv[2] : NULL };
    struct rng rng;
    rng_seed(&rng, 1);
    fill(&bench.msg);
    bench.engine.rng = &rng;
    must(store_open(&bench.engine.store, &options), NULL);
    must(accounts_new(&bench.engine.accounts, bench.engine.store, &rng), bench.engine.store);
    bench.account = accounts_find(bench.engine.accounts, VIEW(DEFAULT_MCH_ID));

    int64_t before = resident_bytes(), began = cpu_ns();
    for (int64_t i = 0; i < bench.orders; i += PER_TURN)
        open_turn(&bench, i);
    int64_t opened = cpu_ns();
    int64_t after = resident_bytes();
    find_all(&bench);
    int64_t found = cpu_ns();
    printf("open %lld ns, find %lld ns, longest turn %.2f ms (%.2f ms at work), %lld bytes each\n",
           (long long)((opened - began) / bench.orders),
           (long long)((found - opened) / bench.orders), (double)bench.turn_max_ns / 1e6,
           (double)bench.turn_max_cpu_ns / 1e6, (long long)((after - before) / bench.orders));

    v2_msg_release(&bench.msg);
    accounts_free(bench.engine.accounts);
    store_close(bench.engine.store);
    return EXIT_SUCCESS;
}
