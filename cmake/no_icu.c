/*
 * What libxml2 calls of ICU, saying "no such encoding".
 *
 * libxml2 asks ICU for encodings that neither it nor the C library's iconv knows. Every document
 * of ours is UTF-8 or refused before libxml2 sees it, so nobody misses ICU, whose code, data and
 * C++ library would be two fifths of a program's start.
 */
#include <unicode/ucnv.h>

UConverter *ucnv_open(const char *, UErrorCode *err)
{
    *err = U_FILE_ACCESS_ERROR;
    return NULL;
}

/* ---- never called, because nothing was ever opened --------------------------------------------- */

void ucnv_close(UConverter *)
{
}

void ucnv_convertEx(UConverter *, UConverter *, char **, const char *, const char **, const char *,
                    UChar *, UChar **, UChar **, const UChar *, UBool, UBool, UErrorCode *err)
{
    *err = U_FILE_ACCESS_ERROR;
}

void ucnv_setFromUCallBack(UConverter *, UConverterFromUCallback, const void *,
                           UConverterFromUCallback *, const void **, UErrorCode *err)
{
    *err = U_FILE_ACCESS_ERROR;
}

void ucnv_setToUCallBack(UConverter *, UConverterToUCallback, const void *, UConverterToUCallback *,
                         const void **, UErrorCode *err)
{
    *err = U_FILE_ACCESS_ERROR;
}

void UCNV_FROM_U_CALLBACK_STOP(const void *, UConverterFromUnicodeArgs *, const UChar *, int32_t,
                               UChar32, UConverterCallbackReason, UErrorCode *)
{
}

void UCNV_TO_U_CALLBACK_STOP(const void *, UConverterToUnicodeArgs *, const char *, int32_t,
                             UConverterCallbackReason, UErrorCode *)
{
}
