/* probe_timing.cu - repetitions and rows; see probe.cuh. */
#include "validate/probe/probe.cuh"

#include <chrono>
#include <cmath>
#include <cstring>

namespace probe {

static const double graph_us = 300;   /* a graph lasts about this long: the events' own microsecond is small, and the host is ahead by a launch */
static const int nodes_most = 256;
static const double narrow = 0.005;   /* interval over median at which repeating ends early */

static double seconds_most(const Session &s) { return s.opt.quick ? 0.04 : 0.15; } /* of one row's repetitions */
static int least(const Session &s) { return s.opt.quick ? 7 : 15; }
static const int repetitions_most = 60;

int cold_copies(const Session &s, double touched, int most)
{
    double n = std::ceil(3.0 * (double)s.prop.l2CacheSize / touched);
    return n < 1 ? 1 : n > most ? most : (int)n;
}

namespace {
struct Graph {
    cudaGraph_t graph = nullptr;
    cudaGraphExec_t exec = nullptr;
    Graph(cudaStream_t stream, int nodes, int copies, const Run &run)
    {
        MUST(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
        for (int i = 0; i < nodes; i++) run(stream, i % copies);
        MUST(cudaStreamEndCapture(stream, &graph));
        MUST(cudaGraphInstantiate(&exec, graph, 0));
    }
    ~Graph()
    {
        cudaGraphExecDestroy(exec);
        cudaGraphDestroy(graph);
    }
};

struct Stopwatch {
    cudaEvent_t from, to;
    Stopwatch()
    {
        MUST(cudaEventCreate(&from));
        MUST(cudaEventCreate(&to));
    }
    ~Stopwatch()
    {
        cudaEventDestroy(from);
        cudaEventDestroy(to);
    }
    double us(cudaStream_t stream, const std::function<void()> &what)
    {
        float ms = 0;
        MUST(cudaEventRecord(from, stream));
        what();
        MUST(cudaEventRecord(to, stream));
        MUST(cudaEventSynchronize(to));
        MUST(cudaGetLastError());
        MUST(cudaEventElapsedTime(&ms, from, to));
        return ms * 1e3;
    }
};
}

Replay::Replay(cudaStream_t on, cudaGraphExec_t graph) : stream(on), exec(graph)
{
    for (cudaEvent_t &e : mark) MUST(cudaEventCreate(&e));
}

Replay::~Replay()
{
    cudaStreamSynchronize(stream);
    for (cudaEvent_t &e : mark) cudaEventDestroy(e);
}

void Replay::go()
{
    MUST(cudaGraphLaunch(exec, stream));
    MUST(cudaEventRecord(mark[launched++ % MARKS], stream));
}

double Replay::us()
{
    float ms = 0;
    cudaEvent_t from = mark[(launched - 3) % MARKS], to = mark[(launched - 2) % MARKS];
    MUST(cudaEventSynchronize(to));
    MUST(cudaGetLastError());
    MUST(cudaEventElapsedTime(&ms, from, to));
    return ms * 1e3;
}

gbl_probe_summary repeat(const Session &s, const std::function<double()> &once)
{
    std::vector<double> t;
    auto start = std::chrono::steady_clock::now();
    for (;;) {
        t.push_back(once());
        int n = (int)t.size();
        double spent = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        std::vector<double> sorted = t;
        gbl_probe_summary now = gbl_probe_summarise(sorted.data(), n);
        bool enough = n >= least(s) && (now.high - now.low <= narrow * now.median || spent > seconds_most(s));
        if (enough || n >= repetitions_most || (n >= 5 && spent > 8 * seconds_most(s))) return now;
    }
}

void time_graph(Session &s, const Case &c, int copies, double touched, const Run &run)
{
    Stopwatch watch;
    run(s.stream, 0);
    MUST(cudaStreamSynchronize(s.stream));
    /* Several in a row, for the host's launch is in this time: only a guess of how many make a graph. */
    const int guess = 4;
    double one = watch.us(s.stream, [&] { for (int i = 0; i < guess; i++) run(s.stream, i % copies); }) / guess;
    int rounds = (int)std::ceil(graph_us / one / copies);
    int nodes = copies * (rounds < 1 ? 1 : rounds);
    if (nodes > nodes_most) nodes = copies > nodes_most ? copies : nodes_most / copies * copies;
    Graph g(s.stream, nodes, copies, run);
    Replay r(s.stream, g.exec);
    for (int i = 0; i < 3; i++) r.go(); /* clocks rise, caches are as they will be */
    gbl_probe_summary us = repeat(s, [&] {
        r.go();
        return r.us() / nodes;
    });
    print_row(s, c, us, touched * copies >= 3.0 * (double)s.prop.l2CacheSize);
}

gbl_probe_summary host_times(const Session &s, int parts, const std::function<void()> &once)
{
    once();
    gbl_probe_summary us = repeat(s, [&] {
        auto start = std::chrono::steady_clock::now();
        once();
        return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count() / parts;
    });
    MUST(cudaGetLastError());
    return us;
}

void time_host(Session &s, const Case &c, const std::function<void()> &once)
{
    print_row(s, c, host_times(s, 1, once), false);
}

/* ---- rows ---- */

static std::string quoted(const std::string &text)
{
    std::string out = "\"";
    for (unsigned char ch : text) {
        char code[8];
        snprintf(code, sizeof code, "\\u%04x", ch);
        if (ch == '"' || ch == '\\' || ch < 32) out += code;
        else out += (char)ch;
    }
    return out + "\"";
}

static std::string number(double v, const char *format)
{
    char text[40];
    if (!std::isfinite(v)) return "null";
    snprintf(text, sizeof text, format, v);
    return text;
}

Shape &Shape::num(const char *key, double v)
{
    text += (text.size() > 1 ? ", \"" : "\"") + std::string(key) + "\": " + number(v, "%.15g");
    return *this;
}

Shape &Shape::word(const char *key, const char *v)
{
    text += (text.size() > 1 ? ", \"" : "\"") + std::string(key) + "\": " + quoted(v);
    return *this;
}

Shape &Shape::truth(const char *key, bool v)
{
    text += (text.size() > 1 ? ", \"" : "\"") + std::string(key) + "\": " + (v ? "true" : "false");
    return *this;
}

void print_header(const Session &s)
{
    Shape h;
    h.word("gable", "probe/1").word("date", s.date.c_str()).word("backend", "cuda").word("device", s.device.c_str()).word("driver", s.driver.c_str());
    h.word("cuda", s.cuda.c_str()).word("version", GBL_VERSION).num("compute_capability", s.prop.major + s.prop.minor / 10.0);
    h.num("sms", s.prop.multiProcessorCount).num("l2_bytes", s.prop.l2CacheSize).num("memory_bytes", (double)s.prop.totalGlobalMem);
    h.num("budget_bytes", (double)s.budget).truth("quick", s.opt.quick);
    printf("%s\n", h.end().c_str());
    fflush(stdout);
}

void print_row(Session &s, const Case &c, const gbl_probe_summary &us, bool cold)
{
    Health h = health();
    std::string row = "{\"probe\": " + quoted(c.probe) + ", \"kernel\": " + quoted(c.kernel);
    if (c.format) row += ", \"format\": " + quoted(c.format);
    row += ", \"shape\": " + c.shape + ", \"median_us\": " + number(us.median, "%.6g") + ", \"low_us\": " + number(us.low < us.median ? us.low : us.median, "%.6g");
    row += ", \"high_us\": " + number(us.high, "%.6g") + ", \"repetitions\": " + std::to_string(us.n) + ", \"flops\": " + number(c.flops, "%.15g");
    row += ", \"bytes\": " + number(c.bytes, "%.15g") + ", \"cold\": " + (cold ? "true" : "false") + (c.checked ? ", \"checked\": true" : "");
    row += std::string(", \"noisy\": ") + (gbl_probe_is_noisy(&us) ? "true" : "false") + ", \"clock_mhz\": " + number(h.clock_mhz, "%.0f");
    row += ", \"memory_clock_mhz\": " + number(h.memory_clock_mhz, "%.0f") + ", \"temperature_c\": " + number(h.temperature_c, "%.0f");
    row += ", \"power_w\": " + number(h.power_w, "%.1f") + ", \"throttle\": " + (h.throttle_known ? h.throttle : "null");
    row += ", \"backend\": \"cuda\", \"device\": " + quoted(s.device) + ", \"driver\": " + quoted(s.driver) + ", \"cuda\": " + quoted(s.cuda);
    row += ", \"date\": " + quoted(s.date) + "}";
    printf("%s\n", row.c_str());
    fflush(stdout);
    s.rows++;
}

} // namespace probe
