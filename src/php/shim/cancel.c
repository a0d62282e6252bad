/* The end of a request from outside: what a script is told between two opcodes, and what ends a system call. */
#include "shim.h"

#include "zend_exceptions.h"
#include "zend_generators.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define FRAMES 64      /* of a backtrace, the innermost ones */
#define BACKTRACE 8192 /* bytes of it */
#define WAITS 1024     /* descriptors that one system call may wait for */
#define DEPTH 16       /* generations of child processes */

/* --- on the thread itself ------------------------------------------------------------------------------------------ */

void rr_press_begin(uint64_t request)
{
    rr_thread *self = rr_self;
    pthread_mutex_lock(&self->lock);
    self->request = request;
    self->call[0] = 0;
    atomic_store(&self->wanted, 0);
    self->thrown = false;
    pthread_mutex_unlock(&self->lock);
}

void rr_press_end(void)
{
    rr_press_begin(0);
}

/* One line for each function, the innermost first: what runs on this thread, without touching a value of the script. */
static size_t backtrace(zend_execute_data *frame, char *to, size_t room)
{
    size_t at = 0;
    to[0] = 0;
    for (int number = 0; frame && number < FRAMES; frame = frame->prev_execute_data) {
        frame = zend_generator_check_placeholder_frame(frame);
        zend_function *function = frame->func;
        if (!function) {
            continue;
        }
        const char *class = function->common.scope ? ZSTR_VAL(function->common.scope->name) : "";
        const char *name = function->common.function_name ? ZSTR_VAL(function->common.function_name) : NULL;
        int length = snprintf(to + at, room - at, "%s#%d %s%s%s%s", number ? "\n" : "", number, name ? class : "",
                              name && *class ? "::" : "", name ? name : frame->prev_execute_data ? "{file}" : "{main}", name ? "()" : "");
        if (length < 0 || (size_t) length >= room - at) {
            break;
        }
        at += (size_t) length;
        const zend_op *opline = ZEND_USER_CODE(function->type) ? frame->opline : NULL;
        if (opline >= EG(exception_op) && opline < EG(exception_op) + 3) {
            opline = EG(opline_before_exception);
        }
        if (opline) {
            length = snprintf(to + at, room - at, " %s:%u", ZSTR_VAL(function->op_array.filename), opline->lineno);
            if (length < 0 || (size_t) length >= room - at) {
                break;
            }
            at += (size_t) length;
        }
        number++;
    }
    to[at] = 0;
    return at;
}

/* What others want of this thread, taken so that it is not done twice. */
static unsigned take(unsigned which, double *limit)
{
    pthread_mutex_lock(&rr_self->lock);
    unsigned wanted = atomic_load(&rr_self->wanted) & which;
    atomic_fetch_and(&rr_self->wanted, ~wanted);
    *limit = rr_self->limit;
    pthread_mutex_unlock(&rr_self->lock);
    return wanted;
}

bool rr_press_heeded(zend_execute_data *frame)
{
    if (!atomic_load(&rr_self->wanted)) {
        return false;
    }
    double limit;
    /* An exception that is there goes first. rr_unblock has this called again. */
    unsigned wanted = take(EG(exception) ? RR_REPORT : ~0u, &limit);
    if (wanted & RR_REPORT) {
        char text[BACKTRACE];
        rr_rs_report(text, backtrace(frame, text, sizeof text), zend_memory_usage(false));
    }
    if (wanted & RR_END) {
        zend_throw_unwind_exit();
    } else if (wanted & RR_THROW) {
        rr_rs_throw_timeout(limit);
    }
    return wanted & (RR_END | RR_THROW);
}

void rr_press_thrown(void)
{
    pthread_mutex_lock(&rr_self->lock);
    rr_self->thrown = true;
    atomic_fetch_and(&rr_self->wanted, ~RR_THROW);
    pthread_mutex_unlock(&rr_self->lock);
}

size_t rr_memory_used(void)
{
    return zend_memory_usage(false);
}

/* --- on another thread --------------------------------------------------------------------------------------------- */

bool rr_press(rr_thread *other, uint64_t request, unsigned wanted, double limit)
{
    pthread_mutex_lock(&other->lock);
    bool meant = other->live && other->request == request;
    if (meant) {
        other->limit = limit;
        wanted &= other->thrown ? ~RR_THROW : ~0u;
        atomic_fetch_or(&other->wanted, wanted);
        zend_atomic_bool_store(other->vm_interrupt, true);
        if (wanted & (RR_THROW | RR_END)) {
            pthread_kill(other->handle, RR_KICK);
        }
    }
    pthread_mutex_unlock(&other->lock);
    return meant;
}

static bool read_file(const char *path, char *text, size_t room)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = file < 0 ? -1 : read(file, text, room - 1);
    if (file >= 0) {
        close(file);
    }
    text[length > 0 ? length : 0] = 0;
    return length > 0;
}

