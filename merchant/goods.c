#include "goods.h"

#include "base/mem.h"

/*
 * Prices that binary fractions get wrong (0.29, 1.15, 19.99 yuan), names that a careless page or
 * XML writer breaks.
 */
static const struct goods list[] = {
    { "sticker", "贴纸 Sticker", 1 },
    { "pin", "徽章 Pin <small>", 7 },
    { "postcard", "明信片 \"Postcard\"", 29 },
    { "pen", "钢笔 Pen", 110 },
    { "notebook", "笔记本 'Notebook'", 115 },
    { "tea", "龙井茶 Tea & Honey", 990 },
    { "teapot", "茶壶 Teapot ]]> edition", 1999 },
    { "gift & <box>", "礼盒 Gift & <Box> \"]]>\"", 4999 },
};

const struct goods *goods_list(size_t *count)
{
    *count = COUNT(list);
    return list;
}

const struct goods *goods_find(struct view sku)
{
    for (size_t i = 0; i < COUNT(list); i++) {
        if (view_is(sku, list[i].sku))
            return &list[i];
    }
    return NULL;
}
