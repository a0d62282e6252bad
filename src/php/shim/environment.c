/* The environment of a worker: what its script sets with putenv() is its own.
 *
 * Programs that a worker starts get the environment of the process, which is one for all threads, and which the C library reads
 * without a lock: beside a thread that changes it in place, a program may not start at all. So it is changed by putting another
 * list in its place; the one before stays for a while, for those who still read it. */
#include "shim.h"

#include "ext/standard/basic_functions.h"
#include "zend_exceptions.h"

#include <dlfcn.h>
#include <time.h>

/* Seconds after which nobody reads any more what was replaced. */
#define RR_KEPT 60

typedef struct variable {
    struct variable *next;
    char *value; /* NULL: it is not set, whatever the process has */
    char name[];
} variable;

typedef struct replaced {
    struct replaced *next;
    void *memory;
    time_t since;
} replaced;

/* Of this run of the script. */
static __thread variable *own;

/* Guards what follows. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* What any script has changed, as it was before: nobody sees it but those who have changed it. */
static variable *baseline;
/* The program's own variable; that of a library that was loaded later is another one. */
static char ***process;
/* The list that was put there last, and the strings in it that were made here. */
static char **made;
static replaced *strings, *old;

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

/* --- the environment of the process -------------------------------------------------------------------------------- */

static void retire(void *memory)
{
    replaced *one = malloc(sizeof *one);
    if (one) {
        *one = (replaced) {.next = old, .memory = memory, .since = time(NULL)};
        old = one;
    }
}

static void free_retired(void)
{
    time_t now = time(NULL);
    for (replaced **place = &old; *place;) {
        replaced *one = *place;
        if (now - one->since < RR_KEPT) {
            place = &one->next;
            continue;
        }
        *place = one->next;
        free(one->memory);
        free(one);
    }
}

static void forget_string(char *string)
{
    for (replaced **place = &strings; *place; place = &(*place)->next) {
        if ((*place)->memory == string) {
            replaced *one = *place;
            *place = one->next;
            free(one);
            retire(string);
            return;
        }
    }
}

static bool is_named(const char *entry, const char *name, size_t length)
{
    return strncmp(entry, name, length) == 0 && entry[length] == '=';
}

/* `setting` is "NAME=value", or NULL: the variable is to go. */
static void publish(const char *name, size_t length, const char *setting)
{
    char **now = *process, **next, *before = NULL;
    size_t count = 0;
    for (; now && now[count]; count++) {
        if (!before && is_named(now[count], name, length)) {
            before = now[count];
        }
    }
    if (before ? setting && strcmp(before, setting) == 0 : !setting) {
        return;
    }
    replaced *string = setting ? malloc(sizeof *string) : NULL;
    char *entry = setting ? copy(setting, strlen(setting)) : NULL;
    next = malloc((count + 2) * sizeof *next);
    if (!next || (setting && (!string || !entry))) {
        free(string);
        free(entry);
        free(next);
        return;
    }
    if (!find(baseline, name, length)) {
        set(&baseline, name, length, before ? copy(before + length + 1, strlen(before + length + 1)) : NULL);
    }
    size_t place = 0;
    for (size_t number = 0; number < count; number++) {
        if (!is_named(now[number], name, length)) {
            next[place++] = now[number];
        }
    }
    if (entry) {
        *string = (replaced) {.next = strings, .memory = entry};
        strings = string;
        next[place++] = entry;
    }
    next[place] = NULL;
    __atomic_store_n(process, next, __ATOMIC_RELEASE);
    free_retired();
    if (now && now == made) {
        retire(now);
    }
    made = next;
    if (before) {
        forget_string(before);
    }
}

/* The value with which the process was started, or NULL. */
static char *original(const char *all, size_t size, const char *name, size_t length)
{
    for (const char *entry = all; entry < all + size; entry += strlen(entry) + 1) {
        if (is_named(entry, name, length)) {
            return copy(entry + length + 1, strlen(entry + length + 1));
        }
    }
    return NULL;
}

