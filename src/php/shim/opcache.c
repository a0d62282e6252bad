/* opcache: its shared memory is never wiped under running threads, and changed files leave it. */
#include "shim.h"

#include "zend_exceptions.h"
#include "zend_ini.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

static void (*next_restart)(int);

/* Wiping the shared memory would pull the code from under every running thread. */
static ZEND_NAMED_FUNCTION(on_opcache_reset)
{
    ZEND_PARSE_PARAMETERS_NONE();
    static const char text[] = "opcache_reset() has no effect while the server runs: reload it to drop files that have changed";
    if (rr_self) {
        rr_rs_log(RR_LOG_WARNING, text, sizeof text - 1);
    }
    RETURN_FALSE;
}

/* A restart is scheduled once the wasted share of the memory passes a limit. No share passes 100. The setting's own
 * parser allows at most 50 %, so the parsed value is written: a double in this thread's globals. */
void rr_opcache_guard(void)
{
    zend_ini_entry *entry = zend_hash_str_find_ptr(EG(ini_directives), ZEND_STRL("opcache.max_wasted_percentage"));
    if (!entry || !entry->mh_arg2) {
        return;
    }
    double *limit = (double *) ((char *) ts_resource(*(int *) entry->mh_arg2) + (size_t) entry->mh_arg1);
    if (*limit == 100.0) {
        return;
    }
    if (*limit >= 0.01 && *limit <= 0.5) {
        *limit = 100.0;
    } else {
        static const char text[] = "opcache keeps its restart limit in an unknown way: its memory is guarded by a lock only";
        rr_rs_log(RR_LOG_WARNING, text, sizeof text - 1);
    }
}

/* A restart waits while another open file description holds a read lock here. opcache's own locks are per process and
 * so never stop its own threads. The description stays open for good: closing it would drop opcache's locks, too. */
static void hold_opcache_lock(void)
{
    DIR *directory = opendir("/proc/self/fd");
    if (!directory) {
        return;
    }
    for (struct dirent *entry; (entry = readdir(directory));) {
        char path[sizeof "/proc/self/fd/" + sizeof entry->d_name], target[64];
        snprintf(path, sizeof path, "/proc/self/fd/%s", entry->d_name);
        ssize_t length = readlink(path, target, sizeof target - 1);
        if (length < 0) {
            continue;
        }
        target[length] = 0;
        if (!strstr(target, "opcache_lock") && !strstr(target, ".ZendSem")) {
            continue;
        }
        int file = open(path, O_RDWR | O_CLOEXEC);
        struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 1, .l_len = 1};
        if (file >= 0 && fcntl(file, F_OFD_SETLK, &lock) == 0) {
            break;
        }
        if (file >= 0) {
            close(file);
        }
    }
    closedir(directory);
}

static void on_opcache_restart(int reason)
{
    static const char text[] = "opcache wants to drop its cache, which must wait for a restart of the server";
    rr_rs_log(RR_LOG_ERROR, text, sizeof text - 1);
    if (next_restart) {
        next_restart(reason);
    }
}

void rr_opcache_open(void)
{
    if (!rr_replace(ZEND_STRL("opcache_reset"), on_opcache_reset)) {
        return;
    }
    rr_opcache_guard();
    hold_opcache_lock();
#if PHP_VERSION_ID >= 80400
    next_restart = zend_accel_schedule_restart_hook;
    zend_accel_schedule_restart_hook = on_opcache_restart;
#else
    (void) on_opcache_restart;
#endif
}

/* --- changed files --------------------------------------------------------------------------------------------------- */

static bool call(const char *name, uint32_t count, zval *arguments, zval *result)
{
    zval function;
    ZVAL_STRING(&function, name);
    bool done = call_user_function(NULL, NULL, &function, result, count, arguments) == SUCCESS && !EG(exception);
    zval_ptr_dtor(&function);
    return done;
}

static zend_long number(zval *status, const char *section, const char *name)
{
    zval *found = zend_hash_str_find(Z_ARRVAL_P(status), section, strlen(section));
    found = found && Z_TYPE_P(found) == IS_ARRAY ? zend_hash_str_find(Z_ARRVAL_P(found), name, strlen(name)) : NULL;
    return found && Z_TYPE_P(found) == IS_LONG ? Z_LVAL_P(found) : 0;
}

/* Leaves an array, or false where there is no opcache, or it does not let itself be looked at. */
static bool status_of(bool scripts, zval *status)
{
    zval with_scripts;
    ZVAL_BOOL(&with_scripts, scripts);
    ZVAL_UNDEF(status);
    const char *restricted = zend_ini_string(ZEND_STRL("opcache.restrict_api"), 0);
    if ((restricted && *restricted) || !zend_hash_str_exists(CG(function_table), ZEND_STRL("opcache_get_status"))) {
        return false;
    }
    if (call("opcache_get_status", 1, &with_scripts, status) && Z_TYPE_P(status) == IS_ARRAY) {
        return true;
    }
    zval_ptr_dtor(status);
    return false;
}

static void report(zval *status)
{
    rr_rs_opcache_filled(number(status, "memory_usage", "used_memory") + number(status, "memory_usage", "wasted_memory"),
                         number(status, "memory_usage", "free_memory"),
                         number(status, "opcache_statistics", "num_cached_keys"),
                         number(status, "opcache_statistics", "max_cached_keys"));
}

static void refresh(void)
{
    zval status;
    if (!status_of(true, &status)) {
        return;
    }
    zval *scripts = zend_hash_str_find(Z_ARRVAL(status), ZEND_STRL("scripts"));
    zend_string *path;
    if (scripts && Z_TYPE_P(scripts) == IS_ARRAY) {
        ZEND_HASH_FOREACH_STR_KEY(Z_ARRVAL_P(scripts), path) {
            if (path && rr_rs_code_changed(ZSTR_VAL(path), ZSTR_LEN(path))) {
                zval arguments[2], result;
                ZVAL_STR_COPY(&arguments[0], path);
                ZVAL_TRUE(&arguments[1]);
                ZVAL_UNDEF(&result);
                call("opcache_invalidate", 2, arguments, &result);
                zval_ptr_dtor(&arguments[0]);
            }
        } ZEND_HASH_FOREACH_END();
    }
    report(&status);
    zval_ptr_dtor(&status);
}

/* Takes files out of the cache that have changed. They stay in its memory, for those who run them. */
void rr_opcache_refresh(void)
{
    zend_first_try {
        refresh();
    } zend_end_try();
    if (EG(exception)) {
        zend_clear_exception();
    }
}

/* Says how full the cache is. */
void rr_opcache_look(void)
{
    zval status;
    if (status_of(false, &status)) {
        report(&status);
        zval_ptr_dtor(&status);
    }
}
