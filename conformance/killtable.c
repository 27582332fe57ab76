/*
 * killtable.c — the rows of both dialects, and finding one.
 */
#include "killtable.h"

#include <string.h>

const struct kill_row *kill_row_at(size_t index)
{
    if (index < kill_table_v2_count)
        return &kill_table_v2[index];
    index -= kill_table_v2_count;
    return index < kill_table_v3_count ? &kill_table_v3[index] : NULL;
}

const struct kill_row *kill_row_of(const char *mutant)
{
    const struct kill_row *row;

    for (size_t i = 0; (row = kill_row_at(i)); i++) {
        if (strcmp(row->mutant, mutant) == 0)
            return row;
    }
    return NULL;
}

bool kill_table_has_case(const char *case_id)
{
    const struct kill_row *row;

    for (size_t i = 0; (row = kill_row_at(i)); i++) {
        for (size_t j = 0; j < KILL_CASES_MAX && row->cases[j]; j++) {
            if (strcmp(row->cases[j], case_id) == 0)
                return true;
        }
    }
    return false;
}
