/* URLs, percent coding, forms, header look-up, and which addresses may be reached. */
#include "net/http_msg.h"
#include "net/net_address.h"
#include "net_test.h"

#include "base/err.h"

static const struct {
    const char *text;
    int err;
    bool tls;
    const char *host;
    unsigned port;
    const char *origin, *target, *query;
    bool port_given, has_query, has_userinfo, has_fragment;
} urls[] = {
    { .text = "http://a",
      .host = "a",
      .port = 80,
      .origin = "http://a",
      .target = "",
      .query = "" },
    { .text = "https://a.example/",
      .tls = true,
      .host = "a.example",
      .port = 443,
      .origin = "https://a.example",
      .target = "/",
      .query = "" },
    { .text = "HTTPS://A:8443/p?q=1&r",
      .tls = true,
      .host = "A",
      .port = 8443,
      .origin = "HTTPS://A:8443",
      .target = "/p?q=1&r",
      .query = "q=1&r",
      .port_given = true,
      .has_query = true },
    { .text = "http://[::1]:8080/x",
      .host = "::1",
      .port = 8080,
      .origin = "http://[::1]:8080",
      .target = "/x",
      .query = "",
      .port_given = true },
    { .text = "http://[::ffff:127.0.0.1]",
      .host = "::ffff:127.0.0.1",
      .port = 80,
      .origin = "http://[::ffff:127.0.0.1]",
      .target = "",
      .query = "" },
    { .text = "http://a?q",
      .host = "a",
      .port = 80,
      .origin = "http://a",
      .target = "?q",
      .query = "q",
      .has_query = true },
    { .text = "http://a/?",
      .host = "a",
      .port = 80,
      .origin = "http://a",
      .target = "/?",
      .query = "",
      .has_query = true },
    { .text = "http://u:p@a/b",
      .host = "a",
      .port = 80,
      .origin = "http://u:p@a",
      .target = "/b",
      .query = "",
      .has_userinfo = true },
    { .text = "http://@a/",
      .host = "a",
      .port = 80,
      .origin = "http://@a",
      .target = "/",
      .query = "",
      .has_userinfo = true },
    { .text = "http://a/b#c?d",
      .host = "a",
      .port = 80,
      .origin = "http://a",
      .target = "/b",
      .query = "",
      .has_fragment = true },
    { .text = "http://a#",
      .host = "a",
      .port = 80,
      .origin = "http://a",
      .target = "",
      .query = "",
      .has_fragment = true },
    { .text = "http://a:/b",
      .host = "a",
      .port = 80,
      .origin = "http://a:",
      .target = "/b",
      .query = "" },
    { .text = "http://a/%zz",
      .host = "a",
      .port = 80,
      .origin = "http://a",
      .target = "/%zz",
      .query = "" },
    { .text = "", .err = ERR_SYNTAX },
    { .text = "http://", .err = ERR_SYNTAX },
    { .text = "http:///x", .err = ERR_SYNTAX },
    { .text = "http:/a", .err = ERR_SYNTAX },
    { .text = "//a/b", .err = ERR_SYNTAX },
    { .text = "/a", .err = ERR_SYNTAX },
    { .text = "a.example", .err = ERR_SYNTAX },
    { .text = "ftp://a/", .err = ERR_SYNTAX },
    { .text = "httpsx://a/", .err = ERR_SYNTAX },
    { .text = "http://:80/", .err = ERR_SYNTAX },
    { .text = "http://a:0/", .err = ERR_SYNTAX },
    { .text = "http://a:65536/", .err = ERR_SYNTAX },
    { .text = "http://a:080/", .err = ERR_SYNTAX },
    { .text = "http://a:x/", .err = ERR_SYNTAX },
    { .text = "http://a:1:2/", .err = ERR_SYNTAX },
    { .text = "http://a b/", .err = ERR_SYNTAX },
    { .text = "http://a/b c", .err = ERR_SYNTAX },
    { .text = " http://a/", .err = ERR_SYNTAX },
    { .text = "http://a/\n", .err = ERR_SYNTAX },
    { .text = "http://a/\xe4\xb8\xad", .err = ERR_SYNTAX },
    { .text = "http://a\\@b/", .err = ERR_SYNTAX },
    { .text = "http://a@b@c/", .err = ERR_SYNTAX },
    { .text = "http://[::1/", .err = ERR_SYNTAX },
    { .text = "http://[::1]x/", .err = ERR_SYNTAX },
    { .text = "http://[]/", .err = ERR_SYNTAX },
    { .text = "http://[::1%25eth0]/", .err = ERR_SYNTAX },
    { .text = "http://a,b/", .err = ERR_SYNTAX },
};

