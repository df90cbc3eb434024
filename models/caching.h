/* caching.h - diffusion models that compute some of their blocks at some of their steps and take the rest from a cache: the work, the time
 * and the likeness of what is shown, from a schedule. Analytical: nothing here has a clock.
 *
 * A denoiser runs `steps` times through `blocks` blocks of three parts (self-attention, cross-attention, feed-forward); `fixed`, what
 * their shares of a step's work leave, is computed at every step. With u(p, b, t) = 1 where part p of block b is computed at step t,
 *
 *   work   = fixed + sum over p of share_p x mean over b, t of u       of the whole model's
 *   time   = overhead + (1 - overhead) work / kernel_speed             of the baseline's
 *   cached = parts x blocks x tokens x hidden x 2 bytes, a sample (and once more for guidance)
 *
 * Schedules: `uniform`, `updates` computed steps at equal distances; `optimal`, those that maximise the summed likeness of what is
 * reused, for each part and block by dynamic programming over the last computed step, O(updates x steps^2) (BAC); `reused`, only a share of
 * the (part, block, step) that is not computed, as learnt schedules state it (HarmoniCa's CUR, ECAD). Then the `unite` blocks whose
 * feed-forward loses most are computed whenever one behind them is (BAC's bubbling union).
 *
 * Likeness is synthetic: features drift, and what was computed at step a is worth exp(-drift(a+1) - ... - drift(t)) at step t. A block's
 * drift a step is `drift` (feed-forward: times ffn_drift) with a burst of `burst` times that around a step of its own. */
#ifndef GBL_CACHING_H
#define GBL_CACHING_H
#include "base/err.h"
#include "policies/policy.h"

enum { GBL_CACHING_STEPS = 1024, GBL_CACHING_BLOCKS = 128, GBL_CACHING_PARTS = 3 };
enum gbl_caching_schedule { GBL_CACHING_UNIFORM, GBL_CACHING_OPTIMAL };
typedef struct gbl_caching {
    int64_t steps, blocks, updates, unite, tokens, hidden, samples;
    double self_attention, cross_attention, ffn;
    double reused; /* NaN: by the schedule */
    int32_t schedule;
    double overhead, kernel_speed;
    double drift, ffn_drift, burst;
} gbl_caching;
extern const gbl_param gbl_caching_rows[];

typedef struct gbl_caching_sheet {
    double work, speedup, likeness /* mean over parts, blocks, steps; NaN with `reused` */, updates /* mean */, cached_bytes;
} gbl_caching_sheet;
/* GBL_EINPUT: shares above 1 in sum, more updates than steps, more blocks to unite than there are behind others. */
int gbl_caching_evaluate(const gbl_caching *c, gbl_caching_sheet *out, gbl_err *err);
/* The member `name` of a sheet: 1, or 0 where there is none such. */
int gbl_caching_value(const gbl_caching_sheet *s, const char *name, double *out);

#endif
