#include "lag.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#define NAP_US 5'000

struct lag {
    pthread_t thread;
    atomic_bool stop;
    atomic_llong worst_us;
    atomic_llong woke_us; /* when the thread last ran */
};

static void *watch(void *owner)
{
    struct lag *lag = owner;

    while (!atomic_load(&lag->stop)) {
        int64_t before_us = clock_mono_us();
        atomic_store(&lag->woke_us, before_us);
        nanosleep(&(struct timespec){ 0, NAP_US * 1000L }, NULL);
        long long late_us = clock_mono_us() - before_us - NAP_US;
        if (late_us > atomic_load(&lag->worst_us))
            atomic_store(&lag->worst_us, late_us);
    }
    return NULL;
}

int lag_start(struct lag **out)
{
    struct lag *lag = mem_new(struct lag);
    if (!lag)
        return ERR_NOMEM;
    atomic_store(&lag->woke_us, clock_mono_us());
    if (pthread_create(&lag->thread, NULL, watch, lag)) {
        mem_free(lag);
        return ERR_LIMIT;
    }
    *out = lag;
    return 0;
}

void lag_stop(struct lag *lag)
{
    if (!lag)
        return;
    atomic_store(&lag->stop, true);
    pthread_join(lag->thread, NULL);
    mem_free(lag);
}

int64_t lag_take_ms(struct lag *lag)
{
    /* a thread that has not woken yet is late already */
    int64_t asleep_us = clock_mono_us() - atomic_load(&lag->woke_us) - NAP_US;
    int64_t worst_us = atomic_exchange(&lag->worst_us, 0);
    return (asleep_us > worst_us ? asleep_us : worst_us) / 1000;
}
