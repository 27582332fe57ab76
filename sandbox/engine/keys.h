/*
 * keys.h — what an account needs for API V3: its own key and certificate, the platform's ones that
 * are in force for it, its WeChat Pay public key, its APIv3 key (V3 2.9, 2.10, 12.1).
 *
 * The built-in account and the platform have the published keys of fixtures/keys. Another account's
 * own key is made when somebody first asks for it, on a thread of the pool, because that takes a
 * tenth of a second. Kept with the account's settings, and read only when V3 is used: a sandbox
 * that speaks V2 never opens a PEM.
 */
#ifndef ENGINE_KEYS_H
#define ENGINE_KEYS_H

#include "engine/account.h"
#include "wxpay/v3_seal.h"
#include "wxpay/v3_sign.h"

#define PLATFORM_KEYS_MAX 4
#define DEFAULT_APIV3_KEY "0123456789abcdefFEDCBA9876543210"

/* Which of its keys the platform signs with (V3 2.10). */
enum signing_mode { SIGNING_CERT, SIGNING_SWITCHING, SIGNING_PUBKEY };
extern const char *const signing_mode_names[]; /* "cert", …; NULL after the last */

/* A key pair and what names it on the wire. */
struct identity {
    char serial[V3_SERIAL_MAX + 1];
    struct v3_private *private; /* owned; NULL: a merchant that keeps it to itself */
    struct v3_public *public;   /* owned */
    struct buf certificate;     /* owned: PEM; empty for a public key */
    int64_t from_ms, until_ms;  /* of the certificate */
};

struct keys {
    char apiv3_key[V3_APIV3_KEY_LEN + 1]; /* "": not set, so nothing is notified (V3 6.5) */
    enum signing_mode mode;
    struct identity merchant;
    size_t platform_count;
    struct identity platform[PLATFORM_KEYS_MAX]; /* certificates in force, the oldest first */
    size_t signing;                              /* index of the one that signs */
    struct identity wechatpay;                   /* the WeChat Pay public key */
    int share_permille; /* mode SWITCHING: notifications signed with the public key */
};

/*
 * Borrowed, until the account changes or goes. NULL: this account's key was not made yet
 * (ERR_NOT_FOUND in *err), or there is no memory.
 */
const struct keys *account_keys(struct account *account, int *err);

/* Have they been made, or are they built in? */
bool account_has_keys(const struct account *account);

/*
 * The keys of an account that has none, its own one being @merchant_key (taken, also on an error).
 * In memory and in the store, so a transaction must be open.
 */
[[nodiscard]] int account_make_keys(struct accounts *accounts, struct account *account,
                                    struct v3_private *merchant_key);

/* Change what is given: an APIv3 key of 32 letters and digits ("" unsets it), the mode. */
struct keys_change {
    const char *apiv3_key; /* NULL: as it is */
    const enum signing_mode *mode;
    const int *share_permille;
};
[[nodiscard]] int account_change_keys(struct accounts *accounts, struct account *account,
                                      const struct keys_change *change);

/*
 * A further platform certificate for @account, its key being @key (taken, also on an error). It is
 * listed at once; with @sign it signs from now on. The oldest goes when there are too many.
 */
[[nodiscard]] int account_add_platform(struct accounts *accounts, struct account *account,
                                       struct v3_private *key, bool sign);

/* The platform's key that a serial names; NULL: none in force. */
const struct identity *keys_platform(const struct keys *keys, struct view serial);

/*
 * Who signs (V3 2.10): a response, given the Wechatpay-Serial of its request, or a notification,
 * where @chance (0 … 999) decides under SWITCHING.
 */
const struct identity *keys_signer_of_response(const struct keys *keys, struct view asked);
const struct identity *keys_signer_of_notification(const struct keys *keys, int chance);

/* A published private key that belongs to nobody on the wire: for faults. New reference or NULL. */
struct v3_private *keys_rogue(void);

/* The certificate of the authority that signed the others, PEM. Static. */
struct view keys_authority(void);

/* For account.c: JSON of the account's own keys in the settings; text NULL when built in or none. */
void account_keys_forget(struct account *account);
[[nodiscard]] int account_keys_keep(struct account *account, const char *text);

#endif