START_TEST(a_url_is_taken_apart_or_refused) /* looped over urls */
{
    struct http_url url = { .port = 7 };
    int err = http_url_parse(view_str(urls[_i].text), &url);
    ck_assert_msg(err == urls[_i].err, "%s: %s", urls[_i].text, err_name(err));
    if (err) {
        ck_assert_uint_eq(url.port, 7); /* untouched */
        return;
    }
    ck_assert_int_eq(url.tls, urls[_i].tls);
    ck_assert(view_is(url.host, urls[_i].host));
    ck_assert_uint_eq(url.port, urls[_i].port);
    ck_assert(view_is(url.origin, urls[_i].origin));
    ck_assert(view_is(url.target, urls[_i].target));
    ck_assert(view_is(url.query, urls[_i].query));
    ck_assert_int_eq(url.port_given, urls[_i].port_given);
    ck_assert_int_eq(url.has_query, urls[_i].has_query);
    ck_assert_int_eq(url.has_userinfo, urls[_i].has_userinfo);
    ck_assert_int_eq(url.has_fragment, urls[_i].has_fragment);
}
END_TEST

START_TEST(a_url_is_bounded)
{
    char text[2049];
    struct http_url url;
    memset(text, 'a', sizeof(text));
    memcpy(text, "http://a/", 9);
    ck_assert_int_eq(http_url_parse((struct view){ text, 2048 }, &url), 0);
    ck_assert_int_eq(http_url_parse((struct view){ text, 2049 }, &url), ERR_TOO_LONG);
}
END_TEST

static const struct {
    const char *in;
    bool form;
    int err;
    const char *out;
} codes[] = {
    { "", false, 0, "" },
    { "abc", false, 0, "abc" },
    { "a%20b", false, 0, "a b" },
    { "%e4%B8%ad", false, 0, "\xe4\xb8\xad" },
    { "a+b", false, 0, "a+b" },
    { "a+b", true, 0, "a b" },
    { "%2B", true, 0, "+" },
    { "%25%32%35", false, 0, "%25" },
    { "%", false, ERR_SYNTAX, NULL },
    { "%2", false, ERR_SYNTAX, NULL },
    { "%2g", false, ERR_SYNTAX, NULL },
    { "ab%", false, ERR_SYNTAX, NULL },
    { "%00", false, ERR_SYNTAX, NULL },
};

START_TEST(percent_coding_is_undone_or_refused) /* looped over codes */
{
    struct buf out = BUF_INIT(64);
    ck_assert_int_eq(buf_str(&out, "kept:"), 0);
    int err = http_percent_decode(&out, view_str(codes[_i].in), codes[_i].form);
    ck_assert_int_eq(err, codes[_i].err);
    ck_assert(view_starts(buf_view(&out), VIEW("kept:")));
    ck_assert_str_eq(buf_cstr(&out) + 5, err ? "" : codes[_i].out);
    buf_release(&out);
}
END_TEST

START_TEST(a_nul_is_refused_as_it_is)
{
    struct buf out = BUF_INIT(64);
    ck_assert_int_eq(http_percent_decode(&out, VIEW("a\0b"), true), ERR_SYNTAX);
    ck_assert_int_eq(http_form_get(VIEW("a=\0"), "a", &out), ERR_SYNTAX);
    ck_assert_int_eq(http_form_get(VIEW("a\0=1"), "a", &out), ERR_SYNTAX);
    ck_assert_uint_eq(out.len, 0);
    buf_release(&out);
}
END_TEST

START_TEST(every_byte_survives_coding_and_decoding)
{
    char bytes[255];
    struct buf coded = BUF_INIT(1024), back = BUF_INIT(1024), again = BUF_INIT(8);
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)(i + 1);
    ck_assert_int_eq(http_percent_encode(&coded, (struct view){ bytes, sizeof(bytes) }), 0);
    ck_assert_uint_eq(coded.len, 66 + (255 - 66) * 3); /* RFC 3986 2.3: 66 unreserved characters */
    ck_assert_int_eq(http_percent_decode(&back, buf_view(&coded), true), 0);
    ck_assert(view_eq(buf_view(&back), (struct view){ bytes, sizeof(bytes) }));
    ck_assert_int_eq(http_percent_encode(&again, VIEW("a b c d")), ERR_TOO_LONG);
    ck_assert_uint_eq(again.len, 0);
    buf_release(&coded);
    buf_release(&back);
    buf_release(&again);
}
END_TEST

static const struct {
    const char *form, *name;
    int err;
    const char *value;
} forms[] = {
    { "a=1&b=2", "b", 0, "2" },
    { "a=1&a=2", "a", 0, "1" },
    { "a=", "a", 0, "" },
    { "a", "a", 0, "" },
    { "a=b=c", "a", 0, "b=c" },
    { "%61=1", "a", 0, "1" },
    { "a+b=c+d%2B", "a b", 0, "c d+" },
    { "ab=1", "a", ERR_NOT_FOUND, NULL },
    { "a=1", "ab", ERR_NOT_FOUND, NULL },
    { "A=1", "a", ERR_NOT_FOUND, NULL },
    { "&&a=1", "a", 0, "1" },
    { "", "a", ERR_NOT_FOUND, NULL },
    { "a=%zz", "a", ERR_SYNTAX, NULL },
    { "%zz=1&a=2", "a", ERR_SYNTAX, NULL },
    { "b=%zz&a=2", "a", 0, "2" },
    { "a=%00", "a", ERR_SYNTAX, NULL },
};

