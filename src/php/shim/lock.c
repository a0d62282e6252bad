/* RoadRunner\Locks and RoadRunner\HeldLock. */
#include "shim.h"

#include "zend_exceptions.h"

static zend_class_entry *ce_held;

void rr_lock_class(zend_class_entry *held)
{
    ce_held = held;
}

ZEND_METHOD(RoadRunner_Locks, __construct)
{
    ZEND_PARSE_PARAMETERS_NONE();
}

ZEND_METHOD(RoadRunner_HeldLock, __construct)
{
    ZEND_PARSE_PARAMETERS_NONE();
}

/* Whatever may fail for want of memory is made before the lock is there: nobody would know of it. */
static void acquire(INTERNAL_FUNCTION_PARAMETERS, bool shared)
{
    zend_string *name;
    double ttl = 0, wait = 0;
    bool tied = false;
    ZEND_PARSE_PARAMETERS_START(1, 4)
        Z_PARAM_STR(name)
        Z_PARAM_OPTIONAL
        Z_PARAM_DOUBLE(ttl)
        Z_PARAM_DOUBLE(wait)
        Z_PARAM_BOOL(tied)
    ZEND_PARSE_PARAMETERS_END();
    char id[RR_LOCK_ID];
    if (!rr_rs_lock_id(id)) {
        RETURN_THROWS();
    }
    object_init_ex(return_value, ce_held);
    zend_object *held = Z_OBJ_P(return_value);
    zval value;
    ZVAL_STR(&value, name);
    zend_update_property_ex(ce_held, held, ZSTR_KNOWN(ZEND_STR_NAME), &value);
    zend_update_property_stringl(ce_held, held, ZEND_STRL("id"), id, RR_LOCK_ID);
    zend_update_property_bool(ce_held, held, ZEND_STRL("isShared"), shared);
    if (rr_rs_lock_acquire(name, id, shared, ttl, wait, tied) != RR_DONE) {
        zval_ptr_dtor(return_value);
        RETURN_NULL();
    }
}

ZEND_METHOD(RoadRunner_Locks, acquire)
{
    acquire(INTERNAL_FUNCTION_PARAM_PASSTHRU, false);
}

ZEND_METHOD(RoadRunner_Locks, acquireShared)
{
    acquire(INTERNAL_FUNCTION_PARAM_PASSTHRU, true);
}

/* A bailout leaves the function without a word: the lock is tied to the run of the script, which ends with it. */
ZEND_METHOD(RoadRunner_Locks, withLock)
{
    zend_string *name;
    zend_fcall_info call;
    zend_fcall_info_cache cache;
    double ttl = 0, wait = ZEND_INFINITY;
    bool shared = false;
    ZEND_PARSE_PARAMETERS_START(2, 5)
        Z_PARAM_STR(name)
        Z_PARAM_FUNC(call, cache)
        Z_PARAM_OPTIONAL
        Z_PARAM_DOUBLE(ttl)
        Z_PARAM_DOUBLE(wait)
        Z_PARAM_BOOL(shared)
    ZEND_PARSE_PARAMETERS_END();
    char id[RR_LOCK_ID];
    if (!rr_rs_lock_id(id)) {
        RETURN_THROWS();
    }
    int taken = rr_rs_lock_acquire(name, id, shared, ttl, wait, true);
    if (taken == RR_GONE) {
        zend_throw_exception_ex(rr_ce_locked, 0, "somebody else has the lock \"%s\"", ZSTR_VAL(name));
    }
    if (taken != RR_DONE) {
        RETURN_THROWS();
    }
    zval value;
    call.retval = &value;
    zend_call_function(&call, &cache);
    rr_rs_lock_leave(name, id);
    if (!Z_ISUNDEF(value)) {
        if (Z_ISREF(value)) {
            zend_unwrap_reference(&value);
        }
        RETURN_COPY_VALUE(&value);
    }
}

ZEND_METHOD(RoadRunner_Locks, isLocked)
{
    zend_string *name;
    ZEND_PARSE_PARAMETERS_START(1, 1)
        Z_PARAM_STR(name)
    ZEND_PARSE_PARAMETERS_END();
    RETURN_BOOL(rr_rs_lock_exists(name, NULL, 0));
}

ZEND_METHOD(RoadRunner_Locks, release)
{
    zend_string *name, *id;
    ZEND_PARSE_PARAMETERS_START(2, 2)
        Z_PARAM_STR(name)
        Z_PARAM_STR(id)
    ZEND_PARSE_PARAMETERS_END();
    RETURN_BOOL(rr_rs_lock_release(name, ZSTR_VAL(id), ZSTR_LEN(id)));
}

ZEND_METHOD(RoadRunner_Locks, forceRelease)
{
    zend_string *name;
    ZEND_PARSE_PARAMETERS_START(1, 1)
        Z_PARAM_STR(name)
    ZEND_PARSE_PARAMETERS_END();
    RETURN_BOOL(rr_rs_lock_force_release(name));
}

/* Name and id of a lock; false with an exception pending: Reflection can make one that has neither. */
static bool of_this(zend_object *held, zend_string **name, zend_string **id)
{
    zval *of_name = OBJ_PROP_NUM(held, 0), *of_id = OBJ_PROP_NUM(held, 1);
    if (Z_TYPE_P(of_name) != IS_STRING || Z_TYPE_P(of_id) != IS_STRING) {
        zend_throw_error(NULL, "%s has not been taken", ZSTR_VAL(held->ce->name));
        return false;
    }
    *name = Z_STR_P(of_name);
    *id = Z_STR_P(of_id);
    return true;
}

ZEND_METHOD(RoadRunner_HeldLock, release)
{
    zend_string *name, *id;
    ZEND_PARSE_PARAMETERS_NONE();
    if (!of_this(Z_OBJ_P(ZEND_THIS), &name, &id)) {
        RETURN_THROWS();
    }
    RETURN_BOOL(rr_rs_lock_release(name, ZSTR_VAL(id), ZSTR_LEN(id)));
}

ZEND_METHOD(RoadRunner_HeldLock, extend)
{
    zend_string *name, *id;
    double ttl;
    ZEND_PARSE_PARAMETERS_START(1, 1)
        Z_PARAM_DOUBLE(ttl)
    ZEND_PARSE_PARAMETERS_END();
    if (!of_this(Z_OBJ_P(ZEND_THIS), &name, &id)) {
        RETURN_THROWS();
    }
    RETURN_BOOL(rr_rs_lock_extend(name, id, ttl));
}

ZEND_METHOD(RoadRunner_HeldLock, isHeld)
{
    zend_string *name, *id;
    ZEND_PARSE_PARAMETERS_NONE();
    if (!of_this(Z_OBJ_P(ZEND_THIS), &name, &id)) {
        RETURN_THROWS();
    }
    RETURN_BOOL(rr_rs_lock_exists(name, ZSTR_VAL(id), ZSTR_LEN(id)));
}
