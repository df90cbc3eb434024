/* backend_opencl.c - kernels on the first OpenCL device: the bodies given to the driver as source text. */
#define _GNU_SOURCE /* RTLD_DEFAULT */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "validate/probe/backend_parts.h"
#include "validate/probe/body.h"
#include "validate/probe/opencl_api.h"

enum { KERNELS_MOST = 64 };

typedef struct opencl_backend {
    gbl_backend b;
    gbl_cl_api cl;
    gbl_cl device, context, queue, program;
    struct { char name[32]; gbl_cl kernel; } kernel[KERNELS_MOST];
    int n_kernels;
} opencl_backend;

static const char source[] = "#include \"validate/probe/body_move.h\"\n"
                             "#include \"validate/probe/body_gemm.h\"\n"
                             "#include \"validate/probe/body_attention.h\"\n"
                             "#include \"validate/probe/body_kv.h\"\n"
                             "#include \"validate/probe/body_layer.h\"\n";

static int failed(gbl_err *err, const char *call, gbl_cl_int code)
{
    return gbl_fail(err, GBL_EFAULT, "OpenCL: %s ended with %d", call, (int)code);
}

static int load(opencl_backend *o, gbl_err *err)
{
    /* An emulator preloads itself: then its functions are there already. */
    int preloaded = dlsym(RTLD_DEFAULT, "clGetPlatformIDs") != NULL;
    void *library = preloaded ? RTLD_DEFAULT : dlopen("libOpenCL.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!preloaded && !library) {
        gbl_fail(err, GBL_EINPUT, "there is no OpenCL here");
        return gbl_expected(err, "libOpenCL.so.1 (Debian: ocl-icd-libopencl1) and a driver, such as pocl-opencl-icd for the CPU");
    }
#define FIND(result, name, arguments)                                            \
    *(void **)(void *)&o->cl.name = dlsym(library, #name);                    \
    if (!o->cl.name) return gbl_fail(err, GBL_EFAULT, "OpenCL without " #name);
    GBL_CL_LIST(FIND)
    return 0;
}

static int open_device(opencl_backend *o, gbl_err *err)
{
    gbl_cl platform[8];
    gbl_cl_uint n = 0, found = 0, units = 1;
    uint64_t cache = 0;
    gbl_cl_int code = o->cl.clGetPlatformIDs(8, platform, &n);
    for (gbl_cl_uint i = 0; !code && !found && i < n && i < 8; i++)
        if (o->cl.clGetDeviceIDs(platform[i], GBL_CL_DEVICE_ALL, 1, &o->device, &found)) found = 0;
    if (!found) {
        gbl_fail(err, GBL_EINPUT, "OpenCL knows no device");
        return gbl_expected(err, "a driver, such as pocl-opencl-icd for the CPU");
    }
    o->context = o->cl.clCreateContext(NULL, 1, &o->device, NULL, NULL, &code);
    if (code) return failed(err, "clCreateContext", code);
    o->queue = o->cl.clCreateCommandQueue(o->context, o->device, 0, &code);
    if (code) return failed(err, "clCreateCommandQueue", code);
    o->cl.clGetDeviceInfo(o->device, GBL_CL_DEVICE_NAME, sizeof o->b.device - 1, o->b.device, NULL);
    o->cl.clGetDeviceInfo(o->device, GBL_CL_DRIVER_VERSION, sizeof o->b.driver - 1, o->b.driver, NULL);
    o->cl.clGetDeviceInfo(o->device, GBL_CL_DEVICE_MAX_COMPUTE_UNITS, sizeof units, &units, NULL);
    o->cl.clGetDeviceInfo(o->device, GBL_CL_DEVICE_GLOBAL_MEM_CACHE_SIZE, sizeof cache, &cache, NULL);
    o->b.units = (int)units;
    o->b.cache = (size_t)cache;
    return 0;
}

static int build(opencl_backend *o, gbl_err *err)
{
    const char *text = source;
    char options[4200], log[400] = "";
    gbl_cl_int code;
    gbl_arena *a = gbl_arena_new();
    if (!a) return gbl_nomem(err, 0);
    const char *root = gbl_data_root(a);
    int n = snprintf(options, sizeof options, "-w -cl-std=CL1.2 -I %s", root ? root : ".");
    gbl_arena_free(a);
    if (n >= (int)sizeof options) return gbl_fail(err, GBL_EFAULT, "the path of the kernels' sources is too long");
    o->program = o->cl.clCreateProgramWithSource(o->context, 1, &text, NULL, &code);
    if (code) return failed(err, "clCreateProgramWithSource", code);
    code = o->cl.clBuildProgram(o->program, 1, &o->device, options, NULL, NULL);
    if (!code) return 0;
    o->cl.clGetProgramBuildInfo(o->program, o->device, GBL_CL_PROGRAM_BUILD_LOG, sizeof log - 1, log, NULL);
    failed(err, "clBuildProgram", code);
    return gbl_where(err, "%s", log);
}

static int kernel_of(opencl_backend *o, const char *name, gbl_cl *out, gbl_err *err)
{
    char full[64];
    gbl_cl_int code;
    for (int i = 0; i < o->n_kernels; i++)
        if (!strcmp(o->kernel[i].name, name)) return *out = o->kernel[i].kernel, 0;
    snprintf(full, sizeof full, "gbl_probe_%s", name);
    *out = o->cl.clCreateKernel(o->program, full, &code);
    if (code || o->n_kernels == KERNELS_MOST) return failed(err, full, code);
    snprintf(o->kernel[o->n_kernels].name, sizeof o->kernel[0].name, "%s", name);
    o->kernel[o->n_kernels++].kernel = *out;
    return 0;
}

static int launch(gbl_backend *b, const gbl_launch *l, gbl_err *err)
{
    opencl_backend *o = (opencl_backend *)b;
    gbl_cl kernel;
    if (kernel_of(o, l->kernel, &kernel, err)) return err->code;
    gbl_cl_int code = 0;
    for (int i = 0; i < l->n_buffers && !code; i++) code = o->cl.clSetKernelArg(kernel, (gbl_cl_uint)i, sizeof(gbl_cl), &l->buffer[i]->at);
    for (int i = 0; i < l->n_args && !code; i++) code = o->cl.clSetKernelArg(kernel, (gbl_cl_uint)(l->n_buffers + i), sizeof(int), &l->arg[i]);
    if (code) return failed(err, "clSetKernelArg", code);
    size_t lanes = (size_t)(l->stream ? b->stream : GBL_WIDTH), all = lanes * (size_t)l->groups;
    code = o->cl.clEnqueueNDRangeKernel(o->queue, kernel, 1, NULL, &all, &lanes, 0, NULL, NULL);
    return code ? failed(err, "clEnqueueNDRangeKernel", code) : 0;
}

static int wait_all(gbl_backend *b, gbl_err *err)
{
    opencl_backend *o = (opencl_backend *)b;
    gbl_cl_int code = o->cl.clFinish(o->queue);
    return code ? failed(err, "clFinish", code) : 0;
}

static int memory_new(gbl_backend *b, gbl_memory *m, gbl_err *err)
{
    opencl_backend *o = (opencl_backend *)b;
    gbl_cl_int code;
    m->at = o->cl.clCreateBuffer(o->context, GBL_CL_MEM_READ_WRITE, m->bytes, NULL, &code);
    return code ? failed(err, "clCreateBuffer", code) : 0;
}

static void memory_free(gbl_memory *m)
{
    ((opencl_backend *)m->of)->cl.clReleaseMemObject(m->at);
}

static int memory_move(gbl_memory *m, void *host, size_t bytes, int to_host, gbl_err *err)
{
    opencl_backend *o = (opencl_backend *)m->of;
    gbl_cl_int code = to_host ? o->cl.clEnqueueReadBuffer(o->queue, m->at, 1, 0, bytes, host, 0, NULL, NULL)
                              : o->cl.clEnqueueWriteBuffer(o->queue, m->at, 1, 0, bytes, host, 0, NULL, NULL);
    return code ? failed(err, "a copy of a buffer", code) : 0;
}

static void close_opencl(gbl_backend *b)
{
    opencl_backend *o = (opencl_backend *)b;
    for (int i = 0; i < o->n_kernels; i++) o->cl.clReleaseKernel(o->kernel[i].kernel);
    if (o->program) o->cl.clReleaseProgram(o->program);
    if (o->queue) o->cl.clReleaseCommandQueue(o->queue);
    if (o->context) o->cl.clReleaseContext(o->context);
    /* The library stays: drivers leave threads behind. */
    gbl_free(o);
}

gbl_backend *gbl_backend_opencl(gbl_err *err)
{
    opencl_backend *o = gbl_alloc(1, sizeof *o);
    if (!o) {
        gbl_nomem(err, sizeof *o);
        return NULL;
    }
    o->b.gemm_rows = 8;
    o->b.stream = GBL_STREAM_GPU;
    o->b.launch = launch;
    o->b.wait = wait_all;
    o->b.memory_new = memory_new;
    o->b.memory_free = memory_free;
    o->b.memory_move = memory_move;
    o->b.close = close_opencl;
    if (!load(o, err) && !open_device(o, err) && !build(o, err)) return &o->b;
    close_opencl(&o->b);
    return NULL;
}