/* The system call in which a thread sleeps, with its arguments and where it was called. False: it runs, or cannot be seen. */
static bool read_call(pid_t tid, char *text)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/task/%d/syscall", (int) tid);
    return read_file(path, text, RR_CALL) && text[0] >= '0' && text[0] <= '9';
}

static void kill_children(pid_t process, pid_t thread, int depth)
{
    char path[64], list[4096];
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int) process, (int) thread);
    if (!read_file(path, list, sizeof list)) {
        return;
    }
    for (char *at = list, *end; ; at = end) {
        pid_t child = (pid_t) strtol(at, &end, 10);
        if (end == at) {
            return;
        }
        /* Stopped, it gets no further children. */
        kill(child, SIGSTOP);
        snprintf(path, sizeof path, "/proc/%d/task", (int) child);
        DIR *threads = depth < DEPTH ? opendir(path) : NULL;
        for (struct dirent *entry; threads && (entry = readdir(threads));) {
            if (entry->d_name[0] != '.') {
                kill_children(child, (pid_t) strtol(entry->d_name, NULL, 10), depth + 1);
            }
        }
        if (threads) {
            closedir(threads);
        }
        kill(child, SIGKILL);
    }
}

/* Ends what comes through a descriptor. Returns whether it is a pipe, at whose other end a child may be. */
static bool cut(int descriptor)
{
    struct stat state;
    if (fstat(descriptor, &state) != 0) {
        return false;
    }
    if (S_ISSOCK(state.st_mode)) {
        shutdown(descriptor, SHUT_RDWR);
    }
    return S_ISFIFO(state.st_mode);
}

/* Memory of this process that may not be there any more. */
static bool peek(unsigned long address, void *to, size_t length)
{
    struct iovec here = {to, length}, there = {(void *) address, length};
    return length && process_vm_readv(getpid(), &here, 1, &there, 1, 0) == (ssize_t) length;
}

static bool cut_polled(unsigned long address, unsigned long count)
{
    struct pollfd waits[WAITS];
    bool pipes = false;
    if (count <= WAITS && peek(address, waits, count * sizeof *waits)) {
        for (unsigned long i = 0; i < count; i++) {
            pipes |= waits[i].fd >= 0 && cut(waits[i].fd);
        }
    }
    return pipes;
}

static bool cut_selected(unsigned long address, unsigned long count)
{
    fd_set waits;
    FD_ZERO(&waits);
    bool pipes = false;
    if (address && count <= FD_SETSIZE && peek(address, &waits, (count + 63) / 64 * 8)) {
        for (unsigned long i = 0; i < count; i++) {
            pipes |= FD_ISSET(i, &waits) && cut((int) i);
        }
    }
    return pipes;
}

/* Ends what the call waits for. */
static void release(rr_thread *other)
{
    long call = -1;
    unsigned long a = 0, b = 0, c = 0, d = 0;
    if (sscanf(other->call, "%ld %lx %lx %lx %lx", &call, &a, &b, &c, &d) < 2) {
        return;
    }
    bool children = false;
    switch (call) {
#ifdef SYS_poll
        case SYS_poll:
#endif
        case SYS_ppoll:
            children = cut_polled(a, b);
            break;
#ifdef SYS_select
        case SYS_select:
#endif
        case SYS_pselect6:
            children = cut_selected(b, a) | cut_selected(c, a) | cut_selected(d, a);
            break;
        case SYS_read:
        case SYS_readv:
        case SYS_write:
        case SYS_writev:
        case SYS_connect:
        case SYS_accept:
        case SYS_accept4:
        case SYS_sendto:
        case SYS_sendmsg:
        case SYS_recvfrom:
        case SYS_recvmsg:
            children = cut((int) a);
            break;
        case SYS_wait4:
        case SYS_waitid:
            children = true;
            break;
        default:
            return;
    }
    if (children) {
        kill_children(getpid(), other->tid, 0);
    }
}

void rr_unblock_locked(rr_thread *other)
{
    char call[RR_CALL];
    if (!read_call(other->tid, call)) {
        other->call[0] = 0;
    } else if (strcmp(call, other->call) != 0) {
        memcpy(other->call, call, sizeof call);
    } else {
        release(other);
        /* What is tried again after one signal. */
        pthread_kill(other->handle, RR_KICK);
    }
}

void rr_unblock(rr_thread *other, uint64_t request)
{
    pthread_mutex_lock(&other->lock);
    if (other->live && other->request == request) {
        if (atomic_load(&other->wanted)) {
            zend_atomic_bool_store(other->vm_interrupt, true);
        }
        rr_unblock_locked(other);
    }
    pthread_mutex_unlock(&other->lock);
}
