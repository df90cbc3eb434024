/* gable_probe.cu - gable-probe: measures the GPU in front of it, kernel by kernel, and prints JSON lines (PROTOCOL.md).
 * Exit 0 done, 1 a result was wrong or CUDA failed, 2 bad usage or no GPU. */
#include "validate/probe/probe.cuh"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <cstring>

using namespace probe;

static const struct Family { const char *names, *says; void (*run)(Session &); } families[] = {
    {"copy triad", "streams from L2 to HBM", run_stream},
    {"gemm", "products: the body, and cuBLASLt in bf16, fp16, tf32 and fp8", run_gemm},
    {"prefill", "prefill attention: the body, and on tensor cores", run_prefill},
    {"decode decode_l2", "paged decode attention: the body in five KV formats, and on tensor cores", run_decode},
    {"quantise dequantise scores top_k gather compact merge", "what KV compression does to a cache", run_kv},
    {"host_copy", "host and device over PCIe, pinned and pageable, by piece size", run_host_copy},
    {"launch", "kernel launches: alone, in a row, in a CUDA graph", run_launch},
    {"overlap", "copies beside kernels", run_overlap},
    {"all_reduce", "NCCL, where several GPUs are", run_all_reduce},
    {"layers layer_kernel", "decode and prefill steps of whole layer stacks", run_layers},
};

static const char *const flag[] = {"--only", "--quick", "--check", "--device", "--json-header", "--list", "--help"};

static void help()
{
    puts("gable-probe - measures this GPU's kernels and prints one JSON object a line (validate/probe/PROTOCOL.md)\n\n"
         "  --only NAME,..   these probes alone\n"
         "  --quick          fewer shapes and repetitions\n"
         "  --check          compare every kernel's result with its reference, and time nothing\n"
         "  --device N       the Nth GPU, from 0\n"
         "  --json-header    a first line about the machine\n"
         "  --list           the probes there are\n"
         "  --help           this\n\n"
         "Exit: 0 done, 1 a result was wrong or CUDA failed, 2 bad usage or no GPU.");
}

static std::vector<std::string> split(const char *text, char at)
{
    std::vector<std::string> out;
    for (const char *p = text;;) {
        const char *end = strchr(p, at);
        out.emplace_back(p, end ? (size_t)(end - p) : strlen(p));
        if (!end) return out;
        p = end + 1;
    }
}

/* Edit distance. */
static size_t distance(const std::string &a, const std::string &b)
{
    std::vector<size_t> row(b.size() + 1);
    for (size_t j = 0; j <= b.size(); j++) row[j] = j;
    for (size_t i = 1; i <= a.size(); i++) {
        size_t corner = row[0]++;
        for (size_t j = 1; j <= b.size(); j++) {
            size_t up = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, corner + (a[i - 1] != b[j - 1])});
            corner = up;
        }
    }
    return row[b.size()];
}

static int unknown(const char *what, const std::string &name, const std::vector<std::string> &known)
{
    const std::string *best = nullptr;
    for (const std::string &k : known)
        if (!best || distance(name, k) < distance(name, *best)) best = &k;
    note("unknown %s %s", what, name.c_str());
    if (best && distance(name, *best) <= best->size() / 3 + 1) fprintf(stderr, "  nearest: %s\n", best->c_str());
    else fprintf(stderr, "  expected: see gable-probe --help\n");
    return 2;
}

static std::vector<std::string> probe_names()
{
    std::vector<std::string> out;
    for (const Family &f : families)
        for (const std::string &n : split(f.names, ' ')) out.push_back(n);
    return out;
}

static int take_only(Options &o, const char *value)
{
    std::vector<std::string> known = probe_names();
    for (const std::string &name : split(value, ',')) {
        if (std::find(known.begin(), known.end(), name) == known.end()) return unknown("probe", name, known);
        o.only.push_back(name);
    }
    return 0;
}

static int take_device(Options &o, const char *value)
{
    char *end;
    long n = strtol(value, &end, 10);
    if (!isdigit((unsigned char)*value) || *end || n > 1023) {
        note("--device %s is no number of a GPU", value);
        return 2;
    }
    o.device = (int)n;
    return 0;
}

static void list()
{
    for (const Family &f : families)
        for (const std::string &n : split(f.names, ' ')) printf("%-12s %s\n", n.c_str(), f.says);
}

/* 0 go on, 2 refused, -1 done. */
static int read_options(Options &o, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        std::string name = argv[i], value;
        size_t eq = name.find('=');
        bool takes = name.rfind("--only", 0) == 0 || name.rfind("--device", 0) == 0;
        if (takes && eq != std::string::npos) {
            value = name.substr(eq + 1);
            name = name.substr(0, eq);
        }
        if (std::find(std::begin(flag), std::end(flag), name) == std::end(flag))
            return unknown(name[0] == '-' ? "flag" : "operand", name, {std::begin(flag), std::end(flag)});
        if (takes && eq == std::string::npos) {
            if (++i == argc) {
                note("%s needs a value", name.c_str());
                return 2;
            }
            value = argv[i];
        }
        if (name == "--help" || name == "--list") {
            name == "--help" ? help() : list();
            return -1;
        }
        int code = name == "--only" ? take_only(o, value.c_str()) : name == "--device" ? take_device(o, value.c_str()) : 0;
        if (code) return code;
        if (name == "--quick") o.quick = true;
        if (name == "--check") o.check_only = true;
        if (name == "--json-header") o.header = true;
    }
    return 0;
}

static bool wanted(const Session &s, const Family &f)
{
    for (const std::string &n : split(f.names, ' '))
        if (wants(s, n.c_str())) return true;
    return false;
}

int main(int argc, char **argv)
{
    Session s;
    int code = read_options(s.opt, argc, argv);
    if (code) return code < 0 ? 0 : code;
    if (!session_open(s)) return 2;
    if (s.opt.header) print_header(s);
    for (const Family &f : families)
        if (wanted(s, f)) f.run(s);
    session_close(s);
    if (s.wrong) note("%d kernel%s wrong", s.wrong, s.wrong == 1 ? " is" : "s are");
    return s.wrong || ferror(stdout) ? 1 : 0;
}
