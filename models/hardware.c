/* hardware.c - see hardware.h. */
#include "models/hardware.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "models/calib.h"
#include "models/cards.h"

/* What a calibration of another GPU may be off, as a standard deviation of ln(time), where the card says nothing else.
 * Ampere's efficiencies on Hopper and the reverse come out +17 % and -14 % (study of the kernel tables); within an
 * architecture, where kernels are the same, half of that. */
static const double same_arch = 0.08, other_arch = 0.16;

static const struct { const char *name; double bytes; } formats[GBL_FORMATS] = {
    [GBL_FP32] = {"fp32", 4}, [GBL_TF32] = {"tf32", 4}, [GBL_BF16] = {"bf16", 2}, [GBL_FP16] = {"fp16", 2},
    [GBL_FP8] = {"fp8", 1},   [GBL_INT8] = {"int8", 1}, [GBL_FP4] = {"fp4", 0.5}, [GBL_INT4] = {"int4", 0.5},
};

double gbl_format_bytes(enum gbl_format f)
{
    return formats[f].bytes;
}

const char *gbl_format_name(enum gbl_format f)
{
    return formats[f].name;
}

int gbl_format_of(const char *name)
{
    for (int f = 0; f < GBL_FORMATS; f++)
        if (!strcmp(formats[f].name, name))
            return f;
    return -1;
}

/* Cards state 16-bit peaks once: bf16 and fp16 run at one rate with fp32 accumulation. */
static int read_peaks(gbl_hw *hw, const gbl_node *root, gbl_err *err)
{
    const char *known[GBL_FORMATS + 1];
    const gbl_node *n = gbl_node_get(root, "peak_TFLOP_s");
    if (!n)
        return gbl_card_missing(root, "peak_TFLOP_s", err);
    for (int f = 0; f < GBL_FORMATS; f++)
        known[f] = formats[f].name;
    known[GBL_FORMATS] = NULL;
    if (gbl_node_only(n, known, err))
        return err->code;
    for (int f = 0; f < GBL_FORMATS; f++) {
        double v = 0;
        gbl_card_number what = {formats[f].name, &v, NULL, 0.001, 1e6, f == GBL_BF16};
        if (gbl_card_number_read(n, &what, err))
            return err->code;
        hw->flops[f] = v * 1e12;
    }
    if (hw->flops[GBL_FP16] == 0)
        hw->flops[GBL_FP16] = hw->flops[GBL_BF16];
    return 0;
}

static int read_numbers(gbl_hw *hw, const gbl_node *root, gbl_err *err)
{
    double sms = 0, node = 8, group = 0;
    const struct { gbl_card_number n; double unit; } rows[] = {
        {{"memory_MiB", &hw->hbm_bytes, NULL, 1, 1e8, 1}, 1048576.0},
        {{"memory_GB_s", &hw->hbm_bps, NULL, 0.1, 1e6, 1}, 1e9},
        {{"l2_MiB", &hw->l2_bytes, NULL, 0.1, 1e5, 1}, 1048576.0},
        {{"sms", &sms, NULL, 1, 10000, 1}, 1},
        {{"clock_MHz", &hw->clock_hz, NULL, 10, 10000, 1}, 1e6},
        {{"fma_sm_clock", &hw->fma, NULL, 1, 1e6, 1}, 1},
        {{"nvlink_GB_s", &hw->nvlink_bps, NULL, 0, 1e5, 0}, 1e9},
        {{"pcie_GB_s", &hw->pcie_bps, NULL, 0.01, 1e5, 1}, 1e9},
        {{"dram_GB_s", &hw->dram_bps, NULL, 0.01, 1e5, 1}, 1e9},
        {{"ssd_GB_s", &hw->ssd_bps, NULL, 0.001, 1e5, 1}, 1e9},
        {{"network_GB_s", &hw->network_bps, NULL, 0.001, 1e5, 1}, 1e9},
        {{"nvlink_group", &group, NULL, 0, 1024, 0}, 1},
        {{"gpus_per_node", &node, NULL, 1, 1024, 0}, 1},
        {{"tdp_W", &hw->tdp_w, NULL, 1, 1e5, 1}, 1},
        {{"idle_W", &hw->idle_w, NULL, 0, 1e5, 1}, 1},
        {{"usd_h", &hw->usd_h, NULL, 0, 1e5, 0}, 1},
        {{"link_latency_us", &hw->link_latency_s, NULL, 0, 1e5, 0}, 1e-6},
        {{"pcie_latency_us", &hw->pcie_latency_s, NULL, 0, 1e5, 0}, 1e-6},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (gbl_card_number_read(root, &rows[i].n, err))
            return err->code;
        *rows[i].n.out *= rows[i].unit;
    }
    hw->sms = (int32_t)sms;
    hw->gpus_per_node = (int32_t)node;
    hw->nvlink_group = (int32_t)group;
    return 0;
}

