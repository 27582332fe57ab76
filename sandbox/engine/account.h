/*
 * account.h — a merchant account: who may call, with which key, under which switches and clock.
 *
 * Accounts are few, so all of them are held in memory, written through to the store by every
 * change; accounts_reload() brings memory back to the store's truth when a commit failed.
 * Everything belongs to an account; two accounts never meet.
 */
#ifndef ENGINE_ACCOUNT_H
#define ENGINE_ACCOUNT_H

#include "base/rng.h"
#include "engine/switches.h"
#include "store/store.h"
#include "wxpay/v2_sign.h"

#define APPIDS_MAX   8
#define ORIGINS_MAX  16
#define ORIGIN_MAX   256
#define ACCOUNTS_MAX 100000

#define DEFAULT_MCH_ID  "1900000109"
#define DEFAULT_APPID   "wx8888888888888888"
#define DEFAULT_API_KEY "192006250b4c09247ec02edce69f6a2d"

/* What an account may sell by: the bit of a trade type (V2 1.8.9, V3 4.0). A new one may all. */
#define PRODUCT_OF(trade_type) (1u << ((trade_type)-TRADE_TYPE_NATIVE))
#define PRODUCTS_ALL           0xfu
extern const char *const product_names[]; /* by bit: "NATIVE", …; NULL after the last */

struct origin {
    char announced[ORIGIN_MAX + 1], real[ORIGIN_MAX + 1];
};

enum notice_mode { NOTICE_MODE_SEND, NOTICE_MODE_HOLD, NOTICE_MODE_SUPPRESS };

struct notice_rule;  /* engine/notice_rule.h */
struct keys;         /* engine/keys.h */
struct sub_merchant; /* engine/partner.h */
struct traffic;      /* engine/traffic.h */

struct account {
    int64_t id;
    char mch_id[MCH_ID_MAX + 1];
    char name[65];
    struct v2_key *v2_key; /* owned */
    size_t appid_count;
    char appid[APPIDS_MAX][APPID_MAX + 1];
    unsigned products; /* bits, PRODUCT_OF() */
    struct switches switches;
    struct vclock clock;
    size_t origin_count;
    struct origin origin[ORIGINS_MAX];
    enum notice_mode notice_mode;    /* for new notifications */
    struct notice_rule *notice_rule; /* owned: single orders that differ from it */
    size_t notice_rule_count;
    struct sub_merchant *sub; /* owned; of a service provider */
    size_t sub_count;
    int64_t wake_ms;           /* notify.c: real time of its next look at this account; 0: none */
    bool woken;                /* notify.c: will be looked at in this turn */
    bool crowded;              /* notify.c: stands in line for a free delivery */
    size_t open_deliveries;    /* notify.c */
    struct fault_list *faults; /* owned; engine/fault.h */
    struct traffic *traffic;   /* owned; engine/traffic.h: NULL until a switch wants it */
    struct keys *keys;         /* owned; engine/keys.h: NULL until V3 is used */
    char *keys_text;           /* owned; engine/keys.h: as the store has them; NULL: none */
};

struct accounts;

/*
 * Loads what the store has; makes the built-in account in an empty store. @store and @rng are
 * borrowed.
 */
[[nodiscard]] int accounts_new(struct accounts **out, struct store *store, struct rng *rng);
void accounts_free(struct accounts *accounts);

/*
 * After a failed commit: memory becomes what the store says, faults too. Pointers to accounts that
 * the store still has stay valid.
 */
[[nodiscard]] int accounts_reload(struct accounts *accounts);

/*
 * Told of every account whose memory is about to go: it was deleted, or it was made in a turn whose
 * commit failed. Whoever keeps a pointer over turns lets go of it there. NULL: nobody.
 */
void accounts_listen(struct accounts *accounts,
                     void (*on_leave)(void *owner, struct account *account), void *owner);

/* Borrowed; NULL if unknown. Valid until on_leave has been told of it. */
struct account *accounts_find(struct accounts *accounts, struct view mch_id);
struct account *accounts_by_id(struct accounts *accounts, int64_t id);
size_t accounts_count(const struct accounts *accounts);
/* In order of making; NULL after the last. */
struct account *accounts_at(struct accounts *accounts, size_t index);

/* Is this appid bound to any account? (V2 1.8 step 6 tells unknown from unbound.) */
bool accounts_knows_appid(const struct accounts *accounts, struct view appid);
bool account_has_appid(const struct account *account, struct view appid);

/* What a new account shall be; empty members are made up: mch_id counts up from 1999000001. */
struct account_spec {
    struct view mch_id, api_key, name;
    size_t appid_count;
    struct view appid[APPIDS_MAX];
    struct switches switches;
};
/*
 * ERR_EXISTS, ERR_LIMIT, ERR_SYNTAX: mch_id not 8-10 digits, key not 32 visible ASCII characters,
 * appid not 1-32 of [0-9A-Za-z_-], name longer than 64 bytes.
 */
[[nodiscard]] int accounts_add(struct accounts *accounts, const struct account_spec *spec,
                               struct account **out);
[[nodiscard]] int accounts_remove(struct accounts *accounts, struct account *account);

/* Change the key. */
[[nodiscard]] int account_set_key(struct accounts *accounts, struct account *account,
                                  struct view api_key);
/* Write what the caller has changed in appid, products, switches, origin, clock, notice_*. */
[[nodiscard]] int account_save(struct accounts *accounts, struct account *account);

/*
 * What code_urls are shuffled by (engine/code.h) and where transaction_ids begin: chosen once for
 * the life of the store.
 */
uint64_t accounts_code_salt(const struct accounts *accounts);

/* Borrowed, as it was given. */
struct store *accounts_store(struct accounts *accounts);

/* The clock of accounts made later; the caller changes it. Not kept over a restart. */
struct vclock *accounts_default_clock(struct accounts *accounts);

/* The account's virtual now. */
int64_t account_now_ms(const struct account *account);

/*
 * The real URL of an announced one by the origin map: origin replaced, path and query kept.
 * Appended to @out; the announced one itself when no origin matches.
 */
[[nodiscard]] int account_map_url(const struct account *account, struct view announced,
                                  struct buf *out);

#endif
