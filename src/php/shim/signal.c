/* Signals: one thread waits for those that steer the server; a crash says where it happened. */
#include "shim.h"

#include "zend_signal.h"

#include <errno.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const int steering[] = {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2};
static const int crashes[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
#define COUNT(array) (sizeof(array) / sizeof *(array))
#define STACK 65536
#define THREADS 1024

bool rr_signal_reserved(int number)
{
    for (size_t i = 0; i < COUNT(steering); i++) {
        if (steering[i] == number) {
            return true;
        }
    }
    return false;
}

/* --- steering ------------------------------------------------------------------------------------------------------ */

static pthread_t waiter;
static bool waiting; /* there is a waiter */
static _Atomic bool ending; /* it is to end */
static sem_t waits;

static sigset_t steering_set(void)
{
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < COUNT(steering); i++) {
        sigaddset(&set, steering[i]);
    }
    return set;
}

/* While the waiter is busy with one signal, the kernel may give the next one to a PHP thread, which passes it on. */
static void pass_on(int number)
{
    int before = errno;
    if (!rr_is_forked() && !pthread_equal(pthread_self(), waiter)) {
        pthread_kill(waiter, number);
    }
    errno = before;
}

static void kicked(int number)
{
    (void) number;
}

static void *wait_for_signals(void *unused)
{
    (void) unused;
    prctl(PR_SET_NAME, "rr-signal");
    waiter = pthread_self();
    sem_post(&waits);
    sigset_t set = steering_set();
    sigaddset(&set, RR_KICK);
    for (int number; sigwait(&set, &number) == 0 && !(number == RR_KICK && atomic_load(&ending));) {
        if (number != RR_KICK) {
            rr_rs_signal(number);
        }
    }
    return NULL;
}

static void handle(int number, void (*handler)(int), int flags)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
    sigfillset(&action.sa_mask);
    sigaction(number, &action, NULL);
}

/* --- signals of the workers' own ----------------------------------------------------------------------------------- */

/* The engine keeps handlers per thread, but the kernel gives a signal to any thread: one that has no handler would meet
 * the default action, which ends the process. So a signal goes to the worker that asked for it last. */
static struct {
    rr_thread *_Atomic owner;
    void (*engine)(int, siginfo_t *, void *); /* the engine's handler, which finds PHP's in the thread's own table */
} own[NSIG];

static void route(int number, siginfo_t *info, void *context)
{
    int saved = errno;
    rr_thread *owner = atomic_load(&own[number].owner);
    if (owner && owner == rr_self) {
        own[number].engine(number, info, context);
    } else if (owner && !rr_is_forked()) {
        pthread_kill(owner->handle, number);
    }
    errno = saved;
}

void rr_signal_own(int number)
{
    struct sigaction action;
    if (number <= 0 || number >= NSIG || sigaction(number, NULL, &action) != 0) {
        return;
    }
    if ((action.sa_flags & SA_SIGINFO) && action.sa_sigaction != route) {
        own[number].engine = action.sa_sigaction;
    }
    /* Without a handler of PHP's there is nobody to give it to, and it is ignored. */
    bool handled = (action.sa_flags & SA_SIGINFO) && own[number].engine;
    atomic_store(&own[number].owner, handled ? rr_self : NULL);
    action.sa_sigaction = route;
    action.sa_flags |= SA_SIGINFO | SA_ONSTACK;
    sigaction(number, &action, NULL);
}

void rr_signal_disown(rr_thread *self)
{
    for (size_t i = 0; i < NSIG; i++) {
        rr_thread *owner = self;
        atomic_compare_exchange_strong(&own[i].owner, &owner, NULL);
    }
}

/* --- crashes ------------------------------------------------------------------------------------------------------- */

/* What the handler may say of a thread. A slot is free while `tid` is 0; `thread` is written before, cleared after. */
static struct {
    _Atomic pid_t tid;
    rr_thread *_Atomic thread;
} threads[THREADS];
static struct sigaction before[NSIG];

static size_t put(char *to, size_t at, size_t end, const char *text)
{
    while (*text && at < end) {
        to[at++] = *text++;
    }
    return at;
}

static size_t put_number(char *to, size_t at, size_t end, unsigned long number, unsigned base)
{
    char digits[24];
    size_t count = 0;
    do {
        digits[count++] = "0123456789abcdef"[number % base];
        number /= base;
    } while (number);
    while (count && at < end) {
        to[at++] = digits[--count];
    }
    return at;
}

