#include "run.h"

#include "base/err.h"
#include "base/files.h"
#include "base/log.h"
#include "base/mem.h"
#include "shop.h"
#include "steps.h"

#include <stdio.h>
#include <unistd.h>

struct life {
    uv_loop_t loop;
    uv_signal_t term, interrupt;
    struct options options;
    struct shop shop;
};

static void print_steps(void)
{
    size_t count;
    const struct step_row *rows = steps_table(&count);
    for (size_t i = 0; i < count; i++)
        printf("%-20s %s\n    %s\n", rows[i].name, rows[i].rules, rows[i].sentence);
}

static void say_ready(const struct life *life)
{
    char line[512];
    int len = snprintf(line, sizeof(line),
                       "{\"event\":\"ready\",\"version\":\"" WXPAY_VERSION "\",\"pid\":%ld,"
                       "\"url\":\"%s\"}\n",
                       (long)getpid(), life->shop.own_url);
    fwrite(line, 1, (size_t)len, stdout);
    fflush(stdout);
    int fd = life->options.ready_fd;
    if (fd >= 0) {
        if (write(fd, line, (size_t)len) != len)
            log_line(LOG_WARN, "run", "the ready line did not reach descriptor %d", fd);
        close(fd);
    }
}

static void on_stopped(void *owner)
{
    struct life *life = owner;
    uv_close((uv_handle_t *)&life->term, NULL);
    uv_close((uv_handle_t *)&life->interrupt, NULL);
}

static void on_signal(uv_signal_t *signal, int)
{
    struct life *life = signal->data;
    log_line(LOG_INFO, "run", "stopping");
    shop_stop(&life->shop, on_stopped, life);
}

static int live(struct life *life, const struct steps *steps)
{
    files_raise();
    int err = uv_loop_init(&life->loop);
    if (err)
        return err;
    uv_signal_init(&life->loop, &life->term);
    uv_signal_init(&life->loop, &life->interrupt);
    life->term.data = life->interrupt.data = life;
    uv_signal_start(&life->term, on_signal, SIGTERM);
    uv_signal_start(&life->interrupt, on_signal, SIGINT);

    err = shop_start(&life->shop, &life->loop, &life->options, steps);
    if (err)
        shop_stop(&life->shop, on_stopped, life);
    else
        say_ready(life);
    uv_run(&life->loop, UV_RUN_DEFAULT);
    shop_release(&life->shop);
    int left = uv_loop_close(&life->loop);
    if (left)
        log_line(LOG_WARN, "run", "handles were left open");
    return err;
}

int run_shop(int argc, char **argv, const struct steps *steps)
{
    struct life *life = mem_new(struct life);
    if (!life)
        return 1;
    int err = options_read(&life->options, argc, argv);
    int code = err == 1 ? 0 : 2;
    if (err == 0 && life->options.show_steps) {
        print_steps();
        code = 0;
    } else if (err == 0) {
        err = live(life, steps);
        code = err ? 1 : 0;
        if (err)
            log_line(LOG_ERROR, "run", "the shop did not open: %s", err_text(err));
    }
    options_release(&life->options);
    mem_free(life);
    return code;
}
