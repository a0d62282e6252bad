/* The environment of a worker: what its script sets with putenv() is its own, and of the programs that it starts.
 *
 * The environment of the process is one for all threads, and C libraries read it without a lock: a program that is started while
 * another thread changes it may not start at all. So after the first wait nothing changes it any more. */
#include "shim.h"

#include "ext/standard/basic_functions.h"
#include "php_variables.h"
#include "zend_exceptions.h"
#include "zend_smart_str.h"

#include <ctype.h>

typedef struct variable {
    struct variable *next;
    char *value; /* NULL: it is not set, whatever the process has */
    char name[];
} variable;

/* Of this run of the script. */
static __thread variable *own;
static __thread bool starting;
/* What the main thread has changed before the first wait, as it was before that: each worker runs the script anew. */
static variable *baseline;

static variable *find(variable *list, const char *name, size_t length)
{
    while (list && (strlen(list->name) != length || memcmp(list->name, name, length) != 0)) {
        list = list->next;
    }
    return list;
}

/* Takes a value that was allocated, or NULL. */
static void set(variable **list, const char *name, size_t length, char *value)
{
    variable *found = find(*list, name, length);
    if (found) {
        free(found->value);
        found->value = value;
        return;
    }
    found = malloc(sizeof *found + length + 1);
    if (!found) {
        free(value);
        return;
    }
    memcpy(found->name, name, length);
    found->name[length] = 0;
    found->value = value;
    found->next = *list;
    *list = found;
}

static char *copy(const char *text, size_t length)
{
    char *value = malloc(length + 1);
    if (value) {
        memcpy(value, text, length);
        value[length] = 0;
    }
    return value;
}

/* The value with which the process was started, or NULL. */
static char *original(const char *all, size_t size, const char *name, size_t length)
{
    for (const char *entry = all; entry < all + size; entry += strlen(entry) + 1) {
        if (strncmp(entry, name, length) == 0 && entry[length] == '=') {
            return copy(entry + length + 1, strlen(entry + length + 1));
        }
    }
    return NULL;
}

static void find_baseline(void)
{
    size_t size = 0, room = 0;
    char *all = NULL;
    FILE *file = fopen("/proc/self/environ", "re");
    for (size_t read = 1; file && read > 0; size += read) {
        if (room - size < 4096) {
            char *more = realloc(all, room += 65536);
            if (!more) {
                break;
            }
            all = more;
        }
        read = fread(all + size, 1, room - size - 1, file);
    }
    if (file) {
        fclose(file);
    }
    if (all) {
        all[size] = 0;
    }
    zend_string *name;
    ZEND_HASH_FOREACH_STR_KEY(&BG(putenv_ht), name) {
        if (name) {
            set(&baseline, ZSTR_VAL(name), ZSTR_LEN(name), original(all, size, ZSTR_VAL(name), ZSTR_LEN(name)));
        }
    } ZEND_HASH_FOREACH_END();
    free(all);
}

void rr_environment_begin(void)
{
    for (variable *each = baseline; each; each = each->next) {
        set(&own, each->name, strlen(each->name), each->value ? copy(each->value, strlen(each->value)) : NULL);
    }
    starting = false;
}

void rr_environment_end(void)
{
    while (own) {
        variable *next = own->next;
        free(own->value);
        free(own);
        own = next;
    }
}

const char *rr_environment_find(const char *name, size_t length)
{
    variable *found = find(own, name, length);
    return found ? found->value : NULL;
}

void rr_environment_list(zval *array)
{
    for (variable *each = own; each; each = each->next) {
        if (each->value) {
            zval value;
            ZVAL_STRING(&value, each->value);
            zend_hash_str_update(Z_ARRVAL_P(array), each->name, strlen(each->name), &value);
        } else {
            zend_hash_str_del(Z_ARRVAL_P(array), each->name, strlen(each->name));
        }
    }
}

/* --- replaced functions -------------------------------------------------------------------------------------------- */

static zif_handler next_putenv, next_getenv, next_proc_open;

static ZEND_NAMED_FUNCTION(on_putenv)
{
    if (!rr_self) {
        next_putenv(INTERNAL_FUNCTION_PARAM_PASSTHRU);
        return;
    }
    char *setting;
    size_t length;
    ZEND_PARSE_PARAMETERS_START(1, 1)
        Z_PARAM_PATH(setting, length)
    ZEND_PARSE_PARAMETERS_END();
    if (length == 0 || setting[0] == '=') {
        zend_argument_value_error(1, "must have a valid syntax");
        RETURN_THROWS();
    }
    const char *equals = memchr(setting, '=', length);
    size_t name = equals ? (size_t) (equals - setting) : length;
    set(&own, setting, name, equals ? copy(equals + 1, length - name - 1) : NULL);
    RETURN_TRUE;
}

