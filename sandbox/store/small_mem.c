#include "store/small_mem.h"

#include <sqlite3.h>
#include <string.h>

#define STEP      16
#define SMALL_MAX 1088 /* bytes of a block with its head: a piece of the journal in memory fits */
#define CLASSES   (SMALL_MAX / STEP + 1)

/* In front of what SQLite sees, which so is aligned to 8, as it wants. */
union head {
    size_t size;      /* in use: all of the block */
    union head *next; /* free */
};

static sqlite3_mem_methods inner; /* SQLite's own: where blocks come from */

/* A thread's own: a block may end in the list of another thread, which then has one more. */
static _Thread_local union head *free_list[CLASSES];

static size_t whole(int wanted)
{
    return ((size_t)wanted + sizeof(union head) + STEP - 1) / STEP * STEP;
}

static void *take(int wanted)
{
    size_t size = whole(wanted);
    union head *head = size <= SMALL_MAX ? free_list[size / STEP] : NULL;
    if (head)
        free_list[size / STEP] = head->next;
    else
        head = inner.xMalloc((int)size);
    if (!head)
        return NULL;
    head->size = size;
    return head + 1;
}

static void give(void *block)
{
    union head *head = (union head *)block - 1;
    size_t size = head->size;
    if (size > SMALL_MAX) {
        inner.xFree(head);
        return;
    }
    head->next = free_list[size / STEP];
    free_list[size / STEP] = head;
}

static int size_of(void *block)
{
    return (int)(((union head *)block - 1)->size - sizeof(union head));
}

static void *change(void *block, int wanted)
{
    if (whole(wanted) == ((union head *)block - 1)->size)
        return block;
    int had = size_of(block);
    void *other = take(wanted);
    if (!other)
        return NULL;
    memcpy(other, block, (size_t)(had < wanted ? had : wanted));
    give(block);
    return other;
}

static int round_up(int wanted)
{
    return (int)(whole(wanted) - sizeof(union head));
}

void small_mem_install(void)
{
    if (inner.xMalloc || sqlite3_config(SQLITE_CONFIG_GETMALLOC, &inner) != SQLITE_OK)
        return;
    sqlite3_mem_methods layered = inner;
    layered.xMalloc = take;
    layered.xFree = give;
    layered.xRealloc = change;
    layered.xSize = size_of;
    layered.xRoundup = round_up;
    if (sqlite3_config(SQLITE_CONFIG_MALLOC, &layered) != SQLITE_OK)
        inner = (sqlite3_mem_methods){};
}
