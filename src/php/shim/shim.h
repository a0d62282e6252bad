/* What the C and the Rust side of the PHP room know of each other.
 *
 * C does what needs the engine's macros, and what may be left by longjmp (zend_bailout): no Rust frame with anything to
 * drop lies between such a call and its zend_try. Everything else is Rust. */
#ifndef RR_SHIM_H
#define RR_SHIM_H

#ifndef _GNU_SOURCE
# define _GNU_SOURCE
#endif
#include "php.h"
#include "SAPI.h"
#include "TSRM.h"

#ifndef ZTS
# error "roadrunner needs a thread-safe (ZTS) PHP: build PHP with --enable-zts"
#endif

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Missing in an older PHP. It is to be told that it is one, by its own check, and so must be able to load the library. */
#pragma weak zend_accel_schedule_restart_hook
#pragma weak zend_flf_parse_arg_long_slow
#pragma weak zend_flf_parse_arg_str_slow
#pragma weak zend_zval_value_name

#define RR_CALL 160

/* A PHP thread of ours; one per thread, zeroed by its owner, valid until rr_thread_close returns. */
typedef struct rr_thread {
    const char *name;   /* of the worker, NUL-terminated, outlives the thread */
    const char *pool;
    const char *mode;   /* RR_MODE, e.g. "http" */
    const char *script; /* absolute path, of each run its own */
    const char *directory; /* working directory of the run; NULL: that of the process */
    int argc;           /* the script's own command line */
    char **argv;
    const char *const *env; /* added to the environment: pairs of name and value, then NULL; or NULL */
    bool follows_links; /* the script, or the directory, is named by a link, which may lead elsewhere later */
    bool revalidates;   /* each run is to meet the code of now */
    zend_long number;   /* of the worker within its pool */
    void *stack;        /* alternate signal stack */
    zend_ulong ob_level; /* output buffers open at the end of the boot */
    bool booted;        /* the script has reached its first wait */
    const char *rpc;    /* RR_RPC: where the server answers calls, or NULL */
    HashTable *handlers; /* of this run: methods that the script answers, by name; or NULL */
    bool answers;       /* one of them runs */

    /* Read by other threads to interrupt this one; written under `lock`. */
    pthread_mutex_t lock;
    bool live;          /* the pointers below are valid */
    zend_atomic_bool *vm_interrupt;
    pthread_t handle;
    _Atomic bool leave; /* the script is to end at the next opcode that looks */
    uint64_t request;   /* the request in hand, 0: none, or nobody looks after it */
    _Atomic unsigned wanted; /* what is wanted of it: RR_REPORT, RR_THROW, RR_END */
    bool thrown;        /* the exception was thrown for it */
    double limit;       /* its limit in seconds */
    pid_t tid;
    char call[RR_CALL]; /* the system call in which the thread was when somebody last looked */
} rr_thread;

/* How a run of the script ended. */
typedef struct rr_outcome {
    int status;
    bool fatal;
    char message[1024];
} rr_outcome;

/* --- tsrm.c -------------------------------------------------------------------------------------------------------- */
bool rr_tsrm_find(void);               /* false: this PHP is not thread-safe, and nothing else here may be called */
bool rr_tsrm_find_standard(void);      /* once PHP has started: what belongs to ext/standard */

/* --- engine.c: the process as a whole ------------------------------------------------------------------------------ */
void rr_startup(void);                 /* MINIT: hooks that must be there before the JIT starts */
const char *rr_foreign(void);          /* why wait calls cannot work here, or NULL */
/* The main script as it was asked for, if it is one, and its command line. */
const char *rr_script(int *argc, char ***argv);
void rr_engine_open(void);             /* before the server runs, one thread: takes the signals, patches SAPI and functions */
void rr_engine_close(void);            /* no server came to run: the script goes on, with its own signals */
bool rr_is_forked(void);               /* this process is a fork of the server */
void rr_leave_script(int status);      /* as exit(status) */
void rr_hard_exit(int status);         /* ends the process without touching other threads */
const char *rr_ini(const char *name);
const char *rr_php_version(void);
const char *rr_library(void);          /* the path of the extension */
bool rr_is_debug(void);
bool rr_has_extension(const char *name);     /* in lower case */
const char *rr_configured(const char *name); /* what php.ini or -d says, or NULL */
void rr_set_variable(const char *name, const char *value); /* of the process; NULL: it is not to be there */
zif_handler rr_replace(const char *name, size_t length, zif_handler handler);

