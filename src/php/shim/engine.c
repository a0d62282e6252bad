/* The process as a whole: SAPI callbacks, replaced functions, opcache. */
#include "shim.h"

#include "php_ini.h"
#include "php_main.h"
#include "php_output.h"
#include "php_variables.h"
#include "zend_exceptions.h"
#include "zend_ini.h"

#include <dlfcn.h>
#include <syslog.h>
#include <unistd.h>

static sapi_module_struct cli;     /* the CLI's callbacks, before ours */
static void (*next_interrupt)(zend_execute_data *);
static volatile sig_atomic_t forked;

/* --- MINIT --------------------------------------------------------------------------------------------------------- */

/* The VM calls this between opcodes once EG(vm_interrupt) is set. */
static void on_interrupt(zend_execute_data *frame)
{
    /* A function that the engine has called by itself has no code that could be left: what is wanted waits. The same for
     * the frame by which __call() is reached: a backtrace would look for its arguments where they are not.
     * Whoever wants something asks again shortly after: to ask from here would come back here at once. */
    zend_execute_data *current = EG(current_execute_data);
    bool code = current && current->func && !(current->func->common.fn_flags & ZEND_ACC_CALL_VIA_TRAMPOLINE);
    if (rr_self && code && !EG(exception) && atomic_exchange(&rr_self->leave, false)) {
        zend_throw_unwind_exit();
        return;
    }
    if (rr_self && code && rr_press_heeded(frame)) {
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

const char *rr_script(int *argc, char ***argv)
{
    *argc = SG(request_info).argc;
    *argv = SG(request_info).argv;
    /* Where it was asked for, not where links lead: they may lead elsewhere later. */
    return SG(request_info).path_translated && *argc ? **argv : NULL;
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

/* What a pool adds to the environment of its workers; pairs of name and value, then NULL. */
static const char *own_variable(const char *name, size_t length)
{
    if (length == sizeof("RR_MODE") - 1 && memcmp(name, "RR_MODE", length) == 0) {
        return rr_self->mode;
    }
    if (rr_self->rpc && length == sizeof("RR_RPC") - 1 && memcmp(name, "RR_RPC", length) == 0) {
        return rr_self->rpc;
    }
    for (const char *const *pair = rr_self->env; pair && *pair; pair += 2) {
        if (strlen(pair[0]) == length && memcmp(pair[0], name, length) == 0) {
            return pair[1];
        }
    }
    return NULL;
}

/* For the children of workers; before there are any. */
void rr_set_variable(const char *name, const char *value)
{
    if (value) {
        setenv(name, value, 1);
    } else {
        unsetenv(name);
    }
}

static char *on_getenv(const char *name, size_t length)
{
    const char *own = rr_self ? own_variable(name, length) : NULL;
    if (own) {
        return estrdup(own);
    }
    return cli.getenv ? cli.getenv(name, length) : NULL;
}

static void add_variable(zval *array, const char *name, const char *text)
{
    zval value;
    ZVAL_STRING(&value, text);
    zend_hash_str_update(Z_ARRVAL_P(array), name, strlen(name), &value);
}

static void (*next_environment)(zval *);

/* $_ENV, $_SERVER and getenv() without a name. */
static void on_environment(zval *array)
{
    next_environment(array);
    if (rr_self && rr_self->rpc) {
        add_variable(array, "RR_RPC", rr_self->rpc);
    }
    for (const char *const *pair = rr_self ? rr_self->env : NULL; pair && *pair; pair += 2) {
        add_variable(array, pair[0], pair[1]);
    }
    rr_environment_list(array);
}

static void on_server_variables(zval *array)
{
    cli.register_server_variables(array);
    if (rr_self) {
        add_variable(array, "RR_MODE", rr_self->mode);
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

/* Returns the handler before, NULL if there is no such function of PHP's. */
zif_handler rr_replace(const char *name, size_t length, zif_handler handler)
{
    zend_function *function = zend_hash_str_find_ptr(CG(function_table), name, length);
    if (!function || function->type != ZEND_INTERNAL_FUNCTION) {
        return NULL;
    }
    zif_handler old = function->internal_function.handler;
    function->internal_function.handler = handler;
    return old;
}

/* --- the wait on main ---------------------------------------------------------------------------------------------- */

static void in_forked_child(void)
{
    forked = 1;
    rr_rs_forked();
}

void rr_engine_open(void)
{
    rr_signals_open();
    static bool open;
    if (open) {
        return;
    }
    open = true;
    cli = sapi_module;
    sapi_module.ub_write = on_write;
    sapi_module.flush = on_flush;
    sapi_module.log_message = on_log;
    sapi_module.deactivate = on_deactivate;
    sapi_module.getenv = on_getenv;
    sapi_module.register_server_variables = on_server_variables;
    next_environment = php_import_environment_variables;
    php_import_environment_variables = on_environment;
    next_pcntl_signal = rr_replace(ZEND_STRL("pcntl_signal"), on_pcntl_signal);
    next_pcntl_exec = rr_replace(ZEND_STRL("pcntl_exec"), on_pcntl_exec);
    rr_opcache_open();
    rr_environment_open();
    pthread_atfork(NULL, NULL, in_forked_child);
}

void rr_engine_close(void)
{
    rr_signals_close();
}