START_TEST(a_form_value_is_found_by_its_decoded_name) /* looped over forms */
{
    struct buf out = BUF_INIT(64);
    int err = http_form_get(view_str(forms[_i].form), forms[_i].name, &out);
    ck_assert_int_eq(err, forms[_i].err);
    ck_assert_str_eq(buf_cstr(&out), err ? "" : forms[_i].value);
    buf_release(&out);
}
END_TEST

START_TEST(a_header_is_found_in_any_letter_case)
{
    struct http_headers headers = { .item = { { VIEW("Content-Type"), VIEW("text/xml") },
                                              { VIEW("content-type"), VIEW("second") },
                                              { VIEW("Empty"), VIEW("") } },
                                    .count = 3 };
    ck_assert(view_is(http_header_get(&headers, "CONTENT-TYPE"), "text/xml"));
    ck_assert_ptr_nonnull(http_header_get(&headers, "empty").ptr);
    ck_assert_ptr_null(http_header_get(&headers, "Content-Typ").ptr);
}
END_TEST

static const struct {
    const char *host;
    bool allowed;
} addresses[] = {
    { "127.0.0.1", true },
    { "127.255.0.9", true },
    { "10.1.2.3", true },
    { "192.168.0.1", true },
    { "172.16.0.1", true },
    { "169.253.255.255", true },
    { "169.255.0.0", true },
    { "100.100.100.201", true },
    { "223.255.255.255", true },
    { "1.1.1.1", true },
    { "::1", true },
    { "fd00::1", true },
    { "fec0::1", true },
    { "2001:db8::1", true },
    { "::ffff:127.0.0.1", true },
    { "64:ff9b::7f00:1", true },
    { "0.0.0.0", false },
    { "0.1.2.3", false },
    { "169.254.0.0", false },
    { "169.254.169.254", false },
    { "169.254.255.255", false },
    { "100.100.100.200", false },
    { "192.0.0.192", false },
    { "168.63.129.16", false },
    { "224.0.0.1", false },
    { "239.255.255.255", false },
    { "240.0.0.1", false },
    { "255.255.255.255", false },
    { "::", false },
    { "fe80::1", false },
    { "febf::1", false },
    { "ff02::1", false },
    { "fd00:ec2::254", false },
    { "fd20:ce::254", false },
    { "::ffff:169.254.169.254", false },
    { "::ffff:0.0.0.0", false },
    { "::169.254.169.254", false },
    { "64:ff9b::a9fe:a9fe", false },
    { "2002:a9fe:a9fe::", false },
};

START_TEST(only_addresses_that_a_merchant_can_have_are_reached) /* looped over addresses */
{
    struct sockaddr_storage address;
    ck_assert_int_eq(net_address_parse(view_str(addresses[_i].host), 80, &address), 0);
    ck_assert_msg(net_address_allowed((const struct sockaddr *)&address) == addresses[_i].allowed,
                  "%s", addresses[_i].host);
}
END_TEST

START_TEST(a_name_is_no_address)
{
    struct sockaddr_storage address;
    static const char *const names[] = { "localhost", "127.1",    "0x7f.0.0.1", "2130706433",
                                         "1.2.3.4.5", "1.2.3.4 ", "",           "::1%lo" };
    for (size_t i = 0; i < COUNT(names); i++)
        ck_assert_int_eq(net_address_parse(view_str(names[i]), 80, &address), ERR_SYNTAX);
    struct sockaddr local = { .sa_family = AF_UNIX };
    ck_assert(!net_address_allowed(&local));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("http_msg");
    TCase *all = tcase_create("msg");
    tcase_add_loop_test(all, a_url_is_taken_apart_or_refused, 0, COUNT(urls));
    tcase_add_test(all, a_url_is_bounded);
    tcase_add_loop_test(all, percent_coding_is_undone_or_refused, 0, COUNT(codes));
    tcase_add_test(all, a_nul_is_refused_as_it_is);
    tcase_add_test(all, every_byte_survives_coding_and_decoding);
    tcase_add_loop_test(all, a_form_value_is_found_by_its_decoded_name, 0, COUNT(forms));
    tcase_add_test(all, a_header_is_found_in_any_letter_case);
    tcase_add_loop_test(all, only_addresses_that_a_merchant_can_have_are_reached, 0,
                        COUNT(addresses));
    tcase_add_test(all, a_name_is_no_address);
    suite_add_tcase(suite, all);
    return run_suite(suite, true);
}
