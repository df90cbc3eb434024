/* probe_library.cu - libraries that may be missing are loaded at run time, so that the program starts without them. */
#include "validate/probe/probe.cuh"

#include <dlfcn.h>

namespace probe {

void *library(const char *const *names)
{
    void *handle = nullptr;
    for (; *names && !handle; names++) handle = dlopen(*names, RTLD_NOW | RTLD_LOCAL);
    return handle;
}

void *symbol(void *from, const char *name)
{
    return from ? dlsym(from, name) : nullptr;
}

} // namespace probe