/* Async-signal-safe: system calls and memory that is there. */
static void crashed(int number, siginfo_t *info, void *context)
{
    (void) context;
    char text[1024], name[17] = {0};
    size_t at = 0, end = sizeof text - 1;
    pid_t tid = (pid_t) syscall(SYS_gettid);
    rr_thread *thread = NULL;
    for (size_t i = 0; i < THREADS && !thread; i++) {
        if (atomic_load(&threads[i].tid) == tid) {
            thread = atomic_load(&threads[i].thread);
        }
    }
    prctl(PR_GET_NAME, name);
    at = put(text, at, end, "roadrunner: fatal signal ");
    at = put_number(text, at, end, (unsigned long) number, 10);
    at = put(text, at, end, number == SIGSEGV ? " (SIGSEGV)" : number == SIGABRT ? " (SIGABRT)" :
             number == SIGBUS ? " (SIGBUS)" : number == SIGILL ? " (SIGILL)" : " (SIGFPE)");
    if (info->si_code > 0 && number != SIGABRT) {
        at = put(text, at, end, " at address 0x");
        at = put_number(text, at, end, (unsigned long) info->si_addr, 16);
    }
    at = put(text, at, end, " in thread ");
    at = put(text, at, end, name);
    at = put(text, at, end, " (");
    at = put_number(text, at, end, (unsigned long) tid, 10);
    at = put(text, at, end, ")");
    if (thread) {
        at = put(text, at, end, ", worker ");
        at = put(text, at, end, thread->name);
        at = put(text, at, end, ", pool ");
        at = put(text, at, end, thread->pool);
        at = put(text, at, end, ", script ");
        at = put(text, at, end, thread->script);
    }
    text[at++] = '\n';
    ssize_t written = write(STDERR_FILENO, text, at);
    (void) written;
    /* The signal comes again, and meets what was there before us: a core dump, or another handler. */
    sigaction(number, &before[number], NULL);
    if (info->si_code <= 0) {
        syscall(SYS_tgkill, getpid(), tid, number);
    }
}

void rr_signals_thread(rr_thread *self)
{
    /* Children of a worker inherit the mask, and must hear their signals. */
    sigset_t none;
    sigemptyset(&none);
    pthread_sigmask(SIG_SETMASK, &none, NULL);
    pid_t tid = (pid_t) syscall(SYS_gettid);
    for (size_t i = 0; i < THREADS; i++) {
        pid_t nobody = 0;
        if (atomic_compare_exchange_strong(&threads[i].tid, &nobody, tid)) {
            atomic_store(&threads[i].thread, self);
            break;
        }
    }
    stack_t stack = {.ss_sp = malloc(STACK), .ss_size = STACK};
    if (stack.ss_sp && sigaltstack(&stack, NULL) == 0) {
        self->stack = stack.ss_sp;
    } else {
        free(stack.ss_sp);
    }
}

void rr_signals_thread_end(rr_thread *self)
{
    rr_signal_disown(self);
    /* Nothing of PHP runs here any more: what still comes is for others. */
    sigset_t set = steering_set();
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    for (size_t i = 0; i < THREADS; i++) {
        if (atomic_load(&threads[i].thread) == self) {
            atomic_store(&threads[i].thread, NULL);
            atomic_store(&threads[i].tid, 0);
        }
    }
    if (self->stack) {
        stack_t none = {.ss_flags = SS_DISABLE};
        sigaltstack(&none, NULL);
        free(self->stack);
    }
}

/* --- the wait on main ---------------------------------------------------------------------------------------------- */

/* What the main thread had before, for a script that goes on because no server came to run. */
static sigset_t own_mask;
static struct sigaction own_steering[COUNT(steering)];

static void start_waiter(void)
{
    atomic_store(&ending, false);
    sem_init(&waits, 0, 0);
    pthread_t thread;
    waiting = pthread_create(&thread, NULL, wait_for_signals, NULL) == 0;
    while (waiting && sem_wait(&waits) != 0) {
    }
}

static void end_waiter(void)
{
    if (waiting) {
        atomic_store(&ending, true);
        pthread_kill(waiter, RR_KICK);
        pthread_join(waiter, NULL);
        waiting = false;
    }
}

static void catch_crashes(void)
{
    for (size_t i = 0; i < COUNT(crashes); i++) {
        struct sigaction action = {.sa_sigaction = crashed, .sa_flags = SA_SIGINFO | SA_ONSTACK};
        sigemptyset(&action.sa_mask);
        sigaction(crashes[i], NULL, &before[crashes[i]]);
        /* Whoever is there already (a sanitizer, a crash reporter) keeps it. */
        if (before[crashes[i]].sa_handler == SIG_DFL) {
            sigaction(crashes[i], &action, NULL);
        }
    }
}

void rr_signals_open(void)
{
    /* The main thread, and with it the threads of the server, take no signal but faults and PHP's own timer. */
    sigset_t all;
    sigfillset(&all);
    for (size_t i = 0; i < COUNT(crashes); i++) {
        sigdelset(&all, crashes[i]);
    }
    sigdelset(&all, SIGTRAP);
    sigdelset(&all, SIGRTMIN);
    pthread_sigmask(SIG_BLOCK, &all, &own_mask);
    start_waiter();
    for (size_t i = 0; i < COUNT(steering); i++) {
        sigaction(steering[i], NULL, &own_steering[i]);
        if (waiting) {
            handle(steering[i], pass_on, SA_RESTART);
        }
    }
    static bool catching;
    if (!catching) {
        catching = true;
        handle(RR_KICK, kicked, 0);
        /* One worker's alarm without a handler must not end all. */
        struct sigaction alarm;
        if (sigaction(SIGALRM, NULL, &alarm) == 0 && alarm.sa_handler == SIG_DFL) {
            handle(SIGALRM, kicked, SA_RESTART);
        }
        catch_crashes();
    }
}

void rr_signals_close(void)
{
    for (size_t i = 0; i < COUNT(steering); i++) {
        sigaction(steering[i], &own_steering[i], NULL);
    }
    end_waiter();
    pthread_sigmask(SIG_SETMASK, &own_mask, NULL);
}
