/* probe_health.cu - clocks, temperature, power and what slows the GPU down, by NVML. The few functions are declared here, so that
 * building needs no NVML; names and numbers are those of nvml.h (CUDA 12 and 13). */
#include "validate/probe/probe.cuh"

#include <cmath>

namespace probe {

typedef struct nvml_device *Device;
enum { CLOCK_SM = 1, CLOCK_MEMORY = 2, TEMPERATURE_GPU = 0 };

static struct {
    Device device;
    int (*driver)(char *, unsigned);
    int (*clock)(Device, int, unsigned *);
    int (*temperature)(Device, int, unsigned *);
    int (*power)(Device, unsigned *);
    int (*reasons)(Device, unsigned long long *);
} nvml;

static const struct { unsigned long long bit; const char *name; } reason[] = {
    {0x2, "applications_clocks"}, {0x4, "power_cap"}, {0x8, "hw_slowdown"}, {0x10, "sync_boost"}, {0x20, "sw_thermal"},
    {0x40, "hw_thermal"}, {0x80, "hw_power_brake"}, {0x100, "display_clocks"}}; /* 0x1, idle, slows nothing */

template <class F> static void load(F &to, void *from, const char *name)
{
    to = (F)symbol(from, name);
}

void health_open(Session &s)
{
    static const char *const names[] = {"libnvidia-ml.so.1", "libnvidia-ml.so", nullptr};
    char bus[32] = "";
    int (*init)() = nullptr;
    int (*by_bus)(const char *, Device *) = nullptr;
    void *from = library(names);
    load(init, from, "nvmlInit_v2");
    load(by_bus, from, "nvmlDeviceGetHandleByPciBusId_v2");
    if (!init || !by_bus || init()) return;
    load(nvml.driver, from, "nvmlSystemGetDriverVersion");
    if (cudaDeviceGetPCIBusId(bus, sizeof bus, s.opt.device) != cudaSuccess || by_bus(bus, &nvml.device)) return;
    load(nvml.clock, from, "nvmlDeviceGetClockInfo");
    load(nvml.temperature, from, "nvmlDeviceGetTemperature");
    load(nvml.power, from, "nvmlDeviceGetPowerUsage");
    load(nvml.reasons, from, "nvmlDeviceGetCurrentClocksEventReasons");
    if (!nvml.reasons) load(nvml.reasons, from, "nvmlDeviceGetCurrentClocksThrottleReasons"); /* its name before CUDA 12.2 */
}

std::string health_driver()
{
    char text[96] = "";
    return nvml.driver && nvml.driver(text, sizeof text) == 0 ? text : "";
}

Health health()
{
    Health h = {NAN, NAN, NAN, NAN, false, "["};
    unsigned v = 0;
    unsigned long long bits = 0;
    if (nvml.clock && nvml.clock(nvml.device, CLOCK_SM, &v) == 0) h.clock_mhz = v;
    if (nvml.clock && nvml.clock(nvml.device, CLOCK_MEMORY, &v) == 0) h.memory_clock_mhz = v;
    if (nvml.temperature && nvml.temperature(nvml.device, TEMPERATURE_GPU, &v) == 0) h.temperature_c = v;
    if (nvml.power && nvml.power(nvml.device, &v) == 0) h.power_w = v / 1000.0;
    h.throttle_known = nvml.reasons && nvml.reasons(nvml.device, &bits) == 0;
    for (const auto &r : reason)
        if (bits & r.bit) h.throttle += std::string(h.throttle.size() > 1 ? ", \"" : "\"") + r.name + "\"";
    h.throttle += "]";
    return h;
}

} // namespace probe
