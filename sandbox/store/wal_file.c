#include "store/wal_file.h"

#include "base/buf.h"

#include <sqlite3.h>

#define KEPT_MAX     (112 * 1024) /* the system layer takes less than 128 KiB at once */
#define FRAME_HEADER 24           /* "The WAL file format", sqlite.org/fileformat2.html */
#define COMMIT_AT    4            /* in it: pages of the database after the commit, else 0 */

/* The system's file lies behind it in the same block; SQLite allocates both. */
struct wal_file {
    sqlite3_file base;
    sqlite3_file *real;
    struct buf kept; /* owned: not written yet */
    sqlite3_int64 kept_at;
    bool commits; /* the frame begun is a transaction's last */
};

static sqlite3_vfs *system_vfs;
static sqlite3_vfs vfs;

static struct wal_file *wal_of(sqlite3_file *file)
{
    return (struct wal_file *)file;
}

static int flush(struct wal_file *wal)
{
    if (!wal->kept.len)
        return SQLITE_OK;
    int rc =
        wal->real->pMethods->xWrite(wal->real, wal->kept.ptr, (int)wal->kept.len, wal->kept_at);
    /* after an error SQLite gives the transaction up and writes its frames anew */
    buf_clear(&wal->kept);
    wal->commits = false;
    return rc;
}

static bool marks_commit(const void *bytes, int len)
{
    static const unsigned char none[4];
    return len == FRAME_HEADER && memcmp((const char *)bytes + COMMIT_AT, none, 4) != 0;
}

static int wal_write(sqlite3_file *file, const void *bytes, int len, sqlite3_int64 at)
{
    struct wal_file *wal = wal_of(file);
    int rc = SQLITE_OK;
    if (wal->kept.len && at != wal->kept_at + (sqlite3_int64)wal->kept.len)
        rc = flush(wal);
    if (rc == SQLITE_OK && wal->kept.len + (size_t)len > KEPT_MAX)
        rc = flush(wal);
    if (rc != SQLITE_OK)
        return rc;
    if (!wal->kept.len)
        wal->kept_at = at;
    if (buf_add(&wal->kept, bytes, (size_t)len)) { /* no memory, or one piece above the bound */
        rc = flush(wal);
        return rc == SQLITE_OK ? wal->real->pMethods->xWrite(wal->real, bytes, len, at) : rc;
    }
    if (wal->commits) /* this was the content of the last frame */
        return flush(wal);
    wal->commits = marks_commit(bytes, len);
    return SQLITE_OK;
}

static int wal_close(sqlite3_file *file)
{
    struct wal_file *wal = wal_of(file);
    int flushed = flush(wal);
    int rc = wal->real->pMethods->xClose(wal->real);
    buf_release(&wal->kept);
    return flushed == SQLITE_OK ? rc : flushed;
}

static int wal_read(sqlite3_file *file, void *bytes, int len, sqlite3_int64 at)
{
    int rc = flush(wal_of(file));
    sqlite3_file *real = wal_of(file)->real;
    return rc == SQLITE_OK ? real->pMethods->xRead(real, bytes, len, at) : rc;
}

static int wal_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    int rc = flush(wal_of(file));
    sqlite3_file *real = wal_of(file)->real;
    return rc == SQLITE_OK ? real->pMethods->xTruncate(real, size) : rc;
}

static int wal_sync(sqlite3_file *file, int flags)
{
    int rc = flush(wal_of(file));
    sqlite3_file *real = wal_of(file)->real;
    return rc == SQLITE_OK ? real->pMethods->xSync(real, flags) : rc;
}

static int wal_size(sqlite3_file *file, sqlite3_int64 *size)
{
    int rc = flush(wal_of(file));
    sqlite3_file *real = wal_of(file)->real;
    return rc == SQLITE_OK ? real->pMethods->xFileSize(real, size) : rc;
}

static int wal_lock(sqlite3_file *file, int level)
{
    sqlite3_file *real = wal_of(file)->real;
    return real->pMethods->xLock(real, level);
}

static int wal_unlock(sqlite3_file *file, int level)
{
    sqlite3_file *real = wal_of(file)->real;
    return real->pMethods->xUnlock(real, level);
}

static int wal_reserved(sqlite3_file *file, int *out)
{
    sqlite3_file *real = wal_of(file)->real;
    return real->pMethods->xCheckReservedLock(real, out);
}

static int wal_control(sqlite3_file *file, int op, void *arg)
{
    int rc = flush(wal_of(file));
    sqlite3_file *real = wal_of(file)->real;
    return rc == SQLITE_OK ? real->pMethods->xFileControl(real, op, arg) : rc;
}

static int wal_sector(sqlite3_file *file)
{
    sqlite3_file *real = wal_of(file)->real;
    return real->pMethods->xSectorSize(real);
}

static int wal_device(sqlite3_file *file)
{
    sqlite3_file *real = wal_of(file)->real;
    return real->pMethods->xDeviceCharacteristics(real);
}

static const sqlite3_io_methods wal_methods = {
    .iVersion = 1, /* shared memory and mappings are of the database, not of its log */
    .xClose = wal_close,
    .xRead = wal_read,
    .xWrite = wal_write,
    .xTruncate = wal_truncate,
    .xSync = wal_sync,
    .xFileSize = wal_size,
    .xLock = wal_lock,
    .xUnlock = wal_unlock,
    .xCheckReservedLock = wal_reserved,
    .xFileControl = wal_control,
    .xSectorSize = wal_sector,
    .xDeviceCharacteristics = wal_device,
};

static int open_file(sqlite3_vfs *self, const char *name, sqlite3_file *file, int flags,
                     int *out_flags)
{
    (void)self;
    if (!(flags & SQLITE_OPEN_WAL))
        return system_vfs->xOpen(system_vfs, name, file, flags, out_flags);
    struct wal_file *wal = wal_of(file);
    *wal = (struct wal_file){ .kept = BUF_INIT(KEPT_MAX) };
    wal->real = (sqlite3_file *)(wal + 1);
    int rc = system_vfs->xOpen(system_vfs, name, wal->real, flags, out_flags);
    if (wal->real->pMethods)
        wal->base.pMethods = &wal_methods;
    return rc;
}

const char *wal_file_vfs(void)
{
    if (vfs.zName)
        return vfs.zName;
    system_vfs = sqlite3_vfs_find(NULL);
    if (!system_vfs)
        return NULL;
    vfs = *system_vfs;
    vfs.pNext = NULL;
    vfs.zName = "wxpay-wal";
    vfs.szOsFile = system_vfs->szOsFile + (int)sizeof(struct wal_file);
    vfs.xOpen = open_file;
    if (sqlite3_vfs_register(&vfs, 0) == SQLITE_OK)
        return vfs.zName;
    vfs.zName = NULL;
    return NULL;
}