/* Numbers that contradict one another: an idle machine takes less than a busy one, and units x FMA x clock explain the peak. A factor
 * of two is left for clocks, of which a base and a boost are published; the shipped cards lie within 6 %. */
static int check_sense(const gbl_hw *hw, const gbl_node *root, gbl_err *err)
{
    const double off = 2;
    double explained = 2.0 * hw->sms * hw->fma * hw->clock_hz, peak = hw->flops[GBL_BF16];
    if (hw->idle_w >= hw->tdp_w) {
        gbl_node_fail(gbl_node_get(root, "idle_W"), err, "idle_W %g is no less than tdp_W %g", hw->idle_w, hw->tdp_w);
        return gbl_expected(err, "watts of an idle machine; a tenth of tdp_W where nothing is known");
    }
    if (peak <= off * explained && explained <= off * peak)
        return 0;
    gbl_node_fail(gbl_node_get(gbl_node_get(root, "peak_TFLOP_s"), "bf16"), err, "a peak of %g TFLOP/s, and sms x fma_sm_clock x 2 x clock_MHz make %.4g", peak / 1e12, explained / 1e12);
    return gbl_expected(err, "sms, fma_sm_clock (dense 16-bit FMA of one in a cycle) and clock_MHz that explain the peak, within a factor of two");
}

static int calibration_keys(const gbl_node *n, gbl_err *err)
{
    const char *known[32] = {"status", "from", "source", "note", "date", "transfer"};
    size_t k = 6;
    for (const gbl_calib_row *r = gbl_calib_rows(); r->group; r++)
        if (strcmp(known[k - 1], r->group) && k < 31)
            known[k++] = r->group;
    known[k] = NULL;
    return gbl_node_only(n, known, err);
}

/* The parameters of fitted card `from`, read whole into v, se and s. */
static int borrow(const char *from, gbl_hw *hw, gbl_calib *v, gbl_calib *se, gbl_spread *s, gbl_arena *a, gbl_err *err)
{
    gbl_doc *doc = NULL;
    int rc = gbl_card_open(&doc, "hardware", from, "", a, err);
    if (!rc) {
        const gbl_node *root = gbl_doc_root(doc), *c = gbl_node_get(root, "calibration");
        const gbl_node *status = gbl_node_get(c, "status");
        if (!c || !status || gbl_node_kind(status) != GBL_STRING || strcmp(gbl_node_text(status), "fitted")) {
            gbl_fail(err, GBL_EINPUT, "the calibration of \"%s\" is not a fitted one", from);
            rc = gbl_where(err, "%s", gbl_doc_name(doc));
        } else {
            const gbl_node *arch = gbl_node_get(root, "arch");
            s->transfer = arch && gbl_node_kind(arch) == GBL_STRING && !strcmp(gbl_node_text(arch), hw->arch) ? same_arch : other_arch;
            rc = gbl_calib_read(c, 1, v, se, err);
            if (!rc)
                rc = gbl_spread_read(c, s, err);
            if (!rc)
                rc = gbl_card_hash(c, hw->hash, &hw->hash, err);
        }
    }
    gbl_doc_free(doc);
    return rc;
}

static int read_status(gbl_hw *hw, const gbl_node *c, gbl_arena *a, gbl_err *err)
{
    if (calibration_keys(c, err) || gbl_card_text(c, "status", 1, &hw->calibration, a, err) ||
        gbl_card_text(c, "from", 0, &hw->eff_from, a, err))
        return err->code;
    if (strcmp(hw->calibration, "fitted") && strcmp(hw->calibration, "transferred")) {
        gbl_node_fail(gbl_node_get(c, "status"), err, "unknown calibration status \"%s\"", hw->calibration);
        return gbl_expected(err, "\"fitted\" or \"transferred\"");
    }
    if (!gbl_node_get(c, "source"))
        return gbl_card_missing(c, "source", err);
    if (!strcmp(hw->calibration, "transferred") && !gbl_node_get(c, "from"))
        return gbl_card_missing(c, "from", err);
    return 0;
}

