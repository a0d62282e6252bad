/* One PHP thread: its context in the engine, the runs of the script on it, the end. */
#include "shim.h"

#include "ext/standard/basic_functions.h"
#include "php_ini.h"
#include "php_main.h"
#include "php_output.h"
#include "php_streams.h"
#include "zend_exceptions.h"
#include "zend_hrtime.h"
#include "zend_ini.h"
#include "zend_signal.h"
#include "zend_stream.h"
#include "zend_strtod.h"

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

__thread rr_thread *rr_self;

void rr_thread_open(rr_thread *self)
{
    rr_signals_thread(self);
    rr_rs_engine_lock(self->name);
    ts_resource(0);
    rr_opcache_guard();
    SG(options) |= SAPI_OPTION_NO_CHDIR;
    PG(enable_dl) = 0;
    /* The server's handlers stay: without this, each request start installs the engine's again. */
    SIGG(reset) = 0;
    rr_rs_engine_unlock();
    pthread_mutex_init(&self->lock, NULL);
    rr_self = self;
}

/* --- one run ------------------------------------------------------------------------------------------------------- */

/* STDIN, STDOUT and STDERR, as the CLI gives them to the main thread. Each is a descriptor of its own. */
static void standard_stream(const char *name, size_t length, const char *url, const char *mode)
{
    php_stream *stream = php_stream_open_wrapper_ex(url, mode, 0, NULL, NULL);
    if (!stream) {
        return;
    }
    zend_constant constant;
    php_stream_to_zval(stream, &constant.value);
    Z_CONSTANT_FLAGS(constant.value) = 0;
    ZEND_CONSTANT_SET_FLAGS(&constant, CONST_CS, 0);
    constant.name = zend_string_init_interned(name, length, 0);
    zend_register_constant(&constant);
}

static void set_ini(const char *name, const char *value)
{
    zend_string *key = zend_string_init(name, strlen(name), 0);
    zend_alter_ini_entry_chars(key, value, strlen(value), PHP_INI_SYSTEM, PHP_INI_STAGE_RUNTIME);
    zend_string_release(key);
}

static bool request_open(rr_thread *self)
{
    rr_rs_engine_lock(self->name);
    SG(server_context) = self;
    SG(request_info).path_translated = (char *) self->script;
    SG(request_info).argc = self->argc;
    SG(request_info).argv = self->argv;
    SG(request_info).argv0 = NULL;
    bool open = php_request_startup() == SUCCESS;
    rr_rs_engine_unlock();
    if (!open) {
        return false;
    }
    /* As the CLI does, but for headers_sent, which would make ini_set("session.…") fail. */
    PG(during_request_startup) = 0;
    EG(exit_status) = 0;
    SG(headers_sent) = 0;
    SG(request_info).no_headers = 1;
    CG(skip_shebang) = 1;
    /* What would be displayed is logged instead: once, and with its severity. */
    if (PG(display_errors)) {
        set_ini("log_errors", "1");
        set_ini("display_errors", "0");
    }
    /* Links may lead elsewhere than at the run before: the engine and opcache are to look again. */
    realpath_cache_clean();
    if (self->follows_links) {
        set_ini("opcache.revalidate_path", "1");
    }
    if (self->revalidates) {
        /* What is in the cache may be of any time. */
        set_ini("opcache.enable", "0");
    }
    if (self->directory && VCWD_CHDIR(self->directory) != 0) {
        php_error_docref(NULL, E_WARNING, "Cannot work in %s", self->directory);
    }
    standard_stream(ZEND_STRL("STDIN"), "php://stdin", "rb");
    standard_stream(ZEND_STRL("STDOUT"), "php://stdout", "wb");
    standard_stream(ZEND_STRL("STDERR"), "php://stderr", "wb");
    pthread_mutex_lock(&self->lock);
    self->vm_interrupt = &EG(vm_interrupt);
    self->handle = pthread_self();
    self->tid = (pid_t) syscall(SYS_gettid);
    self->call[0] = 0;
    self->live = true;
    pthread_mutex_unlock(&self->lock);
    return true;
}

static void outcome_of(rr_outcome *outcome)
{
    outcome->status = EG(exit_status);
    outcome->fatal = EG(exit_status) == 255 || CG(unclean_shutdown);
    const char *message = outcome->fatal && PG(last_error_message) ? ZSTR_VAL(PG(last_error_message)) : "";
    size_t length = strcspn(message, "\n");
    const char *file = outcome->fatal && PG(last_error_file) ? ZSTR_VAL(PG(last_error_file)) : NULL;
    /* What is uncaught says itself where it was. */
    if (length && file && strncmp(message, "Uncaught", 8) != 0) {
        snprintf(outcome->message, sizeof outcome->message, "%.*s in %s:%d", (int) length, message, file, (int) PG(last_error_lineno));
    } else {
        snprintf(outcome->message, sizeof outcome->message, "%.*s", (int) length, message);
    }
}

static void session_close(void)
{
    /* No module comes or goes once there are threads. */
    static zend_module_entry *_Atomic found;
    static atomic_bool looked;
    if (!atomic_load_explicit(&looked, memory_order_acquire)) {
        found = zend_hash_str_find_ptr(&module_registry, ZEND_STRL("session"));
        atomic_store_explicit(&looked, true, memory_order_release);
    }
    zend_module_entry *session = found;
    if (!session || !zend_hash_str_exists(&EG(symbol_table), ZEND_STRL("_SESSION"))) {
        return;
    }
    session->request_shutdown_func(session->type, session->module_number);
    zend_hash_str_del(&EG(symbol_table), ZEND_STRL("_SESSION"));
    session->request_startup_func(session->type, session->module_number);
}

