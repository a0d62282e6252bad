/* The process as a whole: SAPI callbacks, replaced functions, opcache. */
#include "shim.h"

#include "php_ini.h"
#include "php_main.h"
#include "php_output.h"
#include "zend_exceptions.h"
#include "zend_ini.h"

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <syslog.h>
#include <unistd.h>

/* The script's own command line; the main thread is parked for as long as it is used. */
int rr_argc;
char **rr_argv;

static sapi_module_struct cli;     /* the CLI's callbacks, before ours */
static void (*next_interrupt)(zend_execute_data *);
static void (*next_restart)(int);
static volatile sig_atomic_t forked;

/* --- MINIT --------------------------------------------------------------------------------------------------------- */

/* The VM calls this between opcodes once EG(vm_interrupt) is set. */
static void on_interrupt(zend_execute_data *frame)
{
    if (rr_self && EG(exception)) {
        /* It goes first; the next look will do. */
        if (atomic_load(&rr_self->leave) || atomic_load(&rr_self->wanted)) {
            zend_atomic_bool_store(&EG(vm_interrupt), true);
        }
    } else if (rr_self && atomic_exchange(&rr_self->leave, false)) {
        zend_throw_unwind_exit();
        return;
    } else if (rr_self && rr_press_heeded(frame)) {
        return;
    }
    if (next_interrupt) {
        next_interrupt(frame);
    }
}

void rr_startup(void)
{
    rr_classes_register();
    /* The JIT emits its check only if the hook is there when it starts. */
    next_interrupt = zend_interrupt_function;
    zend_interrupt_function = on_interrupt;
}

/* --- what we are in ------------------------------------------------------------------------------------------------ */

const char *rr_foreign(void)
{
    if (strcmp(sapi_module.name, "cli") != 0) {
        return "a server can only be started by PHP's command line (SAPI cli)";
    }
    if (getenv("RR_RELAY")) {
        return "RR_RELAY is set: this process is a worker of another server, which waits for requests by its own means";
    }
    return NULL;
}

const char *rr_script(void)
{
    static char path[MAXPATHLEN];
    const char *name = SG(request_info).path_translated;
    return name && VCWD_REALPATH(name, path) ? path : NULL;
}

const char *rr_ini(const char *name)
{
    return zend_ini_string(name, strlen(name), 0);
}

const char *rr_php_version(void)
{
    zval *version = zend_get_constant_str(ZEND_STRL("PHP_VERSION"));
    return version && Z_TYPE_P(version) == IS_STRING ? Z_STRVAL_P(version) : NULL;
}

const char *rr_library(void)
{
    Dl_info found;
    return dladdr((void *) rr_library, &found) ? found.dli_fname : NULL;
}

bool rr_is_debug(void)
{
    return ZEND_DEBUG;
}

bool rr_has_extension(const char *name)
{
    return zend_hash_str_exists(&module_registry, name, strlen(name));
}

const char *rr_configured(const char *name)
{
    char *value;
    return cfg_get_string(name, &value) == SUCCESS ? value : NULL;
}

bool rr_is_forked(void)
{
    return forked;
}

void rr_leave_script(int status)
{
    EG(exit_status) = status;
    zend_throw_unwind_exit();
}

void rr_hard_exit(int status)
{
    fflush(stdout);
    fflush(stderr);
    _exit(status);
}

/* --- SAPI callbacks: ours on our threads while they run a script, the CLI's everywhere else ------------------------ */

/* Another extension's threads may have inherited SG(server_context), so the thread-local counts, too. A forked child is
 * a plain script again. */
static rr_thread *current(void)
{
    return rr_self && SG(server_context) == rr_self && !forked ? rr_self : NULL;
}

static size_t on_write(const char *bytes, size_t length)
{
    if (!current()) {
        return cli.ub_write(bytes, length);
    }
    rr_rs_output(bytes, length);
    return length;
}

static void on_flush(void *context)
{
    /* The CLI flushes after every echo; the log needs none of it. */
    if (!current() && cli.flush) {
        cli.flush(context);
    }
}

static void on_log(const char *message, int priority)
{
    if (!current()) {
        cli.log_message(message, priority);
        return;
    }
    int level = priority <= LOG_ERR ? RR_LOG_ERROR : priority <= LOG_WARNING ? RR_LOG_WARNING : RR_LOG_INFO;
    rr_rs_log(level, message, strlen(message));
}

/* The CLI's frees what belongs to the main thread. */
static int on_deactivate(void)
{
    return rr_self || !cli.deactivate ? SUCCESS : cli.deactivate();
}