/* Fitted: every parameter on the card. Transferred: another card's, with what this card knows better laid over. */
static int read_calibration(gbl_hw *hw, const gbl_node *root, gbl_arena *a, gbl_err *err)
{
    const gbl_node *c = gbl_node_get(root, "calibration");
    gbl_calib *v = gbl_arena_take(a, sizeof *v), *se = gbl_arena_take(a, sizeof *se);
    gbl_spread *s = gbl_arena_take(a, sizeof *s);
    if (!v || !se || !s)
        return gbl_nomem(err, 2 * sizeof *v + sizeof *s);
    hw->eff = v;
    hw->eff_se = se;
    hw->spread = s;
    if (!c) {
        hw->calibration = "datasheet";
        hw->eff_from = hw->fma >= 2048 ? "h100-sxm" : "a100-80-sxm";
        return borrow(hw->eff_from, hw, v, se, s, a, err);
    }
    hw->eff_from = hw->name;
    if (read_status(hw, c, a, err))
        return err->code;
    int fitted = !strcmp(hw->calibration, "fitted");
    if (!fitted && borrow(hw->eff_from, hw, v, se, s, a, err))
        return err->code;
    gbl_card_number transfer = {"transfer", &s->transfer, NULL, 0, 2, 0};
    return gbl_card_number_read(c, &transfer, err) || gbl_calib_read(c, fitted, v, se, err) ? err->code : gbl_spread_read(c, s, err);
}

static int bind(gbl_hw *hw, const gbl_node *root, gbl_arena *a, gbl_err *err)
{
    static const char *const known[] = {
        "gable", "name", "arch", "note", "peak_TFLOP_s", "memory_MiB", "memory_GB_s", "l2_MiB", "sms", "clock_MHz",
        "fma_sm_clock", "nvlink_GB_s", "nvlink_group", "pcie_GB_s", "dram_GB_s", "ssd_GB_s", "network_GB_s", "gpus_per_node", "tdp_W",
        "idle_W", "usd_h", "link_latency_us", "pcie_latency_us", "calibration", NULL};
    if (gbl_card_form(root, "hardware/1", err) || gbl_node_only(root, known, err) ||
        gbl_card_text(root, "name", 1, &hw->name, a, err) || gbl_card_text(root, "arch", 1, &hw->arch, a, err) ||
        gbl_card_hash(root, 0, &hw->hash, err) || read_peaks(hw, root, err) || read_numbers(hw, root, err) || check_sense(hw, root, err))
        return err->code;
    return read_calibration(hw, root, a, err);
}

int gbl_hw_load(gbl_hw *hw, const char *name, const char *folder, gbl_arena *a, gbl_err *err)
{
    gbl_doc *doc = NULL;
    memset(hw, 0, sizeof *hw);
    int rc = gbl_card_open(&doc, "hardware", name, folder, a, err);
    if (!rc)
        rc = bind(hw, gbl_doc_root(doc), a, err);
    gbl_doc_free(doc);
    return rc;
}

void gbl_hw_json(const gbl_hw *hw, gbl_json *j)
{
    gbl_json_str(j, "name", hw->name);
    gbl_json_str(j, "arch", hw->arch);
    gbl_json_str(j, "calibration", hw->calibration);
    gbl_json_str(j, "calibration_from", hw->eff_from);
    gbl_json_obj(j, "peak_flop_s");
    for (int f = 0; f < GBL_FORMATS; f++)
        if (hw->flops[f] > 0)
            gbl_json_num(j, formats[f].name, hw->flops[f]);
    gbl_json_end(j);
    gbl_json_int(j, "sms", hw->sms);
    gbl_json_num(j, "clock_hz", hw->clock_hz);
    gbl_json_num(j, "hbm_bytes", hw->hbm_bytes);
    gbl_json_num(j, "hbm_bytes_s", hw->hbm_bps);
    gbl_json_num(j, "l2_bytes", hw->l2_bytes);
    gbl_json_num(j, "nvlink_bytes_s", hw->nvlink_bps);
    gbl_json_num(j, "pcie_bytes_s", hw->pcie_bps);
    gbl_json_num(j, "dram_bytes_s", hw->dram_bps);
    gbl_json_num(j, "ssd_bytes_s", hw->ssd_bps);
    gbl_json_num(j, "network_bytes_s", hw->network_bps);
    gbl_json_num(j, "tdp_w", hw->tdp_w);
    gbl_json_num(j, "idle_w", hw->idle_w);
    gbl_json_num(j, "usd_h", hw->usd_h);
    gbl_json_obj(j, "parameters");
    for (const gbl_calib_row *r = gbl_calib_rows(); r->group; r++) {
        char key[64];
        double v = gbl_calib_get(hw->eff, r);
        snprintf(key, sizeof key, "%s.%s", r->group, r->key);
        if (v > 0 || !r->optional)
            gbl_json_num(j, key, v);
    }
    gbl_json_end(j);
}
