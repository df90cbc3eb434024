/* opencl_api.h - the part of OpenCL 1.2 that a runner needs, looked up in libOpenCL.so.1 at run time, so that neither the build
 * nor a machine without OpenCL needs anything. Names, types and constants: Khronos' OpenCL 1.2 specification and its cl.h. */
#ifndef GBL_OPENCL_API_H
#define GBL_OPENCL_API_H
#include <stddef.h>
#include <stdint.h>

typedef int32_t gbl_cl_int;
typedef uint32_t gbl_cl_uint;
typedef uint64_t gbl_cl_bits;
typedef struct gbl_cl_object *gbl_cl; /* platform, device, context, queue, program, kernel, memory: all opaque pointers */

enum {
    GBL_CL_DEVICE_NOT_FOUND = -1,
    GBL_CL_DEVICE_MAX_COMPUTE_UNITS = 0x1002,
    GBL_CL_DEVICE_GLOBAL_MEM_CACHE_SIZE = 0x101E,
    GBL_CL_DEVICE_NAME = 0x102B,
    GBL_CL_DRIVER_VERSION = 0x102D,
    GBL_CL_PROGRAM_BUILD_LOG = 0x1183,
    GBL_CL_MEM_READ_WRITE = 1,
};
#define GBL_CL_DEVICE_ALL 0xFFFFFFFFu

/* X(result, name, arguments) */
#define GBL_CL_LIST(X)                                                                                                                       \
    X(gbl_cl_int, clGetPlatformIDs, (gbl_cl_uint n, gbl_cl *out, gbl_cl_uint *found))                                                       \
    X(gbl_cl_int, clGetDeviceIDs, (gbl_cl platform, gbl_cl_bits type, gbl_cl_uint n, gbl_cl *out, gbl_cl_uint *found))                       \
    X(gbl_cl_int, clGetDeviceInfo, (gbl_cl device, gbl_cl_uint what, size_t size, void *to, size_t *got))                                   \
    X(gbl_cl, clCreateContext, (const intptr_t *properties, gbl_cl_uint n, const gbl_cl *device, void (*notify)(void), void *to, gbl_cl_int *code)) \
    X(gbl_cl, clCreateCommandQueue, (gbl_cl context, gbl_cl device, gbl_cl_bits properties, gbl_cl_int *code))                               \
    X(gbl_cl, clCreateProgramWithSource, (gbl_cl context, gbl_cl_uint n, const char **text, const size_t *len, gbl_cl_int *code))           \
    X(gbl_cl_int, clBuildProgram, (gbl_cl program, gbl_cl_uint n, const gbl_cl *device, const char *options, void (*notify)(void), void *to)) \
    X(gbl_cl_int, clGetProgramBuildInfo, (gbl_cl program, gbl_cl device, gbl_cl_uint what, size_t size, void *to, size_t *got))             \
    X(gbl_cl, clCreateKernel, (gbl_cl program, const char *name, gbl_cl_int *code))                                                        \
    X(gbl_cl_int, clSetKernelArg, (gbl_cl kernel, gbl_cl_uint at, size_t size, const void *value))                                          \
    X(gbl_cl_int, clEnqueueNDRangeKernel, (gbl_cl queue, gbl_cl kernel, gbl_cl_uint dims, const size_t *offset, const size_t *global,       \
                                           const size_t *local, gbl_cl_uint n, const gbl_cl *after, gbl_cl *event))                         \
    X(gbl_cl, clCreateBuffer, (gbl_cl context, gbl_cl_bits flags, size_t size, void *host, gbl_cl_int *code))                               \
    X(gbl_cl_int, clEnqueueReadBuffer, (gbl_cl queue, gbl_cl memory, gbl_cl_uint wait, size_t at, size_t size, void *to, gbl_cl_uint n,     \
                                        const gbl_cl *after, gbl_cl *event))                                                                \
    X(gbl_cl_int, clEnqueueWriteBuffer, (gbl_cl queue, gbl_cl memory, gbl_cl_uint wait, size_t at, size_t size, const void *from,           \
                                         gbl_cl_uint n, const gbl_cl *after, gbl_cl *event))                                                \
    X(gbl_cl_int, clFinish, (gbl_cl queue))                                                                                                 \
    X(gbl_cl_int, clReleaseKernel, (gbl_cl kernel))                                                                                         \
    X(gbl_cl_int, clReleaseProgram, (gbl_cl program))                                                                                       \
    X(gbl_cl_int, clReleaseMemObject, (gbl_cl memory))                                                                                      \
    X(gbl_cl_int, clReleaseCommandQueue, (gbl_cl queue))                                                                                    \
    X(gbl_cl_int, clReleaseContext, (gbl_cl context))

typedef struct gbl_cl_api {
#define GBL_CL_MEMBER(result, name, arguments) result (*name) arguments;
    GBL_CL_LIST(GBL_CL_MEMBER)
} gbl_cl_api;

#endif
