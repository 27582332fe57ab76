#include "cli/print.h"

#include "base/buf.h"
#include "base/mem.h"
#include "cli/client.h"

#include <inttypes.h>
#include <stdio.h>

#define CELL_MAX    2048
#define COLUMNS_MAX 12

/* Columns a terminal needs: Chinese signs take two. Control bytes were taken out before. */
static size_t width_of(const char *text)
{
    size_t width = 0;

    for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
        if ((*at & 0xc0) != 0x80)
            width += *at >= 0xe3 ? 2 : 1; /* from U+3000 on */
    }
    return width;
}

/* What a merchant wrote must not drive the terminal. A cell that is full is cut. */
static void add_text(struct buf *cell, const char *text)
{
    for (; *text; text++) {
        unsigned char byte = (unsigned char)*text;
        if (buf_byte(cell, byte < 0x20 || byte == 0x7f ? '?' : *text))
            return;
    }
}

static void add_value(struct buf *cell, const json_t *value)
{
    char number[24];

    if (json_is_string(value))
        add_text(cell, json_string_value(value));
    else if (json_is_integer(value)) {
        snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        add_text(cell, number);
    } else if (json_is_boolean(value))
        add_text(cell, json_is_true(value) ? "yes" : "no");
    else
        add_text(cell, "-");
}

static void add_many(struct buf *cell, const json_t *value)
{
    json_t *many = (json_t *)(uintptr_t)value; /* jansson's loops want it without const */
    const char *name;
    json_t *item;
    size_t i;

    json_array_foreach(many, i, item)
    {
        add_text(cell, i ? ", " : "");
        add_value(cell, item);
    }
    json_object_foreach(many, name, item)
    {
        add_text(cell, cell->len ? ", " : "");
        add_text(cell, name);
        add_text(cell, "=");
        add_value(cell, item);
    }
    if (!cell->len)
        add_text(cell, "-");
}

static void fill(struct buf *cell, const json_t *object, const struct column *column)
{
    const json_t *value = member_at(object, column->path);
    char text[48];

    buf_clear(cell);
    switch (column->kind) {
    case PRINT_TEXT: add_value(cell, value); break;
    case PRINT_FEN:
        snprintf(text, sizeof(text), "%" PRId64 ".%02d", (int64_t)json_integer_value(value) / 100,
                 (int)(json_integer_value(value) % 100));
        add_text(cell, json_is_integer(value) ? text : "-");
        break;
    case PRINT_LIST:
    case PRINT_MAP: add_many(cell, value); break;
    case PRINT_SIZE:
        snprintf(text, sizeof(text), "%zu", json_array_size(value));
        add_text(cell, text);
        break;
    }
}

static void print_cell(const char *text, size_t width, bool last)
{
    fputs(text, stdout);
    for (size_t used = width_of(text); !last && used < width + 2; used++)
        putchar(' ');
    if (last)
        putchar('\n');
}

void print_table(const json_t *list, const struct column *columns, size_t count)
{
    struct buf cell = BUF_INIT(CELL_MAX);
    size_t width[COLUMNS_MAX] = {}, i, c;
    json_t *item, *rows = (json_t *)(uintptr_t)list;

    if (json_array_size(list) == 0) {
        printf("none\n");
        return;
    }
    for (c = 0; c < count; c++)
        width[c] = width_of(columns[c].title);
    json_array_foreach(rows, i, item)
    {
        for (c = 0; c < count; c++) {
            fill(&cell, item, &columns[c]);
            width[c] = width_of(buf_cstr(&cell)) > width[c] ? width_of(buf_cstr(&cell)) : width[c];
        }
    }
    for (c = 0; c < count; c++)
        print_cell(columns[c].title, width[c], c + 1 == count);
    json_array_foreach(rows, i, item)
    {
        for (c = 0; c < count; c++) {
            fill(&cell, item, &columns[c]);
            print_cell(buf_cstr(&cell), width[c], c + 1 == count);
        }
    }
    buf_release(&cell);
}

void print_record(const json_t *object, const struct column *columns, size_t count)
{
    struct buf cell = BUF_INIT(CELL_MAX);
    size_t width = 0;

    for (size_t c = 0; c < count; c++)
        width = width_of(columns[c].title) > width ? width_of(columns[c].title) : width;
    for (size_t c = 0; c < count; c++) {
        print_cell(columns[c].title, width, false);
        fill(&cell, object, &columns[c]);
        print_cell(buf_cstr(&cell), 0, true);
    }
    buf_release(&cell);
}