/* --- environment.c: what putenv() sets is of one worker ------------------------------------------------------------- */
void rr_environment_open(void);        /* part of rr_engine_open */
void rr_environment_end(void);         /* after each run of a script, on its thread */
void rr_environment_list(zval *array); /* changes a list of all variables as the script has */

/* --- opcache.c ------------------------------------------------------------------------------------------------------ */
void rr_opcache_open(void);            /* part of rr_engine_open */
void rr_opcache_guard(void);           /* in each PHP thread, after ts_resource */
void rr_opcache_refresh(void);         /* inside a request, outside of the script */
void rr_opcache_look(void);            /* inside a request; may leave by longjmp */

/* --- thread.c: one PHP thread -------------------------------------------------------------------------------------- */
void rr_thread_open(rr_thread *self);
void rr_thread_run(rr_thread *self, rr_outcome *outcome);
void rr_thread_close(rr_thread *self);
void rr_thread_interrupt(rr_thread *other);
void rr_request_end(void);             /* what a request leaves behind in the engine, before the next wait */
size_t rr_memory(void);                /* bytes that the engine has taken for this thread */
void rr_timer_stop(void);
void rr_timer_start(void);
extern __thread rr_thread *rr_self;    /* NULL on any thread that is not ours */

/* --- cancel.c ------------------------------------------------------------------------------------------------------ */
enum { RR_REPORT = 1, RR_THROW = 2, RR_END = 4 };
/* On the thread itself. What is wanted of one request is forgotten with it, and never reaches another one. */
void rr_press_begin(uint64_t request);
void rr_press_end(void);
bool rr_press_heeded(zend_execute_data *frame); /* between opcodes: does what is wanted; true: something was thrown */
void rr_press_thrown(void);            /* the exception is being thrown: not once more */
size_t rr_memory_used(void);                /* bytes that the script uses */
/* On another thread. False: the thread does not have the request. */
bool rr_press(rr_thread *other, uint64_t request, unsigned wanted, double limit);
void rr_unblock_locked(rr_thread *other); /* rr_unblock for whoever holds the thread's lock */
void rr_unblock(rr_thread *other, uint64_t request); /* ends the system call in which the thread has been since the last time */

/* --- signal.c ------------------------------------------------------------------------------------------------------ */
void rr_signals_open(void);            /* on main, before any other thread of ours */
void rr_signals_close(void);           /* on main, when all of them have ended */
void rr_signals_thread(rr_thread *self);
void rr_signals_thread_end(rr_thread *self);
bool rr_signal_reserved(int number);
void rr_signal_own(int number);        /* after PHP installed a handler of this thread's */
void rr_signal_disown(rr_thread *self);
#define RR_KICK (SIGRTMIN + 3)         /* makes a blocking system call return; PHP's timers use SIGRTMIN */

/* --- class.c ------------------------------------------------------------------------------------------------------- */
void rr_classes_register(void);        /* MINIT */
extern zend_class_entry *rr_ce_logic, *rr_ce_server, *rr_ce_bad_request, *rr_ce_client_gone, *rr_ce_upload, *rr_ce_file, *rr_ce_timeout,
    *rr_ce_locked;
bool rr_respond(void *exchange, zend_long status, zval *body, HashTable *headers); /* `exchange` NULL: the request received last */
/* An object that shows a request or its answer. The native part is a share of Rust's. */
typedef struct rr_shown {
    void *exchange;
    zend_object std;
} rr_shown;
static inline rr_shown *rr_shown_of(zend_object *object)
{
    return (rr_shown *) ((char *) object - offsetof(rr_shown, std));
}