/* What the main thread has changed before the first wait, as it was before that: each worker runs the script anew. */
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

/* --- that of a worker ------------------------------------------------------------------------------------------------ */

/* A forked child has one thread, and the lock as it was. */
static void enter(void)
{
    if (!rr_is_forked()) {
        pthread_mutex_lock(&lock);
    }
}

static void leave(void)
{
    if (!rr_is_forked()) {
        pthread_mutex_unlock(&lock);
    }
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

static void list(zval *array, variable *from)
{
    for (variable *each = from; each; each = each->next) {
        size_t length = strlen(each->name);
        if (each->value) {
            zval value;
            ZVAL_STRING(&value, each->value);
            zend_symtable_str_update(Z_ARRVAL_P(array), each->name, length, &value);
        } else {
            zend_symtable_str_del(Z_ARRVAL_P(array), each->name, length);
        }
    }
}

void rr_environment_list(zval *array)
{
    /* A copy, as to fill an array may leave by longjmp. */
    variable *before = NULL;
    enter();
    for (variable *each = rr_self ? baseline : NULL; each; each = each->next) {
        set(&before, each->name, strlen(each->name), each->value ? copy(each->value, strlen(each->value)) : NULL);
    }
    leave();
    bool left = true;
    zend_try {
        list(array, before);
        list(array, own);
        left = false;
    } zend_end_try();
    while (before) {
        variable *next = before->next;
        free(before->value);
        free(before);
        before = next;
    }
    if (left) {
        zend_bailout();
    }
}

static zif_handler next_putenv, next_getenv;

static ZEND_NAMED_FUNCTION(on_putenv)
{
    if (!rr_self) {
        next_putenv(INTERNAL_FUNCTION_PARAM_PASSTHRU);
        return;
    }
    char *setting;
    size_t length;
    ZEND_PARSE_PARAMETERS_START(1, 1)
        Z_PARAM_STRING(setting, length)
    ZEND_PARSE_PARAMETERS_END();
    if (length == 0 || setting[0] == '=') {
        zend_argument_value_error(1, "must have a valid syntax");
        RETURN_THROWS();
    }
    const char *equals = strchr(setting, '=');
    size_t name = equals ? (size_t) (equals - setting) : strlen(setting);
    set(&own, setting, name, equals ? copy(equals + 1, strlen(equals + 1)) : NULL);
    enter();
    publish(setting, name, equals ? setting : NULL);
    leave();
    RETURN_TRUE;
}

static ZEND_NAMED_FUNCTION(on_getenv)
{
    zend_string *name = NULL;
    bool local = false;
    if (!rr_self
        || zend_parse_parameters_ex(ZEND_PARSE_PARAMS_QUIET, ZEND_NUM_ARGS(), "|S!b", &name, &local) == FAILURE || !name) {
        next_getenv(INTERNAL_FUNCTION_PARAM_PASSTHRU);
        return;
    }
    variable *found = find(own, ZSTR_VAL(name), ZSTR_LEN(name));
    char *value = found && found->value ? copy(found->value, strlen(found->value)) : NULL;
    if (!found) {
        enter();
        found = find(baseline, ZSTR_VAL(name), ZSTR_LEN(name));
        value = found && found->value ? copy(found->value, strlen(found->value)) : NULL;
        leave();
    }
    if (!found) {
        next_getenv(INTERNAL_FUNCTION_PARAM_PASSTHRU);
    } else if (value) {
        RETVAL_STRING(value);
        free(value);
    } else {
        RETVAL_FALSE;
    }
}

void rr_environment_open(void)
{
    /* RTLD_DEFAULT is what this library sees, and PHP lets it see its own first. */
    void *program = dlopen(NULL, RTLD_NOW);
    process = program ? dlsym(program, "environ") : NULL;
    if (!process || !rr_tsrm_find_standard()) {
        return;
    }
    find_baseline();
    next_putenv = rr_replace(ZEND_STRL("putenv"), on_putenv);
    next_getenv = rr_replace(ZEND_STRL("getenv"), on_getenv);
}
