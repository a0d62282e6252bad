//! The C shim as Rust sees it (`shim/shim.h`).

use std::ffi::{c_char, c_int, c_void};

use ext_php_rs::{
    ffi::zend_class_entry,
    types::{ZendHashTable, ZendStr, Zval},
};

/// Severities of `rr_rs_log`.
pub(super) const LOG_ERROR: c_int = 0;
pub(super) const LOG_WARNING: c_int = 1;
pub(super) const LOG_INFO: c_int = 2;

/// `rr_thread`: one PHP thread. Zeroed by [`Thread::new`]; the rest is the shim's.
#[repr(C)]
pub(super) struct Thread {
    name: *const c_char,
    pool: *const c_char,
    mode: *const c_char,
    pub(super) script: *const c_char,
    pub(super) directory: *const c_char,
    pub(super) argc: c_int,
    pub(super) argv: *mut *mut c_char,
    pub(super) env: *const *const c_char,
    pub(super) follows_links: bool,
    pub(super) revalidates: bool,
    number: i64,
    stack: *mut c_void,
    ob_level: u64,
    booted: bool,
    pub(super) rpc: *const c_char,
    handlers: *mut ZendHashTable,
    answers: bool,
    lock: libc::pthread_mutex_t,
    live: bool,
    vm_interrupt: *mut c_void,
    handle: libc::pthread_t,
    leave: bool,
    request: u64,
    wanted: u32,
    thrown: bool,
    limit: f64,
    tid: libc::pid_t,
    call: [c_char; 160],
}

/// What is wanted of a request that takes long.
pub(super) const REPORT: u32 = 1;
pub(super) const THROW: u32 = 2;
pub(super) const END: u32 = 4;

/// `rr_outcome`: how a run of the script ended.
#[repr(C)]
pub(super) struct Outcome {
    pub(super) status: c_int,
    pub(super) fatal: bool,
    pub(super) message: [c_char; 1024],
}

unsafe extern "C" {
    pub(super) fn rr_tsrm_find() -> bool;
    pub(super) fn rr_startup();
    pub(super) fn rr_foreign() -> *const c_char;
    pub(super) fn rr_script(argc: *mut c_int, argv: *mut *mut *mut c_char) -> *const c_char;
    pub(super) fn rr_engine_open();
    pub(super) fn rr_engine_close();
    pub(super) safe fn rr_is_forked() -> bool;
    pub(super) fn rr_leave_script(status: c_int);
    pub(super) fn rr_hard_exit(status: c_int);
    pub(super) fn rr_ini(name: *const c_char) -> *const c_char;
    pub(super) safe fn rr_php_version() -> *const c_char;
    pub(super) safe fn rr_library() -> *const c_char;
    pub(super) safe fn rr_is_debug() -> bool;
    pub(super) fn rr_has_extension(name: *const c_char) -> bool;
    pub(super) fn rr_set_variable(name: *const c_char, value: *const c_char);
    pub(super) fn rr_configured(name: *const c_char) -> *const c_char;

    pub(super) fn rr_thread_open(thread: *mut Thread);
    pub(super) fn rr_thread_run(thread: *mut Thread, outcome: *mut Outcome);
    pub(super) fn rr_thread_close(thread: *mut Thread);
    pub(super) fn rr_thread_interrupt(thread: *mut Thread);

    pub(super) fn rr_press_begin(request: u64);
    pub(super) fn rr_press_end();
    pub(super) fn rr_press_thrown();
    pub(super) safe fn rr_memory_used() -> usize;
    pub(super) fn rr_press(other: *mut Thread, request: u64, wanted: u32, limit: f64) -> bool;
    pub(super) fn rr_unblock(other: *mut Thread, request: u64);
    pub(super) safe fn rr_memory() -> usize;
    pub(super) fn rr_opcache_refresh();

    pub(super) fn rr_headers(
        headers: *const ZendHashTable,
        each: unsafe extern "C" fn(*mut c_void, u64, *const ZendStr, *const Zval, bool) -> bool,
        context: *mut c_void,
    );
    pub(super) fn rr_bad_request(exception: *mut Zval, message: *const c_char, length: usize, status: i64);
    pub(super) fn rr_type_name(value: *const Zval) -> *const c_char;
    pub(super) fn rr_position(file: *mut *const c_char, line: *mut u32);

    pub(super) fn rr_kind(value: *const Zval, entries: *mut *mut ZendHashTable) -> c_int;
    pub(super) fn rr_put_text(value: *mut Zval, text: *const c_char, length: usize);
    pub(super) fn rr_put_array(value: *mut Zval, count: usize);
    pub(super) fn rr_put_item(array: *mut Zval, item: *mut Zval);
    pub(super) fn rr_put_numbered(array: *mut Zval, key: i64, item: *mut Zval);
    pub(super) fn rr_put_named(array: *mut Zval, key: *const c_char, length: usize, item: *mut Zval);

    pub(super) static rr_ce_rpc: *mut zend_class_entry;
    pub(super) static rr_ce_rpc_timeout: *mut zend_class_entry;
    pub(super) static rr_ce_logic: *mut zend_class_entry;
    pub(super) static rr_ce_server: *mut zend_class_entry;
    pub(super) static rr_ce_timeout: *mut zend_class_entry;
    pub(super) static rr_ce_upload: *mut zend_class_entry;
    pub(super) static rr_ce_file: *mut zend_class_entry;
    pub(super) static rr_ce_client_gone: *mut zend_class_entry;
    pub(super) static rr_ce_bad_request: *mut zend_class_entry;
}

// === impl Thread ===

impl Thread {
    /// Describes a thread that is not open yet. The strings must outlive it.
    pub(super) fn new(name: &std::ffi::CStr, pool: &std::ffi::CStr, mode: &std::ffi::CStr, number: usize) -> Self {
        // SAFETY: every field may be zero: pointers, numbers, booleans, and a mutex in its static initial state.
        let mut thread: Self = unsafe { std::mem::zeroed() };
        thread.name = name.as_ptr();
        thread.pool = pool.as_ptr();
        thread.mode = mode.as_ptr();
        thread.number = i64::try_from(number).unwrap_or(i64::MAX);
        thread
    }
}
