#!/bin/sh
# JSON is complete or absent: when an allocation fails, --json prints a whole document and ends with
# 0, or nothing and ends with a failure. And when one fails while JSON is read, the command fails with a
# message.
# shellcheck source=tests/cli/lib
. "${FFTOOL_ROOT:?}/tests/cli/lib"

if [ -n "${FFTOOL_SANITIZED-}" ]; then
    echo "SKIPPED: the sanitizer has an allocator of its own"
    exit 0
fi
if ! command -v cc >/dev/null; then
    echo "SKIPPED: there is no C compiler for the allocator that fails"
    exit 0
fi

# An allocator whose FAIL_AT-th call since main() fails; with FAIL_COUNT it prints the number of calls.
cat >fail.c <<'END'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
static atomic_long calls;
static long fail_at = -1;

static void report(void)
{
    FILE *out = fopen(getenv("FAIL_COUNT"), "w");
    if (out != NULL) {
        fprintf(out, "%ld\n", (long)calls);
        fclose(out);
    }
}

static int (*true_main)(int, char **, char **);

static int counted_main(int argc, char **argv, char **envp)
{
    const char *at = getenv("FAIL_AT");
    if (getenv("FAIL_COUNT") != NULL)
        atexit(report);
    calls = 0;
    fail_at = at != NULL ? atol(at) : 0;
    return true_main(argc, argv, envp);
}

int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv, void (*init)(void),
                      void (*fini)(void), void (*rtld_fini)(void), void *end)
{
    int (*start)(int (*)(int, char **, char **), int, char **, void (*)(void), void (*)(void),
                 void (*)(void), void *) = dlsym(RTLD_NEXT, "__libc_start_main");
    true_main = main;
    return start(counted_main, argc, argv, init, fini, rtld_fini, end);
}

static int fails(void)
{
    if (fail_at < 0 || ++calls != fail_at)
        return 0;
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t size) { return fails() ? NULL : __libc_malloc(size); }
void *calloc(size_t n, size_t size) { return fails() ? NULL : __libc_calloc(n, size); }
void *realloc(void *p, size_t size) { return fails() ? NULL : __libc_realloc(p, size); }
END
cc -shared -fPIC -O -o fail.so fail.c -ldl || exit 1

# Documents are built last: a sample of the last allocations; with FFTOOL_LONG every one
last=240 step=17
[ -z "${FFTOOL_LONG-}" ] || last=1000000 step=1

# fails_whole ARGUMENT...: makes allocations of the program fail, one in each run
fails_whole()
{
    FAIL_COUNT=count LD_PRELOAD=$work/fail.so "$FFTOOL" "$@" >whole 2>err </dev/null || {
        not_ok "fftool $* fails where nothing does"
        return
    }
    calls=$(cat count) runs=0 refusals=0 bad=0
    n=$((calls > last ? calls - last : 1))
    while [ "$n" -le "$calls" ]; do
        code=0
        FAIL_AT=$n LD_PRELOAD=$work/fail.so "$FFTOOL" "$@" >out 2>err </dev/null || code=$?
        if [ "$code" -eq 0 ]; then
            json out && [ "$(wc -l <out)" -eq "$(wc -l <whole)" ] || bad=$n
        else
            { empty out && [ "$code" -lt 128 ] && has err '^fftool: '; } || bad=$n
            refusals=$((refusals + 1))
        fi
        [ "$bad" -eq 0 ] || break
        runs=$((runs + 1))
        n=$((n + step))
    done
    ok "$runs of $calls failing allocations: $refusals refusals, else whole JSON: fftool $*" \
        [ "$bad" -eq 0 ]
    [ "$bad" -eq 0 ] || {
        echo "    allocation $bad: exit code $code, stdout:"
        head -c 300 out | sed 's/^/    /'
    }
}

# A number of 15 characters: jansson makes room for the 16th of a token where it reads what follows,
# which it puts back, and aborts if that is not what came last.
echo '{"a":123456789012345}' >odd.jsonl
refused 4 'odd\.jsonl' plot odd.jsonl --output odd.svg
FAIL_COUNT=count LD_PRELOAD=$work/fail.so "$FFTOOL" plot odd.jsonl --output odd.svg >out 2>err
calls=$(cat count) bad=0 ran_out=0
for n in $(seq "$calls"); do
    command="plot, allocation $n of $calls fails" code=0
    FAIL_AT=$n LD_PRELOAD=$work/fail.so "$FFTOOL" plot odd.jsonl --output odd.svg >out 2>err </dev/null || code=$?
    { [ "$code" -lt 128 ] && has err '^fftool: '; } || bad=$n
    ! has err 'out of memory' || ran_out=$((ran_out + 1))
done
ok "a failing allocation while JSON is read is a failure with a message (not $bad)" [ "$bad" -eq 0 ]
ok "$ran_out of $calls are reported as out of memory" [ "$ran_out" -gt 5 ]

# shellcheck disable=SC2086
ff 0 train $conditioned --quiet --log log.jsonl
fails_whole recipes --json
fails_whole plan --hidden 20x2 --epochs 1 --json
fails_whole inspect model.ff --json
fails_whole inspect model.ff --layer 1 --verify --json
fails_whole eval model.ff --data "$data" --limit 100 --threads 1 --json --quiet
finish
