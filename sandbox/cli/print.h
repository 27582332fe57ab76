/*
 * print.h — answers of the control door for people: tables and records, told by small tables.
 */
#ifndef CLI_PRINT_H
#define CLI_PRINT_H

#include <jansson.h>

enum print_kind {
    PRINT_TEXT, /* texts and numbers as they are; "-" for null */
    PRINT_FEN,  /* 801 as 8.01 */
    PRINT_LIST, /* the elements, commas between */
    PRINT_MAP,  /* name=value, commas between */
    PRINT_SIZE, /* how many elements */
};

struct column {
    const char *title, *path; /* "paid at", "payment.paid_at" */
    enum print_kind kind;
};

/* One line per element of @list, columns aligned; "none" when there is no element. */
void print_table(const json_t *list, const struct column *columns, size_t count);

/* One line per column: title and value. */
void print_record(const json_t *object, const struct column *columns, size_t count);

#endif