static char *on_getenv(const char *name, size_t length)
{
    if (rr_self && length == sizeof("RR_MODE") - 1 && memcmp(name, "RR_MODE", length) == 0) {
        return estrdup(rr_self->mode);
    }
    return cli.getenv ? cli.getenv(name, length) : NULL;
}

static void on_server_variables(zval *array)
{
    cli.register_server_variables(array);
    if (rr_self) {
        zval mode;
        ZVAL_STRING(&mode, rr_self->mode);
        zend_hash_str_update(Z_ARRVAL_P(array), ZEND_STRL("RR_MODE"), &mode);
    }
}

/* --- replaced functions -------------------------------------------------------------------------------------------- */

static zif_handler next_pcntl_signal;

/* A handler of PHP's for a signal that the server waits for would steal it. */
static ZEND_NAMED_FUNCTION(on_pcntl_signal)
{
    zval *number = ZEND_NUM_ARGS() ? ZEND_CALL_ARG(execute_data, 1) : NULL;
    if (rr_self && number && Z_TYPE_P(number) == IS_LONG && rr_signal_reserved((int) Z_LVAL_P(number))) {
        php_error_docref(NULL, E_WARNING, "Signal " ZEND_LONG_FMT " belongs to the server", Z_LVAL_P(number));
        RETURN_FALSE;
    }
    next_pcntl_signal(INTERNAL_FUNCTION_PARAM_PASSTHRU);
    if (rr_self && !forked && number && Z_TYPE_P(number) == IS_LONG && Z_TYPE_P(return_value) == IS_TRUE) {
        rr_signal_own((int) Z_LVAL_P(number));
    }
}

/* It would replace the whole server. A forked child may. */
static zif_handler next_pcntl_exec;

static ZEND_NAMED_FUNCTION(on_pcntl_exec)
{
    if (rr_self && !forked) {
        php_error_docref(NULL, E_WARNING, "A worker cannot replace the server: use proc_open(), or fork first");
        RETURN_FALSE;
    }
    next_pcntl_exec(INTERNAL_FUNCTION_PARAM_PASSTHRU);
}

/* Wiping the shared memory would pull the code from under every running thread. */
static ZEND_NAMED_FUNCTION(on_opcache_reset)
{
    ZEND_PARSE_PARAMETERS_NONE();
    static const char text[] = "opcache_reset() has no effect while the server runs: restart it to drop the cache";
    if (rr_self) {
        rr_rs_log(RR_LOG_WARNING, text, sizeof text - 1);
    }
    RETURN_FALSE;
}

static zif_handler replace(const char *name, size_t length, zif_handler handler)
{
    zend_function *function = zend_hash_str_find_ptr(CG(function_table), name, length);
    if (!function || function->type != ZEND_INTERNAL_FUNCTION) {
        return NULL;
    }
    zif_handler old = function->internal_function.handler;
    function->internal_function.handler = handler;
    return old;
}

/* --- opcache: its shared memory is never wiped under running threads ----------------------------------------------- */

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

/* --- the wait on main ---------------------------------------------------------------------------------------------- */

static void in_forked_child(void)
{
    forked = 1;
    rr_rs_forked();
}

void rr_engine_open(int argc, char **argv)
{
    rr_signals_open();
    static bool open;
    if (open) {
        return;
    }
    open = true;
    rr_argc = argc ? argc : SG(request_info).argc;
    rr_argv = argc ? argv : SG(request_info).argv;
    cli = sapi_module;
    sapi_module.ub_write = on_write;
    sapi_module.flush = on_flush;
    sapi_module.log_message = on_log;
    sapi_module.deactivate = on_deactivate;
    sapi_module.getenv = on_getenv;
    sapi_module.register_server_variables = on_server_variables;
    next_pcntl_signal = replace(ZEND_STRL("pcntl_signal"), on_pcntl_signal);
    next_pcntl_exec = replace(ZEND_STRL("pcntl_exec"), on_pcntl_exec);
    if (replace(ZEND_STRL("opcache_reset"), on_opcache_reset)) {
        rr_opcache_guard();
        hold_opcache_lock();
#if PHP_VERSION_ID >= 80400
        next_restart = zend_accel_schedule_restart_hook;
        zend_accel_schedule_restart_hook = on_opcache_restart;
#else
        (void) on_opcache_restart;
#endif
    }
    pthread_atfork(NULL, NULL, in_forked_child);
}

void rr_engine_close(void)
{
    rr_signals_close();
}
