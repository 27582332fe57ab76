#include "control/tests/ctl_test.h"

#include <stdio.h>
#include <stdlib.h>

#define TURNS_MAX 200000

void ctl_release(struct ctl_reply *reply)
{
    json_decref(reply->json);
    *reply = (struct ctl_reply){};
}

static void on_reply(void *owner, int err, const struct http_response *response)
{
    struct ctl_reply *reply = owner;

    reply->done = true;
    reply->err = err;
    if (!response)
        return;
    reply->status = response->status;
    reply->json = json_loadb(response->body.ptr ? response->body.ptr : "", response->body.len,
                             JSON_REJECT_DUPLICATES, NULL);
}

void ctl_begin(struct door *door, const struct ctl_send *what, struct ctl_reply *reply)
{
    const struct {
        const char *name, *value;
    } given[] = {
        { "Content-Type", what->type   ? what->type
                          : what->body ? "application/json"
                                       : NULL },
        { "Origin", what->origin },
        { "Host", what->host },
        { "Authorization", what->token },
    };
    struct http_header headers[COUNT(given)];
    size_t count = 0;
    char url[512];

    for (size_t i = 0; i < COUNT(given); i++) {
        if (given[i].value)
            headers[count++] =
                (struct http_header){ view_str(given[i].name), view_str(given[i].value) };
    }
    snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", control_port(door->sandbox.control),
             what->path);
    *reply = (struct ctl_reply){};
    ck_assert_int_eq(http_client_send(door->client,
                                      &(struct http_send){
                                          .method = what->method,
                                          .url = view_str(url),
                                          .headers = headers,
                                          .header_count = count,
                                          .body = view_str(what->body ? what->body : ""),
                                          .timeout_ms = 30'000,
                                          .on_done = on_reply,
                                          .owner = reply,
                                      },
                                      NULL),
                     0);
}

json_t *ctl_ask(struct door *door, int status, const char *method, const char *path,
                const char *body)
{
    static struct ctl_reply reply;

    ctl_release(&reply);
    ctl_begin(door, &(struct ctl_send){ .method = method, .path = path, .body = body }, &reply);
    door_until(door, &reply.done);
    ck_assert_int_eq(reply.err, 0);
    ck_assert_msg(reply.status == status, "%s %s: %d, not %d", method, path, reply.status, status);
    return reply.json;
}

static json_t *at(const json_t *json, const char *path)
{
    struct view rest = view_str(path);
    json_t *value = (json_t *)(uintptr_t)json;

    while (rest.len) {
        struct view name = view_cut(rest, '.', &rest);
        char key[64];
        ck_assert_int_eq(view_copy(name, key, sizeof(key)), 0);
        value = json_is_array(value) ? json_array_get(value, (size_t)strtoul(key, NULL, 10))
                                     : json_object_get(value, key);
        ck_assert_msg(value, "no member %s", path);
    }
    return value;
}

const char *text_at(const json_t *json, const char *path)
{
    const char *text = json_string_value(at(json, path));

    ck_assert_msg(text, "%s is no text", path);
    return text;
}

int64_t int_at(const json_t *json, const char *path)
{
    ck_assert_msg(json_is_integer(at(json, path)), "%s is no number", path);
    return json_integer_value(at(json, path));
}

bool is_null_at(const json_t *json, const char *path)
{
    return json_is_null(at(json, path));
}

static void on_notification(struct http_call *call, void *owner)
{
    struct shop *shop = owner;

    shop->seen++;
    if (shop->slow) {
        shop->slow = false;
        shop->kept = call;
        return;
    }
    http_call_reply(call, shop->deaf ? 500 : 200, NULL, 0,
                    VIEW("<xml><return_code><![CDATA[SUCCESS]]></return_code>"
                         "<return_msg><![CDATA[OK]]></return_msg></xml>"));
}

void shop_open(struct shop *shop, struct door *door)
{
    char map[128];

    *shop = (struct shop){};
    ck_assert_int_eq(http_server_start(&shop->server, &door->loop,
                                       &(struct http_server_options){ .on_call = on_notification,
                                                                      .owner = shop }),
                     0);
    snprintf(map, sizeof(map), "{\"https://merchant.example\":\"http://127.0.0.1:%u\"}",
             http_server_port(shop->server));
    ctl_ask(door, 200, "PUT", BUILT_IN "/origins", map);
}

static void on_shop_stopped(void *owner)
{
    ((struct shop *)owner)->stopped = true;
}

void shop_close(struct shop *shop, struct door *door)
{
    http_server_stop(shop->server, on_shop_stopped);
    door_until(door, &shop->stopped);
}

static void on_alloc(uv_handle_t *handle, size_t, uv_buf_t *out)
{
    struct raw *raw = container_of(handle, struct raw, tcp);
    *out = uv_buf_init(raw->chunk, sizeof(raw->chunk));
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *chunk)
{
    struct raw *raw = container_of(stream, struct raw, tcp);

    if (got < 0)
        raw->ended = true;
    else
        ck_assert_int_eq(buf_add(&raw->seen, chunk->base, (size_t)got), 0);
}

static void on_written(uv_write_t *, int status)
{
    ck_assert_int_eq(status, 0);
}

static void on_connected(uv_connect_t *connect, int status)
{
    struct raw *raw = container_of(connect, struct raw, connect);
    uv_buf_t bytes = uv_buf_init((char *)(uintptr_t)raw->request, (unsigned)strlen(raw->request));

    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(uv_write(&raw->write, (uv_stream_t *)&raw->tcp, &bytes, 1, on_written), 0);
    ck_assert_int_eq(uv_read_start((uv_stream_t *)&raw->tcp, on_alloc, on_read), 0);
}

void raw_open(struct raw *raw, struct door *door, const char *request)
{
    struct sockaddr_in address;

    *raw = (struct raw){ .request = request, .seen = BUF_INIT(1 << 20) };
    ck_assert_int_eq(uv_ip4_addr("127.0.0.1", control_port(door->sandbox.control), &address), 0);
    ck_assert_int_eq(uv_tcp_init(&door->loop, &raw->tcp), 0);
    ck_assert_int_eq(
        uv_tcp_connect(&raw->connect, &raw->tcp, (struct sockaddr *)&address, on_connected), 0);
}

static void on_raw_closed(uv_handle_t *handle)
{
    container_of(handle, struct raw, tcp)->closed = true;
}

void raw_close(struct raw *raw, struct door *door)
{
    uv_close((uv_handle_t *)&raw->tcp, on_raw_closed);
    door_until(door, &raw->closed);
    buf_release(&raw->seen);
}

void raw_until(struct raw *raw, struct door *door, const char *text)
{
    for (int turn = 0; turn < TURNS_MAX; turn++) {
        if (view_find(buf_view(&raw->seen), view_str(text)) != SIZE_MAX)
            return;
        ck_assert_msg(!raw->ended, "ended without \"%s\"", text);
        uv_run(&door->loop, UV_RUN_ONCE);
    }
    ck_abort_msg("never saw \"%s\"", text);
}

void holds_until(struct door *door, size_t count)
{
    for (int turn = 0; turn < TURNS_MAX && door->sandbox.control->hold_count != count; turn++)
        uv_run(&door->loop, UV_RUN_ONCE);
    ck_assert_uint_eq(door->sandbox.control->hold_count, count);
}
