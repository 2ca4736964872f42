/*
 * Status codes. Every library function that can fail returns one: FF_OK (0) or a negative code; the
 * reason, in one line of English, is then in ff_ctx_message() of the context that the call was
 * given.
 */
#ifndef FFTOOL_STATUS_H
#define FFTOOL_STATUS_H

#ifdef __cplusplus
extern "C" {
#endif

enum ff_status {
    FF_OK = 0,
    FF_EINVAL = -1,        /* an argument or option is invalid */
    FF_ENOMEM = -2,        /* the system has no memory left */
    FF_EIO = -3,           /* a file could not be read or written */
    FF_EFORMAT = -4,       /* a file is of a foreign or unsupported format */
    FF_ECORRUPT = -5,      /* a file of a known format is damaged */
    FF_EBUDGET = -6,       /* does not fit the memory limit that was set */
    FF_EEXIST = -7,        /* would overwrite something */
    FF_ENOTFOUND = -8,     /* no such file, layer or value */
    FF_ELOCKED = -9,       /* another process is training this model */
    FF_EFULL = -10,        /* the disk is full */
    FF_EMISMATCH = -11,    /* model, data and options are incompatible */
    FF_ENUMERIC = -12,     /* training diverged, or a value of the data is not finite */
    FF_EINTERRUPTED = -13, /* stopped on request; state is saved */
    FF_EREPLACED = -14,    /* a file in use was deleted, renamed or replaced by another process */
    FF_EFBIG = -15 /* a file would exceed the size limit (ulimit -f); a program that does not
                      ignore SIGXFSZ is killed instead */
};

/* A function whose result must not be ignored. */
#define FF_CHECK __attribute__((warn_unused_result))

/* Returns a short static description of STATUS, such as "disk full". */
const char *ff_status_text(enum ff_status status);

#ifdef __cplusplus
}
#endif
#endif