/* --- upload.c ------------------------------------------------------------------------------------------------------ */
void rr_upload_class(zend_class_entry *upload);          /* MINIT */
void rr_register_fields(zval *fields, zval *array);      /* `fields`: a list of name, value, name, value, ... */

/* --- metrics.c ----------------------------------------------------------------------------------------------------- */
void rr_metric_classes(zend_class_entry *counter, zend_class_entry *gauge, zend_class_entry *histogram, zend_class_entry *summary); /* MINIT */

/* --- file.c -------------------------------------------------------------------------------------------------------- */
void rr_response_class(zend_class_entry *response);      /* MINIT */

/* --- body.c -------------------------------------------------------------------------------------------------------- */
enum { RR_BODY_THROWN = -1, RR_BODY_LENT, RR_BODY_ON_DISK };
enum { RR_READ_THROWN = -1, RR_READ_TIMED_OUT = -2 };
bool rr_body_text(void *exchange, bool form, const char **text, size_t *length, zend_string **held);
php_stream *rr_part_stream(void *exchange, zend_long part);
void rr_bad_request(zval *exception, const char *message, size_t length, zend_long status);

/* --- rpc.c --------------------------------------------------------------------------------------------------------- */
enum { RR_KIND_NULL, RR_KIND_BOOL, RR_KIND_INT, RR_KIND_FLOAT, RR_KIND_TEXT, RR_KIND_LIST, RR_KIND_MAP, RR_KIND_JSON, RR_KIND_NONE };
enum { RR_RPC_THROWN = -1, RR_RPC_DONE, RR_RPC_JSON };     /* RR_RPC_JSON: once more, with the value as JSON */
extern zend_class_entry *rr_ce_rpc, *rr_ce_rpc_timeout;
int rr_kind(const zval *value, HashTable **entries); /* RR_KIND_...; the entries of a list or a map, which may be NULL */
void rr_put_text(zval *value, const char *text, size_t length);
void rr_put_array(zval *value, size_t count);
void rr_put_item(zval *array, zval *item);
void rr_put_numbered(zval *array, zend_long key, zval *item);
void rr_put_named(zval *array, const char *key, size_t length, zval *item);
void rr_rpc_answer(void);              /* answers the call that this worker was given */
void rr_rpc_end(void);                 /* the run is over */

/* --- parts.c ------------------------------------------------------------------------------------------------------- */
void rr_part_classes(zend_class_entry *part, zend_class_entry *parts); /* MINIT */

/* --- stream.c ------------------------------------------------------------------------------------------------------ */
enum { RR_THROWN = -1, RR_GONE, RR_DONE, RR_NO_BODY };
void rr_stream_classes(zend_class_entry *stream, zend_class_entry *events); /* MINIT */
bool rr_is_streamed(const zval *body);
bool rr_respond_streamed(void *exchange, zend_long status, HashTable *headers, zval *body);

/* --- lock.c -------------------------------------------------------------------------------------------------------- */
enum { RR_LOCK_ID = 32 };                                /* bytes of an id */
void rr_lock_class(zend_class_entry *held);              /* MINIT */

/* --- value.c ------------------------------------------------------------------------------------------------------- */
void rr_parse_query(const char *text, size_t length, zval *array);
zend_string *rr_body(zval *body, bool *is_json);
zend_string *rr_json(zval *value);     /* NULL with an exception pending */
bool rr_json_decode(const char *text, size_t length, bool terminated, zend_long depth, zval *value);
typedef bool (*rr_each_header)(void *context, zend_ulong index, zend_string *name, zval *value, bool constant);
void rr_headers(HashTable *headers, rr_each_header each, void *context); /* until `each` returns false */
const char *rr_type_name(const zval *value); /* as in PHP's own messages; of an object its class */
void rr_position(const char **file, uint32_t *line); /* of the PHP code that called us */

