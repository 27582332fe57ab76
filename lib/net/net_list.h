/*
 * net_list.h — a ring of links that live inside the things they hold.
 *
 * The head is a link too. A link that is in no list points at itself, so it may be dropped twice.
 */
#ifndef NET_LIST_H
#define NET_LIST_H

#include "base/mem.h"

#include <stdbool.h>

struct net_link {
    struct net_link *prev, *next;
};

/* Makes a head empty, or a link alone. */
static inline void net_link_init(struct net_link *link)
{
    link->prev = link->next = link;
}

/* Of a head: nothing in it. Of a link: in no list. */
static inline bool net_link_alone(const struct net_link *link)
{
    return link->next == link;
}

/* Out of the list it is in, if any. */
static inline void net_link_drop(struct net_link *link)
{
    link->prev->next = link->next;
    link->next->prev = link->prev;
    net_link_init(link);
}

/* @link must be alone. */
static inline void net_list_add(struct net_link *head, struct net_link *link)
{
    link->prev = head->prev;
    link->next = head;
    head->prev->next = link;
    head->prev = link;
}

/* The first link, taken out; NULL when the list is empty. */
static inline struct net_link *net_list_shift(struct net_link *head)
{
    struct net_link *first = head->next;
    if (first == head)
        return NULL;
    net_link_drop(first);
    return first;
}

/* All of @from to the empty list @to. */
static inline void net_list_move(struct net_link *to, struct net_link *from)
{
    if (net_link_alone(from))
        return;
    *to = *from;
    to->next->prev = to;
    to->prev->next = to;
    net_link_init(from);
}

#endif
