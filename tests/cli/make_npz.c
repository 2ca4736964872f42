/* make-npz OUTPUT FILE...: writes an .npz of these .npy files, deflated as numpy.savez_compressed()
 * does. The files are streamed and may be larger than memory. */
#include <stdio.h>
#include <string.h>
#include <zip.h>

static int add(zip_t *zip, const char *path)
{
    const char *slash = strrchr(path, '/');
    zip_source_t *file = zip_source_file(zip, path, 0, 0);

    return file != NULL && zip_file_add(zip, slash != NULL ? slash + 1 : path, file, 0) >= 0;
}

int main(int argc, char **argv)
{
    zip_t *zip = argc > 2 ? zip_open(argv[1], ZIP_CREATE | ZIP_TRUNCATE, NULL) : NULL;
    int i;

    if (zip == NULL) {
        fprintf(stderr, "usage: make-npz OUTPUT FILE...\n");
        return 2;
    }
    for (i = 2; i < argc; i++) {
        if (!add(zip, argv[i])) {
            fprintf(stderr, "make-npz: %s: %s\n", argv[i], zip_strerror(zip));
            return 1;
        }
    }
    if (zip_close(zip) != 0) {
        fprintf(stderr, "make-npz: %s: %s\n", argv[1], zip_strerror(zip));
        return 1;
    }
    return 0;
}
