/*
 * page.h — the shop's two pages: goods, and the checkout of one order. HTML, CSS and JavaScript
 * lie in page/ and are built into the program.
 */
#ifndef MERCHANT_PAGE_H
#define MERCHANT_PAGE_H

#include "net/http_server.h"
#include "shop.h"

void page_shop(struct shop *shop, struct http_call *call);
void page_checkout(struct shop *shop, struct http_call *call, struct order *order);

/* "style.css", "shop.js", "checkout.js"; 404 for anything else. */
void page_asset(struct shop *shop, struct http_call *call, struct view name);

#endif
