#include "base/buf.h"
#include "base/err.h"
#include "base_test.h"

START_TEST(a_full_buffer_refuses_and_keeps_its_content)
{
    struct buf buf = BUF_INIT(4);
    ck_assert_int_eq(buf_str(&buf, "abcd"), 0);
    ck_assert_int_eq(buf_byte(&buf, 'e'), ERR_TOO_LONG);
    ck_assert_int_eq(buf_str(&buf, "ef"), ERR_TOO_LONG);
    ck_assert_int_eq(buf_fmt(&buf, "%d", 1), ERR_TOO_LONG);
    ck_assert_int_eq(buf_hex(&buf, "\x01", 1, false), ERR_TOO_LONG);
    ck_assert_int_eq(buf_reserve(&buf, SIZE_MAX), ERR_TOO_LONG);
    ck_assert_int_eq(buf_str(&buf, ""), 0);
    ck_assert_str_eq(buf_cstr(&buf), "abcd");
    ck_assert_uint_eq(buf.len, 4);
    buf_release(&buf);
}
END_TEST

START_TEST(content_stays_through_every_growth_and_ends_in_nul)
{
    struct buf buf = BUF_INIT(100000);
    bool fine = true;
    for (size_t i = 0; i < 100000; i++)
        fine = fine && !buf_byte(&buf, (char)(i % 251)) && buf.ptr[buf.len] == '\0' &&
               buf.len < buf.cap;
    ck_assert_int_eq(buf_byte(&buf, 'x'), ERR_TOO_LONG);
    for (size_t i = 0; i < 100000; i++)
        fine = fine && buf.ptr[i] == (char)(i % 251);
    ck_assert(fine);
    ck_assert_uint_eq(buf.len, 100000);
    buf_release(&buf);
}
END_TEST

START_TEST(a_reserved_room_is_not_allocated_again)
{
    struct buf buf = BUF_INIT(10000);
    ck_assert_int_eq(buf_reserve(&buf, 5000), 0);
    mem_fail_at(1);
    int err = 0;
    for (size_t i = 0; i < 5000; i++)
        err = err ? err : buf_byte(&buf, 'x');
    ck_assert_int_eq(err, 0);
    ck_assert(!mem_refused());
    buf_release(&buf);
}
END_TEST

START_TEST(formats_and_hex_are_appended)
{
    struct buf buf = BUF_INIT(1000);
    ck_assert_int_eq(buf_fmt(&buf, "%s-%03d;", "a", 7), 0);
    ck_assert_int_eq(buf_hex(&buf, "\x00\x9f\xff", 3, false), 0);
    ck_assert_int_eq(buf_hex(&buf, "\x00\x9f\xff", 3, true), 0);
    ck_assert_str_eq(buf_cstr(&buf), "a-007;009fff009FFF");
    ck_assert_int_eq(buf_fmt(&buf, "%0500d", 1), 0); /* longer than the room left */
    ck_assert_uint_eq(buf.len, 518);
    buf_release(&buf);
}
END_TEST

START_TEST(a_zeroed_buffer_holds_nothing_and_may_be_used_as_empty)
{
    struct buf buf = {};
    ck_assert_str_eq(buf_cstr(&buf), "");
    ck_assert_uint_eq(buf_view(&buf).len, 0);
    ck_assert_int_eq(buf_byte(&buf, 'x'), ERR_TOO_LONG);
    buf_clear(&buf);
    buf_release(&buf);
    buf_release(&buf);
}
END_TEST

START_TEST(taking_moves_the_bytes_and_leaves_the_ceiling)
{
    struct buf buf = BUF_INIT(8);
    ck_assert_int_eq(buf_str(&buf, "abc"), 0);
    struct buf taken = buf_take(&buf);
    ck_assert_str_eq(buf_cstr(&taken), "abc");
    ck_assert_ptr_null(buf.ptr);
    ck_assert_int_eq(buf_str(&buf, "12345678"), 0);
    buf_clear(&buf);
    ck_assert_str_eq(buf_cstr(&buf), "");
    buf_release(&buf);
    buf_release(&taken);
}
END_TEST

START_TEST(without_memory_the_content_is_unchanged)
{
    for (int64_t n = 1;; n++) {
        struct buf buf = BUF_INIT(4096);
        ck_assert_int_eq(buf_str(&buf, "kept"), 0);
        mem_fail_at(n);
        int err = buf_fmt(&buf, "%01000d", 0);
        int refused = mem_refused();
        mem_fail_at(0);
        ck_assert_int_eq(err, refused ? ERR_NOMEM : 0);
        ck_assert_uint_eq(buf.len, refused ? 4 : 1004);
        ck_assert_int_eq(memcmp(buf.ptr, "kept", 4), 0);
        buf_release(&buf);
        if (!refused)
            break;
    }
}
END_TEST

TCase *buf_tests(void)
{
    TCase *tests = tcase_create("buf");
    tcase_add_test(tests, a_full_buffer_refuses_and_keeps_its_content);
    tcase_add_test(tests, content_stays_through_every_growth_and_ends_in_nul);
    tcase_add_test(tests, a_reserved_room_is_not_allocated_again);
    tcase_add_test(tests, formats_and_hex_are_appended);
    tcase_add_test(tests, a_zeroed_buffer_holds_nothing_and_may_be_used_as_empty);
    tcase_add_test(tests, taking_moves_the_bytes_and_leaves_the_ceiling);
    tcase_add_test(tests, without_memory_the_content_is_unchanged);
    return tests;
}