/* --- Rust ---------------------------------------------------------------------------------------------------------- */
enum { RR_LOG_ERROR, RR_LOG_WARNING, RR_LOG_INFO, RR_LOG_DEBUG };
void rr_rs_output(const char *bytes, size_t length);       /* echoed by a worker */
void rr_rs_log(int level, const char *bytes, size_t length);
void rr_rs_flush_output(void);
void rr_rs_report(const char *backtrace, size_t length, size_t memory); /* of a request that takes long */
void rr_rs_throw_timeout(double limit);                    /* in seconds */
void rr_rs_abandon(const char *error);                     /* the script is over, why or NULL: answer what is unanswered */
void rr_rs_code_refresh(void);                             /* calls rr_opcache_refresh if that is due */
bool rr_rs_code_changed(const char *path, size_t length);
void rr_rs_opcache_filled(int64_t used, int64_t free, int64_t keys, int64_t most_keys);
void rr_rs_engine_lock(const char *who);
void rr_rs_engine_unlock(void);
void rr_rs_signal(int number);                             /* on the signal thread */
void rr_rs_forked(void);                                   /* in a forked child: async-signal-safe */

/* For class.c. Those that give a value or a truth may have thrown; `exchange` is Rust's share of a request. */
void rr_rs_serve(void);
void *rr_rs_wait(bool *called);                            /* NULL: leave the loop, or if `called`, answer a call */
void rr_rs_stop(void);
bool rr_rs_is_stopping(void);
bool rr_rs_respond(void *exchange, zend_long status, const char *body, size_t length, bool json, HashTable *headers);
void *rr_rs_request_create(zend_string *method, zend_string *uri, HashTable *headers, zend_string *body, zend_string *remote);
void rr_rs_request_free(void *exchange);
bool rr_rs_request_property(void *exchange, const char *name, size_t length, zval *value); /* false: no such property */
void rr_rs_request_header(void *exchange, zend_string *name, zval *value);
void rr_rs_request_headers(void *exchange, zval *value);
void rr_rs_request_cookies(void *exchange, zval *value);
void rr_rs_request_attributes(void *exchange, zval *value);
void rr_rs_request_trailers(void *exchange, zval *value);
bool rr_rs_request_query(void *exchange, const char **text, size_t *length);
bool rr_rs_request_tls(void *exchange, zval *values, zval *certificate); /* arrays; false: none, both are left alone */
bool rr_rs_request_is_aborted(void *exchange);
bool rr_rs_request_deadline(void *exchange, double *deadline); /* false: none, or an exception is pending */
bool rr_rs_request_fields(void *exchange, zval *fields); /* false: it is no form with files, or an exception is pending */
bool rr_rs_request_files(void *exchange, zval *files);   /* a list of RR_FILE values each; false: an exception is pending */
void *rr_rs_share(void *exchange);                       /* one more share of a request */
void rr_rs_upload_move(void *exchange, zend_long index, const char *path, size_t length);

/* For file.c. */
bool rr_rs_send_file(void *exchange, const char *path, size_t length, HashTable *headers);
bool rr_rs_disposition(const char *name, size_t length, bool is_inline, zval *value); /* false: an exception is pending */
/* For body.c. */
int rr_rs_body_view(void *exchange, bool form, const char **text, size_t *length); /* RR_BODY_...; on disk: the length alone */
bool rr_rs_body_copy(void *exchange, char *to, size_t length);
bool rr_rs_body_open(void *exchange, bool *arriving, uint64_t *length);
ssize_t rr_rs_body_read(void *exchange, bool arriving, uint64_t position, char *to, size_t length, int64_t patience, bool *over);

/* For parts.c. `values`: a list of number, name, file name, type and headers. */
bool rr_rs_parts_open(void *exchange);
int rr_rs_parts_next(void *exchange, zval *values); /* RR_THROWN, RR_GONE: none, RR_DONE */
ssize_t rr_rs_part_read(void *exchange, zend_long number, char *to, size_t length, int64_t patience, bool *over);

