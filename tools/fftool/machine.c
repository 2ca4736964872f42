#include "machine.h"
#include "common/output.h"
#include "json.h"
#include <sched.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

/* The name of the processor from the kernel; null: unknown. */
static json_t *cpu_name(void)
{
    static const char key[] = "model name";
    FILE *in = fopen("/proc/cpuinfo", "re");
    char line[256];
    json_t *name = NULL;

    while (in != NULL && name == NULL && fgets(line, sizeof line, in) != NULL) {
        const char *colon = strchr(line, ':');

        if (strncmp(line, key, strlen(key)) != 0 || colon == NULL)
            continue;
        line[strcspn(line, "\n")] = '\0';
        name = json_from_text(colon + 1 + strspn(colon + 1, " "));
    }
    if (in != NULL)
        fclose(in);
    return name != NULL ? name : json_null();
}

unsigned machine_processors(void)
{
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof set, &set) == 0)
        return (unsigned)CPU_COUNT(&set);
    return (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
}

static json_t *memory_bytes(void)
{
    long pages = sysconf(_SC_PHYS_PAGES), page_bytes = sysconf(_SC_PAGESIZE);

    if (pages <= 0 || page_bytes <= 0)
        return json_null();
    return json_from_count((uint64_t)pages * (uint64_t)page_bytes);
}

static json_t *kernel(void)
{
    struct utsname name;
    char text[sizeof name.sysname + sizeof name.release + sizeof name.machine + 3];

    if (uname(&name) != 0)
        return json_null();
    snprintf(text, sizeof text, "%s %s %s", name.sysname, name.release, name.machine);
    return json_from_text(text);
}

json_t *machine_object(void)
{
    struct json_builder object = json_build(json_object());

    json_add(&object, "cpu", cpu_name());
    json_add(&object, "processors", json_integer(machine_processors()));
    json_add(&object, "memory_bytes", memory_bytes());
    json_add(&object, "kernel", kernel());
    json_add(&object, "fftool", json_from_text(ff_version()));
    json_add(&object, "blas", json_null());
    return json_built(&object);
}
