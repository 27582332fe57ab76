#include "files.h"

#include "base/err.h"
#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PICTURES_MAX 2000

int files_make_dirs(const char *path)
{
    char part[1024];
    if (view_copy(view_str(path), part, sizeof(part)) || !part[0])
        return ERR_TOO_LONG;
    for (char *slash = part + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        if (mkdir(part, 0755) && errno != EEXIST)
            return -errno;
        *slash = '/';
    }
    return mkdir(part, 0755) && errno != EEXIST ? -errno : 0;
}

static int write_file(const char *directory, const char *name, struct view bytes)
{
    char path[1100];
    snprintf(path, sizeof(path), "%s/%s", directory, name);
    FILE *file = fopen(path, "wb");
    if (!file)
        return ERR_IO;
    bool ok = fwrite(bytes.ptr ? bytes.ptr : "", 1, bytes.len, file) == bytes.len;
    if (fclose(file))
        ok = false;
    return ok ? 0 : ERR_IO;
}

int files_read(const char *path, struct buf *out)
{
    char block[16 * 1024];
    FILE *file = fopen(path, "rb");
    int err = 0;

    if (!file)
        return ERR_IO;
    for (size_t got; !err && (got = fread(block, 1, sizeof(block), file)) > 0;)
        err = buf_add(out, block, got);
    if (!err && ferror(file))
        err = ERR_IO;
    fclose(file);
    return err;
}

int files_sha256(const char *path, char out[65])
{
    unsigned char block[16 * 1024], digest[32];
    unsigned len = 0;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    FILE *file = fopen(path, "rb");
    bool ok = context && file && EVP_DigestInit_ex(context, EVP_sha256(), NULL);

    for (size_t got; ok && (got = fread(block, 1, sizeof(block), file)) > 0;)
        ok = EVP_DigestUpdate(context, block, got);
    ok = ok && !ferror(file) && EVP_DigestFinal_ex(context, digest, &len);
    if (file)
        fclose(file);
    EVP_MD_CTX_free(context);
    for (size_t i = 0; ok && i < sizeof(digest); i++)
        snprintf(out + 2 * i, 3, "%02x", digest[i]);
    return ok ? 0 : ERR_IO;
}

static int write_transcript(struct report *report, const struct buf *lines, size_t count)
{
    char path[1100];
    snprintf(path, sizeof(path), "%s/transcript.jsonl", report->out_dir);
    FILE *file = fopen(path, "wb");
    bool ok = file != NULL;

    for (size_t i = 0; ok && i < count; i++)
        ok = !lines[i].len || fwrite(lines[i].ptr, 1, lines[i].len, file) == lines[i].len;
    if (file && fclose(file))
        ok = false;
    return ok ? files_sha256(path, report->transcript_sha256) : ERR_IO;
}

static int by_name(const void *a, const void *b)
{
    const struct report_picture *left = a, *right = b;
    return strcmp(left->file, right->file);
}

/* The pictures that lie there, by name. */
static int list_pictures(const char *out_dir, struct report_picture **list, size_t *count)
{
    char directory[1100];
    snprintf(directory, sizeof(directory), "%s/pictures", out_dir);
    DIR *dir = opendir(directory);
    int err = 0;

    *count = 0;
    *list = mem_zalloc(PICTURES_MAX, sizeof(**list));
    if (!*list)
        err = ERR_NOMEM;
    for (struct dirent *entry; dir && !err && (entry = readdir(dir)) && *count < PICTURES_MAX;) {
        struct report_picture *picture = &(*list)[*count];
        char path[1400];
        if (entry->d_name[0] == '.' || strlen(entry->d_name) > 180)
            continue;
        snprintf(picture->file, sizeof(picture->file), "pictures/%.180s", entry->d_name);
        snprintf(path, sizeof(path), "%s/%s", out_dir, picture->file);
        err = files_sha256(path, picture->sha256);
        (*count)++;
    }
    if (dir)
        closedir(dir);
    if (*list)
        qsort(*list, *count, sizeof(**list), by_name);
    return err;
}

static int write_reports(const struct report *report)
{
    static const struct {
        const char *name;
        int (*write)(const struct report *report, struct buf *out);
    } files[] = { { "report.json", report_json },
                  { "report.html", report_html },
                  { "junit.xml", report_junit } };
    int err = 0;

    for (size_t i = 0; !err && i < COUNT(files); i++) {
        struct buf bytes = BUF_INIT(REPORT_MAX);
        err = files[i].write(report, &bytes);
        if (!err)
            err = write_file(report->out_dir, files[i].name, buf_view(&bytes));
        buf_release(&bytes);
    }
    return err;
}

int files_write_all(struct report *report, const struct buf *lines, size_t count)
{
    struct report_picture *pictures = NULL;
    int err = write_transcript(report, lines, count);

    if (!err)
        err = list_pictures(report->out_dir, &pictures, &report->picture_count);
    report->pictures = pictures;
    if (!err)
        err = write_reports(report);
    report->pictures = NULL;
    report->picture_count = 0;
    mem_free(pictures);
    return err;
}

void files_clear_pictures(const char *directory)
{
    static const char *const kinds[] = { ".png", ".jpeg", ".gif", ".webp", ".svg", ".bin" };
    DIR *dir = opendir(directory);

    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        char path[1400];
        for (size_t i = 0; i < COUNT(kinds); i++) {
            if (!view_ends(view_str(entry->d_name), view_str(kinds[i])))
                continue;
            snprintf(path, sizeof(path), "%s/%.255s", directory, entry->d_name);
            unlink(path);
        }
    }
    if (dir)
        closedir(dir);
}

static int remove_one(const char *path, const struct stat *, int, struct FTW *)
{
    return remove(path);
}

void files_remove_tree(const char *path)
{
    if (strstr(path, "wxpay-conformance-"))
        nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