static ZEND_NAMED_FUNCTION(on_getenv)
{
    zval *name = ZEND_NUM_ARGS() ? ZEND_CALL_ARG(execute_data, 1) : NULL;
    variable *found = name && Z_TYPE_P(name) == IS_STRING ? find(own, Z_STRVAL_P(name), Z_STRLEN_P(name)) : NULL;
    if (!found || ZEND_NUM_ARGS() > 2) {
        next_getenv(INTERNAL_FUNCTION_PARAM_PASSTHRU);
        return;
    }
    if (!found->value) {
        RETURN_FALSE;
    }
    RETURN_STRING(found->value);
}

/* Whether a shell can be told of it. */
static bool is_word(const char *name)
{
    if (!isalpha((unsigned char) *name) && *name != '_') {
        return false;
    }
    while (isalnum((unsigned char) *name) || *name == '_') {
        name++;
    }
    return !*name;
}

static void append(smart_str *text, const variable *each)
{
    if (!is_word(each->name)) {
        return;
    }
    if (!each->value) {
        smart_str_appends(text, "unset ");
        smart_str_appends(text, each->name);
        smart_str_appends(text, "; ");
        return;
    }
    smart_str_appends(text, "export ");
    smart_str_appends(text, each->name);
    smart_str_appends(text, "='");
    for (const char *at = each->value; *at; at++) {
        if (*at == '\'') {
            smart_str_appends(text, "'\\''");
        } else {
            smart_str_appendc(text, *at);
        }
    }
    smart_str_appends(text, "'; ");
}

/* The first argument is a command for a shell, which is told of the environment first. */
static void with_environment(zend_execute_data *execute_data)
{
    zval *command = rr_self && own && ZEND_NUM_ARGS() ? ZEND_CALL_ARG(execute_data, 1) : NULL;
    if (!command || Z_TYPE_P(command) != IS_STRING || Z_STRLEN_P(command) == 0
        || memchr(Z_STRVAL_P(command), 0, Z_STRLEN_P(command))) {
        return;
    }
    smart_str text = {0};
    for (variable *each = own; each; each = each->next) {
        append(&text, each);
    }
    smart_str_append(&text, Z_STR_P(command));
    smart_str_0(&text);
    zval_ptr_dtor(command);
    ZVAL_STR(command, text.s);
}

#define RR_SHELL(name) \
    static zif_handler next_##name; \
    static ZEND_NAMED_FUNCTION(on_##name) \
    { \
        with_environment(execute_data); \
        next_##name(INTERNAL_FUNCTION_PARAM_PASSTHRU); \
    }

RR_SHELL(exec)
RR_SHELL(shell_exec)
RR_SHELL(system)
RR_SHELL(passthru)
RR_SHELL(popen)

/* A process that is given no environment gets that of the script. The frame of the call has no room for the argument, so the
 * function is called anew. */
static ZEND_NAMED_FUNCTION(on_proc_open)
{
    uint32_t given = ZEND_NUM_ARGS();
    bool has = given >= 5 && Z_TYPE_P(ZEND_CALL_ARG(execute_data, 5)) != IS_NULL;
    if (!rr_self || !own || starting || has || given < 3 || given > 6 || (EX_CALL_INFO() & ZEND_CALL_HAS_EXTRA_NAMED_PARAMS)) {
        next_proc_open(INTERNAL_FUNCTION_PARAM_PASSTHRU);
        return;
    }
    zval arguments[6];
    for (uint32_t number = 1; number <= 6; number++) {
        zval *argument = &arguments[number - 1];
        if (number <= given) {
            ZVAL_COPY_VALUE(argument, ZEND_CALL_ARG(execute_data, number));
        } else {
            ZVAL_NULL(argument);
        }
    }
    zval environment;
    array_init(&environment);
    php_import_environment_variables(&environment);
    ZVAL_COPY_VALUE(&arguments[4], &environment);
    starting = true;
    zend_call_known_function(EX(func), NULL, NULL, return_value, given < 5 ? 5 : given, arguments, NULL);
    starting = false;
    zval_ptr_dtor(&environment);
}

void rr_environment_open(void)
{
    find_baseline();
    next_putenv = rr_replace(ZEND_STRL("putenv"), on_putenv);
    next_getenv = rr_replace(ZEND_STRL("getenv"), on_getenv);
    next_exec = rr_replace(ZEND_STRL("exec"), on_exec);
    next_shell_exec = rr_replace(ZEND_STRL("shell_exec"), on_shell_exec);
    next_system = rr_replace(ZEND_STRL("system"), on_system);
    next_passthru = rr_replace(ZEND_STRL("passthru"), on_passthru);
    next_popen = rr_replace(ZEND_STRL("popen"), on_popen);
    next_proc_open = rr_replace(ZEND_STRL("proc_open"), on_proc_open);
}
