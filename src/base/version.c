#include <fftool/version.h>

const char *ff_version(void)
{
    return FF_VERSION;
}
