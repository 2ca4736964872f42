/* Processes and threads. */
#include "preload/calls.h"

#include <pthread.h>
#include <unistd.h>

pid_t fork(void)
{
    REAL(fork);
    CALL(pid_t, -1, FAULTS_SPAWN, "", -1, real());
}

int pipe(int fds[2])
{
    REAL(pipe);
    CALL(int, -1, FAULTS_SPAWN, "", -1, real(fds));
}

int pipe2(int fds[2], int flags)
{
    REAL(pipe2);
    CALL(int, -1, FAULTS_SPAWN, "", -1, real(fds, flags));
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*fn)(void *),
                   void *arg)
{
    REAL(pthread_create);
    CALL(int, page->error, FAULTS_SPAWN, "", -1, real(thread, attributes, fn, arg));
}