/* Streams whose class is the user's run its code when they are closed. */
static bool is_user_stream(zend_resource *resource)
{
    php_stream *stream = resource->type == php_file_le_stream() ? resource->ptr : NULL;
    return stream && strcmp(stream->ops->label, "user-space") == 0;
}

/* Closes what is open, the youngest first, as the engine does. */
static void close_resources(bool user_streams_alone)
{
    /* Closing one may open others, which moves the table. */
    for (uint32_t i = EG(regular_list).nNumUsed; i-- > 0;) {
        zval *entry = i < EG(regular_list).nNumUsed ? ZEND_HASH_ELEMENT(&EG(regular_list), i) : NULL;
        if (!entry || Z_TYPE_P(entry) == IS_UNDEF) {
            continue;
        }
        if (!user_streams_alone || is_user_stream(Z_RES_P(entry))) {
            zend_list_close(Z_RES_P(entry));
        }
    }
}

/* The user's part of the end, which may take its time: no lock is held. What is run here finds nothing left to do in
 * php_request_shutdown. */
static void user_end(const char *error)
{
    EG(flags) |= EG_FLAGS_IN_SHUTDOWN;
    EG(current_execute_data) = NULL;
    zend_try {
        php_call_shutdown_functions();
        php_free_shutdown_functions();
    } zend_end_try();
    rr_rs_abandon(error);
    zend_try {
        rr_rpc_end();
    } zend_end_try();
    zend_call_destructors();
    zend_try {
        php_output_end_all();
    } zend_end_try();
    zend_try {
        session_close();
    } zend_end_try();
    zend_try {
        close_resources(true);
    } zend_end_try();
    /* Closing may wait, as for a child of popen(). The engine would do it under its lock. */
    zend_try {
        close_resources(false);
    } zend_end_try();
}

static void request_close(rr_thread *self)
{
    pthread_mutex_lock(&self->lock);
    self->live = false;
    atomic_store(&self->leave, false);
    self->request = 0;
    atomic_store(&self->wanted, 0);
    pthread_mutex_unlock(&self->lock);
    /* The engine forgets this run's handlers. */
    rr_signal_disown(self);
    rr_rs_engine_lock(self->name);
    zend_first_try {
        php_request_shutdown(NULL);
    } zend_end_try();
    rr_rs_engine_unlock();
    rr_environment_end();
    SG(server_context) = NULL;
    SG(request_info).path_translated = NULL;
    SG(request_info).argc = 0;
    SG(request_info).argv = NULL;
}

void rr_thread_run(rr_thread *self, rr_outcome *outcome)
{
    memset(outcome, 0, sizeof *outcome);
    self->booted = false;
    self->handlers = NULL;
    self->answers = false;
    if (!request_open(self)) {
        outcome->fatal = true;
        outcome->status = 255;
        snprintf(outcome->message, sizeof outcome->message, "the engine refused to start a request");
        return;
    }
    rr_rs_code_refresh();
    if (atomic_load(&self->leave)) {
        /* It was told so when there was no code yet that could hear it. */
        zend_atomic_bool_store(&EG(vm_interrupt), true);
    }
    zend_first_try {
        zend_file_handle file;
        zend_stream_init_filename(&file, self->script);
        file.primary_script = 1;
        /* Catches the bailout of a fatal error itself; what happened is told by outcome_of. */
        php_execute_script(&file);
        zend_destroy_file_handle(&file);
    } zend_end_try();
    outcome_of(outcome);
    zend_first_try {
        user_end(outcome->fatal ? outcome->message : NULL);
    } zend_end_try();
    if (rr_is_forked()) {
        rr_hard_exit(outcome->status);
    }
    request_close(self);
    rr_rs_flush_output();
}

void rr_thread_close(rr_thread *self)
{
    rr_rs_engine_lock(self->name);
    rr_self = NULL;
    /* The engine frees these lists for the main thread only. */
    zend_shutdown_strtod();
    ts_free_thread();
    rr_rs_engine_unlock();
    pthread_mutex_destroy(&self->lock);
    rr_signals_thread_end(self);
}

void rr_thread_interrupt(rr_thread *other)
{
    pthread_mutex_lock(&other->lock);
    /* Without a run it is heard by the next one. */
    atomic_store(&other->leave, true);
    if (other->live) {
        zend_atomic_bool_store(other->vm_interrupt, true);
        pthread_kill(other->handle, RR_KICK);
        rr_unblock_locked(other);
    }
    pthread_mutex_unlock(&other->lock);
}

/* --- between requests ---------------------------------------------------------------------------------------------- */

/* Back to the state at the end of the boot: nothing of one client is seen by the next. May run user code (callbacks of
 * output buffers, session handlers), so it may leave by longjmp. */
void rr_request_end(void)
{
    if (!rr_self->booted) {
        rr_self->booted = true;
        rr_self->ob_level = php_output_get_level();
        rr_opcache_look();
        return;
    }
    while ((zend_ulong) php_output_get_level() > rr_self->ob_level && php_output_end() == SUCCESS) {
    }
    session_close();
    if (PG(last_error_message)) {
        PG(last_error_type) = 0;
        PG(last_error_lineno) = 0;
        zend_string_release(PG(last_error_message));
        PG(last_error_message) = NULL;
        if (PG(last_error_file)) {
            zend_string_release(PG(last_error_file));
            PG(last_error_file) = NULL;
        }
    }
}

size_t rr_memory(void)
{
    return zend_memory_usage(true);
}

/* max_execution_time counts a request's time, not the time without one. */
void rr_timer_stop(void)
{
    if (EG(timeout_seconds)) {
        zend_unset_timeout();
    }
}

void rr_timer_start(void)
{
    if (EG(timeout_seconds)) {
        zend_set_timeout(EG(timeout_seconds), false);
    }
}
