/* The names that only a thread-safe PHP has.
 *
 * Left to the dynamic linker they would keep any other PHP from loading the library, with "undefined symbol" for an
 * explanation. So they are defined here, hidden, and PHP's own are looked up: a PHP without them loads the library and
 * is told what it lacks (module.rs). PHP's headers, which declare these names as PHP's, are not included. */
#ifndef _GNU_SOURCE
# define _GNU_SOURCE
#endif

#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

bool rr_tsrm_find(void);
bool rr_tsrm_find_standard(void);

/* Fixed before PHP loads the first extension. */
size_t compiler_globals_offset, core_globals_offset, executor_globals_offset, sapi_globals_offset,
    zend_signal_globals_offset;
/* Of ext/standard: fixed when that is started, which is later. */
int basic_globals_id;

static void *(*get_cache)(void);
static void *(*resource)(int *);
static void (*free_thread)(void);

void *tsrm_get_ls_cache(void)
{
    return get_cache();
}

void *ts_resource_ex(int *id)
{
    return resource(id);
}

void ts_free_thread(void)
{
    free_thread();
}

static bool find(const char *name, void *copy, size_t size)
{
    const void *original = dlsym(RTLD_DEFAULT, name);
    if (original) {
        memcpy(copy, original, size);
    }
    return original;
}

#define FIND(name) find(#name, &(name), sizeof (name))

/* Must come before anything else that knows PHP. False: the PHP is not thread-safe. */
bool rr_tsrm_find(void)
{
    get_cache = (void *(*)(void)) dlsym(RTLD_DEFAULT, "tsrm_get_ls_cache");
    resource = (void *(*)(int *)) dlsym(RTLD_DEFAULT, "ts_resource_ex");
    free_thread = (void (*)(void)) dlsym(RTLD_DEFAULT, "ts_free_thread");
    return get_cache && resource && free_thread
        && FIND(compiler_globals_offset)
        && FIND(core_globals_offset)
        && FIND(executor_globals_offset)
        && FIND(sapi_globals_offset)
        && FIND(zend_signal_globals_offset);
}

bool rr_tsrm_find_standard(void)
{
    return FIND(basic_globals_id);
}