/* For stream.c. Those that give a number return one of RR_THROWN to RR_NO_BODY. `share`: for the object that shows it. */
int rr_rs_stream_start(void *exchange, zend_long status, HashTable *headers, bool events, void **share);
int rr_rs_stream_write(void *exchange, const char *bytes, size_t length);
int rr_rs_stream_try_write(void *exchange, const char *bytes, size_t length);
bool rr_rs_stream_is_open(void *exchange);
bool rr_rs_stream_end(void *exchange, HashTable *trailers);
void rr_rs_stream_break(void *exchange);
int rr_rs_event(void *exchange, const char *data, size_t data_length, const char *event, size_t event_length, const char *id,
                size_t id_length, zend_long retry);
int rr_rs_comment(void *exchange, const char *text, size_t length);
bool rr_rs_early_hints(void *exchange, HashTable *headers);

/* For server.c. They may have thrown. */
void rr_rs_server_reload(zend_string *pool);
void rr_rs_server_restart(void);
void rr_rs_server_shutdown(void);
void rr_rs_opcache_reset(void);                            /* a script asks for it */

/* For channel.c. Names are a list or, if that is NULL, the one. Numbers are -1 with an exception pending. */
bool rr_rs_stream_detach(void *exchange, HashTable *names, zend_string *name, bool events, const char *last, size_t last_length);
zend_long rr_rs_channel_publish(HashTable *names, zend_string *name, const char *data, size_t data_length, const char *event,
                                size_t event_length, const char *id, size_t id_length, zend_long retry);
zend_long rr_rs_channel_count(zend_string *name);
zend_long rr_rs_channel_close(zend_string *name);

/* For metrics.c. They may have thrown. `metric`: a share, which rr_rs_metric_free ends. */
void *rr_rs_metric_declare(int type, zend_string *name, zend_string *help, HashTable *labels, HashTable *more);
void rr_rs_metric_free(void *metric);
void rr_rs_metric_change(void *metric, int what, double value, HashTable *labels, zend_string *trace);
bool rr_rs_metric_unregister(zend_string *name);
/* For rpc.c. Those of calls are RR_RPC_...; a value is lent, or NULL if its JSON is. */
int rr_rs_rpc_call(zend_string *method, const zval *argument, zend_string *json, double timeout); /* below 0: the default */
void rr_rs_rpc_result(zval *value);                        /* of the last call */
bool rr_rs_rpc_register(zend_string *method);              /* false: an exception is pending */
bool rr_rs_rpc_unregister(zend_string *method);
bool rr_rs_rpc_called(const char **name, size_t *length);  /* what is to be answered; false: nothing */
void rr_rs_rpc_argument(zval *value);
int rr_rs_rpc_respond(const zval *result, zend_string *json);
void rr_rs_rpc_failed(const char *class, zend_string *message, const char *file, zend_long line);
void rr_rs_rpc_unhandled(void);
/* For lock.c. Those that give a truth may have thrown. Taken: RR_THROWN, RR_GONE if somebody else has it, or RR_DONE. */
bool rr_rs_lock_id(char *id);                            /* makes one, of RR_LOCK_ID bytes */
int rr_rs_lock_acquire(zend_string *name, const char *id, bool shared, double ttl, double wait, bool tied);
bool rr_rs_lock_release(zend_string *name, const char *id, size_t length);
void rr_rs_lock_leave(zend_string *name, const char *id); /* throws nothing */
bool rr_rs_lock_force_release(zend_string *name);
bool rr_rs_lock_exists(zend_string *name, const char *id, size_t length); /* id NULL: anybody's */
bool rr_rs_lock_extend(zend_string *name, zend_string *id, double ttl);

/* For cache.c. Tags are a list or, if that is NULL, the one. Numbers are -1 with an exception pending. */
zend_long rr_rs_cache_purge_tags(HashTable *tags, zend_string *tag);
zend_long rr_rs_cache_purge_url(zend_string *url);
zend_long rr_rs_cache_clear(void);
const char *rr_rs_version(void);
zend_long rr_rs_cli(const HashTable *arguments);           /* the exit code */
#endif
